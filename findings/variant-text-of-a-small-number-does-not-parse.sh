#!/bin/sh
# SPDX-FileCopyrightText: 2026 The contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# g_variant_parse() refuses a text that g_variant_print() wrote, if it contains a subnormal double.
#
# A good guess: the text format of GVariant is exact and complete. g_variant_print() uses 17 digits
# for a double, so that g_variant_parse() returns the same value for each finite number.
#
# What happens: the parser treats ERANGE of strtod() as an overflow. strtod() also reports ERANGE
# for a number below the smallest normal double, 2.2e-308, although it returns the correct number.
# The parser therefore fails with "number too big for any type", for a number that is very small.
#
# Software: libglib2.0-0t64 2.84.4-3~deb13u5, python3-gi 3.50.0-4+b1 (Debian 13). Recorded
# 2026-11-28.

. "$(dirname "$0")/common"

install trixie libglib2.0-0t64=2.84.4-3~deb13u5 python3-gi=3.50.0-4+b1

cat >"$work/root/tmp/try.py" <<'END'
from gi.repository import GLib

for number in 2.5, 2.2250738585072014e-308, 1e-310, 5e-324:
    text = GLib.Variant('d', number).print_(True)
    try:
        same = GLib.Variant.parse(GLib.VariantType('d'), text, None, None).unpack() == number
        print(text, 'returns the same number:', same)
    except GLib.Error as error:
        print(text, 'fails:', error.message)
END
cat >"$work/expected" <<'END'
2.5 returns the same number: True
2.2250738585072014e-308 returns the same number: True
9.9999999999999694e-311 fails: 0-23:number too big for any type
4.9406564584124654e-324 fails: 0-23:number too big for any type
END
inside python3 /tmp/try.py >"$work/seen" 2>"$work/log"
compare "$work/expected" "$work/seen"
