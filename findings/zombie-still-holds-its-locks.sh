#!/bin/sh
# SPDX-FileCopyrightText: 2026 The contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# ps, psutil and lsof show a zombie without open files, while threads of it still hold the file and
# its lock.
#
# A good guess: a process in the state Z has ended. It has closed its descriptors, so its locks are
# released, and a program that sees the state may take the lock, or clean up.
#
# What happens: the state in /proc/PID/stat, and the files in /proc/PID/fd, are those of the main
# thread alone. When the main thread has ended and another thread still runs, the state is Z and
# there seem to be no open files, but the lock of the process stays until its last thread has ended.
# A process that SIGKILL ends also passes through this state, because its threads do not end at the
# same time. The end of the process is visible in a pidfd, in waitpid(), in /proc/PID/task, and in
# the number of threads in /proc/PID/stat.
#
# Software: Linux 6.18, with lsof 4.99.4+dfsg-2, python3-psutil 7.0.0-2, procps
# 2:4.0.4-9 and Python 3.13.5-2+deb13u5 (Debian 13). Recorded 2026-11-29.

. "$(dirname "$0")/common"

install trixie lsof=4.99.4+dfsg-2 python3-psutil=7.0.0-2 procps=2:4.0.4-9 \
    python3.13=3.13.5-2+deb13u5

cat >"$work/root/tmp/try.py" <<'END'
import ctypes, fcntl, os, select, struct, subprocess, threading, time

import psutil

FILE = '/dev/shm/file'
F_OFD_GETLK, F_OFD_SETLK = 36, 37
LOCK = struct.pack('hhqqi4x', fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)

def run_child(go_on):
    fd = os.open(FILE, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.fcntl(fd, F_OFD_SETLK, LOCK)
    threading.Thread(target=os.read, args=(go_on, 1)).start()
    # pthread_exit() ends only the main thread.
    ctypes.CDLL(None).pthread_exit(None)

def run(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()

def show():
    fd = os.open(FILE, os.O_RDWR)
    lock = struct.unpack('hhqqi4x', fcntl.fcntl(fd, F_OFD_GETLK, LOCK))[0]
    os.close(fd)
    process = psutil.Process(pid)
    try:
        files = [file.path for file in process.open_files()]
    except psutil.Error as error:
        files = type(error).__name__
    print('ps:', run('ps', '-o', 'stat=', '-p', str(pid))[0])
    print('psutil:', process.status(), files)
    print('lsof:', 'open' if str(pid) in run('lsof', '-t', FILE).split() else 'not open')
    print('lock:', 'free' if lock == fcntl.F_UNLCK else 'held')
    print('pidfd:', 'ended' if select.select([pidfd], [], [], 0)[0] else 'runs')

go_on, end = os.pipe()
pid = os.fork()
if pid == 0:
    run_child(go_on)
pidfd = os.pidfd_open(pid)
while psutil.Process(pid).status() != 'zombie':
    time.sleep(0.01)
print('The main thread has ended:')
show()
os.write(end, b'x')
select.select([pidfd], [], [])
print('The other thread has ended too:')
show()
END
cat >"$work/expected" <<'END'
The main thread has ended:
ps: Z
psutil: zombie []
lsof: not open
lock: held
pidfd: runs
The other thread has ended too:
ps: Z
psutil: zombie []
lsof: not open
lock: free
pidfd: ended
END
inside python3.13 /tmp/try.py >"$work/seen" 2>"$work/log"
compare "$work/expected" "$work/seen"
