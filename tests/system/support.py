# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Functions for the system tests: unique names, files in /dev/shm, runs of the program probe."""

import ctypes
import itertools
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(os.environ['SHMOBJ_SOURCE_ROOT'])
BUILD = Path(os.environ['SHMOBJ_BUILD_ROOT'])
PROGRAMS = BUILD / 'tests' / 'system'
PROBE = str(PROGRAMS / 'probe')
BLOCKS = Path('/dev/shm')

SIZE = 70000
CONTENT = bytes(range(250)) * (SIZE // 250)

# A program that runs longer is killed, and the test fails. This limit, which is also the limit for
# waiting for an event, only ends a test that would wait for ever. Therefore it is much longer than a
# slow and busy machine needs.
TIMEOUT_SECONDS = 600

_count = itertools.count(1)
_names = []


def unique_name(word):
    """Returns a name that no other test and no other test run uses. remove_files() removes the
    file with this name."""
    name = f'shmobj-system-{os.getpid()}-{next(_count)}-{word}'
    _names.append(name)
    return name


def remove_files():
    """Removes the files with the names from unique_name()."""
    while _names:
        path = BLOCKS / _names.pop()
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)


CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_REC, MS_PRIVATE = 0x4000, 0x40000


def isolate():
    """Gives this process and its children a private /dev/shm, if the system permits it.

    Otherwise the tests use the public /dev/shm. Drafts of other programs can then disturb the tests
    that count system calls, so run no other program that uses the library at the same time.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(CLONE_NEWNS | (CLONE_NEWUSER if user != 0 else 0)) != 0:
        return
    if user != 0:
        Path('/proc/self/setgroups').write_text('deny')
        Path('/proc/self/uid_map').write_text(f'{user} {user} 1')
        Path('/proc/self/gid_map').write_text(f'{group} {group} 1')
    # In a chroot, / is usually not a mount point. Then change /dev/shm alone.
    if any(libc.mount(b'none', path, None, MS_REC | MS_PRIVATE, None) == 0
           for path in (b'/', b'/dev/shm')):
        libc.mount(b'none', b'/dev/shm', b'tmpfs', 0, b'mode=1777')


def make_file(name, content=CONTENT, mode=0o600):
    """Creates a block of the current user without using this library."""
    path = BLOCKS / name
    path.touch(exist_ok=False)
    path.chmod(mode)
    path.write_bytes(content)
    return path


def environment(**more):
    """Returns the environment, with the locale C because the tests compare messages in English."""
    return {**os.environ, 'LC_ALL': 'C', **more}


def bare_environment(**more):
    """Returns an environment without variables that refer to the source tree or the build tree."""
    kept = {name: os.environ[name] for name in ('PATH', 'HOME', 'TMPDIR') if name in os.environ}
    return {**kept, 'LC_ALL': 'C.UTF-8', **more}


def run(command, **options):
    options.setdefault('env', environment())
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, encoding='utf-8', timeout=TIMEOUT_SECONDS,
                          **options)


def run_checked(command, **options):
    """Runs a program, asserts that it succeeds, and returns its output."""
    result = run(command, **options)
    assert result.returncode == 0, f'{command}\n{result.stdout}\n{result.stderr}'
    return result.stdout


@dataclass
class Report:
    """The output of the program probe for one operation."""
    outcome: str      # "ok", the nick of a ShmError, or "died"
    message: str      # the message of the error
    name: str         # the name of the block, or empty
    descriptors: tuple  # the number before and the number after the operation
    mappings: tuple     # the number before and the number after the operation
    text: str         # the whole output

    def assert_clean(self, more_descriptors=0, more_mappings=0):
        """Asserts that the operation left at most `more_descriptors` descriptors and exactly
        `more_mappings` mappings."""
        before, after = self.descriptors
        assert before <= after <= before + more_descriptors, self.text
        assert self.mappings[0] + more_mappings == self.mappings[1], self.text


def find(pattern, text):
    """Returns the two groups of the first match, or two empty strings."""
    found = re.search(pattern, text, re.MULTILINE)
    return found.groups() if found else ('', '')


def find_counts(word, text):
    """Returns the two numbers that follow a word at the beginning of a line, or (-1, -1)."""
    return tuple(int(count or -1) for count in find(rf'^{word} (\d+) (\d+)$', text))


def read_report(result):
    """Returns the report of a run of the program probe."""
    text = result.stdout
    outcome, message = find(r'^error ([^:]+): (.*)$', text)
    if result.returncode == 0:
        outcome = 'ok'
    elif result.returncode != 1:
        outcome = 'died'
    return Report(outcome, message, find(r'^name ((.*))$', text)[0],
                  find_counts('descriptors', text), find_counts('mappings', text),
                  f'{text}{result.stderr}')


def probe(*arguments, prefix=(), **options):
    """Runs the program probe, and returns its report."""
    return read_report(run([*prefix, PROBE, *map(str, arguments)], **options))
