#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Checks the structure of the source tree: check-structure.py [FOLDER].

docs/reference/internals.md describes the floors of the library. This program reads the #include
lines below shmobj/ and reports:

- an include of a floor that the including file must not know;
- a circle of includes;
- a source file that is longer than the limit, without the documentation of public symbols;
- a test file in Python that no meson.build names.
"""

import re
import sys
from pathlib import Path

LINES_MAX = 600

# The headers that are below everything else: enumerations, error codes and version.
BASE = {'shm-enums.h', 'shm-error.h', 'shm-version-macros.h', 'shm-version.h'}

# What the manager may use of the core: what works on names, files and processes. It must not use
# the memory of a block.
CORE_FOR_MANAGER = re.compile(r'core/shm-(?!block|mapping|list|lock-owner|watch|words)')

# Which floors and folders the files of a folder may include, the own folder apart.
ALLOWED = {
    'core': lambda header: header in BASE,
    'manager': lambda header: header in BASE or CORE_FOR_MANAGER.match(header)
                              or header.startswith('manager/protocol/'),
    'manager/protocol': lambda header: header in BASE or CORE_FOR_MANAGER.match(header),
    'manager/client': lambda header: header in BASE or CORE_FOR_MANAGER.match(header)
                                     or re.match(r'manager/(protocol/)?shm-', header),
    'manager/server': lambda header: header in BASE or CORE_FOR_MANAGER.match(header)
                                     or re.match(r'manager/(protocol/)?shm-', header),
    '': lambda header: True,
}

GENERATED = {'config.h', 'shm-enum-types.h', 'shm-version.h'}


def find_includes(path):
    """The own headers that a file includes, with the numbers of the lines."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'#include [<"](?:shmobj/)?((?:core|manager)/[\w/-]+\.h|shm[\w-]*\.h)[>"]', line)
        if match:
            yield number, match.group(1)


def check_floors(root, files):
    for path in files:
        folder = path.parent.relative_to(root).as_posix().removeprefix('.')
        for number, header in find_includes(path):
            own = folder + '/' if folder else ''
            if header.startswith(own) and '/' not in header[len(own):]:
                continue
            if not ALLOWED[folder](header):
                yield f'{path}:{number}: {folder or "shmobj"} must not include {header}'


def check_circles(root, files):
    graph = {path.relative_to(root).as_posix(): [header for _, header in find_includes(path)]
             for path in files if path.suffix == '.h'}
    done, trail = set(), []

    def visit(header):
        if header in trail:
            yield 'circle of includes: ' + ' -> '.join(trail[trail.index(header):] + [header])
        elif header not in done:
            trail.append(header)
            for other in graph.get(header, []):
                yield from visit(other)
            trail.pop()
            done.add(header)

    for header in sorted(graph):
        yield from visit(header)


def check_headers_exist(root, files):
    for path in files:
        for number, header in find_includes(path):
            if header not in GENERATED and not (root / header).exists():
                yield f'{path}:{number}: there is no {header}'


def check_lengths(files):
    for path in files:
        text = re.sub(r'^ */\*\*\n.*?\*/\n', '', path.read_text(), flags=re.DOTALL | re.MULTILINE)
        lines = len(text.splitlines())
        if lines > LINES_MAX:
            yield f'{path}: {lines} lines, more than {LINES_MAX}: divide it by its jobs'


def check_tests(tests):
    recipe = (tests / 'meson.build').read_text()
    for path in sorted(tests.glob('*/test_*.py')):
        if not re.search(rf"'{path.stem.removeprefix('test_')}'", recipe):
            yield f'{path}: tests/meson.build does not run it'


def main():
    top = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent
    root = top / 'shmobj'
    files = sorted(path for folder in ALLOWED for path in (root / folder).glob('*.[ch]'))
    complaints = [*check_floors(root, files), *check_circles(root, files),
                  *check_headers_exist(root, files), *check_lengths(files),
                  *check_tests(top / 'tests')]

    print(*complaints, sep='\n', end='\n' if complaints else '')
    sys.exit(bool(complaints) or not files)


if __name__ == '__main__':
    main()
