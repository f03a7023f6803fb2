# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Nothing grows, however often blocks come and go."""

from support import BLOCKS, PROGRAMS, run_well

ROUNDS = 10000


def test_leaks():
    before, after = (tuple(map(int, line.split()))
                     for line in run_well([PROGRAMS / 'leaks', str(ROUNDS)]).splitlines())
    descriptors, mappings, kib = before
    assert after[0] == descriptors
    # The allocator maps memory of its own.
    assert after[1] <= mappings + 4
    assert after[2] <= kib + 1024
    assert not list(BLOCKS.glob('shmobj-system-*-leaks'))
