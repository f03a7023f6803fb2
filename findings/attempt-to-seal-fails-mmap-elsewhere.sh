#!/bin/sh
# SPDX-FileCopyrightText: 2026 The contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# An attempt to add F_SEAL_WRITE that fails makes mmap() of other threads and processes fail.
#
# A good guess: F_ADD_SEALS either seals the memory or has no effect. While no seal exists, every
# process can map the memory for writing.
#
# What happens: if a page of the memory is in a pipe, the kernel waits for the page for more than a
# tenth of a second before F_ADD_SEALS fails with EBUSY. During this time a writable mmap() fails
# with EPERM, as if the seal existed, although F_GET_SEALS never shows it. After that, mmap()
# succeeds again.
#
# Software: Linux 6.18, with Python 3.13.5-2+deb13u5 (Debian 13). Recorded 2026-11-28.

. "$(dirname "$0")/common"

install trixie python3.13=3.13.5-2+deb13u5

cat >"$work/root/tmp/try.py" <<'END'
import errno, fcntl, mmap, os, threading, time

F_ADD_SEALS, F_GET_SEALS, F_SEAL_WRITE = 1033, 1034, 8

fd = os.memfd_create('try', os.MFD_ALLOW_SEALING)
os.write(fd, b'x' * 4096)
reader, writer = os.pipe()
os.splice(fd, writer, 4096, offset_src=0)
result = []

def seal():
    try:
        fcntl.fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE)
        result.append('sealed')
    except OSError as error:
        result.append(errno.errorcode[error.errno])

def map_for_writing():
    try:
        mmap.mmap(fd, 4096).close()
        return 'succeeds'
    except OSError as error:
        return errno.errorcode[error.errno]

meanwhile, seals = set(), set()
thread = threading.Thread(target=seal)
thread.start()
time.sleep(0.05)  # a mapping that exists before the wait would be the reason for EBUSY
while thread.is_alive():
    meanwhile.add(map_for_writing())
    seals.add(fcntl.fcntl(fd, F_GET_SEALS))
thread.join()
print('mmap() meanwhile:', 'EPERM' if 'EPERM' in meanwhile else meanwhile)
print('seals meanwhile:', *seals)
print('F_ADD_SEALS:', *result)
print('mmap() after that:', map_for_writing())
END
cat >"$work/expected" <<'END'
mmap() meanwhile: EPERM
seals meanwhile: 0
F_ADD_SEALS: EBUSY
mmap() after that: succeeds
END
inside python3.13 /tmp/try.py >"$work/seen" 2>"$work/log"
compare "$work/expected" "$work/seen"
