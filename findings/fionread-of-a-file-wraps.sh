#!/bin/sh
# SPDX-FileCopyrightText: 2026 The contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# ioctl (FIONREAD) works on a regular file, but a file of some GiB seems to be small, or to have a
# negative size.
#
# A good guess: FIONREAD is for pipes, sockets and terminals, and fails with ENOTTY for a regular
# file. Or, as it does work: it returns how many bytes are left up to the end of the file, or fails
# if the number does not fit into an int.
#
# What happens: the kernel stores the lowest 32 bits of the size minus the position. 5 GiB are
# 1 GiB, 3 GiB are a negative number, and 4 GiB are 0, which looks like the end of the file. A
# position behind the end gives a negative number, too. The result is a lower bound of the size only
# if it is positive and the position is known.
#
# Software: Linux 6.18, with Python 3.13.5 (Debian 13). Recorded 2026-11-29.

. "$(dirname "$0")/common"

install trixie python3.13=3.13.5-2+deb13u5

cat >"$work/root/tmp/try.py" <<'END'
import fcntl
import os
import struct
import termios

GIB = 1 << 30
for size, position in (100, 40), (100, 140), (3 * GIB, 0), (4 * GIB, 0), (5 * GIB, 0):
    fd = os.memfd_create('try')
    os.ftruncate(fd, size)
    os.lseek(fd, position, os.SEEK_SET)
    left, = struct.unpack('i', fcntl.ioctl(fd, termios.FIONREAD, bytes(4)))
    print(f'size {size}, position {position}: {left}')
    os.close(fd)
END
cat >"$work/expected" <<'END'
size 100, position 40: 60
size 100, position 140: -40
size 3221225472, position 0: -1073741824
size 4294967296, position 0: 0
size 5368709120, position 0: 1073741824
END
inside python3.13 /tmp/try.py >"$work/seen" 2>"$work/log"
compare "$work/expected" "$work/seen"
