#!/bin/sh
# SPDX-FileCopyrightText: 2026 The contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A shared mapping with PROT_READ can prevent F_SEAL_WRITE, because of the descriptor that made it.
#
# A good guess: F_SEAL_WRITE fails with EBUSY only while the memory is mapped for writing. A process
# that maps with PROT_READ only reads, so it cannot prevent the seal.
#
# What happens: the kernel counts each shared mapping that mprotect() could make writable. This
# depends on the access mode of the descriptor. A PROT_READ mapping of a descriptor with O_RDWR
# prevents the seal, and the same mapping of a descriptor with O_RDONLY does not. A private mapping
# of the first descriptor does not prevent the seal either.
#
# Software: Linux 6.18, with Python 3.13.5-2+deb13u5 (Debian 13). Recorded 2026-11-28.

. "$(dirname "$0")/common"

install trixie python3.13=3.13.5-2+deb13u5

cat >"$work/root/tmp/try.py" <<'END'
import errno, fcntl, mmap, os

F_ADD_SEALS, F_SEAL_WRITE = 1033, 8

def seal_beside(label, access, flags):
    fd = os.memfd_create('try', os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, 4096)
    reader = os.open(f'/proc/self/fd/{fd}', access)
    mapping = mmap.mmap(reader, 4096, flags=flags, prot=mmap.PROT_READ)
    try:
        fcntl.fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE)
        print(label, 'sealed')
    except OSError as error:
        print(label, errno.errorcode[error.errno])

seal_beside('O_RDONLY, shared:', os.O_RDONLY, mmap.MAP_SHARED)
seal_beside('O_RDWR, private:', os.O_RDWR, mmap.MAP_PRIVATE)
seal_beside('O_RDWR, shared:', os.O_RDWR, mmap.MAP_SHARED)
END
cat >"$work/expected" <<'END'
O_RDONLY, shared: sealed
O_RDWR, private: sealed
O_RDWR, shared: EBUSY
END
inside python3.13 /tmp/try.py >"$work/seen" 2>"$work/log"
compare "$work/expected" "$work/seen"
