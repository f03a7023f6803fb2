#!/bin/sh
# SPDX-FileCopyrightText: 2026 The contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# If one block is already unlinked, SharedMemoryManager.shutdown() does not remove the blocks after
# it.
#
# A good guess: shutdown() unlinks all blocks that the manager owns, and a block that its user has
# already unlinked makes no difference. The call reports a failure if it cannot remove a block.
#
# What happens: the server stops at the first missing block. shutdown() reports nothing, and the
# blocks after the missing one stay. The resource tracker removes them when the program ends; until
# then, or if the tracker does not know them, they leak.
#
# Software: python3.13 3.13.5-2+deb13u5 (Debian 13). Recorded 2026-11-28.

. "$(dirname "$0")/common"

install trixie python3.13=3.13.5-2+deb13u5

cat >"$work/root/tmp/try.py" <<'END'
import os
from multiprocessing.managers import SharedMemoryManager

if __name__ == '__main__':
    manager = SharedMemoryManager()
    manager.start()
    blocks = [manager.SharedMemory(100) for _ in range(4)]
    blocks[1].unlink()

    print('shutdown() returned', manager.shutdown())
    for number, block in enumerate(blocks):
        print('block', number, 'exists:', os.path.exists('/dev/shm/' + block.name))
END
cat >"$work/expected" <<'END'
shutdown() returned None
block 0 exists: False
block 1 exists: False
block 2 exists: True
block 3 exists: True
END
inside python3.13 -W ignore /tmp/try.py >"$work/seen" 2>"$work/log"
compare "$work/expected" "$work/seen"
