-- SPDX-FileCopyrightText: 2026 The shmobj contributors
-- SPDX-License-Identifier: LGPL-2.1-or-later

-- A program that uses the installed library from Lua.

local lgi = require 'lgi'
local Shm = lgi.require('Shm', '1.0')

local shm = assert(Shm.SharedMemory.create(nil, 16, {'UNLINK_ON_CLOSE'}))
local other = assert(Shm.SharedMemory.attach(shm.name, {}))

assert(other:set_int64(8, -42))
assert(shm:get_int64(8) == -42)
assert(shm:close())
print('ok')
