#!/bin/sh
# SPDX-FileCopyrightText: 2026 The contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# lgi converts 64-bit integers to doubles, also in Lua 5.3, which has 64-bit integers.
#
# A good guess: Lua 5.3 has an integer type of 64 bits, so lgi passes an int64 to C and back without
# a change.
#
# What happens: lgi handles an int64 as a double. Integers above 2^53 are rounded, and the result is
# a float. The largest integer is rounded to 2^63, which does not fit into an int64 and becomes
# -2^63. There is no error.
#
# Software: lua-lgi 0.9.2-4 and Lua 5.3.6 (Debian 13). Recorded 2026-11-28.

. "$(dirname "$0")/common"

install trixie lua5.3 lua-lgi=0.9.2-4 gir1.2-glib-2.0

cat >"$work/root/tmp/try.lua" <<'END'
local GLib = require('lgi').GLib

local function show (integer)
  local result = GLib.Variant.new_int64 (integer):get_int64 ()
  print (string.format ('%d -> %s %.0f', integer, math.type (result), result))
end

show (1 << 53)
show ((1 << 53) + 1)
show (math.maxinteger)
END
cat >"$work/expected" <<'END'
9007199254740992 -> float 9007199254740992
9007199254740993 -> float 9007199254740992
9223372036854775807 -> float -9223372036854775808
END
inside lua5.3 /tmp/try.lua >"$work/seen" 2>"$work/log"
compare "$work/expected" "$work/seen"
