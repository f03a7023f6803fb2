# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs docs/examples/sandboxes/check.py in sandboxes, as the page sandboxes.md describes them."""

import os
import re
import subprocess
import sys

import pytest

from support import SOURCE, environment, make_file, run, unique_name

CHECK = SOURCE / 'docs/examples/sandboxes/check.py'
PAGE = (SOURCE / 'docs/reference/sandboxes.md').read_text()

WORKS = 'works'
NOT_FOUND = 'does not exist: it was never created'
READ_ONLY = '/dev/shm is mounted read-only: mount it writable'
NO_SPACE = 'there is no space left: remove blocks from /dev/shm'
NO_FOLDER = '/dev/shm is missing or is not a folder: mount a tmpfs there'
DENIED = 'this process has no permission: .* a sandbox .* hides /dev/shm'
NO_SOCKET_FOLDER = 'cannot create the folder .* for its socket: Read-only file system'

OWN = '--dev /dev'
HOST = '--dev-bind /dev /dev'

# For each sandbox: the arguments of bwrap, and what check.py prints about five actions: it creates a
# block of 1 MiB and one of 100 MiB, attaches to a block outside the sandbox, attaches read-only, and
# starts a manager.
SANDBOXES = {
    'own folder': (OWN, WORKS, WORKS, NOT_FOUND, NOT_FOUND, WORKS),
    'folder of the host': (
        f'{OWN} --bind /dev/shm /dev/shm', WORKS, WORKS, WORKS, WORKS, WORKS),
    'read-only folder of the host': (
        f'{OWN} --ro-bind /dev/shm /dev/shm', READ_ONLY, READ_ONLY, READ_ONLY, WORKS, READ_ONLY),
    'own folder of 64 MiB': (
        f'{OWN} --size 67108864 --tmpfs /dev/shm', WORKS, NO_SPACE, NOT_FOUND, NOT_FOUND, WORKS),
    'IPC namespace': (f'{HOST} --unshare-ipc', WORKS, WORKS, WORKS, WORKS, WORKS),
    'PID namespace': (f'{HOST} --unshare-pid', WORKS, WORKS, WORKS, WORKS, WORKS),
    'no folder': (
        '--tmpfs /dev --dev-bind /dev/null /dev/null',
        NO_FOLDER, NO_FOLDER, NO_FOLDER, NO_FOLDER, NO_FOLDER),
    'folder without permission': (
        f'{OWN} --perms 0000 --tmpfs /dev/shm --cap-drop ALL', DENIED, DENIED, DENIED, DENIED, DENIED),
    'read-only /tmp': (
        f'{HOST} --remount-ro /tmp', WORKS, WORKS, WORKS, WORKS, NO_SOCKET_FOLDER),
}


def bwrap(arguments):
    return ['bwrap', '--ro-bind', '/', '/', '--tmpfs', '/tmp', '--ro-bind', str(SOURCE), str(SOURCE),
            '--ro-bind', os.environ['SHMOBJ_BUILD_ROOT'], os.environ['SHMOBJ_BUILD_ROOT'],
            '--proc', '/proc', *arguments.split()]


@pytest.fixture(autouse=True)
def check_bwrap():
    try:
        done = run(bwrap(OWN) + ['true'])
    except FileNotFoundError:
        pytest.skip('bwrap is missing: install bubblewrap')
    if done.returncode != 0:
        pytest.skip(f'bwrap does not work here: {done.stderr.strip()}')


@pytest.fixture
def block():
    name = unique_name('outside')
    make_file(name)
    return name


@pytest.mark.parametrize('sandbox', SANDBOXES)
def test_sandbox(sandbox, block):
    arguments, small, large, attach, read_only, manager = SANDBOXES[sandbox]
    done = run([*bwrap(arguments), sys.executable, CHECK, block], env=environment(TMPDIR='/tmp'))
    assert done.returncode == 0, done.stderr
    printed = dict(line.split(': ', 1) for line in done.stdout.splitlines())
    expected = {'create 1 MiB': small, 'create 100 MiB': large,
                'create 100 MiB without a name': WORKS, 'attach': attach,
                'attach read-only': read_only, 'start a manager': manager}
    assert printed.keys() == expected.keys()
    for action, text in expected.items():
        assert re.search(text, printed[action]), (action, printed[action])


def test_descriptor():
    """A process in a sandbox with a folder of its own gets a block by its descriptor."""
    program = ('import sys\nfrom gi.repository import Shm\n'
               "Shm.SharedMemory.attach_fd(int(sys.argv[1])).buf[:5] = b'hello'")
    from gi.repository import Shm
    block = Shm.SharedMemory.create_anonymous(5)
    subprocess.run([*bwrap(OWN), sys.executable, '-c', program, str(block.get_fd())],
                   pass_fds=[block.get_fd()], env=environment(), check=True)
    assert bytes(block.buf) == b'hello'


def test_no_executable_memory():
    """MemoryDenyWriteExecute= of systemd forbids only memory that is writable and executable."""
    prctl = ('import ctypes, os, sys\n'
             'if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) != 0: sys.exit(77)\n'  # PR_SET_MDWE
             'os.execv(sys.argv[1], sys.argv[1:])')
    done = run([sys.executable, '-c', prctl, sys.executable, CHECK])
    if done.returncode == 77:
        pytest.skip('the kernel has no PR_SET_MDWE')
    assert done.returncode == 0, done.stderr
    assert all(line.endswith(': works') for line in done.stdout.splitlines())


def test_page():
    """The page describes each sandbox that is tested."""
    for arguments, *_ in SANDBOXES.values():
        assert f'`{arguments}`' in PAGE, arguments
