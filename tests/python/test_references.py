# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests that no function of the extension keeps or drops a reference too many, or leaks memory, in
success or in failure."""

import os
import pathlib
import subprocess
import sys

import pytest

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Shm  # noqa: E402, F401

from gi.overrides.Shm import extension  # noqa: E402
from support import TIMEOUT  # noqa: E402

PROGRAM = pathlib.Path(__file__).parent / 'reference_rounds.py'
# A sanitizer replaces malloc() and makes each call slow.
N_CALLS = 10_000 if 'PYTHONMALLOC' not in os.environ else 1000


@pytest.mark.skipif(extension.module is None, reason='the extension is not used')
def test_references():
    # The clock of this library makes calls fast that wait until an invalid value becomes valid.
    preload = [os.environ['SHMOBJ_HOSTILE_PRELOAD'], os.environ.get('LD_PRELOAD', '')]
    result = subprocess.run([sys.executable, PROGRAM, str(N_CALLS)], check=True, text=True,
                            env={**os.environ, 'LD_PRELOAD': ':'.join(filter(None, preload))},
                            stdout=subprocess.PIPE, timeout=TIMEOUT)
    *leaks, summary = result.stdout.splitlines()
    assert leaks == [] and int(summary.split()[0]) > 200
