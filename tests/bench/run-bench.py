#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs the benchmarks and prints a table for each group. `sh tests/run.sh --bench` runs this
program in the build folder of the benchmarks, in the environment of `meson devenv`."""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import report

FOLDER = Path(__file__).resolve().parent
PAGE = FOLDER.parents[1] / 'docs' / 'reference' / 'performance.md'
README = FOLDER.parents[1] / 'README.md'
PYTHON = '/usr/bin/python3'  # the Python that has PyGObject

# The programs, and the groups that each program measures.
PROGRAMS = {
    ('blocks', 'promises'): ['./tests/bench-blocks'],
    ('large',): ['./tests/bench-large'],
    ('bulk',): ['./tests/bench-bulk'],
    ('lists',): ['./tests/bench-lists'],
    ('contention',): ['./tests/bench-contention'],
    ('python', 'memory', 'interpreters', 'start'): [PYTHON, FOLDER / 'bench.py'],
    ('javascript',): ['gjs', FOLDER / 'bench.js'],
    ('manager',): [PYTHON, FOLDER / 'bench-manager.py', './tests/bench-manager'],
    ('watch',): ['./tests/bench-watch'],
    ('waiting',): ['./tests/bench-wait'],
    ('asyncio',): [PYTHON, FOLDER / 'bench-asyncio.py'],
    ('locks',): ['./tests/bench-locks'],
    ('models',): ['./tests/bench-models'],
}
GROUPS = [group for groups in PROGRAMS for group in groups]

# What the description of the machine names: Debian's packages of compilers, libraries and peers.
PACKAGES = ['gcc', 'libglib2.0-dev', 'python3', 'python3-gi', 'python3-numpy', 'gjs',
            'libboost-dev', 'liblmdb-dev', 'qt6-base-dev', 'qtbase5-dev']


def run_program(command, wanted):
    """Yields the lines that a program prints about the wanted groups."""
    program = next(Path(part).name for part in command if '/bench' in part)

    def skip(reason):
        return [{'group': group, 'skipped': program, 'reason': reason} for group in wanted]

    if not shutil.which(command[0]):
        yield from skip(f'{command[0]} was not found')
        return

    arguments = list(wanted) if len(command) > 1 else []
    with subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True) as process:
        for text in process.stdout:
            line = json.loads(text)
            if line['group'] in wanted:
                yield line
    if process.returncode != 0:
        yield from skip('it failed before its end')


# The machine

def run(*command):
    """Returns what a program prints, or an empty text if it does not exist."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ''


def get_versions():
    """Returns the versions of those packages that are installed."""
    output = run('dpkg-query', '-W', '-f=${Package} ${Version} ${db:Status-Abbrev}\n', *PACKAGES)
    found = re.findall(r'^(\S+) (?:\d+:)?([^\s-]+)\S* ii', output, re.MULTILINE)

    return {package: version for package, version in found}


def describe_machine():
    cpuinfo = Path('/proc/cpuinfo').read_text()
    model = re.search(r'^model name\s*: (.*)', cpuinfo, re.MULTILINE)
    system = re.search(r'^PRETTY_NAME="?([^"\n]*)', Path('/etc/os-release').read_text(),
                       re.MULTILINE)
    is_virtual = ', a virtual machine' if 'hypervisor' in cpuinfo else ''
    versions = ', '.join(f'{name} {version}' for name, version in get_versions().items())
    commit = run('git', '-C', str(FOLDER), 'rev-parse', '--short', 'HEAD')

    # Other programs on the machine make some operations slower than others, so the load is worth
    # knowing.
    return (f'Measured on {date.today()} with commit {commit or "unknown"}: '
            f'{model.group(1) if model else platform.machine()}, {os.cpu_count()} '
            f'processors{is_virtual}, a load of {os.getloadavg()[1]:.1f} at the beginning, '
            f'Linux {platform.release().split("-")[0]}, '
            f'{system.group(1) if system else "?"}; {versions}.')


def wrap(text, width=100):
    lines = ['']
    for word in text.split():
        if len(lines[-1]) + len(word) >= width:
            lines.append('')
        lines[-1] = f'{lines[-1]} {word}'.strip()
    return '\n'.join(lines)


def parse_arguments():
    parser = argparse.ArgumentParser(prog='tests/run.sh --bench', description=__doc__)
    parser.add_argument('groups', nargs='*', metavar='GROUP', help='one of: ' + ', '.join(GROUPS))
    parser.add_argument('--json', type=Path, metavar='FILE', help='write all times to this file')
    parser.add_argument('--from-json', type=Path, metavar='FILE',
                        help='measure nothing, and use the times of a file that --json has written')
    parser.add_argument('--chart', type=Path, metavar='FILE',
                        help='draw a chart in SVG, if gnuplot is installed')
    parser.add_argument('--page', action='store_true',
                        help='write the tables to docs/reference/performance.md and README.md, '
                             'and the chart if all groups were measured')
    parser.add_argument('--directory', type=Path, default=Path(), help=argparse.SUPPRESS)
    options = parser.parse_args()
    for group in options.groups:
        if group not in GROUPS:
            parser.error(f'there is no group {group}; there are: {", ".join(GROUPS)}')

    return options


def measure(wanted):
    """Runs the programs and prints a table when a group is complete. Returns all lines."""
    lines = []
    for groups, command in PROGRAMS.items():
        if chosen := [group for group in groups if group in wanted]:
            print(f'measuring {", ".join(chosen)}', file=sys.stderr)
            new = list(run_program([str(part) for part in command], chosen))
            for group in report.read_groups(new).values():
                print(report.format_text(group), flush=True)
            lines += new

    return lines


def draw_chart(path, groups):
    if shutil.which('gnuplot'):
        report.draw_chart(path, groups)
    else:
        print('gnuplot is not installed: no chart was drawn', file=sys.stderr)


def main():
    options = parse_arguments()
    if options.from_json:
        results = json.loads((options.directory / options.from_json).read_text())
    else:
        results = {'machine': describe_machine(), 'lines': measure(options.groups or GROUPS)}
    groups = report.read_groups(results['lines'])

    print(wrap(results['machine']))
    if options.json:
        (options.directory / options.json).write_text(json.dumps(results))
    if options.chart:
        draw_chart(options.directory / options.chart, groups)
    if options.page:
        counts = (FOLDER / 'instruction-counts.txt').read_text()
        report.update_page(PAGE, groups, wrap(results['machine']), counts)
        report.update_readme(README, PAGE)
        if report.CHARTED.keys() <= groups.keys():
            draw_chart(PAGE.with_suffix('.svg'), groups)


if __name__ == '__main__':
    main()
