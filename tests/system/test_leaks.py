# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests that creating and removing blocks many times leaks no descriptor, mapping or memory."""

from support import BLOCKS, PROGRAMS, run_checked

ROUNDS = 10000


def test_leaks():
    before, after = (tuple(map(int, line.split()))
                     for line in run_checked([PROGRAMS / 'leaks', str(ROUNDS)]).splitlines())
    descriptors, mappings, kib = before
    assert after[0] == descriptors
    # The memory allocator may have created a few mappings too.
    assert after[1] <= mappings + 4
    assert after[2] <= kib + 1024
    assert not list(BLOCKS.glob('shmobj-system-*-leaks'))
