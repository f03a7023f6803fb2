#!/bin/sh
# SPDX-FileCopyrightText: 2026 The contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# FUTEX_WAKE with a maximum of 0 threads wakes one thread.
#
# A good guess: the manual says that FUTEX_WAKE wakes at most `val` of the waiting threads. With 0 it
# wakes no thread and returns 0, so a program can pass on a number that it has computed.
#
# What happens: it wakes one thread and returns 1, as with a maximum of 1. The newer system call
# futex_wake() wakes no thread.
#
# Software: Linux 6.18, with Python 3.13.5-2+deb13u5 (Debian 13). Recorded 2026-11-29.

. "$(dirname "$0")/common"

[ "$(uname -m)" = x86_64 ] || skip "the script uses the system call numbers of x86_64"
install trixie python3.13=3.13.5-2+deb13u5

cat >"$work/root/tmp/try.py" <<'END'
import ctypes, mmap, threading, time

FUTEX, FUTEX_WAKE_2 = 202, 454
WAIT, WAKE = 0, 1
FUTEX2_SIZE_U32 = 2

libc = ctypes.CDLL(None, use_errno=True)
memory = mmap.mmap(-1, 4096)
word = ctypes.c_uint32.from_buffer(memory)
address = ctypes.c_void_p(ctypes.addressof(word))

def sleep():
    # Sleeps while the word is 0.
    libc.syscall(FUTEX, address, WAIT, 0, None, None, 0)

def start_sleeping():
    thread = threading.Thread(target=sleep)
    thread.start()
    path = f'/proc/self/task/{thread.native_id}/syscall'
    while not open(path).read().startswith(f'{FUTEX} '):
        time.sleep(0.01)
    return thread

thread = start_sleeping()
print('futex(FUTEX_WAKE, 0) returns', libc.syscall(FUTEX, address, WAKE, 0, None, None, 0))
thread.join(10)
print('The thread', 'sleeps' if thread.is_alive() else 'was woken')

thread = start_sleeping()
all_bits = ctypes.c_ulong(0xffffffff)
print('futex_wake(0) returns',
      libc.syscall(FUTEX_WAKE_2, address, all_bits, 0, FUTEX2_SIZE_U32))
thread.join(0.2)
print('The thread', 'sleeps' if thread.is_alive() else 'was woken')
libc.syscall(FUTEX, address, WAKE, 1, None, None, 0)
thread.join()
END
cat >"$work/expected" <<'END'
futex(FUTEX_WAKE, 0) returns 1
The thread was woken
futex_wake(0) returns 0
The thread sleeps
END
inside python3.13 /tmp/try.py >"$work/seen" 2>"$work/log"
compare "$work/expected" "$work/seen"
