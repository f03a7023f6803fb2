#!/bin/sh
# SPDX-FileCopyrightText: 2026 The contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A block that a client creates through SharedMemoryManager disappears when the client ends.
#
# A good guess: the manager owns the blocks that are created through it. A client can connect,
# create a block, pass its name on and end, and the block stays until the manager shuts down.
#
# What happens: the client creates the block in its own process. Its resource tracker unlinks the
# block when the client ends, although the client ends normally and the manager still lists the
# block.
#
# Software: python3.13 3.13.5-2+deb13u5 (Debian 13). Recorded 2026-11-28.

. "$(dirname "$0")/common"

install trixie python3.13=3.13.5-2+deb13u5

cat >"$work/root/tmp/client.py" <<'END'
import sys
from multiprocessing.managers import SharedMemoryManager

manager = SharedMemoryManager(address=sys.argv[1], authkey=b'key')
manager.connect()
print(manager.SharedMemory(100).name)
END
cat >"$work/root/tmp/try.py" <<'END'
import os
import subprocess
import sys
from multiprocessing import managers
from multiprocessing.connection import Client

if __name__ == '__main__':
    with managers.SharedMemoryManager(address='/tmp/socket', authkey=b'key') as manager:
        client = subprocess.run([sys.executable, '/tmp/client.py', manager.address],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        name = client.stdout.strip()

        with Client('/tmp/socket', authkey=b'key') as connection:
            names = managers.dispatch(connection, None, 'list_segments')
        print('status of the client:', client.returncode)
        print('the manager lists the block:', name in names)
        print('the block exists:', os.path.exists('/dev/shm/' + name))
END
cat >"$work/expected" <<'END'
status of the client: 0
the manager lists the block: True
the block exists: False
END
inside python3.13 -W ignore /tmp/try.py >"$work/seen" 2>"$work/log"
compare "$work/expected" "$work/seen"
