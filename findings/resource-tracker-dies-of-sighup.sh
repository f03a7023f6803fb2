#!/bin/sh
# SPDX-FileCopyrightText: 2026 The contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A terminal that hangs up ends CPython's resource tracker too, so the shared memory of a program
# that was started in it stays.
#
# A good guess: the tracker is there for programs that end without cleaning up. It survives the signals
# that end all processes of a terminal or of a job, and removes the block afterwards.
#
# What happens: the tracker ignores SIGINT and SIGTERM only. SIGHUP for the process group ends the
# program and its tracker, and the block stays. After SIGTERM for the same group it is removed.
#
# Software: CPython 3.13.5 (python3.13 3.13.5-2+deb13u5, Debian 13). Recorded 2026-11-29.

. "$(dirname "$0")/common"

install trixie python3.13=3.13.5-2+deb13u5

cat >"$work/root/tmp/program.py" <<'END'
import time
from multiprocessing.shared_memory import SharedMemory

SharedMemory('block', create=True, size=100)
print('ready', flush=True)
time.sleep(60)
END
cat >"$work/root/tmp/try.py" <<'END'
import os
import signal
import subprocess
import sys

for number in signal.SIGTERM, signal.SIGHUP:
    read, write = os.pipe()
    program = subprocess.Popen([sys.executable, '/tmp/program.py'], stdout=subprocess.PIPE,
                               stderr=write, start_new_session=True,
                               preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))
    os.close(write)
    program.stdout.readline()
    os.killpg(program.pid, number)
    program.wait()
    while os.read(read, 4096):  # the end: all processes that have this pipe have ended
        pass
    print(number.name, 'the block exists:', os.path.exists('/dev/shm/block'))
END
cat >"$work/expected" <<'END'
SIGTERM the block exists: False
SIGHUP the block exists: True
END
inside python3.13 -W ignore /tmp/try.py >"$work/seen" 2>"$work/log"
compare "$work/expected" "$work/seen"
