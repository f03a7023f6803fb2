#!/bin/sh
# SPDX-FileCopyrightText: 2026 The contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# On a tmpfs with huge=advise, fallocate() prevents the huge pages that madvise() asked for.
#
# A good guess: a program maps a file on a tmpfs that is mounted with huge=advise, and advises
# MADV_HUGEPAGE for the whole mapping. Then it reserves the memory with fallocate(), so that no later
# access fails. The file gets huge pages, as it does when the program only touches the mapping.
#
# What happens: only a page fault sees the advice, which belongs to the mapping. fallocate() sees the
# file alone, and allocates small pages. They stay small, because the pages exist when the program
# touches them. Without fallocate(), the same touch allocates huge pages.
#
# Software: Linux 6.18, with Python 3.13.5-2+deb13u5 and mount 2.41.5-0+deb13u1 (Debian 13). Recorded
# 2026-11-29.

. "$(dirname "$0")/common"

install trixie python3.13=3.13.5-2+deb13u5 mount=2.41.5-0+deb13u1

cat >"$work/root/tmp/try.py" <<'END'
import mmap, os, re, subprocess

SIZE = 32 << 20
subprocess.run(['mount', '-t', 'tmpfs', '-o', 'huge=advise,size=256M', 'none', '/tmp/mounted'],
               check=True)

def count_huge(reserves):
    name = f'/tmp/mounted/{reserves}'
    fd = os.open(name, os.O_RDWR | os.O_CREAT)
    os.ftruncate(fd, SIZE)
    memory = mmap.mmap(fd, SIZE)
    memory.madvise(mmap.MADV_HUGEPAGE)
    if reserves:
        os.posix_fallocate(fd, 0, SIZE)
    for offset in range(0, SIZE, 4096):
        memory[offset] = 1
    with open('/proc/self/smaps') as smaps:
        mapping = smaps.read().split(name, 1)[1]
    kilobytes = int(re.search(r'ShmemPmdMapped: *(\d+) kB', mapping)[1])
    memory.close()
    os.close(fd)
    os.unlink(name)
    return 'huge pages' if kilobytes > 0 else 'small pages'

print('advised and touched:', count_huge(False))
print('advised, reserved with fallocate(), touched:', count_huge(True))
END
mkdir -p "$work/root/tmp/mounted"
cat >"$work/expected" <<'END'
advised and touched: huge pages
advised, reserved with fallocate(), touched: small pages
END
inside python3.13 /tmp/try.py >"$work/seen" 2>"$work/log"
compare "$work/expected" "$work/seen"
