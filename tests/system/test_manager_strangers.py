# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Other users can create any files in /dev/shm. They can neither use nor slow down the registries of
managers."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys

import pytest

from manager_support import (HAS_OWN_FOLDER, REGISTRY, REGISTRY_FOLDER, STARTER, Program, Starter,
                             Workspace, signal_all, wait_for_death)
from support import BLOCKS, PROBE

pytestmark = pytest.mark.skipif(not HAS_OWN_FOLDER, reason='needs a private /dev/shm')

OTHER = 65534

# The names of the folders for registries, in the order in which the library tries them.
FOLDERS = [REGISTRY_FOLDER] + [f'{REGISTRY_FOLDER}-{number}' for number in range(1, 16)]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason='needs root to act as another user')


@pytest.fixture
def workspace():
    workspace = Workspace()
    yield workspace
    workspace.clear()


def find_registries():
    """Returns the paths of all registries, relative to /dev/shm."""
    return sorted(str(path.relative_to(BLOCKS)) for pattern in ('.shmobj-*/*', '.shmobj-manager-*')
                  for path in BLOCKS.glob(pattern))


def start_with_block(workspace):
    starter = workspace.start()
    name = f'{workspace.prefix}-block-{starter.pid}'
    starter.request_checked(f'create {name}')
    return starter, BLOCKS / name


def kill_with_server(starter):
    """Kills a starter and its server, so that their blocks stay."""
    server = starter.server_pid
    signal_all([server, starter.pid], signal.SIGSTOP)
    signal_all([server, starter.pid], signal.SIGKILL)
    starter.process.wait()
    assert wait_for_death(server)


def remove_leftovers(workspace):
    """Returns the number of removed blocks."""
    idle = workspace.start('--idle')
    count = int(idle.request_checked('leftovers'))
    idle.end()
    return count


# Hostile files with the name of the folder


def make_foreign_folder(path):
    path.mkdir()
    path.chmod(0o711)
    os.chown(path, OTHER, OTHER)


def make_open_folder(path):
    path.mkdir()
    path.chmod(0o733)


def make_link(path):
    target = path.with_name('elsewhere')
    target.mkdir(0o711, exist_ok=True)
    path.symlink_to(target)


def make_dangling_link(path):
    path.symlink_to('/nonexistent/folder')


def make_fifo(path):
    os.mkfifo(path, 0o600)


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def make_file(path):
    path.touch(0o600)


@contextlib.contextmanager
def taken(make, *names):
    """Takes the names of folders, and checks that nothing has used or changed the files."""
    paths = [BLOCKS / name for name in names]
    for path in paths:
        make(path)
    before = [os.lstat(path) for path in paths]
    yield
    for path, old in zip(paths, before):
        new = os.lstat(path)
        assert (new.st_ino, new.st_mode, new.st_uid, new.st_mtime_ns) == \
            (old.st_ino, old.st_mode, old.st_uid, old.st_mtime_ns)
        if path.is_dir():
            assert not os.listdir(path)
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink()
    with contextlib.suppress(FileNotFoundError):
        (BLOCKS / 'elsewhere').rmdir()


HOSTILE = [pytest.param(make_foreign_folder, marks=as_root), make_open_folder, make_link,
           make_dangling_link, make_fifo, make_socket, make_file]


@pytest.mark.parametrize('make', HOSTILE)
def test_taken_folder(workspace, make):
    """If the name of the folder is taken, the registries lie in the next folder. A sweep finds them
    there, also after the name is free."""
    with taken(make, FOLDERS[0]):
        starter, block = start_with_block(workspace)
        (registry,) = find_registries()
        assert registry.startswith(f'{FOLDERS[1]}/{REGISTRY}')
        client = workspace.start_client(starter)
        client.wait_for('block')
        kill_with_server(starter)
        client.end()
        assert block.exists()
        assert remove_leftovers(workspace) >= 1
        assert not block.exists()
        assert not (BLOCKS / FOLDERS[1]).exists()

        starter, block = start_with_block(workspace)
        kill_with_server(starter)
    other = workspace.start()
    assert not block.exists()
    assert find_registries()[0].startswith(FOLDERS[0])
    other.request_checked('shutdown')
    workspace.wait_until_clean()


@pytest.mark.parametrize('make', [pytest.param(make_foreign_folder, marks=as_root), make_fifo])
def test_all_folders_taken(workspace, make):
    """If the names of all folders are taken, the registries lie beside the blocks. The next start
    finds them there. If the names are free in the meantime, remove_leftovers() finds them."""
    with taken(make, *FOLDERS):
        starter, block = start_with_block(workspace)
        (registry,) = find_registries()
        assert registry.startswith(f'.shmobj-{REGISTRY}')
        kill_with_server(starter)
        other, other_block = start_with_block(workspace)
        assert not block.exists()
        signal_all([other.server_pid], signal.SIGKILL)
        assert other.request('names').outcome == 'server-died'
        assert not other_block.exists()

        starter, block = start_with_block(workspace)
        kill_with_server(starter)
    assert remove_leftovers(workspace) == 1
    assert not block.exists()
    other.end()
    workspace.wait_until_clean()


@pytest.mark.parametrize('everything_taken', [False, True])
def test_block_of_two_managers(workspace, everything_taken):
    """A sweep sees the registries of live servers in all folders. It does not remove a block that
    one of these servers also owns."""
    with taken(make_fifo, *(FOLDERS if everything_taken else FOLDERS[:1])):
        alive, _ = start_with_block(workspace)
        if everything_taken:
            dead, shared = start_with_block(workspace)
    if not everything_taken:
        dead, shared = start_with_block(workspace)
    alive.request_checked(f'track {shared.name}')
    kill_with_server(dead)
    remove_leftovers(workspace)
    assert shared.exists()
    alive.request_checked('shutdown')
    assert not shared.exists()


# Many files of other users


def trace_manager(workspace, log, **options):
    """Starts a manager, creates a block, and shuts the manager down. Returns the system calls of
    the starter and the server."""
    try:
        done = subprocess.run(['strace', '-o', log, 'true'], stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        done = None
    if done is None or done.returncode != 0:
        pytest.skip('needs strace')

    program = workspace.add(Program(workspace.folder, 'strace', '-f', '-o', log, STARTER,
                                    workspace.prefix, **options))
    program.wait_for('ready')
    program.request_checked(f'create {workspace.prefix}-block')
    program.request_checked('shutdown')
    program.end()
    return log.read_text().splitlines()


def test_files_of_strangers_are_not_looked_at(workspace, tmp_path):
    """A manager neither reads the list of all files in /dev/shm nor looks at the files of others,
    whatever their names are. So the number of these files does not matter."""
    crowd = [f'.shmobj-manager-{number:016x}' for number in range(100)] + \
            [f'{REGISTRY_FOLDER}{suffix}{number}' for number in range(20, 30)
             for suffix in ('-', '-manager-', 'x', '')]
    for name in crowd:
        (BLOCKS / name).touch(0o644)
        if os.geteuid() == 0:
            os.chown(BLOCKS / name, OTHER, OTHER)
    try:
        lines = trace_manager(workspace, tmp_path / 'log')
    finally:
        for name in crowd:
            (BLOCKS / name).unlink()
    assert [line for line in lines if REGISTRY_FOLDER in line]
    assert not [line for line in lines if any(f'/{name}"' in line for name in crowd)]
    assert not [line for line in lines
                if re.search(r'open(at)?\((AT_FDCWD, )?"/dev/shm/?", (?!.*O_TMPFILE)', line)]


@as_root
def test_drafts_of_strangers_are_not_opened(tmp_path, name):
    """A process that removes abandoned drafts does not open the drafts of other users."""
    stranger = BLOCKS / '.shmobj-draft-stranger'
    stranger.touch(0o644)
    os.chown(stranger, OTHER, OTHER)
    log = tmp_path / 'log'
    try:
        # The process uses a draft with a name, because it cannot link a file without a name.
        done = subprocess.run(['strace', '-o', log, '-e', 'inject=linkat:error=EPERM', PROBE,
                               'create', name, '1000'], stdout=subprocess.DEVNULL)
    except FileNotFoundError:
        pytest.skip('needs strace')
    finally:
        stranger.unlink()
    assert done.returncode == 0
    lines = [line for line in log.read_text().splitlines() if stranger.name in line]
    assert lines
    assert not [line for line in lines if line.startswith('open')]


@pytest.mark.parametrize('reaps', [False, True])
def test_clean_end_sweeps_nothing(workspace, reaps, tmp_path):
    """A server that ends by itself has removed everything, so its starter does not look for
    registries. This also holds if the starter cannot get the exit status of the server, because it
    ignores SIGCHLD."""
    other, _ = start_with_block(workspace)  # so that the folder exists at the end
    options = {'preexec_fn': lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN)} if reaps else {}
    lines = trace_manager(workspace, tmp_path / 'log', **options)
    starter = lines[0].split()[0]
    listed = [line for line in lines if line.split()[0] == starter
              and re.search(r'"/dev/shm(/\.shmobj-\d+)?", .*O_DIRECTORY', line)
              and 'O_TMPFILE' not in line]
    assert not listed
    other.request_checked('shutdown')
    workspace.wait_until_clean()


# The folder


def test_folder_disappears(workspace):
    """logind removes the shared memory of a user who has logged out, also the folder. Servers that
    live on, and new servers, are not affected."""
    first, _ = start_with_block(workspace)
    shutil.rmtree(BLOCKS / REGISTRY_FOLDER)
    first.request_checked(f'create {workspace.prefix}-second')
    other, _ = start_with_block(workspace)
    assert len(find_registries()) == 1
    first.request_checked('shutdown')
    assert len(find_registries()) == 1
    other.request_checked('shutdown')
    workspace.wait_until_clean()


def test_servers_share_the_folder(workspace):
    """The last server removes the folder. A server that starts at this moment creates the folder
    again."""
    for _ in range(10):
        starters = [workspace.add(Starter(workspace.folder, workspace.prefix)) for _ in range(6)]
        for starter in starters:
            starter.wait_until_ready().request_checked('shutdown')
        for starter in starters:
            starter.end()
    workspace.wait_until_clean()


@pytest.mark.parametrize('umask', [0o022, 0o077, 0o277, 0o000])
def test_permissions(workspace, umask):
    starter = workspace.add(Starter(workspace.folder, workspace.prefix, '--address',
                                    f'@{workspace.prefix}',
                                    preexec_fn=lambda: os.umask(umask)))
    starter.wait_until_ready()
    (registry,) = find_registries()
    assert os.stat(BLOCKS / REGISTRY_FOLDER).st_mode & 0o7777 == 0o711
    assert os.stat(BLOCKS / registry).st_mode & 0o7777 == 0o600
    starter.request_checked('shutdown')


OPEN_REGISTRY = '''
import os, sys
folder, registry = sys.argv[1:]
try:
    os.listdir(folder)
    print('listed')
except PermissionError:
    pass
try:
    open(registry, 'rb').close()
    print('opened')
except PermissionError:
    print('refused')
'''


@as_root
def test_other_users(workspace):
    """Another user can open the registry of a server that allows other users, also if an earlier
    server has created the folder."""
    def open_as_other():
        registry = next(name for name in find_registries() if name not in before)
        return subprocess.run(['setpriv', f'--reuid={OTHER}', f'--regid={OTHER}', '--clear-groups',
                               sys.executable, '-I', '-c', OPEN_REGISTRY, BLOCKS / REGISTRY_FOLDER,
                               BLOCKS / registry],
                              cwd='/', stdout=subprocess.PIPE, encoding='ascii',
                              check=True).stdout.split()

    before = []
    private = workspace.start()
    assert open_as_other() == ['refused']
    (BLOCKS / REGISTRY_FOLDER).chmod(0o700)
    before = find_registries()
    public = workspace.start('--allow-other-users')
    assert open_as_other() == ['opened']
    private.request_checked('shutdown')
    public.request_checked('shutdown')
    workspace.wait_until_clean()
