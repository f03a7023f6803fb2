# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Counts the tests in the JUnit files below a folder: tally.py FOLDER.

Meson writes one file for each run. The file has a case for each test of a TAP program, but only one
case for a whole run of pytest. So pytest writes an additional file, which has the name of the Meson
test, and this program counts the cases in that file instead.
"""

import collections
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def find_cases(folder):
    pytest_files = sorted(folder.glob('pytest-*.xml'))
    pytest_runs = {file.stem[len('pytest-'):] for file in pytest_files}

    for file in sorted(folder.glob('testlog*.junit.xml')):
        for suite in ElementTree.parse(file).iter('testsuite'):
            for case in suite.iter('testcase'):
                if case.get('name') not in pytest_runs:
                    yield folder.name, case
            # If a TAP program crashes, there is no case for the tests that it has not reached.
            # Count one failure for them.
            if 'test program exited with status code' in suite.findtext('system-err', ''):
                yield folder.name, make_failure(suite)
    for file in pytest_files:
        for case in ElementTree.parse(file).iter('testcase'):
            yield folder.name, case


def make_failure(suite):
    case = ElementTree.Element('testcase', classname=suite.get('name'),
                               name='the program ended early')
    ElementTree.SubElement(case, 'failure')

    return case


def get_outcome(case):
    if case.find('failure') is not None or case.find('error') is not None:
        return 'failed'
    return 'passed' if case.find('skipped') is None else 'skipped'


def get_skip_reason(case):
    """For a test of a TAP program, Meson writes the reason as the output of the test."""
    return case.find('skipped').get('message') or case.findtext('system-out') or 'no reason given'


def main():
    counts = {'passed': 0, 'failed': 0, 'skipped': 0}
    skips = collections.Counter()

    for folder in sorted(path for path in pathlib.Path(sys.argv[1]).iterdir() if path.is_dir()):
        for name, case in find_cases(folder):
            found = get_outcome(case)
            counts[found] += 1
            if found == 'skipped':
                skips[name, get_skip_reason(case).strip()] += 1
            elif found == 'failed':
                print(f'failed: {name}: {case.get("classname")}: {case.get("name")}')

    for (name, reason), count in sorted(skips.items()):
        print(f'skipped: {name}: {reason} ({count} tests)')
    print(', '.join(f'{count} {result}' for result, count in counts.items()))
    sys.exit(counts['failed'] > 0 or counts['passed'] == 0)


if __name__ == '__main__':
    main()
