# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests the library where the system differs from a usual one: /dev/shm is a folder on a disk or on
overlayfs, /proc is missing, or the kernel is configured to refuse memory that can become a program.

Each test runs a program in separate namespaces. A test whose namespace the system refuses is
skipped.
"""

import os
import shutil
import sys

import pytest

from support import BUILD, environment, run, run_checked

NAMESPACE = ['unshare', '--mount']
if os.geteuid() != 0:
    NAMESPACE.append('--map-root-user')

# The commands that put a file system on /dev/shm. FOLDER is on the disk of the build folder.
PLACES = {
    'folder on the disk': 'mount --bind "$FOLDER" /dev/shm',
    'ext4': '''
        truncate -s 16M "$FOLDER/image"
        mkfs.ext4 -q "$FOLDER/image"
        mount -o loop "$FOLDER/image" /dev/shm
        ''',
    'overlayfs': '''
        mkdir "$FOLDER/lower" "$FOLDER/upper" "$FOLDER/work"
        mount -t overlay overlay /dev/shm \
            -o "lowerdir=$FOLDER/lower,upperdir=$FOLDER/upper,workdir=$FOLDER/work"
        ''',
    # Files of this overlayfs do not have the device number of their folder.
    'overlayfs of two file systems': '''
        mkdir "$FOLDER/lower" "$FOLDER/upper" "$FOLDER/work"
        mount -t tmpfs none "$FOLDER/lower"
        mount -t overlay overlay /dev/shm \
            -o "xino=off,lowerdir=$FOLDER/lower,upperdir=$FOLDER/upper,workdir=$FOLDER/work"
        ''',
}

USE_ALL_CLASSES = '''
import os
import gi
gi.require_version('Shm', '1.0')
from gi.repository import Shm

block = Shm.SharedMemory(create=True, size=10000, track=False)
fd = block.dup_fd()
same = Shm.SharedMemory.attach_fd(fd, Shm.AttachFlags.NONE)
reader = Shm.SharedMemory.attach_fd(fd, Shm.AttachFlags.READ_ONLY)
os.close(fd)

same.buf[:3] = b'abc'
block.write(9000, b'xyz')
for shm in block, same, reader, Shm.SharedMemory(block.name):
    assert shm.size == 10000
    assert bytes(shm.buf[:3]) == shm.read(0, 3) == b'abc'
    assert bytes(shm.buf[9000:9003]) == shm.read(9000, 3) == b'xyz'
assert reader.read_only and not same.read_only
assert [info.get_name() for info in Shm.list_blocks()] == [block.name]
block.unlink()
assert os.listdir('/dev/shm') == []

values = Shm.ShareableList([1, 'text', 2.5], track=False)
fd = values.shm.dup_fd()
copy = Shm.ShareableList.new_for_shared_memory(Shm.SharedMemory.attach_fd(fd, 0))
os.close(fd)
copy[1] = 'new'
assert list(values) == [1, 'new', 2.5]
values.shm.unlink()

with Shm.Manager() as manager:
    block = manager.SharedMemory(100)
    assert os.path.exists(f'/dev/shm/{block.name}')
    fd = block.dup_fd()
    Shm.SharedMemory.attach_fd(fd, 0).buf[0] = 5
    os.close(fd)
    assert block.buf[0] == 5
assert os.listdir('/dev/shm') == []
'''

# A program creates a tracked block and unlinks it. Most file systems give its inode number to the
# next block. When the program ends, that block must stay.
REUSE_INODE = '''
import os
import subprocess
import sys
import time
import gi
gi.require_version('Shm', '1.0')
from gi.repository import Shm

if sys.argv[1:]:
    block = Shm.SharedMemory('reused', create=True, size=100)
    block.close()
    block.unlink()
    print('unlinked', flush=True)
    sys.stdin.read()
    sys.exit()

program = subprocess.Popen([sys.executable, '-c', os.environ['PROGRAM'], 'program'],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE)
assert program.stdout.readline() == b'unlinked\\n'
block = Shm.SharedMemory('reused', create=True, size=100, track=False)
program.communicate()
assert program.wait() == 0

# The tracker removes the registry last.
while len(os.listdir('/dev/shm')) > 1:
    time.sleep(0.01)
assert os.listdir('/dev/shm') == ['reused']
block.unlink()
'''

SEAL_BESIDE_READER = '''
import os
import gi
gi.require_version('Shm', '1.0')
from gi.repository import Shm

block = Shm.SharedMemory.create_anonymous(10000, Shm.CreateFlags.NONE)
fd = block.dup_fd()
reader = Shm.SharedMemory.attach_fd(fd, Shm.AttachFlags.READ_ONLY)
os.close(fd)

assert reader.get_uint8(0) == 0 and reader.buf[0] == 0
block.buf[0] = 3
assert reader.get_uint8(0) == 3 and reader.buf[0] == 3
block.seal(Shm.SealFlags.WRITE)
assert reader.get_uint8(0) == 3 and reader.buf[0] == 3
'''


def skip_without(*command):
    result = run(command)
    if result.returncode != 0:
        pytest.skip(f'the system refuses: {command[-1].strip()}: {result.stderr.strip()}')


@pytest.fixture
def folder():
    """Creates a folder on the disk of the build folder."""
    path = BUILD / 'tests' / f'places-{os.getpid()}'
    path.mkdir()
    yield path
    # In the namespace, an ordinary user can also remove the folder that overlayfs made inaccessible.
    if run([*NAMESPACE, 'rm', '-r', '--one-file-system', str(path)]).returncode != 0:
        shutil.rmtree(path)


@pytest.mark.parametrize('program', [USE_ALL_CLASSES, REUSE_INODE], ids=['all', 'reuse'])
@pytest.mark.parametrize('place', PLACES)
def test_place_of_blocks(folder, place, program):
    env = environment(FOLDER=str(folder), PROGRAM=program, PYTHON=sys.executable)
    commands = f'set -e\n{PLACES[place]}\n'
    check = run([*NAMESPACE, 'sh', '-c', commands], env=env)
    if check.returncode != 0:
        pytest.skip(f'cannot mount {place} on /dev/shm: {check.stderr.strip()}')

    clean = 'rm -rf "$FOLDER"/*\n'
    run_checked([*NAMESPACE, 'sh', '-c', f'set -e\n{clean}{PLACES[place]}\n'
                 'rm -rf /dev/shm/lost+found\n"$PYTHON" -c "$PROGRAM"'], env=env)


def test_file_elsewhere_is_refused(folder):
    """A file on a disk is refused if blocks are in memory."""
    path = folder / 'file'
    path.write_bytes(b'content')
    program = f'''
import os
import gi
gi.require_version('Shm', '1.0')
from gi.repository import Shm
fd = os.open({str(path)!r}, os.O_RDWR)
try:
    Shm.SharedMemory.attach_fd(fd, 0)
except OSError as error:
    assert error.gerror.matches(Shm.Error.quark(), Shm.Error.TYPE_MISMATCH), error
else:
    raise AssertionError('attached')
'''
    skip_without(*NAMESPACE, 'sh', '-c', 'mount -t tmpfs none /dev/shm')
    run_checked([*NAMESPACE, 'sh', '-c', 'mount -t tmpfs none /dev/shm && exec "$PYTHON" -c "$PROGRAM"'],
                env=environment(PROGRAM=program, PYTHON=sys.executable))


# Without /proc, the reader cannot open the file again for reading only.
@pytest.mark.parametrize('prepare', ['true', 'mount -t tmpfs none /proc'],
                         ids=['proc', 'no_proc'])
def test_seal_beside_reader(prepare):
    skip_without(*NAMESPACE, 'sh', '-c', prepare)
    run_checked([*NAMESPACE, 'sh', '-c', f'{prepare} && exec "$PYTHON" -c "$PROGRAM"'],
                env=environment(PROGRAM=SEAL_BESIDE_READER, PYTHON=sys.executable))


def test_kernel_that_refuses_executable_memory():
    """The setting belongs to a PID namespace."""
    namespace = [*NAMESPACE, '--pid', '--fork', '--mount-proc']
    prepare = 'echo 2 >/proc/sys/vm/memfd_noexec'
    skip_without(*namespace, 'sh', '-c', prepare)
    run_checked([*namespace, 'sh', '-c', f'{prepare} && exec "$PYTHON" -c "$PROGRAM"'],
                env=environment(PROGRAM=SEAL_BESIDE_READER, PYTHON=sys.executable))
