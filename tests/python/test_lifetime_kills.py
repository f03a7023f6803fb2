# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The processes of programs, and their trackers, are killed at random moments.

As long as a process of a program lives, the blocks of the program exist. After that, they are gone.
If the tracker was killed, they are gone after the next program of the user. Blocks of others stay.
lifetime_rounds.py does the work.
"""

import json
import os
import random
import subprocess
import sys
from collections import Counter

import lifetime_rounds

ROUNDS = int(os.environ.get('SHMOBJ_STRESS_ROUNDS', '24'))

# Set SHMOBJ_SEED to repeat a run.
SEED = int(os.environ.get('SHMOBJ_SEED', str(random.SystemRandom().randrange(10**6))))


def test_rounds():
    seeds = [SEED + i for i in range(ROUNDS)]
    process = subprocess.run([sys.executable, lifetime_rounds.__file__], input=json.dumps(seeds),
                             stdout=subprocess.PIPE, text=True, check=True)
    results = list(map(json.loads, process.stdout.splitlines()))
    events = Counter(event for result in results for event in result['events'])
    print(f'{len(results)} rounds: {dict(events)}')

    failed = [result for result in results if result['error']]
    for result in failed:
        print(f'SHMOBJ_SEED={result["seed"]}: {result["error"]}')
    assert not failed, f'{len(failed)} of {ROUNDS} rounds have failed, see above'
    assert len(results) == ROUNDS
