-- SPDX-FileCopyrightText: 2026 The shmobj contributors
-- SPDX-License-Identifier: LGPL-2.1-or-later

-- Tests Shm.ShareableList in Lua through lgi and the typelib, without an override. Prints TAP.

local lgi = require 'lgi'
local Gio, GLib = lgi.Gio, lgi.GLib
local Shm = lgi.require('Shm', '1.0')

local PREFIX = ('shmobj-lua-%d-'):format(Gio.Credentials.new():get_unix_pid())
local LEAST, MOST = '-9223372036854775808', '9223372036854775807'

-- Helpers

local names = {}

local function new_name()
  local name = PREFIX .. #names

  names[#names + 1] = name
  return name
end

local function equal(found, wanted)
  if found ~= wanted then
    error(('found %s instead of %s'):format(tostring(found), tostring(wanted)), 2)
  end
end

-- Checks that a function failed with the error @code. The other arguments are the results of the
-- function: a value, which is ignored, and the error.
local function fails(code, _, problem)
  if not problem then
    error('the function did not fail', 2)
  end
  if not problem:matches(Shm.Error, code) then
    error(('found %s instead of %s'):format(tostring(problem), code), 2)
  end
end

local function create(values)
  return assert(Shm.ShareableList.create(values, new_name(), {}))
end

local function mixed_list()
  return create(GLib.Variant('(xdsbaymvx)', { 42, 2.5, 'howdy', true, 'by', nil, -7 }))
end

local tests = {}

local function test(title, run)
  tests[#tests + 1] = { title = title, run = run }
end

-- Tests

test('values of each kind', function()
  local list = mixed_list()
  local other = assert(Shm.ShareableList.attach(list.name, {}))
  local kinds = { 'INT64', 'DOUBLE', 'STRING', 'BOOLEAN', 'BYTES', 'NONE', 'INT64' }

  for _, each in ipairs { list, other } do
    equal(each.length, 7)
    for i, kind in ipairs(kinds) do
      equal(each:get_value_kind(i - 1), kind)
    end
    equal(each:get_int64(0), 42)
    equal(each:get_double(1), 2.5)
    equal(each:get_string(2), 'howdy')
    equal(each:get_boolean(3), true)
    equal(each:get_bytes(4):get_data(), 'by\0') -- GLib.Variant appends a NUL
    equal(each:get_int64(6), -7)
  end
  equal(other:get_format(), 'qd8sxxxxxxx?8sxxxxxx?xq')
end)

test('values as variants', function()
  local list = mixed_list()

  equal(list:get_value(0).value, 42)
  equal(list:get_value(2).value, 'howdy')
  equal(list:get_value(5):print(true), '@mv nothing')
  equal(list:copy_values():print(false),
    "[<int64 42>, <2.5>, <'howdy'>, <true>, <b'by'>, <@mv nothing>, <int64 -7>]")
  equal(list:count(GLib.Variant('s', 'howdy')), 1)
  equal(list:count(GLib.Variant('s', 'none')), 0)
  equal(list:find(GLib.Variant('b', true)), 3)
  fails('VALUE_NOT_FOUND', list:find(GLib.Variant('s', 'none')))
end)

test('writing', function()
  local list = mixed_list()
  local other = assert(Shm.ShareableList.attach(list.name, {}))

  assert(list:set_int64(0, -1))
  assert(list:set_double(1, 0.25))
  assert(list:set_string(2, 'naïve'))
  assert(list:set_boolean(3, false))
  assert(list:set_none(4))
  assert(list:set_value(5, GLib.Variant('s', 'text')))
  assert(list:set_value(6, GLib.Variant('mv', nil)))
  equal(other:get_int64(0), -1)
  equal(other:get_double(1), 0.25)
  equal(other:get_string(2), 'naïve')
  equal(other:get_boolean(3), false)
  equal(other:get_value_kind(4), 'NONE')
  equal(other:get_string(5), 'text')
  equal(other:get_value_kind(6), 'NONE')
end)

-- lgi converts 64-bit integers to floats; variants hold them exactly.
test('64-bit integers', function()
  local list = mixed_list()

  for _, number in ipairs { LEAST, MOST, '9007199254740993' } do
    assert(list:set_value(0, GLib.Variant.parse(GLib.VariantType('x'), number)))
    equal(list:get_value(0):print(false), number)
  end
end)

-- lgi cuts a string at its first NUL, but copies a GLib.Bytes completely.
test('NULs in bytes and text', function()
  local list = mixed_list()

  for _, data in ipairs { 'a\0b', '\0', 'a\0\0', '\0\255\0' } do
    assert(list:set_bytes(4, GLib.Bytes(data)))
    equal(list:get_bytes(4):get_data(), data)
  end
  for _, text in ipairs { 'a\0b', '\0', 'é\0\0', '日\0本' } do
    assert(list:set_text(2, GLib.Bytes(text)))
    equal(list:get_text(2):get_data(), text)
    fails('NOT_SUPPORTED', list:get_string(2))
  end
  assert(list:set_bytes(4, GLib.Bytes('')))
  equal(list:get_bytes(4):get_size(), 0)
  fails('TYPE_MISMATCH', list:set_text(2, GLib.Bytes('\255')))
end)

test('create_full and create_anonymous', function()
  local values = GLib.Variant('(xs)', { 42, 'howdy' })
  local list = assert(Shm.ShareableList.create_full(values, new_name(), 416, {}, nil)) -- 0640
  local anonymous = assert(Shm.ShareableList.create_anonymous(values, {}))
  local other = assert(Shm.ShareableList.new_for_shared_memory(anonymous.shared_memory))

  equal(list.shared_memory.mode, 416)
  assert(anonymous:set_int64(0, 43))
  equal(other:get_int64(0), 43)
end)

test('in a coroutine', function()
  local loop = GLib.MainLoop.new(nil, false)
  local problem

  Gio.Async.start(function()
    local succeeded, message = pcall(function()
      local values = GLib.Variant('(xs)', { 42, 'howdy' })
      local list = assert(Shm.ShareableList.async_create(values, new_name(), 384, {})) -- 0600
      local other = assert(Shm.ShareableList.async_attach(list.name, {}))

      assert(other:async_set_value(0, GLib.Variant('s', 'text')))
      equal(assert(list:async_get_value(0)).value, 'text')
      equal(list:async_find(GLib.Variant('s', 'howdy')), 1)
      fails('VALUE_NOT_FOUND', list:async_find(GLib.Variant('s', 'none')))
    end)

    problem = not succeeded and message or nil
    loop:quit()
  end)()
  loop:run()
  if problem then
    error(problem)
  end
end)

test('errors', function()
  local list = mixed_list()
  local reader = assert(Shm.ShareableList.attach(list.name, { 'READ_ONLY' }))

  fails('OUT_OF_RANGE', list:get_int64(7))
  fails('OUT_OF_RANGE', list:set_int64(7, 1))
  fails('TYPE_MISMATCH', list:get_int64(1))
  fails('TOO_LARGE', list:set_string(2, 'too long for it'))
  fails('READ_ONLY', reader:set_int64(0, 1))
  fails('EXISTS', Shm.ShareableList.create(GLib.Variant('ax', { 1 }), list.name, {}))
  fails('NOT_FOUND', Shm.ShareableList.attach(new_name(), {}))
  fails('TYPE_MISMATCH', Shm.ShareableList.create(GLib.Variant('x', 1), new_name(), {}))
  equal(list:get_int64(0), 42)

  reader.shared_memory:close()
  fails('CLOSED', reader:get_int64(0))
  list.shared_memory:unlink()
  fails('NOT_FOUND', Shm.ShareableList.attach(list.name, {}))
end)

-- Runner

local failures = 0

print('1..' .. #tests)
for i, each in ipairs(tests) do
  names = {}
  local succeeded, problem = pcall(each.run)

  for _, name in ipairs(names) do
    Shm.remove_block(name)
  end
  print(('%s %d - %s'):format(succeeded and 'ok' or 'not ok', i, each.title))
  if not succeeded then
    failures = failures + 1
    print((tostring(problem):gsub('[^\n]+', '# %0')))
  end
end
os.exit(failures == 0 and 0 or 1)
