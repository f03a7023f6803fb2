# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs CPython's own tests, and the examples of CPython's documentation, with the classes of this
library. Only the import lines of the examples are changed."""

import doctest
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import TIMEOUT

HERE = Path(__file__).parent

IMPORTS = {
    'from multiprocessing import shared_memory': 'from gi.repository import Shm as shared_memory',
    'from multiprocessing.managers import SharedMemoryManager':
        'from gi.repository.Shm import SharedMemoryManager',
}


def has_tests_of_cpython():
    try:
        return importlib.util.find_spec('test._test_multiprocessing') is not None
    except ModuleNotFoundError:
        return False


@pytest.mark.parametrize('method', ['fork', 'spawn', 'forkserver'])
@pytest.mark.skipif(not has_tests_of_cpython(), reason="CPython's package `test` is not installed: "
                    f'on Debian, libpython3.{sys.version_info.minor}-testsuite')
def test_tests_of_cpython(method):
    environment = {key: value for key, value in os.environ.items() if key != 'START_METHOD'}
    result = subprocess.run([sys.executable, HERE / 'cpython_tests.py', method], text=True,
                            capture_output=True, timeout=TIMEOUT, check=False, env=environment)
    print(result.stdout, result.stderr)
    assert result.returncode == 0
    outcomes = json.loads(result.stdout.splitlines()[-1])
    for name, outcome in outcomes.items():
        print(f'{name}: {outcome}')
    assert [name for name, outcome in outcomes.items() if 'Traceback' in outcome] == []
    assert list(outcomes.values()).count('ok') >= 11


@pytest.mark.parametrize('implementation', ['shmobj', 'stock'])
def test_examples_of_cpython(implementation):
    text = (HERE / 'cpython-examples.txt').read_text()
    if implementation == 'shmobj':
        for line, other in IMPORTS.items():
            assert line in text
            text = text.replace(line, other)

    examples = doctest.DocTestParser().get_doctest(text, {'__name__': '__main__'}, implementation,
                                                   None, 0)
    report = []
    runner = doctest.DocTestRunner(
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL)
    result = runner.run(examples, out=report.append)
    assert (''.join(report), result.failed) == ('', 0)
    assert result.attempted > 60
