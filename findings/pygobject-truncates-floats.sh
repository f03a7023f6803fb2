#!/bin/sh
# SPDX-FileCopyrightText: 2026 The contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# PyGObject truncates a float that is passed as an integer: it drops the digits after the point.
#
# A good guess: as in Python itself since 3.10, an argument of an integer type accepts an int or an
# object with __index__(), and a float raises TypeError.
#
# What happens: PyGObject calls int() on any number. 1.9 becomes 1, and -0.9 becomes 0, without an
# error or a warning. A string raises TypeError.
#
# Software: python3-gi 3.50.0-4+b1 with Python 3.13.5 (Debian 13). Recorded 2026-11-28.

. "$(dirname "$0")/common"

install trixie python3-gi=3.50.0-4+b1 gir1.2-glib-2.0

cat >"$work/root/tmp/try.py" <<'END'
import struct
from gi.repository import GLib

def show(label, function, value):
    try:
        result = function(value)
    except Exception as error:
        result = type(error).__name__
    print(label, value, '->', result)

show('struct', lambda value: struct.unpack('i', struct.pack('i', value))[0], 1.9)
for value in 1.9, -0.9, '1':
    show('int32', lambda value: GLib.Variant.new_int32(value).get_int32(), value)
show('uint64', lambda value: GLib.Variant.new_uint64(value).get_uint64(), 1.9)
END
cat >"$work/expected" <<'END'
struct 1.9 -> error
int32 1.9 -> 1
int32 -0.9 -> 0
int32 1 -> TypeError
uint64 1.9 -> 1
END
inside python3 /tmp/try.py >"$work/seen" 2>"$work/log"
compare "$work/expected" "$work/seen"
