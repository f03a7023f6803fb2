# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The classes in the place of CPython's: in programs that change only their import line, and as
base classes."""

import pickle
import subprocess
import sys

import pytest
from gi.repository import Shm

from support import TIMEOUT

SILENT_IMPORTS = {
    'from gi.repository': 'from gi.repository import Shm as shared_memory',
    'from the namespace': 'from gi.repository.Shm import SharedMemory, SharedMemoryManager',
    'import': 'import gi.repository.Shm',
    'version chosen': "import gi; gi.require_version('Shm', '1.0'); from gi.repository import Shm",
    'unpickling': 'import pickle, sys; pickle.loads(sys.stdin.buffer.read())',
}


def run_plain(script, standard_input=b''):
    """Runs a script that has no line of its own that chooses a version. Returns its output."""
    result = subprocess.run([sys.executable, '-c', script], input=standard_input,
                            capture_output=True, timeout=TIMEOUT, check=False)
    assert (result.returncode, result.stderr) == (0, b'')

    return result.stdout.decode()


@pytest.mark.parametrize('script', SILENT_IMPORTS.values(), ids=SILENT_IMPORTS)
def test_import_is_silent(blocks, script):
    with Shm.SharedMemory(blocks.new_name(), create=True, size=1) as shm:
        run_plain(script, pickle.dumps(shm))
        shm.unlink()


def test_unavailable_version_is_refused():
    script = ('import gi\n'
              'try:\n'
              "    gi.require_version('Shm', '99.0')\n"
              'except ValueError as error:\n'
              '    print(error)')

    assert 'not available for version 99.0' in run_plain(script)
