# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

import sys

import pytest

from support import Blocks

# The results of the tests with stock CPython. Maps each version of CPython to a dictionary. The
# dictionary maps each pair (server, column) to True if all tests of this cell have passed.
_INTEROP = {}


@pytest.fixture(autouse=True)
def blocks():
    """Provides names for blocks. A test fails if a block with one of these names exists at
    the end of the test."""
    blocks = Blocks()
    yield blocks
    assert blocks.remove_leftovers() == []


def pytest_configure(config):
    config.addinivalue_line('markers', 'interop(server, column): the cell of a test in the '
                            'table of managers and stock CPython')


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    mark = item.get_closest_marker('interop')
    if mark is None or report.skipped or report.passed and report.when != 'call':
        return

    server, column = mark.args
    version = next(part for part in item.callspec.id.split('-') if part[0].isdigit())
    row = _INTEROP.setdefault(version, {})
    for key in ((server, column), (server, item.callspec.params.get('kind'))):
        row[key] = row.get(key, True) and report.passed


def _print_table(reporter, server, columns):
    reporter.write_line(f'{server:14}' + ''.join(f'{column:>10}' for column in columns))
    for version in sorted(_INTEROP, key=lambda text: tuple(map(int, text.split('.')))):
        cells = [_INTEROP[version].get((server, column)) for column in columns]
        words = ['-' if cell is None else 'yes' if cell else 'FAILED' for cell in cells]
        reporter.write_line(f'{"  " + version:14}' + ''.join(f'{word:>10}' for word in words))


def pytest_terminal_summary(terminalreporter):
    if 'test_lifetimes' in sys.modules:
        terminalreporter.section('lifetimes and stock CPython')
        sys.modules['test_lifetimes'].print_table(terminalreporter)
    if not _INTEROP:
        return

    columns = ['blocks', 'lists', 'methods', 'shutdown', 'keys', 'path', 'abstract', 'tcp']
    terminalreporter.section('managers and stock CPython')
    for server in ('our server', 'CPython server'):
        _print_table(terminalreporter, server, columns)
