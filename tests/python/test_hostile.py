# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests that a hostile process cannot make the extension, or the override without it, access memory
outside a block, return an invalid value, or end the program.

In a build with ASan and UBSan, the library, the extension and the interpreter's memory are checked.
"""

import os
import pathlib
import subprocess
import sys

import pytest

from support import TIMEOUT

HERE = pathlib.Path(__file__).parent
LISTS = HERE.parent / 'fuzz' / 'corpus-list'
ROUNDS = int(os.environ.get('SHMOBJ_STRESS_ROUNDS', '0')) // 10


@pytest.mark.parametrize('attack, n_rounds', [('images', 40), ('owner', 10)])
def test_lists(attack, n_rounds):
    preload = [os.environ['SHMOBJ_HOSTILE_PRELOAD'], os.environ.get('LD_PRELOAD', '')]
    result = subprocess.run(
        [sys.executable, HERE / 'hostile_uses.py', attack, LISTS, str(max(n_rounds, ROUNDS))],
        env={**os.environ, 'LD_PRELOAD': ':'.join(filter(None, preload))}, text=True,
        capture_output=True, timeout=TIMEOUT, check=False)
    assert result.returncode == 0 and 'runtime error' not in result.stderr, result.stderr[-20000:]
    n_values, n_exceptions = map(int, result.stdout.split())
    # Neither are all lists corrupt, nor are all lists valid.
    assert n_values > 1000 and n_exceptions > 1000
