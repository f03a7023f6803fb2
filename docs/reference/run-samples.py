#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs the programs on the pages of the documentation. Prints TAP.

Each fenced code block in c, python, js, vala, lua, ruby or perl is a complete program. The program
must exit with status 0 and leave no file in /dev/shm. If the text below the program says "It prints
`...`", the program must print these lines. A block that is a part of a file in docs/examples is not
run here, because tests/system/test_examples.py runs the whole program. The environment variables must
contain the folders of the library, as in `meson devenv`."""

import argparse
import fcntl
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BLOCKS = Path('/dev/shm')
GENERATED_PREFIX = 'psm_'
TIMEOUT = 60  # seconds for each command
TRACKER_TIMEOUT = 5  # seconds until the end of Python's resource tracker

# Prevents a crash of Ruby at its end, which the gem glib2 causes.
LEAVE_RUBY = Path(__file__).resolve().parents[2] / 'tests' / 'ruby' / 'leave.rb'

# The error messages of an interpreter if the binding or another package is not installed.
MISSING = re.compile(r"^ModuleNotFoundError: .*|module '\w+' not found|cannot load such file -- .*"
                     r"|^Can't locate \S+ in @INC|Namespace (?!Shm)\w+ not available", re.MULTILINE)


class Skip(Exception):
    """The reason why a program cannot run on this machine."""


class Failure(Exception):
    """The reason why a program failed."""


class Sample:
    """A program on a page."""

    def __init__(self, page, line, language, code, expected):
        self.page = page
        self.line = line
        self.language = language
        self.code = code
        self.expected = expected

    def __str__(self):
        return f'{self.page.name}:{self.line} {self.language}'


def find_expected_output(text):
    """Returns the lines that a program prints according to the first sentence below it, or None."""
    sentence = re.match(r'\s*It prints ([^.]*(?:`[^`]*`[^.`]*)*)\.(?:\s|$)', text)
    return re.findall(r'`([^`]*)`', sentence.group(1)) if sentence else None


def read_examples(page):
    """Returns the text of each program in docs/examples, for a page in docs/reference."""
    folder = page.resolve().parents[1] / 'examples'

    return [path.read_text(encoding='utf-8') for path in folder.glob('*/*.*')
            if path.suffix in ('.c', '.js', '.py', '.vala')]


def find_samples(page):
    text = page.read_text(encoding='utf-8')
    examples = read_examples(page)
    for fence in re.finditer(r'^```(c|python|js|vala|lua|ruby|perl)\n(.*?)^```$', text,
                             re.MULTILINE | re.DOTALL):
        if any(fence.group(2) in example for example in examples):
            continue
        yield Sample(page, text.count('\n', 0, fence.start()) + 1, fence.group(1), fence.group(2),
                     find_expected_output(text[fence.end():]))


def run(command, folder):
    try:
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        raise Failure(f'{shlex.join(command)}: still running after {TIMEOUT} seconds') from None
    if missing := MISSING.search(done.stderr):
        raise Skip(missing.group())
    if done.returncode != 0:
        raise Failure(f'{shlex.join(command)}: status {done.returncode}\n{done.stdout}'
                      f'{done.stderr}')

    return done.stdout


def need(tool):
    if not tool:
        raise Skip('the interpreter or compiler was not found')
    return shlex.split(tool)


def build_c(options, folder):
    flags = run([*need(options.pkg_config), '--cflags', '--libs', 'shmobj-1.0'], folder)
    werror = ['-Werror', '-Wno-error=deprecated-declarations'] if options.werror else []
    run([*need(options.cc), '-Wall', '-Wextra', *werror, '-o', 'sample', 'sample.c',
         *shlex.split(flags)], folder)
    return ['./sample']


def build_vala(options, folder):
    run([*need(options.valac), '--vapidir', options.vapidir, '--pkg', 'gio-2.0',
         '--pkg', 'shmobj-1.0', '-X', '-w', '-o', 'sample', 'sample.vala'], folder)
    return ['./sample']


def build_js(options, folder):
    is_module = re.search(r'^import ', (folder / 'sample.js').read_text(), re.MULTILINE)
    return [*need(options.gjs), *(['-m'] if is_module else []), 'sample.js']


def build_python(options, folder):
    return [sys.executable, 'sample.py']


def build_lua(options, folder):
    return [*need(options.lua), 'sample.lua']


def build_ruby(options, folder):
    return [*need(options.ruby), '-r', str(LEAVE_RUBY), 'sample.rb']


def build_perl(options, folder):
    return [*need(options.perl), 'sample.pl']


LANGUAGES = {
    'c': ('sample.c', build_c),
    'python': ('sample.py', build_python),
    'js': ('sample.js', build_js),
    'vala': ('sample.vala', build_vala),
    'lua': ('sample.lua', build_lua),
    'ruby': ('sample.rb', build_ruby),
    'perl': ('sample.pl', build_perl),
}


def list_blocks():
    return {path.name for path in BLOCKS.iterdir()}


def is_open(name):
    """Returns whether a process has the block open or mapped. Ignores processes whose files in
    /proc are not readable."""
    path = str(BLOCKS / name)
    for process in Path('/proc').glob('[0-9]*'):
        try:
            if path in (process / 'maps').read_text():
                return True
            if any(os.readlink(fd) == path for fd in (process / 'fd').iterdir()):
                return True
        except OSError:
            pass  # The process has ended or belongs to another user.

    return False


def find_named(sample, before):
    """Returns the new blocks whose names are in the program."""
    return (list_blocks() - before) & set(re.findall(r'[\w.-]+', sample.code))


def find_leftovers(sample, before):
    """Returns the new blocks that belong to the program. The program contains their names, or their
    names are generated and no process uses the blocks."""
    generated = {name for name in list_blocks() - before
                 if name.startswith(GENERATED_PREFIX) and not is_open(name)}
    return find_named(sample, before) | generated


def run_sample(sample, options, folder):
    filename, build = LANGUAGES[sample.language]
    (folder / filename).write_text(sample.code, encoding='utf-8')
    command = build(options, folder)

    before = list_blocks()
    try:
        output = run(command, folder)
        expected = sample.expected
        if expected is not None and output.split('\n') != [*expected, '']:
            raise Failure(f'The page says that the program prints {expected}, but it printed:\n'
                          f'{output}')
    finally:
        deadline = time.monotonic() + TRACKER_TIMEOUT
        while (left := find_leftovers(sample, before)) and time.monotonic() < deadline:
            time.sleep(0.05)
        for name in find_named(sample, before):
            (BLOCKS / name).unlink(missing_ok=True)

    if left:
        raise Failure(f'The program left blocks behind: {", ".join(sorted(left))}')


def report(number, sample, options):
    with tempfile.TemporaryDirectory(prefix='shmobj-sample-') as folder:
        try:
            run_sample(sample, options, Path(folder))
        except Skip as reason:
            print(f'ok {number} - {sample} # SKIP {reason}')
        except Failure as failure:
            print(f'not ok {number} - {sample}')
            for line in str(failure).splitlines():
                print(f'# {line}')
            return False
        else:
            print(f'ok {number} - {sample}')

    return True


def find_forgotten(pages):
    """Returns the other pages of the guide that contain programs. Such a page begins with its title."""
    beside = {path for page in pages for path in page.parent.glob('*.md')}
    return sorted(path.name for path in beside - set(pages)
                  if path.read_text(encoding='utf-8').startswith('Title: ')
                  and any(find_samples(path)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--cc', default='cc')
    parser.add_argument('--werror', action='store_true', help='make warnings of the C compiler errors')
    parser.add_argument('--pkg-config', default='pkg-config')
    parser.add_argument('--gjs', default='gjs', help='empty to skip JavaScript')
    parser.add_argument('--valac', default='valac', help='empty to skip Vala')
    parser.add_argument('--vapidir', default='.')
    parser.add_argument('--lua', default='lua', help='empty to skip Lua')
    parser.add_argument('--ruby', default='ruby', help='empty to skip Ruby')
    parser.add_argument('--perl', default='perl', help='empty to skip Perl')
    parser.add_argument('pages', nargs='+', type=Path)
    options = parser.parse_args()

    samples = [sample for page in options.pages for sample in find_samples(page)]

    # The names in the programs are fixed, so two runs at the same time would use the same names.
    lock = os.open(BLOCKS, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)

    print(f'1..{len(samples) + 1}', flush=True)
    passed = [report(number, sample, options) for number, sample in enumerate(samples, start=1)]
    forgotten = find_forgotten(options.pages)
    print(f'{"not ok" if forgotten else "ok"} {len(samples) + 1} - each page with programs is given')
    if forgotten:
        print(f'# Add to docs/meson.build: {", ".join(forgotten)}')

    return 0 if samples and all(passed) and not forgotten else 1


if __name__ == '__main__':
    sys.exit(main())
