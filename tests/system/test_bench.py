# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests of the tables that tests/bench/report.py makes of the results of benchmarks."""

import importlib.util
import sys

from support import SOURCE

BENCH = SOURCE / 'tests' / 'bench'
sys.path.insert(0, str(BENCH))

import report  # noqa: E402

LINES = [
    {'group': 'lists', 'row': 'get', 'contenders': {
        'shmobj': [10, 20, 30], 'Boost': [20, 20, 20], 'limit: load': [1, 2, 3]}},
    {'group': 'lists', 'row': 'find', 'contenders': {'shmobj': [2500, 2500, 2500]}},
    {'group': 'lists', 'skipped': 'LMDB', 'reason': 'it was not found'},
]


def test_ratios_are_medians_of_the_rounds():
    boost, limit = report.read_groups(LINES)['lists'].rows[0].comparisons

    assert (boost.time, boost.low, boost.ratio, boost.high) == (20, 0.75, 1, 1.25)
    assert (limit.ratio, limit.low, limit.high) == (10, 10, 10)
    assert limit.is_limit and not boost.is_limit


def test_table():
    table = report.format_text(report.read_groups(LINES)['lists'])

    assert [line.split() for line in table.splitlines()] == [
        ['lists'],
        ['operation', 'shmobj', 'compared', 'with', 'time', 'ratio'],
        ['get', '20.0', 'ns', 'Boost', '20.0', 'ns', '1.00', '[0.75–1.25]'],
        ['limit:', 'load', '2.00', 'ns', '10.0', '[10.0–10.0]'],
        ['find', '2.50', 'µs'],
        ['not', 'measured:', 'LMDB', '(it', 'was', 'not', 'found)'],
    ]


def test_bytes():
    lines = [{'group': 'memory', 'row': 'a list', 'unit': 'B', 'contenders': {
        'shmobj': [2048, 2048], 'CPython': [4 << 20, 4 << 20]}}]

    assert [line.split() for line in
            report.format_text(report.read_groups(lines)['memory']).splitlines()[2:]] == [
        ['a', 'list', '2.00', 'KiB', 'CPython', '4.00', 'MiB', '0.00049', '[0.00049–0.00049]']]


def test_page_keeps_what_was_not_measured(tmp_path):
    page = tmp_path / 'page.md'
    page.write_text('A\n<!-- lists -->\nold\n<!-- end -->\nB\n<!-- bulk -->\nold\n<!-- end -->\n')

    report.update_page(page, report.read_groups(LINES), 'a machine',
                       (BENCH / 'instruction-counts.txt').read_text())

    text = page.read_text()
    assert '| get | 20.0 ns | Boost | 20.0 ns | 1.00 [0.75–1.25] |' in text
    assert text.count('old') == 1
    assert text.startswith('A\n<!-- lists -->\n\n| operation |')
    assert text.endswith('<!-- bulk -->\nold\n<!-- end -->\n')


def test_the_page_has_each_group():
    spec = importlib.util.spec_from_file_location('run_bench', BENCH / 'run-bench.py')
    run_bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(run_bench)
    page = run_bench.PAGE.read_text()

    assert [name for name in run_bench.GROUPS if f'<!-- {name} -->\n' not in page] == []


def test_readme_has_times_of_the_page():
    """If this test fails, `run-bench.py --page` writes the table, or call update_readme()."""
    page = (SOURCE / 'docs/reference/performance.md').read_text(encoding='utf-8')
    table = report.make_readme_table(page)

    assert len(table.splitlines()) == len(report.README_ROWS) + 2
    assert f'\n{table}\n\n' in (SOURCE / 'README.md').read_text(encoding='utf-8')


def test_update_readme(tmp_path):
    page = (SOURCE / 'docs/reference/performance.md').read_text(encoding='utf-8')
    readme = tmp_path / 'README.md'
    readme.write_text('A\n\n| Operation | shmobj | For comparison |\nold\n\nB\n')

    report.update_readme(readme, SOURCE / 'docs/reference/performance.md')

    assert readme.read_text() == f'A\n\n{report.make_readme_table(page)}\n\nB\n'
