#!/bin/sh
# SPDX-FileCopyrightText: 2026 The contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# inotify does not report what a process writes through the descriptor that memfd_create() returned.
#
# A good guess: inotify watches an inode. So it reports each write() and each fallocate() of the file,
# through whichever descriptor it comes, as /dev/shm shows for its files.
#
# What happens: for the descriptor of memfd_create() there is no event at all, although adding the
# watch succeeds. Through a descriptor of the same memfd that was opened again in /proc/self/fd, the
# same calls give events.
#
# Software: Linux 6.18, with Python 3.13.5-2+deb13u5 (Debian 13). Recorded 2026-11-29.

. "$(dirname "$0")/common"

install trixie python3.13=3.13.5-2+deb13u5

cat >"$work/root/tmp/try.py" <<'END'
import ctypes, os, struct

IN_MODIFY = 2
libc = ctypes.CDLL(None, use_errno=True)
libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
KEEP_SIZE_AND_PUNCH_HOLE = 1 | 2

def count_events(queue):
    try:
        data = os.read(queue, 4096)
    except BlockingIOError:
        return 0
    return len(data) // struct.calcsize('iIII')

def try_all(what, watched, fd):
    queue = libc.inotify_init1(os.O_NONBLOCK)
    assert libc.inotify_add_watch(queue, f'/proc/self/fd/{watched}'.encode(), IN_MODIFY) > 0
    os.pwrite(fd, b'x', 0)
    n_write = count_events(queue)
    assert libc.fallocate(fd, KEEP_SIZE_AND_PUNCH_HOLE, 0, 1) == 0
    print(f'{what}: pwrite() {n_write} event(s), fallocate() {count_events(queue)} event(s)')
    os.close(queue)

memfd = os.memfd_create('example')
again = os.open(f'/proc/self/fd/{memfd}', os.O_RDWR)
named = os.open('/dev/shm/inotify-example', os.O_RDWR | os.O_CREAT | os.O_EXCL)
os.unlink('/dev/shm/inotify-example')
for fd in memfd, named:
    os.ftruncate(fd, 4096)

try_all('memfd, its own descriptor', memfd, memfd)
try_all('memfd, opened again', memfd, again)
try_all('file in /dev/shm, its own descriptor', named, named)
END
cat >"$work/expected" <<'END'
memfd, its own descriptor: pwrite() 0 event(s), fallocate() 0 event(s)
memfd, opened again: pwrite() 1 event(s), fallocate() 1 event(s)
file in /dev/shm, its own descriptor: pwrite() 1 event(s), fallocate() 1 event(s)
END
inside python3.13 /tmp/try.py >"$work/seen" 2>"$work/log"
compare "$work/expected" "$work/seen"
