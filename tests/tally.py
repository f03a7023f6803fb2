# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Counts the tests of all runs below a folder, and prints each failed test with the reason:
tally.py FOLDER.

The folder has a folder for each run of `meson test`, with

- the file testlog.json of Meson (or testlog-SETUP.json), which has a line for each test program;
- for each run of pytest, a JUnit file pytest-NAME.xml, where NAME is the name of the Meson test;
- the file `status` with the exit status of `meson test`.

A program that prints TAP, and a run of pytest, contain many tests. This program counts each of
them.
"""

import collections
import json
import pathlib
import re
import signal
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

REASON_MAX = 300  # characters

TAP_RESULT = re.compile(r'(not )?ok\b *(\d+)?(?: *-)? *(.*?)(?:\s+# *(SKIP|TODO)\b\s*(.*))?$',
                        re.IGNORECASE)
TAP_LINE = re.compile(r'^(?:TAP version|1\.\.\d|(?:not )?ok\b)', re.MULTILINE)
# The comments of GLib that are not messages of a test.
TAP_NOISE = re.compile(r'# (?:random seed|Start of|End of|slow test)|#$')


@dataclass
class Case:
    """One test."""
    run: str
    program: str  # the name of the Meson test
    name: str     # the name of the test in this program, or empty
    outcome: str  # "passed", "failed" or "skipped"
    reason: str = ''

    def __str__(self):
        return ': '.join(filter(None, (self.run, self.program, self.name, self.reason)))


def shorten(text):
    text = ' '.join(text.split())
    return text if len(text) <= REASON_MAX else text[:REASON_MAX] + '…'


def last_line(*texts):
    """Returns the last line of the last text that has one."""
    lines = [line for text in texts for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ''


class Program:
    """The log of one Meson test."""

    def __init__(self, run, record):
        self.run = run
        # "PROJECT:SUITE / NAME", or from Meson 1.9 on "SUITE - PROJECT:NAME".
        self.name = re.split(' / |:', record['name'])[-1]
        self.result = record['result']
        self.status = record.get('returncode')
        self.seconds = record.get('duration') or 0
        self.stdout = record.get('stdout') or ''
        self.stderr = record.get('stderr') or ''

    def make_case(self, outcome, reason='', name=''):
        return Case(self.run, self.name, name, outcome, shorten(reason))

    def describe_end(self):
        """Returns how the program ended, if it did not end as it should."""
        if self.result == 'TIMEOUT':
            return f'timed out after {self.seconds:.0f} seconds'
        if self.result == 'INTERRUPT':
            return 'interrupted'
        status = self.status or 0
        # A shell reports the death of its child by a signal as 128 and the number of the signal.
        number = -status if status < 0 else status - 128
        if number in set(signal.Signals):
            return f'killed by {signal.Signals(number).name}'
        return f'exit status {status}' if status != 0 else ''

    def find_tap_cases(self):
        """Yields the tests that a TAP program has reported, and a failed one if it ended early."""
        n_planned, n_found, n_failed, bail_out = 0, 0, 0, ''
        last_name, failed = 'the start', None
        for line in self.stdout.splitlines():
            if match := TAP_RESULT.match(line):
                if failed:
                    yield failed
                    failed = None
                n_found += 1
                name, directive = match[3], (match[4] or '').upper()
                last_name = name or f'test {n_found}'
                if match[1] and directive != 'TODO':
                    n_failed += 1
                    failed = self.make_case('failed', name=last_name)
                elif directive == 'SKIP':
                    yield self.make_case('skipped', match[5] or 'no reason given', last_name)
                else:
                    yield self.make_case('passed', name=last_name)
            elif match := re.match(r'1\.\.(\d+)', line):
                n_planned = int(match[1])
            elif line.startswith('Bail out!'):
                bail_out = line.removeprefix('Bail out!').strip()
            elif failed and line.startswith('#') and not TAP_NOISE.match(line):
                failed.reason = shorten(f'{failed.reason} {line[1:]}')

        end = bail_out or self.describe_end()
        is_last = failed is not None
        if failed:
            failed.reason = failed.reason or end
            yield failed
        # A program that aborts at a failed check has reported this failure.
        has_ended_early = n_found < n_planned and not is_last
        if has_ended_early or (n_failed == 0 and self.result not in ('OK', 'SKIP')):
            details = [end or last_line(self.stdout, self.stderr), f'after {last_name}',
                       f'{n_found} of {n_planned} tests were run']
            yield self.make_case('failed', ', '.join(details), 'the program ended early')

    def find_cases(self):
        tap_cases = list(self.find_tap_cases()) if re.search(TAP_LINE, self.stdout) else []
        if tap_cases:
            yield from tap_cases
        elif self.result in ('OK', 'EXPECTEDFAIL'):
            yield self.make_case('passed')
        elif self.result == 'SKIP':
            match = re.search(r'^1\.\.0 *# *SKIP *(.*)', self.stdout, re.MULTILINE | re.IGNORECASE)
            yield self.make_case('skipped', match and match[1] or 'no reason given')
        else:
            details = (self.describe_end(), last_line(self.stdout, self.stderr))
            yield self.make_case('failed', ': '.join(filter(None, details)))

    def find_pytest_cases(self, path):
        n_failed = 0
        for element in ElementTree.parse(path).iter('testcase'):
            name = f'{element.get("classname")}.{element.get("name")}'.rpartition('.test_')[2]
            problem = element.find('failure')
            problem = element.find('error') if problem is None else problem
            skipped = element.find('skipped')
            if problem is not None:
                n_failed += 1
                reason = problem.get('message', 'no reason given')
                if problem.tag == 'error':  # such as an error in a fixture: the text has the cause
                    errors = re.findall(r'^E +(.*)', problem.text or '', re.MULTILINE)
                    reason = ': '.join([reason, *errors[-1:]])
                yield self.make_case('failed', reason, name)
            elif skipped is not None:
                yield self.make_case('skipped', skipped.get('message', 'no reason given'), name)
            else:
                yield self.make_case('passed', name=name)
        if self.result != 'OK' and n_failed == 0:
            yield self.make_case('failed', self.describe_end() or last_line(self.stdout))


def find_cases(folder):
    """Yields the tests of one run."""
    n_failed = 0
    for log in sorted(folder.glob('testlog*.json')):
        for line in log.read_text(encoding='utf-8').splitlines():
            program = Program(folder.name, json.loads(line))
            pytest_file = folder / f'pytest-{program.name}.xml'
            found = (program.find_pytest_cases(pytest_file) if pytest_file.exists()
                     else program.find_cases())
            for case in found:
                n_failed += case.outcome == 'failed'
                yield case

    status_file = folder / 'status'
    status = int(status_file.read_text()) if status_file.exists() else 0
    if status != 0 and n_failed == 0:
        yield Case(folder.name, 'meson test', '', 'failed', f'exit status {status}')


def main():
    counts = {'passed': 0, 'failed': 0, 'skipped': 0}
    skips = collections.Counter()

    for folder in sorted(path for path in pathlib.Path(sys.argv[1]).iterdir() if path.is_dir()):
        for case in find_cases(folder):
            counts[case.outcome] += 1
            if case.outcome == 'skipped':
                skips[case.run, case.reason] += 1
            elif case.outcome == 'failed':
                print(f'failed: {case}')

    for (run, reason), count in sorted(skips.items()):
        print(f'skipped: {run}: {reason} ({count} tests)')
    print(', '.join(f'{count} {result}' for result, count in counts.items()))
    sys.exit(counts['failed'] > 0 or counts['passed'] == 0)


if __name__ == '__main__':
    main()
