#!/bin/sh
# SPDX-FileCopyrightText: 2026 The contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A library that starts a helper process with clone() without a signal does not hide the helper.
#
# A good guess: the lowest byte of clone()'s flags is the signal that the parent gets when the child
# ends. With 0, the parent gets no SIGCHLD, and wait() does not know the child, for as long as the
# child lives. So a library can start a helper of which the program that uses it never learns.
#
# What happens: that is true until the child calls execve(), which sets the signal to SIGCHLD. Then
# wait() in the program waits for the helper and reaps it. A helper must be started by an
# intermediate process that ends.
#
# Software: Linux 6.18, with Python 3.13.5-2+deb13u5 (Debian 13). Recorded 2026-11-29.

. "$(dirname "$0")/common"

[ "$(uname -m)" = x86_64 ] || skip "the script uses the system call numbers of x86_64"
install trixie python3.13=3.13.5-2+deb13u5

cat >"$work/root/tmp/try.py" <<'END'
import ctypes, os, signal, sys

CLONE = 56
WALL = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
signals = 0

def on_signal(*_):
    global signals
    signals += 1

signal.signal(signal.SIGCHLD, on_signal)

def start(exit_signal, calls_execve):
    pid = libc.syscall(CLONE, exit_signal, None, None, None, None)
    if pid == 0:
        if calls_execve:
            os.execv(sys.executable, [sys.executable, '-c', 'pass'])
        os._exit(0)
    return pid

def try_child(what, exit_signal, calls_execve):
    global signals
    signals = 0
    pid = start(exit_signal, calls_execve)
    # Wait for the end of the child, but leave it to be reaped.
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | WALL)
    try:
        found = os.waitpid(-1, 0)[0] == pid
    except ChildProcessError:
        found = False
        os.waitpid(pid, WALL)
    print(f'{what}: wait() finds it: {found}, SIGCHLD: {signals > 0}')

try_child('a child of fork()', signal.SIGCHLD, False)
try_child('a child without a signal', 0, False)
try_child('a child without a signal, after execve()', 0, True)
END
cat >"$work/expected" <<'END'
a child of fork(): wait() finds it: True, SIGCHLD: True
a child without a signal: wait() finds it: False, SIGCHLD: False
a child without a signal, after execve(): wait() finds it: True, SIGCHLD: True
END
inside python3.13 /tmp/try.py >"$work/seen" 2>"$work/log"
compare "$work/expected" "$work/seen"
