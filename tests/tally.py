# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Counts the tests in the JUnit files below a folder: tally.py FOLDER.

Meson writes one file for each run, with a case for each test of a TAP program. For Meson a pytest
run is a single test. pytest therefore writes a file of its own with the name of that test, and the
cases in this file are counted instead.
"""

import collections
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def cases(folder):
    pytest_files = sorted(folder.glob('pytest-*.xml'))
    whole_runs = {file.stem[len('pytest-'):] for file in pytest_files}

    for file in sorted(folder.glob('testlog*.junit.xml')):
        for suite in ElementTree.parse(file).iter('testsuite'):
            for case in suite.iter('testcase'):
                if case.get('name') not in whole_runs:
                    yield folder.name, case
            # A TAP program that crashes has no case for the tests that it did not reach.
            if 'test program exited with status code' in suite.findtext('system-err', ''):
                yield folder.name, died(suite)
    for file in pytest_files:
        for case in ElementTree.parse(file).iter('testcase'):
            yield folder.name, case


def died(suite):
    case = ElementTree.Element('testcase', classname=suite.get('name'), name='the program ended early')
    ElementTree.SubElement(case, 'failure')

    return case


def outcome(case):
    if case.find('failure') is not None or case.find('error') is not None:
        return 'failed'
    return 'passed' if case.find('skipped') is None else 'skipped'


def main():
    counts = {'passed': 0, 'failed': 0, 'skipped': 0}
    skips = collections.Counter()

    for folder in sorted(path for path in pathlib.Path(sys.argv[1]).iterdir() if path.is_dir()):
        for name, case in cases(folder):
            found = outcome(case)
            counts[found] += 1
            if found == 'skipped':
                skips[name, case.find('skipped').get('message', 'for no reason given')] += 1
            elif found == 'failed':
                print(f'failed: {name}: {case.get("classname")}: {case.get("name")}')

    for (name, why), count in sorted(skips.items()):
        print(f'skipped: {name}: {why} ({count} tests)')
    print(', '.join(f'{count} {what}' for what, count in counts.items()))
    sys.exit(counts['failed'] > 0 or counts['passed'] == 0)


if __name__ == '__main__':
    main()
