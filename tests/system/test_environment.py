# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests that the library reports what is wrong with the environment, and never aborts its host.

Each test makes one cause happen: in a mount namespace, with a sandbox, with a limit of the process
or as another user. A script in Python then calls the library and prints the exceptions. Programs
decide by the errno of an exception whether to wait, to use other means or to give up.
"""

import errno
import json
import os
import signal
import stat
import subprocess
import sys

import pytest

from support import BLOCKS, BUILD, PROGRAMS, TIMEOUT_SECONDS, environment, make_file, unique_name

REFUSE = str(PROGRAMS / 'refuse')
UNSUPPORTED = 77

NAMESPACE = ['unshare', '--mount']
if os.geteuid() != 0:
    NAMESPACE.append('--map-root-user')

# The beginning of each script. attempt() calls a function, and records the exception.
PRELUDE = '''
import errno, json, os, resource, sys, threading
import gi
gi.require_version('Shm', '1.0')
from gi.repository import Gio, GLib
from gi.repository import Shm

outcomes = {}

def attempt(label, function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except Exception as error:
        outcomes[label] = [type(error).__name__, getattr(error, 'errno', None), str(error)]
    else:
        outcomes[label] = ['ok', None, '']

def use_block(*args, **kwargs):
    shm = Shm.SharedMemory(*args, **kwargs)
    shm.close()

def create(name, **kwargs):
    shm = Shm.SharedMemory(name, create=True, size=1000, **kwargs)
    shm.close()
    shm.unlink()

def create_list(name):
    values = Shm.ShareableList([1, 'two'], name=name)
    values.shm.close()
    values.shm.unlink()

def use_manager(*args, cancellable=None):
    manager = Shm.Manager(*args)
    manager.start(cancellable=cancellable)
    try:
        manager.SharedMemory(10)
    finally:
        manager.shutdown()

def use_all(names):
    attempt('create', create, names[0])
    attempt('list', create_list, names[1])
    attempt('attach', use_block, 'nothing')
    attempt('remove', Shm.remove_block, 'nothing')
    attempt('list blocks', Shm.list_blocks)
    attempt('remove leftovers', Shm.Manager.remove_leftovers)
    attempt('manager', use_manager)
'''
END = '''
with result:
    json.dump(outcomes, result)
'''


class Outcome:
    """What one call did: the name of an exception, its errno, and its message."""

    def __init__(self, kind, number, message):
        self.kind, self.errno, self.message = kind, number, message

    def __repr__(self):
        return f'{self.kind} {self.errno} {self.message}'

    def assert_error(self, number, *words):
        assert self.errno == number, (self, errno.errorcode.get(number))
        assert 'ShmError' not in self.message and 'SHM_' not in self.message, self
        for word in words:
            assert word in self.message, (self, word)


@pytest.fixture
def script(tmp_path):
    """Returns a function that runs a script in Python and returns the outcomes of its attempts."""
    def run_script(text, prefix=(), **options):
        result_file = tmp_path / 'outcomes'
        result_file.unlink(missing_ok=True)
        code = f'{PRELUDE}\nresult = open({str(result_file)!r}, "w")\n{text}\n{END}'
        done = subprocess.run([*prefix, sys.executable, '-c', code], timeout=TIMEOUT_SECONDS,
                              stdout=options.pop('stdout', subprocess.PIPE), encoding='utf-8',
                              stderr=options.pop('stderr', subprocess.PIPE),
                              env=environment(SHMOBJ_TEST_NAME=unique_name('environment')),
                              **options)
        if done.returncode == UNSUPPORTED:
            pytest.skip('this machine does not support the sandbox')
        assert done.returncode == 0, (signal.Signals(-done.returncode).name
                                      if done.returncode < 0 else done.returncode, done.stderr)
        outcomes = json.loads(result_file.read_text())
        return {label: Outcome(*outcome) for label, outcome in outcomes.items()}

    return run_script


USE_ALL = "use_all([unused + '-1', unused + '-2'])"
NAMES = "unused = os.environ['SHMOBJ_TEST_NAME']\n"


def namespace(*commands):
    """Returns the beginning of a command that runs in a mount namespace of its own."""
    return [*NAMESPACE, 'sh', '-c', 'set -e; ' + '; '.join(commands) + '; exec "$@"', 'sh']


can_have_namespace = subprocess.run([*NAMESPACE, 'true'], stderr=subprocess.DEVNULL).returncode == 0
needs_namespace = pytest.mark.skipif(not can_have_namespace,
                                     reason='this user cannot create mount namespaces')
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
needs_open_build = pytest.mark.skipif(
    not all(path.stat().st_mode & stat.S_IXOTH for path in (BUILD, *BUILD.parents)),
    reason='other users cannot enter the build folder')

# Makes a /dev without some of its files. A user namespace cannot create devices, so bind them.
NEW_DEV = ('mkdir -p "$TMPDIR/dev"; mount -t tmpfs none "$TMPDIR/dev"; cd "$TMPDIR/dev"; '
           'mkdir -m 1777 shm; '
           'for d in zero urandom random; do touch $d; mount --bind /dev/$d $d; done')


# Causes in /dev/shm

@needs_namespace
def test_read_only(script):
    outcomes = script(NAMES + USE_ALL, namespace('mount -t tmpfs -o ro none /dev/shm'))
    for label in 'create', 'list', 'manager':
        outcomes[label].assert_error(errno.EROFS, '/dev/shm is mounted read-only')
    outcomes['attach'].assert_error(errno.ENOENT, 'does not exist')
    assert outcomes['list blocks'].kind == 'ok'


@needs_namespace
def test_read_only_with_block(script):
    outcomes = script(NAMES + "attempt('attach', use_block, 'block')\n"
                      "attempt('attach read-only', use_block, 'block', read_only=True)\n"
                      "attempt('remove', Shm.remove_block, 'block')",
                      namespace('mount -t tmpfs none /dev/shm', 'echo content >/dev/shm/block',
                                'mount -o remount,ro none /dev/shm'))
    outcomes['attach'].assert_error(errno.EROFS, '"block"', 'cannot be opened', 'read-only')
    outcomes['remove'].assert_error(errno.EROFS, '"block"', 'cannot be removed', 'read-only')
    assert outcomes['attach read-only'].kind == 'ok'


@needs_namespace
@pytest.mark.parametrize('command', ['mount -t tmpfs none /dev',
                                     'mount -t tmpfs none /dev; touch /dev/shm'])
def test_no_folder(script, command):
    outcomes = script(NAMES + USE_ALL, namespace(command))
    for label, outcome in outcomes.items():
        outcome.assert_error(errno.ENOENT, '/dev/shm is missing')
        assert outcome.kind == 'FileNotFoundError', (label, outcome)


@needs_namespace
def test_no_inodes(script):
    outcomes = script(NAMES + USE_ALL, namespace('mount -t tmpfs -o nr_inodes=1 none /dev/shm'))
    for label in 'create', 'list', 'manager':
        outcomes[label].assert_error(errno.ENOSPC, '/dev/shm has no inode left')


@needs_namespace
def test_no_space(script):
    outcomes = script(NAMES + "attempt('create', use_block, unused, create=True, size=1 << 21)",
                      namespace('mount -t tmpfs -o size=1M none /dev/shm'))
    outcomes['create'].assert_error(errno.ENOSPC, 'of 2097152 bytes', 'no space left')


@needs_root
@needs_namespace
@needs_open_build
def test_no_permission_to_list(script):
    """A user who may not read the folder cannot list blocks, but can create them."""
    outcomes = script(NAMES + 'os.setresuid(65534, 65534, 65534)\n' + USE_ALL,
                      namespace('mount -t tmpfs -o mode=1733 none /dev/shm'))
    for label in 'list blocks', 'remove leftovers':
        outcomes[label].assert_error(errno.EACCES, 'cannot be listed', 'no permission')
    assert outcomes['create'].kind == 'ok'


@needs_root
@needs_namespace
@needs_open_build
def test_no_permission_to_create(script):
    outcomes = script(NAMES + 'os.setresuid(65534, 65534, 65534)\n' + USE_ALL,
                      namespace('mount -t tmpfs -o mode=0755 none /dev/shm'))
    for label in 'create', 'list', 'manager':
        outcomes[label].assert_error(errno.EACCES, 'cannot be created', 'no permission')


@needs_root
def test_foreign_owner(script):
    """The message names no constant of C, and its advice can be followed in Python."""
    name = unique_name('foreign')
    os.chown(make_file(name, mode=0o666), 65533, 65533)
    outcomes = script(f"attempt('attach', use_block, {name!r})\n"
                      f"attempt('any owner', use_block, {name!r}, any_owner=True)")
    outcomes['attach'].assert_error(errno.EPERM, 'user 65533', 'any_owner=True')
    assert outcomes['any owner'].kind == 'ok'


# Descriptors

def test_descriptors_of_other_kinds(script, tmp_path):
    (tmp_path / 'disk').write_text('content')
    outcomes = script(NAMES + f'''
pipe = os.pipe()[0]
attempt('pipe', Shm.SharedMemory.attach_fd, pipe, 0)
attempt('folder', Shm.SharedMemory.attach_fd, os.open('/', os.O_RDONLY), 0)
attempt('socket', Shm.SharedMemory.attach_fd, __import__('socket').socketpair()[0].detach(), 0)
attempt('proc', Shm.SharedMemory.attach_fd, os.open('/proc/self/maps', os.O_RDONLY), 0)
os.close(pipe)
attempt('closed', Shm.SharedMemory.attach_fd, pipe, 0)
attempt('negative', Shm.SharedMemory.attach_fd, -1, 0)
attempt('empty', Shm.SharedMemory.attach_fd, os.memfd_create('x'), 0)
''')
    for label in 'pipe', 'folder', 'socket', 'proc':
        outcomes[label].assert_error(errno.EMEDIUMTYPE, 'Descriptor ', 'does not belong to shared')
    for label in 'closed', 'negative':
        outcomes[label].assert_error(errno.EBADF, 'Descriptor ', 'is not open')
    assert outcomes['empty'].kind == 'ValueError'
    assert 'empty file' in outcomes['empty'].message
    assert 'Timed out' not in outcomes['empty'].message


NO_DESCRIPTORS = '''
import multiprocessing.util  # which a manager needs
shm = Shm.SharedMemory(unused, create=True, size=10)
values = Shm.ShareableList([1], name=unused + '-list')
free = int(sys.argv[1]) if len(sys.argv) > 1 else 0
limit = resource.getrlimit(resource.RLIMIT_NOFILE)
used = []
try:
    while True:
        used.append(os.open('/', os.O_RDONLY))
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, limit[1]))
except OSError:
    pass
'''


def test_no_descriptors(script):
    outcomes = script(NAMES + NO_DESCRIPTORS + '''
attempt('create', create, unused + '-2')
attempt('list', create_list, unused + '-3')
attempt('attach', use_block, unused)
attempt('attach list', Shm.ShareableList, name=unused + '-list')
attempt('dup', shm.dup_fd)
attempt('anonymous', Shm.SharedMemory.create_anonymous, 10, 0)
attempt('list blocks', Shm.list_blocks)
attempt('watch', shm.watch)
attempt('manager', use_manager)
attempt('first write', values.__setitem__, 0, 2)
resource.setrlimit(resource.RLIMIT_NOFILE, limit)
shm.unlink()
values.shm.unlink()
''')
    for label, outcome in outcomes.items():
        if outcome.kind != 'ok' or label != 'first write':
            outcome.assert_error(errno.EMFILE, 'no file descriptor left')


def test_no_descriptors_for_waits(script):
    """A loop of asyncio needs descriptors for its first wait, and for the model of a list."""
    outcomes = script(NAMES + '''
import asyncio
async def wait():
    try:
        await shm.wait_async(0, 0, 0.01)
    except TimeoutError:
        pass
async def event_wait():
    await shm.event_wait_async(0, 0)
async def wait_for_frame():
    await frames.wait_async(0)
async def get_model():
    values.get_model()
''' + NO_DESCRIPTORS.replace('free =', '''
asyncio.run(wait())  # imports all modules
loop = asyncio.new_event_loop()
frames = Shm.Frames.create_anonymous(8, 3, 0)
free =''') + '''
for function in wait, event_wait, wait_for_frame, get_model:
    attempt(function.__name__, lambda: loop.run_until_complete(function()))
resource.setrlimit(resource.RLIMIT_NOFILE, limit)
shm.unlink()
values.shm.unlink()
''')
    assert len(outcomes) == 4
    for outcome in outcomes.values():
        outcome.assert_error(errno.EMFILE, 'Too many open files')
        assert outcome.kind == 'OSError'


# Nothing aborts the host.

def test_few_descriptors_in_thread_of_call(script):
    """With N free descriptors, a thread that makes a call for a loop of asyncio has a result, or an
    exception with EMFILE."""
    outcomes = script(NAMES + '''
import asyncio
loop = asyncio.new_event_loop()
async def attach():
    (await Shm.SharedMemory.attach_async(unused, 0)).close()
async def list_blocks():
    await Shm.list_blocks_async()
''' + NO_DESCRIPTORS + '''
for n in range(8):
    attempt(f'{n} attach', lambda: loop.run_until_complete(attach()))
    attempt(f'{n} list', lambda: loop.run_until_complete(list_blocks()))
    os.close(used.pop())
resource.setrlimit(resource.RLIMIT_NOFILE, limit)
shm.unlink()
values.shm.unlink()
''')
    for label, outcome in outcomes.items():
        if outcome.kind != 'ok':
            outcome.assert_error(errno.EMFILE)
    assert outcomes['0 attach'].kind == outcomes['0 list'].kind == 'OSError'
    assert outcomes['7 attach'].kind == outcomes['7 list'].kind == 'ok'


@pytest.mark.parametrize('with_cancellable', [False, True])
@pytest.mark.parametrize('with_context', [False, True])
def test_few_descriptors(script, with_cancellable, with_context):
    """With N free descriptors, a manager starts, or start() raises an exception with EMFILE."""
    outcomes = script(NAMES + f'''
if {with_context}:
    GLib.MainContext.default()
cancellable = Gio.Cancellable() if {with_cancellable} else None
''' + NO_DESCRIPTORS + f'''
for n in range(16):
    attempt(f'{{n}} manager', use_manager, cancellable=cancellable)
    attempt(f'{{n}} watch', shm.watch)
    shm.unwatch()
    os.close(used.pop())
resource.setrlimit(resource.RLIMIT_NOFILE, limit)
attempt('end', use_manager)
shm.unlink()
values.shm.unlink()
''')
    for label, outcome in outcomes.items():
        if outcome.kind != 'ok':
            outcome.assert_error(errno.EMFILE, 'no file descriptor left')
    assert outcomes['0 manager'].kind != 'ok'
    assert outcomes['end'].kind == 'ok'


@needs_namespace
def test_no_dev_null(script, tmp_path):
    outcomes = script(NAMES + USE_ALL,
                      namespace(f'TMPDIR={tmp_path}', NEW_DEV,
                                f'mount --rbind {tmp_path}/dev /dev', 'cd /'))
    for label in 'create', 'list', 'manager':
        assert outcomes[label].kind == 'ok', outcomes


@needs_root
@needs_namespace
def test_dev_mounted_nodev(script):
    outcomes = script(NAMES + USE_ALL,
                      namespace('mkdir /dev/shm/dev', 'mount -t tmpfs -o nodev none /dev/shm/dev',
                                'cp -a /dev/null /dev/zero /dev/urandom /dev/shm/dev',
                                'mkdir -m 1777 /dev/shm/dev/shm', 'mount --move /dev/shm/dev /dev',
                                'test ! -w /dev/null || ! echo >/dev/null 2>&-'))
    for label in 'create', 'list', 'manager':
        assert outcomes[label].kind == 'ok', outcomes


@pytest.mark.parametrize('closed', [(0,), (1,), (2,), (0, 1), (0, 1, 2)])
def test_closed_standard_streams(script, closed):
    outcomes = script(NAMES + USE_ALL,
                      preexec_fn=lambda: [os.close(fd) for fd in closed])
    for label in 'create', 'list', 'manager':
        assert outcomes[label].kind == 'ok', outcomes


# Sandboxes

def seccomp(number, calls):
    return [REFUSE, 'seccomp', str(number), calls]


def test_getrandom_refused(script):
    """The library reads the device instead."""
    outcomes = script(NAMES + USE_ALL + "\nattempt('key', use_manager, None, b'key')",
                      seccomp(errno.EPERM, 'getrandom'))
    for label in 'create', 'list', 'manager', 'key':
        assert outcomes[label].kind == 'ok', outcomes


@needs_namespace
def test_no_random_bytes(script, tmp_path):
    """If the device for random bytes is missing too, a manager cannot start, and the exception says
    why. Blocks and lists need no secret bytes."""
    # Python's own module multiprocessing cannot be imported without random bytes.
    outcomes = script(NAMES + """
attempt('create', lambda: Shm.SharedMemory.create(unused, 10, 0).unlink())
attempt('generated', lambda: Shm.SharedMemory.create(None, 10, 0).unlink())
attempt('list', lambda: Shm.ShareableList.create([1], unused, 0).get_shared_memory().unlink())
attempt('key', lambda: Shm.Manager.new(None, GLib.Bytes.new(b'key'), 0).start())
attempt('no key', lambda: Shm.Manager.new(None, None, 0).start())
""",
                      ['env', 'PYTHONHASHSEED=0', *namespace(f'TMPDIR={tmp_path}', NEW_DEV, f'umount {tmp_path}/dev/urandom',
                                  f'rm {tmp_path}/dev/urandom',
                                  f'mount --rbind {tmp_path}/dev /dev', 'cd /'),
                       *seccomp(errno.EPERM, 'getrandom')])
    for label in 'create', 'generated', 'list':
        assert outcomes[label].kind == 'ok', outcomes
    for label in 'key', 'no key':
        assert outcomes[label].kind != 'ok', outcomes
        assert 'random bytes' in outcomes[label].message


@pytest.mark.parametrize('word', ['EPERM', 'ENOSYS', 'EACCES'])
def test_pidfd_refused(script, word):
    """Without a pidfd, the server checks at intervals whether its parent process lives."""
    outcomes = script(NAMES + USE_ALL, seccomp(getattr(errno, word), 'pidfd_open'))
    assert outcomes['manager'].kind == 'ok', outcomes


@pytest.mark.parametrize('word', ['EPERM', 'ENOSYS', 'EACCES'])
def test_join_without_pidfd(script, word):
    """join() then looks at intervals whether the server has ended, also in a forked child."""
    outcomes = script('''
import signal, time

def join():
    manager = Shm.Manager()
    manager.start()
    begin = time.monotonic()
    manager.join(-1)
    manager.join(0.1)
    assert time.monotonic() >= begin + 0.1
    assert manager.get_state() == Shm.ManagerState.STARTED
    block = manager.SharedMemory(10)
    child = os.fork()
    if child == 0:
        try:
            manager.join(0.1)
            manager.join()
            os._exit(0)
        finally:
            os._exit(1)
    os.kill(manager.get_pid(), signal.SIGKILL)
    manager.join()
    assert manager.get_state() == Shm.ManagerState.SERVER_DIED
    assert not os.path.exists('/dev/shm/' + block.name)
    assert os.waitpid(child, 0)[1] == 0

attempt('join', join)
''', seccomp(getattr(errno, word), 'pidfd_open'))
    assert outcomes['join'].kind == 'ok', outcomes


@pytest.mark.parametrize('calls, label', [('fallocate,fchmod', 'create'),
                                          ('linkat,renameat2,link', 'create'),
                                          ('linkat,renameat2,link', 'manager'),
                                          ('fallocate,fchmod', 'list'),
                                          ('memfd_create', 'anonymous'),
                                          ('socketpair', 'manager'),
                                          ('inotify_init1', 'watch')])
def test_call_refused(script, calls, label):
    outcomes = script(NAMES + USE_ALL + '''
def watch():
    shm = Shm.SharedMemory(unused, create=True, size=10)
    try:
        shm.watch()
    finally:
        shm.unlink()
attempt('anonymous', Shm.SharedMemory.create_anonymous, 10, 0)
attempt('watch', watch)
''', seccomp(errno.EPERM, calls))
    outcomes[label].assert_error(errno.EPERM, 'the system refuses the call', 'seccomp')
    assert outcomes[label].kind == 'PermissionError'


def test_landlock(script):
    outcomes = script(NAMES + USE_ALL, [REFUSE, 'landlock', 'null'])
    for label in 'create', 'list', 'manager':
        outcomes[label].assert_error(errno.EACCES, 'no permission', 'Landlock')


# Memory

def test_no_memory_for_values(script):
    """If the limit of the address space leaves no memory for a copy of a list, the call fails."""
    outcomes = script(NAMES + """
values = Shm.ShareableList(range(1000000), name=unused)
used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()
for mib in 4, 12, 24, 48, 96:
    resource.setrlimit(resource.RLIMIT_AS, (used + (mib << 20), resource.RLIM_INFINITY))
    attempt(f'{mib} values', list, values)
    attempt(f'{mib} variants', super(Shm.ShareableList, values).copy_values)
    attempt(f'{mib} format', values.get_format)
    # Without the extension, do not call values.shm.read() here: if there is no memory for the result
    # of GLib.Bytes.get_data(), PyGObject 3.58 frees the bytes twice.
    attempt(f'{mib} read', Shm.SharedMemory.__bases__[-1].read, values.shm, 0, values.shm.size)
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
values.shm.unlink()
""")
    for label in '4 values', '4 variants', '4 format', '4 read':
        assert outcomes[label].kind != 'ok', outcomes
    for outcome in outcomes.values():
        assert (outcome.kind in ('ok', 'MemoryError')
                or 'no more memory' in outcome.message), outcome


def test_no_memory_for_one_value(script):
    """If there is no memory for a long value, the call fails."""
    outcomes = script(NAMES + """
if os.fork() == 0:  # This process must not have free memory from making the list.
    Shm.ShareableList(['t' * 9000000, b'b' * 9000000], name=unused + '-large', track=False)
    os._exit(0)
os.wait()
large = Shm.ShareableList(name=unused + '-large')
get_value = super(Shm.ShareableList, large).get_value
for mib in 4, 60:
    used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (mib << 20), resource.RLIM_INFINITY))
    attempt(f'{mib} text', get_value, 0)
    attempt(f'{mib} bytes', get_value, 1)
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
large.shm.unlink()
""")
    for label in 'text', 'bytes':
        assert 'no more memory' in outcomes[f'4 {label}'].message, outcomes
        assert outcomes[f'60 {label}'].kind == 'ok', outcomes


# Addresses of managers

def test_addresses(script, tmp_path):
    (tmp_path / 'file').touch()
    outcomes = script(NAMES + f'''
attempt('missing folder', use_manager, '/no/such/folder/socket')
attempt('no folder', use_manager, {str(tmp_path / 'file' / 'socket')!r})
attempt('in use', use_manager, {str(tmp_path / 'file')!r})
attempt('connect', lambda: Shm.Manager('/no/such/folder/socket').connect())
''')
    for label in 'missing folder', 'no folder':
        outcomes[label].assert_error(errno.ENOENT, 'socket', 'folder of this path does not exist')
        assert outcomes[label].kind == 'FileNotFoundError'
    outcomes['connect'].assert_error(errno.ENOENT, '/no/such/folder/socket')
    outcomes['in use'].assert_error(errno.EADDRINUSE, 'in use')


@needs_root
@needs_open_build
def test_address_without_permission(script, tmp_path):
    (tmp_path / 'closed').mkdir(mode=0o700)
    outcomes = script(f'os.setresuid(65534, 65534, 65534)\n'
                      f'attempt("manager", use_manager, {str(tmp_path / "closed" / "socket")!r})')
    outcomes['manager'].assert_error(errno.EACCES)


# Managers

@needs_root
@needs_open_build
def test_manager_without_threads(script):
    """If no thread can be started to end a server that hangs, freeing the manager kills the server
    and removes its blocks."""
    outcomes = script('''
import signal
os.setresuid(65532, 65532, 65532)
manager = Shm.Manager()
manager.start()
name = manager.SharedMemory(10).name
pid = manager.get_pid()
os.kill(pid, signal.SIGSTOP)
resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
attempt('thread', threading.Thread(target=print).start)
manager._shm_finalizer.cancel()
manager.run_dispose()
attempt('killed', os.kill, pid, 0)
attempt('removed', os.stat, '/dev/shm/' + name)
''')
    assert outcomes['thread'].kind != 'ok'
    outcomes['killed'].assert_error(errno.ESRCH)
    outcomes['removed'].assert_error(errno.ENOENT)


def test_registry_is_gone(script):
    """A client whose server has lost its registry gets the cause, and no advice about users."""
    outcomes = script('''
import glob
before = set(glob.glob('/dev/shm/.shmobj-*')) | set(glob.glob('/dev/shm/.shmobj-*/*'))
manager = Shm.Manager()
manager.start()
client = Shm.Manager.new(manager.get_address(), manager.get_authkey(), 0)
for path in set(glob.glob('/dev/shm/.shmobj-*')) | set(glob.glob('/dev/shm/.shmobj-*/*')):
    if path not in before and not os.path.isdir(path):
        os.unlink(path)
client.connect_to_server()
attempt('create', client.create_shared_memory, None, 10, 0o600, 0, None)
manager.shutdown()
''')
    outcomes['create'].assert_error(errno.ENOENT, 'was removed')
    assert 'ALLOW_OTHER_USERS' not in outcomes['create'].message


def test_remove_unknown_name(script):
    outcomes = script('''
manager = Shm.Manager()
manager.start()
attempt('remove', manager.remove, 'unknown')
attempt('None', lambda: print(1 / (manager.shutdown() is None)))
''')
    outcomes['remove'].assert_error(errno.ENOENT, '"unknown"', 'does not own a block with this name')
    assert outcomes['None'].kind == 'ok'
