#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Compares the instructions of frequent operations with instruction-counts.txt. Prints TAP.

A time depends on the machine and on its load. The number of instructions does not, so a test can
compare it. The number depends on the compiler, its options and GLib. The file names the
configuration for which it was written. With any other configuration the test is skipped.

An operation fails if it needs more instructions than the file allows. If it needs fewer, write the
file again (--write), so that the test notices when the operation becomes slow again."""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# An operation may execute more instructions than the file says, by this part.
TOLERANCE = 0.03

HEADER = '''\
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# How many instructions each operation executes in the process that calls it, without those of the
# kernel. `ninja instruction-counts` in a build folder writes this file, and the test
# "instructions" compares with it. See check-counts.py.
'''


def get_system():
    """Returns the distribution, and whether the C library can use AVX2 for strings."""
    text = Path('/etc/os-release').read_text()
    fields = dict(re.findall(r'^(\w+)="?([^"\n]*)', text, re.MULTILINE))
    cpu = Path('/proc/cpuinfo').read_text()

    return (f'{fields.get("ID", "?")} {fields.get("VERSION_ID", "?")}, '
            + ('AVX2' if re.search(r'\bavx2\b', cpu) else 'no AVX2'))


def count_instructions(valgrind, program):
    """Runs the program in callgrind. Returns the instructions of each operation."""
    with tempfile.TemporaryDirectory() as folder:
        # A debugging variable of GLib or malloc would change the counts.
        kept = {name: value for name, value in os.environ.items()
                if name in ('PATH', 'LD_LIBRARY_PATH', 'TMPDIR')}
        subprocess.run([valgrind, '--quiet', '--tool=callgrind', '--combine-dumps=yes',
                        '--dump-line=no', f'--callgrind-out-file={folder}/out', program],
                       env={**kept, 'LC_ALL': 'C'}, check=True)
        text = Path(folder, 'out').read_text()

    # For each operation there are two dumps, with different numbers of calls.
    dumps = {}
    for calls, title, total in re.findall(
            r'^desc: Trigger: Client Request: (\d+)\t(.*)\n(?:.*\n)*?summary: (\d+)', text,
            re.MULTILINE):
        dumps.setdefault(title, []).append((int(calls), int(total)))

    return {title: (second[1] - first[1]) / (second[0] - first[0])
            for title, (first, second) in dumps.items()}


def read_counts(path):
    """Returns the configuration and the counts of the file."""
    configuration, counts = None, {}
    for line in path.read_text().splitlines():
        if line.startswith('configuration: '):
            configuration = line.partition(': ')[2]
        elif line and not line.startswith('#'):
            title, count = re.fullmatch(r'(.*\S) +([\d.]+)', line).groups()
            counts[title] = float(count)

    return configuration, counts


def write_counts(path, configuration, counts):
    lines = [f'{title:40} {count:8.1f}' for title, count in counts.items()]
    path.write_text('\n'.join([HEADER, f'configuration: {configuration}', '', *lines, '']))


def find_problem(count, expected):
    if expected is None:
        return 'the file has no count of this operation'
    if count > expected * (1 + TOLERANCE):
        return f'{count:.1f} instructions, {count / expected - 1:.1%} more than {expected:.1f}'
    return None


def print_results(counts, expected):
    print(f'1..{len(counts)}')
    failed = False
    for number, (title, count) in enumerate(counts.items(), 1):
        problem = find_problem(count, expected.get(title))
        failed = failed or problem is not None
        print(f'{"not ok" if problem else "ok"} {number} - {title}')
        if problem:
            print(f'# {problem}')
        elif count < expected[title] * (1 - TOLERANCE):
            print(f'# {count:.1f} instructions, fewer than {expected[title]:.1f}: write the file '
                  'again with `ninja instruction-counts`')

    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--write', action='store_true', help='write the file')
    parser.add_argument('--configuration', required=True, help='the compiler, its options and GLib')
    parser.add_argument('valgrind')
    parser.add_argument('program', help='count-calls')
    parser.add_argument('file', type=Path)
    options = parser.parse_args()

    configuration = f'{get_system()}, {options.configuration}'
    if options.write:
        write_counts(options.file, configuration,
                     count_instructions(options.valgrind, options.program))
        return 0

    expected_configuration, expected = read_counts(options.file)
    if configuration != expected_configuration:
        print(f'1..0 # SKIP the counts are for {expected_configuration}, and this is '
              f'{configuration}')
        return 0

    return print_results(count_instructions(options.valgrind, options.program), expected)


if __name__ == '__main__':
    sys.exit(main())
