# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""jobs.py: a pool of processes that work. A window shows their progress."""

import hashlib
import multiprocessing
import os

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Shm

N_JOBS, N_WORKERS, N_STEPS = 8, 4, 100
EMPTY_ROW = [0.0, 'waiting'.ljust(40)]  # how much is done, and a text of up to 40 bytes


def work(name, row):
    """Computes a key, and stores the progress in a row of the list."""
    jobs = Shm.ShareableList(name=name)
    done, text = row * 2, row * 2 + 1
    jobs[text] = f'process {os.getpid()}'
    key = b''
    for i in range(N_STEPS):
        key = hashlib.pbkdf2_hmac('sha256', key, b'salt %d' % row, 1500 * (row + 1))
        jobs[done] = (i + 1) / N_STEPS
    jobs[text] = f'key {key.hex()[:8]}'


def main():
    import window  # Only this process needs GTK. The workers import this module, too.

    jobs = Shm.ShareableList(EMPTY_ROW * N_JOBS)
    # A child of fork() must not use GTK's locks. Each child of spawn is a new process.
    with multiprocessing.get_context('spawn').Pool(N_WORKERS) as pool:
        arguments = [(jobs.shm.name, row) for row in range(N_JOBS)]
        pool.starmap_async(work, arguments, chunksize=1, error_callback=print)
        window.run(jobs)
    # The end of the `with` block ends the workers. The list is removed with the program.


if __name__ == '__main__':
    main()
