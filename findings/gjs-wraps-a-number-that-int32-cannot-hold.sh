#!/bin/sh
# SPDX-FileCopyrightText: 2026 The contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For most integer types, GJS refuses a number that does not fit. For int32, it wraps the number
# around.
#
# A good guess: GJS treats all integer types alike. It either throws an error for a number that the
# type cannot hold, or it wraps the number around as the typed arrays of JavaScript do.
#
# What happens: arguments of type uint8, uint32 and uint64 are checked, and a number that is too
# large throws an error. An argument of type int32 is converted as JavaScript's operators convert
# it: 2^31 becomes -2^31, and 2^32 becomes 0, without an error.
#
# Software: gjs 1.82.3-1 (Debian 13). Recorded 2026-11-28.

. "$(dirname "$0")/common"

install trixie gjs=1.82.3-1

cat >"$work/root/tmp/try.js" <<'END'
const {GLib} = imports.gi;

function show(type, number) {
    let result;
    try {
        result = GLib.Variant[`new_${type}`](number)[`get_${type}`]();
    } catch (error) {
        result = 'throws';
    }
    print(type, number, '->', result);
}

show('byte', 2 ** 8);
show('uint32', 2 ** 32);
show('uint64', 2 ** 64);
show('int32', 2 ** 31);
show('int32', 2 ** 32);
END
cat >"$work/expected" <<'END'
byte 256 -> throws
uint32 4294967296 -> throws
uint64 18446744073709552000 -> throws
int32 2147483648 -> -2147483648
int32 4294967296 -> 0
END
inside gjs /tmp/try.js >"$work/seen" 2>"$work/log"
compare "$work/expected" "$work/seen"
