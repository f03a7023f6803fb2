# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""When is a block removed that a Python program has created and not unlinked?

The answers of this library and of each stock CPython are compared with the expected ones. At the
end, the test prints all answers as a table. lifetime_rows.py makes the events happen.
"""

import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lifetime_rows
from interpreters import find_interpreters
from lifetime_rows import PEERS, ROWS

PAGE = Path(__file__).parents[2] / 'docs/reference/lifetimes.md'

# A normal run only compares with the oldest and the newest stock CPython and with that of PyGObject,
# and leaves out some rows that differ only in how a child is started.
RUNS_ALL = 'SHMOBJ_STRESS_ROUNDS' in os.environ
LEFT_OUT = re.compile('spawn-warm|forkserver-cold|preload|-fork-cold|attached_child_ends-[sf]')

OURS = None

# Maps pairs (name of a row, version) to a short outcome, for the table.
_outcomes = {}

SHORT = {
    'removed': 'removed', 'stays': 'stays', 'removed at the end': 'at end',
    'removed at once': 'at once', 'removed by the next program': 'next', 'stays for ever': 'for ever',
}


def version_name(version):
    return 'shmobj' if version is OURS else '.'.join(map(str, version))


def find_cells():
    """Yields the name of each row with each version in which CPython has something to compare."""
    versions = sorted(find_interpreters())
    if not RUNS_ALL:
        compared = {*versions[:1], *versions[-1:], tuple(sys.version_info[:3])}
        versions = [version for version in versions if version in compared]
    for name in ROWS:
        yield name, OURS
    for version in versions:
        for name, row in itertools.chain(ROWS.items(), PEERS.items()):
            if row.get_outcome(version) and (RUNS_ALL or not LEFT_OUT.search(name)):
                yield name, version


CELLS = list(find_cells())


@pytest.fixture(scope='module')
def results(request):
    """Runs the rows of all selected tests in parallel. Returns a dictionary with the results."""
    selected = [item.callspec.params['cell'] for item in request.session.items
                if item.module is request.module and hasattr(item, 'callspec')]
    jobs = [{'cell': index, 'row': name, 'classes': 'ours' if version is OURS else 'stock',
             'executable': sys.executable if version is OURS else find_interpreters()[version]}
            for index, (name, version) in enumerate(CELLS) if (name, version) in selected]
    process = subprocess.run([sys.executable, lifetime_rows.__file__], input=json.dumps(jobs),
                             stdout=subprocess.PIPE, text=True, check=True)
    found = map(json.loads, process.stdout.splitlines())

    return {CELLS[result['cell']]: result for result in found}


@pytest.mark.parametrize('cell', CELLS, ids=lambda cell: f'{cell[0]}-{version_name(cell[1])}')
def test_row(cell, results):
    _outcomes[cell] = 'FAILED'
    result = results[cell]
    name, version = cell
    if result['skip']:
        _outcomes[cell] = 'skipped'
        pytest.skip(result['skip'])
    assert not result['error'], result['error'] + result['stderr']

    outcome = lifetime_rows.name_outcome(result['seen'])
    _outcomes[cell] = SHORT[outcome]
    assert outcome == {**ROWS, **PEERS}[name].get_outcome(version), result['stderr']


def test_documentation():
    """The page of the documentation has the table of these tests."""
    text = PAGE.read_text()
    missing = [line for table in lifetime_rows.make_tables() for line in table if line not in text]
    assert not missing, 'run tests/python/lifetime_rows.py --tables, and copy the tables'


def print_table(reporter):
    """Prints the outcomes of all rows. conftest.py calls this function."""
    versions = sorted({version for _, version in _outcomes}, key=lambda version: version or ())
    names = [name for name in {**ROWS, **PEERS} if any(key[0] == name for key in _outcomes)]
    width = max(map(len, names), default=0)
    reporter.write_line(' ' * width + ''.join(f'{version_name(version):>10}'
                                              for version in versions))
    for name in names:
        words = [_outcomes.get((name, version), '-') for version in versions]
        reporter.write_line(f'{name:{width}}' + ''.join(f'{word:>10}' for word in words))
