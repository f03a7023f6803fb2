# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs the model checker on list.pml, and compares the steps of the model with those of the code.

The model checker searches the whole model. It must find no error in the model. If any step is left
out, it must find at least one error.
"""

import itertools
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(os.environ.get('SHMOBJ_SOURCE_ROOT') or Path(__file__).resolve().parents[2])
MODEL = SOURCE / 'tests/model/list.pml'
SYNC = ['shm-list-sync.h', 'shm-list-sync.c', 'shm-list-watcher.c']

LABELS = re.findall(r'^(list_\w+):', MODEL.read_text(), re.MULTILINE)
READER = ['list_read', 'list_check']
WATCHER = ['list_look', 'list_arm']


def find_program(*names):
    for name in names:
        if shutil.which(name):
            return name
    return pytest.skip(f'{names[0]} is missing')


@pytest.fixture
def check(tmp_path):
    """Returns a function that runs the model checker and returns its report and the number of
    errors."""
    spin = find_program('spin')
    compiler = find_program('cc', 'gcc', 'clang')

    def run(*command):
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def check(*options, kind='SAFETY', flags=()):
        run(spin, f'-P{compiler} -E -x c', *options, '-a', MODEL)
        run(compiler, '-w', '-O2', f'-D{kind}', '-DNOREDUCE', '-DMEMLIM=2000', '-o', 'pan', 'pan.c')
        report = run('./pan', '-m10000', *flags)
        return report, int(re.search(r'errors: (\d+)', report)[1])

    return check


def is_complete(report):
    return 'Search not completed' not in report and 'search depth too small' not in report


@pytest.mark.parametrize('options, expected', [
    ([], {'proctype writer': '0', 'proctype reader': '0', 'init': '0'}),
    # The watcher never ends.
    (['-DWATCHER'], {'proctype writer': '0', 'proctype watcher': '1', 'init': '0'}),
])
def test_protocol(check, options, expected):
    report, errors = check(*options)
    assert errors == 0, report
    assert is_complete(report), report

    unreached = re.findall(r'^unreached in (.*)\n(?:\t.*\n)*?\t\((\d+) of \d+ states\)', report,
                           re.MULTILINE)
    assert dict(unreached) == expected, report


@pytest.mark.parametrize('options', [[], ['-DWATCHER']])
def test_no_endless_retries(check, options):
    report, errors = check('-DWRITES=1', *options, kind='NP', flags=['-l'])
    assert errors == 0, report
    assert is_complete(report), report


@pytest.mark.parametrize('label', [label for label in LABELS if label != 'list_read'])
def test_step_is_needed(check, label):
    options = ['-DWATCHER'] if label in [*WATCHER, 'list_ring'] else []
    report, errors = check(f'-DWITHOUT_{label}', *options)
    assert errors >= 1, report


@pytest.mark.parametrize('option', ['RING_AFTER_COMMIT', 'WITHOUT_second_look'])
def test_order_of_ringing_is_needed(check, option):
    report, errors = check('-DWATCHER', f'-D{option}')
    assert errors >= 1, report


# The code

def read_code(*names):
    return '\n'.join((SOURCE / 'shmobj/core' / name).read_text() for name in names)


def list_steps(functions, name):
    """Yields the steps of a function and of the functions that it calls, in their order."""
    for step, callee in re.findall(r'shm_at \((LIST_\w+)\)|\b(\w+) \(', functions[name]):
        if step:
            yield step.lower()
        elif callee in functions and name != 'shm_list_sync_recover':  # one step of the model
            yield from list_steps(functions, callee)


def test_labels():
    steps = set(re.findall(r'shm_at \((LIST_\w+)\)', read_code(*SYNC)))
    assert {step.lower() for step in steps - {'LIST_OWNER'}} == set(LABELS)
    assert len(set(LABELS)) == len(LABELS)


@pytest.mark.parametrize('name', ['shm_list_write', 'try_write_short', 'shm_list_try_write',
                                  'shm_list_write_word', 'write_word_slowly'])
def test_order_of_steps(name):
    functions = dict(re.findall(r'^(\w+) \([^{};]*\)\n\{\n(.*?)^\}',
                                read_code(*SYNC, 'shm-list-item.c', 'shm-list.c',
                                          'shm-list-private.h'), re.MULTILINE | re.DOTALL))
    # Another function calls these two to perform all steps, or performs all steps itself.
    for other in {'try_write_short', 'write_word_slowly'} - {name}:
        del functions[other]
    steps = [step for step, _ in itertools.groupby(list_steps(functions, name))]
    assert steps[steps.index('list_lock'):] == [label for label in LABELS
                                               if label not in READER + WATCHER]
