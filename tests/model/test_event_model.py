# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs the model checker on event.pml. It must find no error in the model. If any step is left out,
it must find at least one error. The steps of the model are those of the code.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(os.environ.get('SHMOBJ_SOURCE_ROOT') or Path(__file__).resolve().parents[2])
MODEL = SOURCE / 'tests/model/event.pml'
STEPS = re.findall(r'^ \*     (event_\w+) ', MODEL.read_text(), re.MULTILINE)


@pytest.fixture
def check(tmp_path):
    """Returns a function that runs the model checker and returns its report."""
    for program in 'spin', 'cc':
        if not shutil.which(program):
            pytest.skip(f'{program} is missing')

    def run(*command):
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def check(*options):
        run('spin', '-Pcc -E -x c', *options, '-a', MODEL)
        run('cc', '-w', '-O2', '-DSAFETY', '-DNOREDUCE', '-DMEMLIM=2000', '-o', 'pan', 'pan.c')
        return run('./pan', '-m10000')

    return check


@pytest.mark.parametrize('options', [[], ['-DLOOP'], ['-DKILL'], ['-DKILL', '-DLOOP']])
def test_protocol(check, options):
    report = check(*options)
    assert 'errors: 0' in report, report
    assert 'Search not completed' not in report and 'search depth too small' not in report, report


@pytest.mark.parametrize('step', [*STEPS, 'generation'])
def test_step_is_needed(check, step):
    options = ['-DLOOP'] if step in ['event_watch', 'event_touch'] else []
    report = check(f'-DWITHOUT_{step}', *options)
    assert 'errors: 1' in report, report


def test_steps_of_the_code():
    assert STEPS == ['event_watch', 'event_arm', 'event_look', 'event_before', 'event_wake',
                     'event_touch', 'event_clear']
    code = (SOURCE / 'shmobj/core/shm-event.c').read_text()
    advance = code[code.index('\nshm_event_advance'):]
    wake = code[code.index('\nwake_all'):code.index('\nshm_event_advance')]

    def check_order(text, *parts):
        places = [text.index(part) for part in parts]
        assert places == sorted(places)

    check_order(advance, 'before = __atomic_load_n (&self->armed', '__atomic_add_fetch (&self->sequence',
                'armed = __atomic_load_n (&self->armed', 'wake_all (')
    check_order(wake, 'shm_system_futex_wake', 'shm_block_touch', 'armed == before',
                '__atomic_compare_exchange_n')
    source = (SOURCE / 'shmobj/shm-word-wait.c').read_text()
    prepare = source[source.index('\nprepare_sleep'):]
    check_order(prepare, 'ensure_watch (', 'arm (self)', 'prepare_sleep (self',
                'if (!is_unchanged (self))')
