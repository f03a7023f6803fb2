#!/bin/sh
# SPDX-FileCopyrightText: 2026 The contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A GJS script exits with the value of its last statement, if this value is a 32-bit integer.
#
# A good guess: a script that ends without an error exits with status 0, as with node, python3 or
# gjs -m. System.exit() chooses another status.
#
# What happens: gjs takes the value of the script's last statement for the exit status, although
# the script does not mention it. A script whose last call returns a number of bytes, a count or an
# ID of a signal handler "fails", so that `gjs FILE && next` stops, and a test harness or
# g_subprocess_wait_check() reports an error. The status is the value modulo 256, so the same script
# can succeed with other data. Values of other types, and modules, exit with 0.
#
# Software: gjs 1.82.3-1 (Debian 13). Recorded 2026-11-29.

. "$(dirname "$0")/common"

install trixie gjs=1.82.3-1

cat >"$work/root/tmp/script.js" <<'END'
const {Gio, GLib} = imports.gi;
const stream = Gio.MemoryOutputStream.new_resizable();

stream.write_bytes(GLib.Bytes.new(new Uint8Array(Number(ARGV[0]))), null);
END
cat >"$work/root/tmp/module.js" <<'END'
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';

const stream = Gio.MemoryOutputStream.new_resizable();
stream.write_bytes(GLib.Bytes.new(new Uint8Array(Number(ARGV[0]))), null);
END
run () {
    label=$1
    shift
    inside gjs "$@" >"$work/log" 2>&1
    echo "$label: status $?"
}

{
    run "script that writes 7 bytes" /tmp/script.js 7
    run "script that writes 255 bytes" /tmp/script.js 255
    run "script that writes 256 bytes" /tmp/script.js 256
    run "module that writes 7 bytes" -m /tmp/module.js 7
    run "script that ends with a text" -c '"a text"'
} >"$work/seen"
cat >"$work/expected" <<'END'
script that writes 7 bytes: status 7
script that writes 255 bytes: status 255
script that writes 256 bytes: status 0
module that writes 7 bytes: status 0
script that ends with a text: status 0
END
compare "$work/expected" "$work/seen"
