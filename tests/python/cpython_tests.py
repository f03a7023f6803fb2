# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs CPython's own tests of shared memory with the classes of this library:
cpython_tests.py START_METHOD.

The tests are in the package `test` of CPython, which Debian has in libpython3.*-testsuite. Child
processes that multiprocessing starts import this module again, and so use the same classes.

The last line of the output is a JSON object. It maps the name of each test to 'ok', or to the reason
why the test was not run, or to a traceback.
"""

import json
import multiprocessing
import multiprocessing.managers
import os
import re
import sys
import types
import unittest
from multiprocessing import shared_memory

from test import _test_multiprocessing as tests

from gi.repository import Shm

TEST_CASE = 'WithProcessesTestSharedMemory'

# These tests start programs that import CPython's module. They test messages of CPython's resource
# tracker, which this library does not use.
_TRACKER = "runs a program with CPython's own classes, to test CPython's resource tracker"
NOT_RUN = {
    'test_shared_memory_SharedMemoryManager_reuses_resource_tracker': _TRACKER,
    'test_shared_memory_cleaned_after_process_termination': _TRACKER,
    'test_shared_memory_tracking': _TRACKER,
    'test_shared_memory_untracking': _TRACKER,
    'test_shared_memory_name_with_embedded_null':
        'assigns a name to the private attribute _name, and expects that unlink() uses this name',
}

# These tests use private names of CPython, which the classes below have.
USING_PRIVATE_NAMES = {
    'test_shared_memory_basics': '_make_filename(), _flags',
    'test_shared_memory_recreate': '_make_filename()',
    'test_shared_memory_SharedMemoryServer_ignores_sigint': '_process',
    'test_shared_memory_ShareableList_basics': '_get_packing_format()',
}


class SharedMemory(Shm.SharedMemory):
    """Gets the name of a new block from CPython's function, which the tests replace."""

    def __init__(self, name=None, create=False, size=0):
        while name is None and create and size > 0:
            try:
                super().__init__(shared_memory._make_filename(), create, size)
                return
            except FileExistsError:
                pass  # Try the next name.
        super().__init__(name, create, size)


class ShareableList(Shm.ShareableList):
    def _get_packing_format(self, position):
        return re.findall(r'\d+s|q|d|x+\?x*', self.format)[position]


class SharedMemoryManager(Shm.SharedMemoryManager):
    @property
    def _process(self):
        return types.SimpleNamespace(pid=self.get_pid())


def use_classes(block, shareable_list, manager):
    """Makes the tests use these classes instead of CPython's."""
    tests.shared_memory = types.SimpleNamespace(**{
        **vars(shared_memory), 'SharedMemory': block, 'ShareableList': shareable_list})
    multiprocessing.managers.SharedMemoryManager = manager


def run(name):
    """Runs a test. Returns 'ok', or why it was not run, or a traceback."""
    if name in NOT_RUN:
        return NOT_RUN[name]
    if name in USING_PRIVATE_NAMES:
        use_classes(SharedMemory, ShareableList, SharedMemoryManager)
    else:
        use_classes(Shm.SharedMemory, Shm.ShareableList, Shm.SharedMemoryManager)

    result = unittest.TestResult()
    globals()[TEST_CASE](name).run(result)
    problems = [text for _, text in result.failures + result.errors]

    return '\n'.join(problems) or (result.skipped[0][1] if result.skipped else 'ok')


use_classes(Shm.SharedMemory, Shm.ShareableList, Shm.SharedMemoryManager)
# A child gets the start method from its parent.
tests.install_tests_in_module_dict(globals(), os.environ.setdefault('START_METHOD', sys.argv[-1]))

if __name__ == '__main__':
    setUpModule()  # noqa: F821, from install_tests_in_module_dict()
    names = unittest.defaultTestLoader.getTestCaseNames(globals()[TEST_CASE])
    print(json.dumps({name: run(name) for name in names}))
    tearDownModule()  # noqa: F821
