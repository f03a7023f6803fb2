# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Functions for several tests of the Python binding."""

import itertools
import os
import subprocess
import sys
import time

from gi.repository import GLib

# The timeout in seconds for events that normally take milliseconds. It only ends a test that would
# wait for ever, so it is much longer than a slow and busy machine needs.
TIMEOUT = 600

_PREFIX = f'shmobj-py-{os.getpid()}-'
_counter = itertools.count()


def path_of(name):
    return '/dev/shm/' + name


def exists(name):
    return os.path.lexists(path_of(name))


class Blocks:
    """The names of the blocks that one test uses."""

    def __init__(self):
        self._names = set()

    def new_name(self):
        """Returns an unused name."""
        name = f'{_PREFIX}{next(_counter)}'
        self._names.add(name)

        return name

    def add(self, shm):
        """Adds a block whose name was generated, and returns the block."""
        self._names.add(shm.name)

        return shm

    def remove_leftovers(self):
        """Removes the blocks that still exist, and returns their names."""
        left = sorted(name for name in self._names if exists(name))
        for name in left:
            os.unlink(path_of(name))

        return left


def run_python(script, *args, status=0):
    """Runs a script in a new process, and returns the result. If the script has started a
    resource tracker, the function also waits until the tracker has ended, because the tracker
    inherits the standard error of the script."""
    code = ("import os, signal, sys\n"
            "import gi\n"
            "gi.require_version('Shm', '1.0')\n"
            "from gi.repository import Shm\n") + script
    result = subprocess.run([sys.executable, '-c', code, *map(str, args)], text=True,
                            capture_output=True, timeout=TIMEOUT, check=False)
    assert result.returncode == status, result.stderr

    return result


def wait_until_removed(name):
    """Waits until a tracked block is removed. That happens soon after the end of its program."""
    deadline = time.monotonic() + TIMEOUT
    while exists(name):
        assert time.monotonic() < deadline, f'the block {name} was not removed'
        time.sleep(0.005)


def remove_from_another_process(name):
    """Removes a block in a process that does not use this library."""
    subprocess.run([sys.executable, '-I', '-S', '-c', 'import os, sys; os.unlink(sys.argv[1])',
                    path_of(name)], timeout=TIMEOUT, check=True)


def in_child(function):
    """Calls a function in a forked child. Returns whether the function has returned True."""
    child = os.fork()
    if child == 0:
        # End the child here, because the child must not run code of pytest.
        try:
            os._exit(0 if function() is True else 1)
        finally:
            os._exit(2)

    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def count_descriptors():
    return len(os.listdir('/proc/self/fd'))


def run_until(condition):
    """Runs the default main context until a condition holds. Fails after the timeout."""
    timed_out = []
    source = GLib.timeout_add_seconds(TIMEOUT, lambda: timed_out.append(True))
    while not condition() and not timed_out:
        GLib.MainContext.default().iteration(True)
    if not timed_out:
        GLib.source_remove(source)
    assert condition()


def wait_for_result(function, *args):
    """Calls an asynchronous function, and returns the GAsyncResult for its _finish function."""
    results = []
    function(*args, lambda _, result: results.append(result))
    assert results == []
    run_until(lambda: results)

    return results[0]
