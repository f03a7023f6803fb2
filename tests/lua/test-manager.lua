-- SPDX-FileCopyrightText: 2026 The shmobj contributors
-- SPDX-License-Identifier: LGPL-2.1-or-later

-- Tests Shm.Manager in Lua through lgi and the typelib, without an override. Prints TAP.

local lgi = require 'lgi'
local Gio, GLib = lgi.Gio, lgi.GLib
local Shm = lgi.require('Shm', '1.0')

local PREFIX = ('shmobj-lua-%d-manager-'):format(Gio.Credentials.new():get_unix_pid())
local KEY = GLib.Bytes('\0\1\255key')

-- Helpers

local count = 0
local managers = {}

local function new_name()
  count = count + 1
  return PREFIX .. count
end

local function exists(name)
  return Gio.File.new_for_path('/dev/shm/' .. name):query_exists(nil)
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

local MODE = tonumber('600', 8)

local function new_manager(address, key)
  local manager = Shm.Manager.new(address, key or KEY, {})

  managers[#managers + 1] = manager
  return manager
end

local function start()
  local manager = new_manager()

  assert(manager:start(nil))
  return manager
end

local function names_of(manager)
  return table.concat(assert(manager:list_blocks(nil)), ' ')
end

local tests = {}

local function test(title, run)
  tests[#tests + 1] = { title = title, run = run }
end

-- Tests

test('start, create, list, remove, shut down', function()
  local manager = new_manager()
  local name = new_name()

  equal(manager.state, 'INITIAL')
  assert(manager:start(nil))
  equal(manager.state, 'STARTED')
  assert(manager.pid > 0)
  equal(manager:get_authkey():get_data(), '\0\1\255key')

  local shm = assert(manager:create_shared_memory(name, 100, MODE, {}, nil))
  local values = GLib.Variant('(xs)', { 42, 'howdy' })
  local list = assert(manager:create_shareable_list(values, nil, MODE, {}, nil))
  equal(shm:get_name(), name)
  equal(shm:get_size(), 100)
  equal(list:get_int64(0), 42)
  equal(list:get_string(1), 'howdy')
  equal(names_of(manager), name .. ' ' .. list.name)

  assert(manager:remove(name, nil))
  assert(not exists(name))
  equal(names_of(manager), list.name)
  assert(manager:shutdown(nil))
  equal(manager.state, 'SHUT_DOWN')
  assert(not exists(list.name))
end)

test('connect_to_server and track', function()
  local manager = start()
  local other = new_manager(manager.address)
  local shm = assert(Shm.SharedMemory.create(new_name(), 100, {}))

  assert(other:connect_to_server(nil))
  equal(other.state, 'CONNECTED')
  assert(other:track(shm:get_name(), nil))
  equal(names_of(manager), shm:get_name())
  assert(manager:shutdown(nil))
  assert(not exists(shm:get_name()))
  fails('SERVER_DIED', other:list_blocks(nil))
end)

test('signals', function()
  local manager = start()
  local signals = {}

  manager.on_block_tracked = function(_, name) signals[#signals + 1] = '+' .. name end
  manager.on_block_removed = function(_, name) signals[#signals + 1] = '-' .. name end
  local name = assert(manager:create_shared_memory(nil, 100, MODE, {}, nil)):get_name()
  assert(manager:remove(name, nil))
  equal(table.concat(signals, ' '), ('+%s -%s'):format(name, name))
end)

test('in a coroutine', function()
  local manager = new_manager()
  local loop = GLib.MainLoop.new(nil, false)
  local name, problem

  Gio.Async.start(function()
    local succeeded, message = pcall(function()
      assert(manager:async_start())
      name = assert(manager:async_create_shared_memory(new_name(), 100, MODE, {})):get_name()
      fails('EXISTS', manager:async_create_shared_memory(name, 100, MODE, {}))
      equal(table.concat(assert(manager:async_list_blocks()), ' '), name)
      assert(manager:async_shutdown())
    end)

    problem = not succeeded and message or nil
    loop:quit()
  end)()
  loop:run()
  if problem then
    error(problem)
  end
  assert(not exists(name))
end)

test('errors', function()
  local manager = new_manager()

  fails('NOT_STARTED', manager:create_shared_memory(nil, 100, MODE, {}, nil))
  fails('NOT_STARTED', manager:shutdown(nil))
  fails('NOT_FOUND', new_manager('@' .. new_name()):connect_to_server(nil))
  assert(manager:start(nil))
  fails('ALREADY_STARTED', manager:start(nil))
  fails('AUTHENTICATION_FAILED',
    new_manager(manager.address, GLib.Bytes('another key')):connect_to_server(nil))
  fails('NOT_FOUND', manager:remove(new_name(), nil))
  fails('INVALID_SIZE', manager:create_shared_memory(nil, 0, MODE, {}, nil))
  assert(manager:shutdown(nil))
  fails('CLOSED', manager:list_blocks(nil))
end)

-- Runner

local failures = 0

print('1..' .. #tests)
for i, each in ipairs(tests) do
  local succeeded, problem = pcall(each.run)

  for _, manager in ipairs(managers) do
    if manager.state == 'STARTED' then
      manager:shutdown(nil)
    end
  end
  managers = {}
  print(('%s %d - %s'):format(succeeded and 'ok' or 'not ok', i, each.title))
  if not succeeded then
    failures = failures + 1
    print((tostring(problem):gsub('[^\n]+', '# %0')))
  end
end
os.exit(failures == 0 and 0 or 1)
