# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Finds the interpreters of stock CPython on this machine.

This module searches PATH, the folders in SHMOBJ_TEST_PYTHONS (separated by colons), and the folder
of pyenv.
"""

import functools
import glob
import json
import os
import shutil
import subprocess
import sys

import pytest

from support import TIMEOUT

FIRST_MINOR, LAST_MINOR = 8, 15

PROBE = '''
import json, sys
from multiprocessing import shared_memory
print(json.dumps([sys.implementation.name, sys.version_info[:3], sys.executable]))
'''


def bare_environment():
    """Returns the environment without the variables that would make another interpreter import the
    modules of this interpreter."""
    return {key: value for key, value in os.environ.items()
            if not key.startswith(('PYTHON', 'LD_', 'GI_', 'PYENV'))}


def run_bare(executable, script, *args):
    """Starts an interpreter that runs a script, and returns the process."""
    # -I and -S exclude user settings and site-packages, so that the tests use only CPython itself.
    return subprocess.Popen([executable, '-I', '-S', '-u', '-c', script, *map(str, args)],
                            env=bare_environment(), text=True, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def probe(executable):
    """Returns the version and the real path of an interpreter, or None if it is not a CPython with
    shared memory."""
    try:
        process = run_bare(executable, PROBE)
        output, _ = process.communicate(timeout=TIMEOUT)
        name, version, true_path = json.loads(output)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None

    return (tuple(version), true_path) if name == 'cpython' else None


def find_candidates():
    """Yields paths of executables that may be interpreters."""
    names = ['python3'] + [f'python3.{minor}' for minor in range(FIRST_MINOR, LAST_MINOR + 1)]
    folders = os.environ.get('PATH', os.defpath).split(os.pathsep)
    yield sys.executable
    for name in names:
        yield from filter(None, (shutil.which(name, path=folder) for folder in folders))
    for folder in filter(None, os.environ.get('SHMOBJ_TEST_PYTHONS', '').split(':')):
        for path in sorted(glob.glob(os.path.join(glob.escape(folder), '*'))):
            if os.path.isfile(path) and os.access(path, os.X_OK):
                yield path
    yield from sorted(glob.glob(os.path.expanduser('~/.pyenv/versions/*/bin/python3')))


@functools.lru_cache(maxsize=None)
def find_interpreters():
    """Returns a dictionary with one executable for each version of CPython."""
    found, seen = {}, set()
    for candidate in find_candidates():
        real = os.path.realpath(candidate)
        if real in seen:
            continue
        seen.add(real)
        answer = probe(candidate)
        if answer is not None:
            found.setdefault(*answer)

    return found


def parameters(first_minor):
    """Yields a test parameter for each version from 3.first_minor on. The test of a version that is
    not installed is skipped."""
    found = find_interpreters()
    for minor in range(first_minor, LAST_MINOR + 1):
        versions = sorted(version for version in found if version[:2] == (3, minor))
        for version in versions:
            yield pytest.param(found[version], id='.'.join(map(str, version)))
        if not versions:
            skip = pytest.mark.skip(reason=f'no python3.{minor} on this machine')
            yield pytest.param(None, id=f'3.{minor}', marks=skip)
