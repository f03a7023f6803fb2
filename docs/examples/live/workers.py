# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""workers.py LIST: a pool of processes that work and show their progress in a shared list.

Apart from its imports of gi, this is a program for multiprocessing.shared_memory.
"""

import os
import random
import signal
import sys
import time
from multiprocessing import Pool

import gi

gi.require_version('Shm', '1.0')
from gi.repository.Shm import ShareableList

N_WORKERS, ROW_LENGTH = 4, 4
FRUITS = ['apples', 'cherries', 'lemons', 'pears', 'plums']


def work(name, row):
    """Sorts fruit for ever, in the row of the list."""
    jobs = ShareableList(name=name)
    first = row * ROW_LENGTH
    while True:
        fruit = random.choice(FRUITS)
        n_baskets = random.randrange(20, 60)
        jobs[first + 3] = f'Python, process {os.getpid()}'
        for i in range(n_baskets + 1):
            jobs[first + 1] = i / n_baskets
            jobs[first + 2] = f'{i} of {n_baskets} baskets of {fruit}'
            time.sleep(random.uniform(0.01, 0.05))


if __name__ == '__main__':
    # The window sends a signal when it ends. It also closes the standard input, and then this
    # process ends its pool.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with Pool(N_WORKERS, signal.signal, (signal.SIGTERM, signal.SIG_DFL)) as pool:
        pool.starmap_async(work, [(sys.argv[1], row) for row in range(N_WORKERS)])
        sys.stdin.read()
