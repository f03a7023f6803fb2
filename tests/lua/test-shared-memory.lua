-- SPDX-FileCopyrightText: 2026 The shmobj contributors
-- SPDX-License-Identifier: LGPL-2.1-or-later

-- Tests Shm.SharedMemory in Lua through lgi and the typelib, without an override. Prints TAP.

local lgi = require 'lgi'
local Gio, GLib = lgi.Gio, lgi.GLib
local Shm = lgi.require('Shm', '1.0')

local PREFIX = ('shmobj-lua-%d-block-'):format(Gio.Credentials.new():get_unix_pid())
local MODE = tonumber('600', 8)
local SIZE = 100

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

local function create()
  return assert(Shm.SharedMemory.create(new_name(), SIZE, {}))
end

local function find(infos, name)
  for _, info in ipairs(infos) do
    if info.name == name then
      return info
    end
  end
end

-- Calls a function in a coroutine, while a main loop runs.
local function in_coroutine(run)
  local loop = GLib.MainLoop.new(nil, false)
  local problem

  Gio.Async.start(function()
    local succeeded, message = pcall(run)

    problem = not succeeded and message or nil
    loop:quit()
  end)()
  loop:run()
  if problem then
    error(problem)
  end
end

local tests = {}

local function test(title, run)
  tests[#tests + 1] = { title = title, run = run }
end

-- Tests

test('create, attach, read, write', function()
  local shm = create()
  local other = assert(Shm.SharedMemory.attach(shm:get_name(), {}))

  equal(other.size, SIZE)
  equal(other.mode, MODE)
  assert(shm:write(90, GLib.Bytes('\0\1\255lua\0')))
  equal(other:read(90, 7):get_data(), '\0\1\255lua\0')
  equal(other:read(SIZE, 0):get_size(), 0)
  assert(other:close())
  equal(other.is_closed, true)
  assert(shm:unlink())
  equal(shm.is_unlinked, true)
end)

test('numbers', function()
  local shm = create()
  local values = {
    int8 = -128, uint8 = 255, int16 = -32768, uint16 = 65535, int32 = -2147483648,
    uint32 = 4294967295, int64 = -9007199254740991, uint64 = 9007199254740991,
    float = 0.5, double = 0.1,
  }

  for kind, value in pairs(values) do
    assert(shm['set_' .. kind](shm, 3, value))
    equal(shm['get_' .. kind](shm, 3), value)
  end
end)

-- lgi converts 64-bit integers to floats. Bytes hold them exactly.
test('64-bit integers as bytes', function()
  if not string.pack then
    return -- Lua 5.1 has neither string.pack() nor 64-bit integers
  end
  local shm = create()

  for _, number in ipairs { math.maxinteger, math.mininteger, 9007199254740993 } do
    assert(shm:write(8, GLib.Bytes(string.pack('=i8', number))))
    equal(string.unpack('=i8', shm:read(8, 8):get_data()), number)
  end
end)

test('list_blocks', function()
  local shm = create()
  local infos = assert(Shm.list_blocks())

  collectgarbage()
  local info = find(infos, shm:get_name())
  equal(info.size, SIZE)
  equal(info.mode, MODE)
  equal(info.owner_uid, shm:get_owner_uid())
  equal(info:get_name(), shm:get_name())
  assert(Shm.remove_block(shm:get_name()))
  equal(find(assert(Shm.list_blocks()), shm:get_name()), nil)
  infos = nil
  collectgarbage()
  equal(info.name, shm:get_name())
end)

test('in a coroutine', function()
  in_coroutine(function()
    local name = new_name()
    local shm = assert(Shm.SharedMemory.async_create(name, SIZE, MODE, {}))
    local other = assert(Shm.SharedMemory.async_attach(name, {}))
    local opened = assert(Shm.SharedMemory.async_open_or_create(name, SIZE, MODE, {}))
    local anonymous = assert(Shm.SharedMemory.async_create_anonymous(SIZE, {}))

    for _, each in ipairs { shm, other, opened, anonymous } do
      equal(each.size, SIZE)
    end
    equal(anonymous:get_name(), nil)
    assert(shm:async_write(90, GLib.Bytes('\0\1\255lua\0')))
    equal(assert(other:async_read(90, 7)):get_data(), '\0\1\255lua\0')
    assert(find(assert(Shm.async_list_blocks()), name))
    fails('OUT_OF_RANGE', shm:async_read(SIZE, 1))
    fails('OUT_OF_RANGE', shm:async_write(SIZE, GLib.Bytes('x')))
    fails('EXISTS', Shm.SharedMemory.async_create(name, SIZE, MODE, {}))
    fails('NOT_FOUND', Shm.SharedMemory.async_attach(new_name(), {}))
  end)
end)

test('anonymous blocks', function()
  local shm = assert(Shm.SharedMemory.create_anonymous(SIZE, {}))
  local other = assert(Shm.SharedMemory.attach_fd(shm:get_fd(), { 'READ_ONLY' }))

  assert(shm:set_int32(0, 42))
  equal(other:get_int32(0), 42)
  fails('READ_ONLY', other:set_int32(0, 1))
  equal(shm:atomic_sub_int32(0, 2), 42)
  equal(other:atomic_load_int32(0), 40)
  fails('READ_ONLY', other:atomic_store_int32(0, 1))
  assert(shm:seal({ 'RESIZE' }))
  equal(shm:get_seals().RESIZE, true)
end)

test('errors', function()
  local shm = create()

  fails('EXISTS', Shm.SharedMemory.create(shm:get_name(), SIZE, {}))
  fails('NOT_FOUND', Shm.SharedMemory.attach(new_name(), {}))
  fails('INVALID_SIZE', Shm.SharedMemory.create(new_name(), 0, {}))
  fails('OUT_OF_RANGE', shm:read(SIZE, 1))
  fails('OUT_OF_RANGE', shm:set_int64(SIZE - 7, 1))
  fails('NOT_FOUND', Shm.remove_block(new_name()))
  assert(shm:close())
  fails('CLOSED', shm:read(0, 1))
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
