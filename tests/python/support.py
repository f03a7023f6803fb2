# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What several of the tests of the Python binding need."""

import itertools
import os
import subprocess
import sys

# Bounds on waiting for what normally happens at once: generous, to also hold on a busy machine.
TIMEOUT = 60

_PREFIX = f'shmobj-py-{os.getpid()}-'
_counter = itertools.count()


def path_of(name):
    return '/dev/shm/' + name


def exists(name):
    return os.path.lexists(path_of(name))


class Blocks:
    """The names that one test uses."""

    def __init__(self):
        self._names = set()

    def new_name(self):
        """A name that nobody has."""
        name = f'{_PREFIX}{next(_counter)}'
        self._names.add(name)

        return name

    def add(self, shm):
        """Notes a block whose name was generated."""
        self._names.add(shm.name)

        return shm

    def remove_left(self):
        """Removes what is left, and says what that was."""
        left = sorted(name for name in self._names if exists(name))
        for name in left:
            os.unlink(path_of(name))

        return left


def run_python(script, *args, status=0):
    """Runs a script in a new process, until the resource tracker that it may have started has
    ended, too: that has the same standard error."""
    code = ("import os, signal, sys\n"
            "import gi\n"
            "gi.require_version('Shm', '1.0')\n"
            "from gi.repository import Shm\n") + script
    result = subprocess.run([sys.executable, '-c', code, *map(str, args)], text=True,
                            capture_output=True, timeout=TIMEOUT, check=False)
    assert result.returncode == status, result.stderr

    return result


def remove_from_another_process(name):
    subprocess.run([sys.executable, '-I', '-S', '-c', 'import os, sys; os.unlink(sys.argv[1])',
                    path_of(name)], timeout=TIMEOUT, check=True)


def in_child(function):
    """Calls the function in a forked child, and says whether it returned True."""
    child = os.fork()
    if child == 0:
        # Nothing of pytest may run here a second time.
        try:
            os._exit(0 if function() is True else 1)
        finally:
            os._exit(2)

    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def count_descriptors():
    return len(os.listdir('/proc/self/fd'))
