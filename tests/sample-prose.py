#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Prints comments and paragraphs for a review of the language: sample-prose.py [COUNT [SEED]].

It chooses at random COUNT (by default 10) comments of the source code and the same number of
paragraphs of the documentation. A reviewer reads each of them once, and rewrites it if a second
reading is necessary. The program prints the seed, so that a sample can be repeated.
"""

import random
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parent.parent


def find_files(*patterns):
    output = subprocess.run(['git', 'ls-files', '--', *patterns], cwd=TOP, check=True,
                            capture_output=True, text=True).stdout
    return [Path(line) for line in output.splitlines()]


def comments_of(path):
    text = (TOP / path).read_text()
    if path.suffix in ('.c', '.h', '.js', '.vala', '.pml'):
        found = re.finditer(r'/\*.*?\*/|(?:^[ \t]*//[^\n]*\n)+', text, re.DOTALL | re.MULTILINE)
    else:
        found = re.finditer(r'"""[A-Z].*?"""|(?:^[ \t]*# [^\n]*\n)+', text, re.DOTALL | re.MULTILINE)
    for match in found:
        yield text.count('\n', 0, match.start()) + 1, match.group().strip()


def paragraphs_of(path):
    text = re.sub(r'```.*?```', lambda match: '\n' * match.group().count('\n'),
                  (TOP / path).read_text(), flags=re.DOTALL)
    for match in re.finditer(r'(?:^[^\n]+\n)+', text, re.MULTILINE):
        yield text.count('\n', 0, match.start()) + 1, match.group().strip()


def is_prose(text):
    return len(re.findall(r'[A-Za-z]{2,}', text)) >= 8 and 'SPDX-License' not in text


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    seed = sys.argv[2] if len(sys.argv) > 2 else str(random.SystemRandom().randrange(10 ** 6))
    generator = random.Random(seed)

    groups = {
        'Comments': (comments_of, find_files('*.c', '*.h', '*.py', '*.js', '*.vala', '*.pml', '*.sh',
                                             '*.lua', '*.rb', '*meson.build')),
        'Paragraphs': (paragraphs_of, find_files('*.md')),
    }
    print(f'Seed: {seed}')
    for title, (find, paths) in groups.items():
        pieces = [(path, line, text) for path in paths for line, text in find(path) if is_prose(text)]
        print(f'\n== {title}: {count} of {len(pieces)}')
        for path, line, text in generator.sample(pieces, min(count, len(pieces))):
            print(f'\n{path}:{line}\n{text}')


if __name__ == '__main__':
    main()
