# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests the command `shmobj`."""

import base64
import errno
import json
import os
import pty
import re
import secrets
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from multiprocessing import resource_tracker, shared_memory

import pytest

from manager_support import wait_for_death, wait_until, wait_until_blocked
from support import (BLOCKS, BUILD, PROGRAMS, SOURCE, TIMEOUT_SECONDS, environment, make_file, run,
                     run_checked, unique_name)

TOOL = str(BUILD / 'shmobj' / 'tool' / 'shmobj')
REFUSE = str(PROGRAMS / 'refuse')
COMMANDS = ['list', 'info', 'show', 'create', 'load', 'save', 'unlink', 'gc', 'doctor', 'watch',
            'manager']
# The ID of a user without any rights, for tests that begin as root.
STRANGER = 12345

# A program that prints a line when it has opened a block, and waits until its input ends.
HOLDER = '''
import mmap, os, sys
fd = os.open('/dev/shm/' + sys.argv[2], os.O_RDWR)
if sys.argv[1] != 'open':
    memory = mmap.mmap(fd, 0)
    # The mapping of Python keeps a copy of the descriptor.
    os.closerange(3, 20)
print('ready', flush=True)
sys.stdin.read()
'''


def tool(*arguments, status=0, **options):
    """Runs the command. Asserts its exit status, and that it prints an error of one line if it
    fails. Returns its standard output, or the error."""
    result = run([TOOL, *arguments], **options)
    assert result.returncode == status, f'{result.stdout}\n{result.stderr}'
    if status not in (0, 4):
        assert re.fullmatch(r'shmobj: .+\n', result.stderr), result.stderr
        assert result.stdout == ''
        return result.stderr
    assert result.stderr == ''
    return result.stdout


def tool_json(*arguments, **options):
    text = tool(*arguments, '--json', **options)
    assert text.isascii() and text.count('\n') == 1
    document = json.loads(text)
    assert document.pop('schema') == 1
    return document


def find(name, **options):
    """Returns what `list --json` prints about a block, and None if it prints nothing."""
    found = [block for block in tool_json('list', **options)['blocks'] if block['name'] == name]
    return found[0] if found else None


class Holder:
    """A process that has a block open, or mapped, or both."""

    def __init__(self, how, name, **options):
        self.process = subprocess.Popen([sys.executable, '-c', HOLDER, how, name],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)
        assert self.process.stdout.readline() == b'ready\n'
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGCONT)
        self.process.communicate()


def make_list(values):
    """Creates a list with CPython's class, and returns its name."""
    name = unique_name('list')
    values = shared_memory.ShareableList(values, name=name)
    resource_tracker.unregister(values.shm._name, 'shared_memory')
    values.shm.close()
    return name


# Looking

def test_list(block):
    facts = os.stat(BLOCKS / block)
    found = find(block)
    assert found == {
        'name': block, 'size': facts.st_size, 'used': facts.st_blocks * 512, 'uid': os.geteuid(),
        'owner': found['owner'], 'mode': '0600', 'modified': pytest.approx(facts.st_mtime, abs=1e-3),
        'keeper': None, 'manager': None, 'content': 'bytes', 'length': None, 'users': []}
    line, = [line for line in tool('list').splitlines() if line.startswith(block + ' ')]
    assert re.search(r' 68\.4 KiB +72\.0 KiB .* 0600 +\d+ \w+ +- +- +bytes$', line)
    assert block in tool('list', '--names').splitlines()


def test_nothing_to_list():
    if os.listdir(BLOCKS):
        pytest.skip('other programs have blocks')
    assert tool('list') == 'There are no blocks.\n'
    assert tool('list', '--names') == ''
    assert tool_json('list')['blocks'] == []


@pytest.mark.parametrize('how, is_open', [('open', True), ('mapped', False)])
def test_users(block, how, is_open):
    """The users of a block are the processes that have the block open, and those that have only a
    mapping of the block."""
    with Holder(how, block) as holder:
        user, = find(block)['users']
        assert user == {'pid': holder.pid, 'uid': os.geteuid(), 'command': user['command'],
                        'open': is_open, 'mapped': not is_open}
        assert f'{user["command"]} ({holder.pid})' in tool('list')
        text = tool('info', block)
        assert re.search(rf'^Used by: .*process {holder.pid} of .*: {"open" if is_open else "mapped"}$',
                         text, re.MULTILINE)
    assert find(block)['users'] == []


def test_user_after_its_first_thread(block):
    """A process uses its blocks until its last thread ends."""
    script = ('import ctypes, mmap, os, sys, threading\n'
              'fd = os.open("/dev/shm/" + sys.argv[1], os.O_RDWR)\n'
              'memory = mmap.mmap(fd, 0)\n'
              'os.closerange(3, 20)\n'
              'def run():\n'
              '    main = f"/proc/self/task/{os.getpid()}/stat"\n'
              '    while open(main).read().rpartition(")")[2].split()[0] != "Z": pass\n'
              '    print("ready", flush=True)\n'
              '    sys.stdin.read()\n'
              '    os._exit(0)\n'
              'threading.Thread(target=run).start()\n'
              'ctypes.CDLL(None).pthread_exit(None)\n')
    process = subprocess.Popen([sys.executable, '-c', script, block], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b'ready\n'
        user, = find(block)['users']
        assert user['pid'] == process.pid and user['mapped']
    finally:
        process.communicate()


def test_creator_is_a_user(name):
    """The descriptor of a creator has no name, so only the inode identifies the block."""
    script = ('import sys; from gi.repository import Shm\n'
              'shm = Shm.SharedMemory(sys.argv[1], create=True, size=5, track=False)\n'
              'print(1, flush=True); sys.stdin.read()')
    process = subprocess.Popen([sys.executable, '-c', script, name], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b'1\n'
        assert [user['pid'] for user in find(name)['users']] == [process.pid]
    finally:
        process.communicate()


@pytest.mark.parametrize('values, summary', [
    ([1, 2.5, 'two'], "list of 3: 1, 2.5, 'two'"),
    ([True, None, b"b'\x00c", 4, 5], "list of 5: true, none, b'b\\'\\x00c', 4, ..."),
    ([], 'list of 0'),
    (['x' * 5000], f"list of 1: '{'x' * 23}..."),
])
def test_content_of_lists(values, summary):
    name = make_list(values)
    assert (find(name)['content'], find(name)['length']) == ('list', len(values))
    assert tool('list').splitlines()[1].endswith(f'  {summary}')


def test_content_that_is_no_list(name):
    """The command does not wait for the creator of each block that is no list."""
    make_file(name, bytes(100))
    assert find(name)['content'] == 'bytes'
    (BLOCKS / name).write_bytes(b'')
    assert find(name)['content'] == 'empty'
    (BLOCKS / name).write_bytes(struct.pack('q', 2**40) + bytes(100))
    assert find(name)['content'] == 'bytes'
    # A list whose creator has written no more than the length.
    (BLOCKS / name).write_bytes(struct.pack('q', 3) + bytes(100))
    assert find(name)['content'] == 'bytes'


@pytest.mark.skipif(os.geteuid() != 0, reason='needs two users')
def test_content_of_others(name):
    """The command looks into a block of another user only if it is asked to."""
    os.chown(make_file(name, bytes(16)), STRANGER, STRANGER)
    assert find(name)['content'] is None
    assert tool_json('info', '--any-owner', name)['blocks'][0]['content'] == 'list'
    assert name in tool('show', '--hex', name, status=1)
    assert tool('show', '--hex', '--any-owner', name).startswith('00000000  00 00')


def test_show_list():
    name = make_list([-7, 0.1, 'Grüße\n', b'\xff', None, False])
    assert tool('show', name, env=environment(LC_ALL='C.UTF-8')).splitlines() == [
        '0: -7', '1: 0.1', r"2: 'Grüße\n'", r"3: b'\xff'", '4: none', '5: false']
    # The locale C has no umlauts. Newer versions of GLib print UTF-8 in this locale, too.
    assert tool('show', '--first', '1', '--count', '2', name).splitlines() in (
        ['1: 0.1', r"2: 'Gr??e\n'"], ['1: 0.1', r"2: 'Grüße\n'"])
    assert tool_json('show', name) == {
        'name': name, 'content': 'list', 'first': 0, 'values': [
            {'kind': 'int', 'value': -7}, {'kind': 'float', 'value': 0.1},
            {'kind': 'text', 'value': 'Grüße\n'}, {'kind': 'bytes', 'value': '/w=='},
            {'kind': 'none', 'value': None}, {'kind': 'bool', 'value': False}]}


def test_show_special_values():
    script = ('import sys; from gi.repository import Shm; '
              'Shm.ShareableList(name=sys.argv[1])[5] = "a\\0"')
    name = make_list([1e300, float('inf'), float('-inf'), float('nan'), 2**63 - 1, 'ab'])
    run_checked([sys.executable, '-c', script, name])
    kinds = [(value['kind'], value['value']) for value in tool_json('show', name)['values']]
    assert kinds == [('float', 1e300), ('float', 'inf'), ('float', '-inf'), ('float', 'nan'),
                     ('int', 2**63 - 1), ('text-base64', base64.b64encode(b'a\0').decode())]


def test_show_bytes(name):
    make_file(name, bytes(range(40)))
    assert tool('show', name).splitlines() == [
        '00000000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  |................|',
        '00000010  10 11 12 13 14 15 16 17  18 19 1a 1b 1c 1d 1e 1f  |................|',
        '00000020  20 21 22 23 24 25 26 27                           | !"#$%&\'|']
    document = tool_json('show', '--first', '5', '--count', '3', name)
    assert document == {'name': name, 'content': 'bytes', 'first': 5, 'bytes': 'BQYH'}
    assert base64.b64decode(tool_json('show', '-f', '35', name)['bytes']) == bytes(range(35, 40))
    assert 'negative' in tool('show', '--first', '-1', name, status=2)


# Creating and removing

def test_create(name):
    assert tool('create', '--mode', '640', name, '3K') == f'{name}\n'
    assert (find(name)['size'], find(name)['mode']) == (3072, '0640')
    error = tool('create', name, '3K', status=1)
    assert name in error and 'exists' in error
    generated = tool('create', '--sparse', '-', '2 MiB').strip()
    try:
        assert re.fullmatch('psm_[0-9a-f]{8}', generated)
        assert (find(generated)['size'], find(generated)['used']) == (2 * 1024**2, 0)
    finally:
        tool('unlink', generated)


@pytest.mark.parametrize('size', ['', '1.5', '-1', '4X', '4KK', '99999999999999999999', '99999999T'])
def test_wrong_size(name, size):
    assert 'is no size' in tool('create', '--', name, size, status=2)
    assert find(name) is None


def test_too_large(name):
    """Creating a block that does not fit leaves nothing behind."""
    assert name in tool('create', name, '8000000T', status=1)
    assert find(name) is None


@pytest.mark.parametrize('mode', ['', '8', '1777', '-1', '0x1'])
def test_wrong_mode(name, mode):
    assert 'is no mode' in tool('create', f'--mode={mode}', name, '4', status=2)


def test_create_list(name):
    tool('create', '--list', name, '--', '-1', '2.5', 'true', 'none', r"b'a\x00\'\\'", 'two', '"3"', '')
    values = shared_memory.ShareableList(name=name)
    resource_tracker.unregister(values.shm._name, 'shared_memory')
    assert list(values) == [-1, 2.5, True, None, b"a\0'\\", 'two', '3', '']
    values.shm.close()
    assert tool_json('show', name)['values'][4] == {'kind': 'bytes', 'value': 'YQAnXA=='}
    assert tool('show', '-f', '4', '-c', '1', name) == r"4: b'a\x00\'\\'" + '\n'
    error = tool('create', '--list', unique_name('other'), '[1, 2]', status=1)
    assert 'cannot be in a list' in error


def test_load_and_save(name, tmp_path):
    content = os.urandom(9 * 1024**2 + 5)
    source, target = tmp_path / 'source', tmp_path / 'target'
    source.write_bytes(content)
    assert tool('load', '--mode', '0644', source, name) == f'{name}\n'
    assert (BLOCKS / name).read_bytes() == content and find(name)['mode'] == '0644'
    tool('save', name, target)
    assert target.read_bytes() == content and target.stat().st_mode & 0o777 == 0o600
    # An existing file stays, unless the option asks for replacing the file.
    (BLOCKS / name).write_bytes(b'new')
    assert str(target) in tool('save', name, target, status=1)
    assert target.read_bytes() == content
    tool('save', '--force', name, target)
    assert target.read_bytes() == b'new'
    assert tool('save', name, '-') == 'new'


def test_load_from_standard_input(name):
    result = subprocess.run([TOOL, 'load', '-', name], input=b'hello', stdout=subprocess.PIPE)
    assert (result.returncode, result.stdout) == (0, name.encode() + b'\n')
    assert (BLOCKS / name).read_bytes() == b'hello'


def test_load_fails(name, tmp_path, block):
    for path in (tmp_path, tmp_path / 'missing'):
        assert str(path) in tool('load', path, name, status=1)
        assert find(name) is None
    (tmp_path / 'file').write_text('text')
    before = (BLOCKS / block).read_bytes()
    assert block in tool('load', tmp_path / 'file', block, status=1)
    assert (BLOCKS / block).read_bytes() == before


def test_load_cannot_write(name, tmp_path):
    """If the block was created but cannot be written, it is removed."""
    (tmp_path / 'file').write_text('text')
    result = run([REFUSE, 'seccomp', str(errno.EIO), 'pwrite64', TOOL, 'load', tmp_path / 'file',
                  name])
    if result.returncode == 77:
        pytest.skip(result.stderr)
    assert (result.returncode, result.stdout) == (1, '')
    assert re.fullmatch(f'shmobj: .*{name}.*\n', result.stderr), result.stderr
    assert not (BLOCKS / name).exists()


def test_save_fails(block, tmp_path):
    """If a block cannot be saved, an existing file stays as it is."""
    target = tmp_path / 'target'
    target.write_text('old')
    assert tool('save', '--force', unique_name('missing'), target, status=3)
    assert target.read_text() == 'old'
    assert 'cannot be used' in tool('save', block, tmp_path / 'no' / 'folder', status=1)
    if os.path.exists('/dev/full'):
        with open('/dev/full', 'wb') as full:
            result = subprocess.run([TOOL, 'save', block, '-'], stdout=full, stderr=subprocess.PIPE)
        assert result.returncode == 1 and re.fullmatch(rb'shmobj: .*No space.*\n', result.stderr)


def test_unlink(block):
    """Names that can be removed are removed, although another one cannot."""
    missing = unique_name('missing')
    with Holder('mapped', block):
        assert missing in tool('unlink', missing, block, status=3)
    assert find(block) is None
    assert not (BLOCKS / block).exists()


# Removing what was left behind

OWNER = '''
import os, signal, sys
from gi.repository import Shm
manager = Shm.Manager()
manager.start()
block = manager.SharedMemory(100)
block.close()
print(block.name, manager.get_pid(), flush=True)
sys.stdin.read()
'''


def start_owner(**options):
    """Starts a program with a manager that owns a block. Returns the process, the name of the block
    and the ID of the server."""
    process = subprocess.Popen([sys.executable, '-c', OWNER], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, **options)
    name, server = process.stdout.readline().split()
    return process, name.decode(), int(server)


def leave_block(**options):
    """Returns the name of a block whose manager was killed together with its starter."""
    process, name, server = start_owner(**options)
    os.kill(server, signal.SIGSTOP)
    process.kill()
    process.communicate()
    os.kill(server, signal.SIGKILL)
    assert wait_for_death(server)
    return name


def make_old(name, seconds=100):
    facts = os.stat(BLOCKS / name)
    os.utime(BLOCKS / name, (facts.st_atime, facts.st_mtime - seconds))


@pytest.fixture
def generated():
    """Returns the name of an old block with a generated name."""
    name = f'psm_{secrets.token_hex(4)}'
    make_file(name)
    make_old(name)
    yield name
    (BLOCKS / name).unlink(missing_ok=True)


def collect(*arguments, **options):
    """Runs `gc`. Maps the name of each block to the reason, the use, and whether it was removed."""
    return {waste['name']: (waste['reason'], waste['in_use'], waste['removed'])
            for waste in tool_json('gc', *arguments, **options)['waste']}


def test_gc_leftovers():
    """gc removes the blocks and the registry of a dead manager, and nothing of a living one."""
    process, kept, _ = start_owner()
    left = leave_block()
    try:
        assert (find(left)['keeper'], find(left)['manager']) == ('leftover', None)
        assert find(kept)['keeper'] == 'manager'
        assert f' manager {find(kept)["manager"]} ' in tool('list')
        assert os.path.exists(find(kept)['manager'])
        assert collect('--dry-run')[left] == ('leftover', 'no', False)
        assert (BLOCKS / left).exists()
        table = tool('gc', '--dry-run')
        assert re.search(rf'^{left} .*have ended +unused$', table, re.MULTILINE)
        assert collect('--yes', '--cpython', '--min-age=0') == {left: ('leftover', 'no', True)}
        assert not (BLOCKS / left).exists() and (BLOCKS / kept).exists()
        assert len(os.listdir(BLOCKS / f'.shmobj-{os.geteuid()}')) == 1
        assert tool('gc', '--yes') == 'There is nothing to remove.\n'
    finally:
        process.communicate()
    assert not (BLOCKS / kept).exists()


@pytest.mark.parametrize('how', ['open', 'mapped'])
@pytest.mark.parametrize('is_stopped', [False, True])
def test_gc_keeps_used_blocks(how, is_stopped, generated, block):
    """gc removes no block that a process has only open, or only mapped, also if it is stopped."""
    left = leave_block()
    os.truncate(BLOCKS / block, 0)
    make_old(block)
    with Holder(how, left) as holder, Holder(how, generated), \
            Holder('open', block) as third:
        if is_stopped:
            for pid in holder.pid, third.pid:
                os.kill(pid, signal.SIGSTOP)
        assert collect('--yes', '--cpython') == {
            left: ('leftover', 'yes', False), generated: ('cpython', 'yes', False),
            block: ('unfinished', 'yes', False)}
        assert 'in use, stays' in tool('gc', '--dry-run')
        assert all((BLOCKS / name).exists() for name in (left, generated, block))
    assert collect('--yes', '--cpython') == {
        left: ('leftover', 'no', True), generated: ('cpython', 'no', True),
        block: ('unfinished', 'no', True)}
    assert not any((BLOCKS / name).exists() for name in (left, generated, block))


def test_gc_keeps_blocks_on_their_way(generated):
    """gc removes no block whose descriptor is on its way from one process to another."""
    left, right = socket.socketpair()
    fd = os.open(BLOCKS / generated, os.O_RDWR)
    socket.send_fds(left, [b'x'], [fd])
    os.close(fd)
    assert collect('--yes', '--cpython') == {generated: ('cpython', 'yes', False)}
    left.close()
    right.close()
    assert collect('--yes', '--cpython') == {generated: ('cpython', 'no', True)}


@pytest.mark.skipif(os.geteuid() != 0, reason='needs two users')
def test_gc_does_not_trust_proc(generated, name):
    """gc removes no block that a process uses that /proc hides."""
    drop = ['setpriv', f'--reuid={STRANGER}', '--clear-groups', TOOL, 'gc', '--cpython', '--json']
    os.chown(BLOCKS / generated, STRANGER, STRANGER)
    # The descriptors of a process of root are hidden from the other user.
    with Holder('mapped', generated):
        result = run([*drop, '--yes'])
        assert json.loads(result.stdout)['waste'][0]['in_use'] == 'yes', result.stderr
    assert (BLOCKS / generated).exists()
    # Without /proc, nothing is different.
    result = run(['unshare', '-m', 'sh', '-c', 'mount -t tmpfs none /proc && exec "$@"', 'sh', *drop,
                  '--yes'])
    assert json.loads(result.stdout)['waste'][0]['removed'], result.stderr
    assert not (BLOCKS / generated).exists()


@pytest.mark.skipif(os.geteuid() != 0, reason='needs two users')
def test_gc_keeps_blocks_of_others(generated):
    """Even root removes no block of another user."""
    os.chown(BLOCKS / generated, STRANGER, STRANGER)
    assert collect('--yes', '--cpython') == {}
    assert (BLOCKS / generated).exists()


def test_gc_without_leases(generated):
    """If the kernel does not say whether a block is in use, the block stays."""
    sandbox = [REFUSE, 'seccomp', str(errno.EINVAL), 'fcntl', TOOL, 'gc', '--cpython']
    result = run([*sandbox, '--yes', '--json'])
    if result.returncode == 77:
        pytest.skip(result.stderr)
    waste, = json.loads(result.stdout)['waste']
    assert (waste['in_use'], waste['removed']) == ('unknown', False)
    assert 'perhaps in use, stays' in run([*sandbox, '--dry-run']).stdout
    assert (BLOCKS / generated).exists()


def test_gc_keeps_young_blocks(name):
    """A creator of CPython sets the size a moment after the name."""
    make_file(name, b'')
    generated = f'psm_{secrets.token_hex(4)}'
    make_file(generated)
    try:
        assert collect('--yes', '--cpython') == {}
        assert set(collect('--yes', '--cpython', '--min-age', '0')) == {name, generated}
        assert not (BLOCKS / name).exists() and not (BLOCKS / generated).exists()
    finally:
        (BLOCKS / generated).unlink(missing_ok=True)


def test_gc_keeps_other_names(generated, block):
    """Only on request does gc remove unused blocks that have a size, and only generated names."""
    others = ['psm_1234567', 'psm_123456789', 'psm_1234567G', 'xpsm_12345678']
    for other in others:
        make_file(other)
        make_old(other)
    make_old(block)
    try:
        assert collect('--yes') == {}
        assert collect('--yes', '--cpython') == {generated: ('cpython', 'no', True)}
        assert all((BLOCKS / other).exists() for other in [*others, block])
    finally:
        for other in others:
            (BLOCKS / other).unlink(missing_ok=True)


def test_gc_keeps_blocks_of_living_owners():
    """An unused block with a generated name stays if a living manager owns it."""
    process, name, _ = start_owner()
    try:
        assert name.startswith('psm_') and find(name)['users'] == []
        make_old(name)
        assert collect('--yes', '--cpython') == {}
    finally:
        process.communicate()


def test_keeper_of_tracked_blocks(name):
    script = ('import sys; from gi.repository import Shm\n'
              'shm = Shm.SharedMemory(sys.argv[1], create=True, size=5)\n'
              'print(1, flush=True); sys.stdin.read()')
    process = subprocess.Popen([sys.executable, '-c', script, name], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b'1\n'
        assert (find(name)['keeper'], find(name)['manager']) == ('program', None)
        assert 'Kept by:  program\n' in tool('info', name)
    finally:
        process.communicate()


def test_gc_asks(generated):
    assert 'terminal' in tool('gc', '--cpython', status=2)
    assert 'terminal' in tool('gc', '--cpython', '--json', status=2)
    for answer, is_left in ((b'\n', True), (b'no\n', True), (b'\x04', True), (b'y\n', False)):
        output = run_on_terminal('gc', '--cpython', answer=answer)
        assert b'Remove 1 block?' in output
        assert (b'Nothing was removed' if is_left else b'1 block was removed') in output
        assert (BLOCKS / generated).exists() == is_left


# A program with a manager that tracks a block which exists already.
TRACKER = '''
import sys
from gi.repository import Shm
manager = Shm.Manager()
manager.start()
print('started', flush=True)
block = Shm.SharedMemory(sys.stdin.readline().strip())
manager.track(block.name)
block.close()
print('tracked', flush=True)
sys.stdin.read()
'''


@pytest.mark.parametrize('kind', ['cpython', 'leftover'])
def test_gc_keeps_blocks_that_got_an_owner(kind, generated):
    """gc removes no block that a manager owns since the question."""
    tracker = subprocess.Popen([sys.executable, '-c', TRACKER], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    assert tracker.stdout.readline() == b'started\n'  # The start removes leftovers.
    name = generated if kind == 'cpython' else leave_block()

    def track():
        tracker.stdin.write(f'{name}\n'.encode())
        tracker.stdin.flush()
        assert tracker.stdout.readline() == b'tracked\n'

    try:
        arguments = ['gc', '--cpython'] if kind == 'cpython' else ['gc']
        output = run_on_terminal(*arguments, answer=b'y\n', before_answer=track)
        assert b'0 blocks were removed' in output
        assert (BLOCKS / name).exists()
    finally:
        tracker.communicate()
    assert not (BLOCKS / name).exists()


@pytest.mark.parametrize('kind', ['cpython', 'unfinished'])
@pytest.mark.parametrize('change', ['has a size', 'is young'])
def test_gc_keeps_blocks_that_have_changed(kind, change, generated, block):
    """gc removes no block that has got its size since the question, or has changed."""
    name = generated if kind == 'cpython' else block
    if kind == 'unfinished':
        os.truncate(BLOCKS / name, 0)
        make_old(name)

    def finish():
        if change == 'is young':
            os.utime(BLOCKS / name)
        else:
            os.truncate(BLOCKS / name, 100)
            make_old(name)

    arguments = ['gc', '--cpython'] if kind == 'cpython' else ['gc']
    output = run_on_terminal(*arguments, answer=b'y\n', before_answer=finish)
    # Another size is no reason to keep a block of CPython.
    is_kept = kind == 'unfinished' or change == 'is young'
    assert (b'0 blocks were removed' if is_kept else b'1 block was removed') in output
    assert (BLOCKS / name).exists() == is_kept


def test_gc_many_blocks():
    names = {unique_name('unfinished') for _ in range(100)}
    for name in names:
        make_file(name, b'')
        make_old(name)
    kept = max(names)
    with Holder('open', kept):
        found = collect('--yes')
    assert found == {name: ('unfinished', *(('yes', False) if name == kept else ('no', True)))
                     for name in names}
    assert {name for name in names if (BLOCKS / name).exists()} == {kept}


# Checking a machine

def examine(*prefix, before='', **options):
    """Runs `doctor`, after a shell command. Maps each check to its level and text."""
    options.setdefault('env', environment(**HELPERS))
    result = run(['sh', '-c', f'{before}\nexec "$@"', 'sh', *prefix, TOOL, 'doctor', '--json'],
                 **options)
    assert result.stderr == ''
    findings = json.loads(result.stdout)['findings']
    assert all(finding['text'] for finding in findings)
    assert all(finding['advice'] for finding in findings
               if finding['level'] != 'ok' and finding['check'] not in TRIALS)
    assert result.returncode == (4 if 'problem' in [one['level'] for one in findings] else 0)
    return {finding['check']: (finding['level'], finding['text']) for finding in findings}


HELPERS = {'SHMOBJ_MANAGER': str(BUILD / 'shmobj' / 'shmobj-manager'),
           'SHMOBJ_TRACKER': str(BUILD / 'shmobj' / 'shmobj-tracker')}
TRIALS = 'create', 'anonymous', 'manager'


def test_doctor():
    """doctor leaves nothing behind."""
    before = set(os.listdir(BLOCKS))
    found = examine()
    assert [found[trial][0] for trial in TRIALS] == ['ok'] * 3
    assert set(os.listdir(BLOCKS)) == before


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
@pytest.mark.parametrize('mount, check, word', [
    ('mount -t tmpfs -o size=8M none /dev/shm; head -c 7900K /dev/zero > /dev/shm/full', 'space',
     'free'),
    ('mount -t tmpfs -o size=64M none /dev/shm', 'space', 'containers'),
    ('mount -t tmpfs -o nr_inodes=20 none /dev/shm; cd /dev/shm; seq 18 | xargs touch', 'inodes', '20'),
    ('mount -t tmpfs -o mode=777 none /dev/shm', 'folder', 'remove'),
    ('mount -t tmpfs -o ro none /dev/shm', 'create', 'read-only'),
    ('mount -t tmpfs none /dev', 'folder', 'cannot be used'),
    ('mount -t proc none /dev/shm', 'folder', 'not a tmpfs'),
    ('mount -t tmpfs none /proc', 'proc', '/proc'),
    ('mount -t tmpfs none /sys; mkdir -p /sys/fs/cgroup; echo 1000 > /sys/fs/cgroup/memory.max; '
     'echo 950 > /sys/fs/cgroup/memory.current', 'memory', 'control group'),
])
def test_doctor_mounts(mount, check, word):
    found = examine('unshare', '-m', 'sh', '-c', f'({mount}) && exec "$@"', 'sh')
    assert found[check][0] != 'ok' and word in found[check][1], found


@pytest.mark.parametrize('limit, check, word', [
    ('ulimit -n 100', 'descriptors', '100'), ('ulimit -v 8000000', 'address-space', '7.6 GiB'),
    ('ulimit -f 20000', 'file-size', 'MiB')])
def test_doctor_limits(limit, check, word):
    found = examine(before=limit)
    assert found[check][0] != 'ok' and word in found[check][1], found


@pytest.mark.parametrize('call, check, word', [
    ('inotify_init1', 'inotify', 'regular times'), ('memfd_create', 'anonymous', 'fails'),
    ('socketpair', 'sandbox', 'seccomp')])
def test_doctor_in_a_sandbox(call, check, word):
    result = run([REFUSE, 'seccomp', '1', call, 'true'])
    if result.returncode == 77:
        pytest.skip(result.stderr)
    found = examine(REFUSE, 'seccomp', str(errno.EPERM), call)
    assert found[check][0] != 'ok' and word in found[check][1], found
    assert 'sandbox' in found


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
@pytest.mark.parametrize('file', ['logind.conf', 'logind.conf.d/x.conf'])
@pytest.mark.parametrize('text, is_found', [('', True), ('RemoveIPC=no', False),
                                            ('#RemoveIPC=no', True), (' RemoveIPC = yes', True)])
def test_doctor_remove_ipc(text, is_found, file, tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / 'systemd' / file).parent.mkdir(parents=True)
    (tmp_path / 'systemd' / file).write_text(f'[Login]\n{text}\n')
    mount = (f'mount -t tmpfs none /run; mkdir -p /run/systemd/system; '
             f'mount --bind {tmp_path} /etc; exec "$@"')
    found = examine('unshare', '-m', 'sh', '-c', mount, 'sh', 'setpriv', f'--reuid={STRANGER}',
                    '--clear-groups')
    assert ('remove-ipc' in found) == is_found
    if is_found:
        assert found['remove-ipc'][0] == 'note'


def test_doctor_finds_leftovers(name, generated):
    """doctor finds what gc removes, and removes nothing."""
    make_file(name, b'')
    make_old(name)
    left = leave_block()
    not_utf8 = os.fsencode(unique_name('name')) + b'\xff'
    with open(os.fsencode(BLOCKS) + b'/' + not_utf8, 'wb'):
        pass
    try:
        found = examine()
        assert found['leftovers'] == (
            'problem', '2 blocks of killed managers, programs and creators are left')
        assert found['cpython'][0] == found['names'][0] == 'note'
        assert found['cpython'][1].startswith('1 ') and found['names'][1].startswith('1 ')
        assert all((BLOCKS / one).exists() for one in (name, generated, left))
        assert 'manager' not in found
        assert 'PROBLEM  2 blocks' in tool('doctor', status=4)
        tool('gc', '--yes', '--cpython')
        found = examine()
        assert 'leftovers' not in found and 'cpython' not in found
    finally:
        os.unlink(os.fsencode(BLOCKS) + b'/' + not_utf8)


def test_doctor_without_helper():
    found = examine(env=environment(**{**HELPERS, 'SHMOBJ_MANAGER': '/nonexistent'}))
    assert found['manager'][0] == 'problem' and '/nonexistent' in found['manager'][1]


# Watching

class Running:
    """A command that runs, and prints a line of JSON for each report."""

    def __init__(self, *arguments, **options):
        self.process = subprocess.Popen([TOOL, *arguments, '--json'], stdout=subprocess.PIPE,
                                        **options)
        self.pid = self.process.pid

    def read(self):
        report = json.loads(self.process.stdout.readline())
        assert report.pop('schema') == 1
        if 'time' in report:
            assert abs(report.pop('time') - time.time()) < TIMEOUT_SECONDS
        return report

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def set_value(name, index, value):
    """Sets a value with the library, in another process."""
    script = 'import sys; from gi.repository import Shm; Shm.ShareableList(name=sys.argv[1])[%r] = %r'
    run_checked([sys.executable, '-c', script % (index, value), name])


def count_wake_ups(pid):
    """Returns how often the threads of a process have gone to sleep."""
    return {thread: re.search(r'^voluntary_ctxt_switches:\s*(\d+)$',
                              open(f'/proc/{pid}/task/{thread}/status').read(), re.MULTILINE)[1]
            for thread in os.listdir(f'/proc/{pid}/task')}


def sleeps_for_a_second(pid):
    """Returns whether a process sleeps for a second. A process that polls wakes up in this time."""
    before = count_wake_ups(pid)
    time.sleep(1)
    return count_wake_ups(pid) == before


def test_watch_list(name):
    """watch prints each change of another process and the unlinking, and sleeps meanwhile."""
    tool('create', '--list', name, '1', 'two', '3.5')
    with Running('watch', name) as watch:
        assert watch.read() == {'what': 'watching', 'name': name}
        set_value(name, 1, 'TWO')
        assert watch.read() == {'what': 'value', 'index': 1, 'before': {'kind': 'text', 'value': 'two'},
                                'after': {'kind': 'text', 'value': 'TWO'}}
        wait_until_blocked(watch.pid)
        assert wait_until(lambda: sleeps_for_a_second(watch.pid)) is not None
        set_value(name, 2, None)
        assert watch.read()['after'] == {'kind': 'none', 'value': None}
        tool('unlink', name)
        assert watch.read() == {'what': 'unlinked'}
        assert watch.process.wait(TIMEOUT_SECONDS) == 0


def test_watch_text(name):
    tool('create', '--list', name, '1')
    process = subprocess.Popen([TOOL, 'watch', name], stdout=subprocess.PIPE, encoding='utf-8')
    lines = [process.stdout.readline()]
    set_value(name, 0, 2)
    lines.append(process.stdout.readline())
    tool('unlink', name)
    lines += process.stdout.readlines()
    assert process.wait(TIMEOUT_SECONDS) == 0
    assert [re.fullmatch(r'\d\d:\d\d:\d\d\.\d{3}  (.*)\n', line)[1] for line in lines] == [
        f'watching {name}', '[0] 1 -> 2', 'unlinked']


def test_watch_list_of_cpython():
    name = make_list([1, 2])
    with Running('watch', '--interval', '0.02', name) as watch:
        assert watch.read()['what'] == 'watching'
        values = shared_memory.ShareableList(name=name)
        resource_tracker.unregister(values.shm._name, 'shared_memory')
        values[1] = 5
        assert watch.read()['after'] == {'kind': 'int', 'value': 5}
        values.shm.close()


def test_watch_events(name):
    """watch prints the events at each offset."""
    script = ('import sys; from gi.repository import Shm\n'
              'Shm.SharedMemory(sys.argv[1]).event_advance(int(sys.argv[2]))')
    tool('create', name, '4K')
    with Running('watch', '--event', '8', '--event', '64', name) as watch:
        assert watch.read()['what'] == 'watching'
        for offset, sequence in ((64, 1), (8, 1), (64, 2)):
            run_checked([sys.executable, '-c', script, name, str(offset)])
            assert watch.read() == {'what': 'event', 'offset': offset, 'sequence': sequence}


def test_watch_ends_with_signals(name):
    tool('create', name, '16')
    for number in signal.SIGINT, signal.SIGTERM:
        with Running('watch', name) as watch:
            watch.read()
            os.kill(watch.pid, number)
            assert watch.process.wait(TIMEOUT_SECONDS) == 0


@pytest.mark.parametrize('arguments, status, word', [
    (['--event', '3'], 1, 'multiple of'), (['--event', '800'], 1, '800'),
    (['--event', 'x'], 2, 'offset'), (['--interval', '-1'], 2, 'negative'),
    (['--interval', 'nan'], 2, 'interval')])
def test_watch_wrong_arguments(name, arguments, status, word):
    tool('create', name, '16')
    assert word in tool('watch', *arguments, name, status=status)


# Managers

USE_MANAGER = '''
import sys
from gi.repository import Shm
manager = Shm.Manager(sys.argv[1], open(sys.argv[2], 'rb').read())
manager.connect()
print(manager.SharedMemory(100).name)
'''


def use_manager(report):
    """Creates a block with a client of the manager, and returns its name."""
    assert os.stat(report['key_file']).st_mode & 0o777 == 0o600
    return run_checked([sys.executable, '-c', USE_MANAGER, report['address'],
                        report['key_file']]).strip()


def is_clean(report, name):
    return not ((BLOCKS / name).exists() or os.path.exists(report['address'])
                or os.path.exists(report['key_file']))


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_manager(number, tmp_path):
    """A signal ends the manager and removes its blocks, its socket and its key."""
    key = tmp_path / 'key'
    with Running('manager', '--key-file', key, '--address', tmp_path / 'socket') as manager:
        report = manager.read()
        assert report == {'address': f'{tmp_path}/socket', 'key_file': str(key), 'pid': manager.pid}
        name = use_manager(report)
        assert (BLOCKS / name).exists()
        os.kill(manager.pid, number)
        assert manager.process.wait(TIMEOUT_SECONDS) == 0
        assert is_clean(report, name)


def test_manager_sample(tmp_path):
    """The shell script in the reference starts a manager, and its end removes the blocks."""
    page = (SOURCE / 'docs/reference/tool.md').read_text()
    script, = re.findall(r'^```sh\n(.*?)^```', page, re.MULTILINE | re.DOTALL)
    (tmp_path / 'worker.py').write_text(USE_MANAGER)
    (tmp_path / 'script').write_text(script)
    (tmp_path / 'python3').symlink_to(sys.executable)
    output = run_checked(['sh', '-e', 'script'], cwd=tmp_path, env=environment(
        PATH=f'{tmp_path}:{os.path.dirname(TOOL)}:{os.environ["PATH"]}', XDG_RUNTIME_DIR=str(tmp_path)))
    assert wait_until(lambda: not (BLOCKS / output.strip()).exists()) is not None
    assert wait_until(lambda: not list(tmp_path.glob('*.key'))) is not None


def test_manager_ends_with_its_parent(tmp_path):
    """A killed shell script leaves nothing behind."""
    script = '"$1" manager & wait'
    shell = subprocess.Popen(['sh', '-c', script, 'sh', TOOL], stdout=subprocess.PIPE,
                             encoding='utf-8', env=environment(XDG_RUNTIME_DIR=str(tmp_path),
                                                               TMPDIR=str(tmp_path)))
    report = dict(shlex.split(shell.stdout.readline())[0].split('=', 1) for _ in range(3))
    assert os.path.dirname(report['key_file']) == str(tmp_path)
    name = use_manager(report)
    shell.kill()
    assert shell.stdout.read() == ''  # the manager has ended
    shell.wait()
    assert wait_until(lambda: is_clean(report, name)) is not None


def test_manager_whose_server_dies(tmp_path):
    with Running('manager', '--key-file', tmp_path / 'key', stderr=subprocess.PIPE) as manager:
        report = manager.read()
        name = use_manager(report)
        server, = [int(pid) for pid in run_checked(
            ['ps', '-o', 'pid=', '--ppid', str(manager.pid)]).split()]
        os.kill(server, signal.SIGKILL)
        assert manager.process.wait(TIMEOUT_SECONDS) == 1
        assert re.fullmatch(rb'shmobj: .*server.*\n', manager.process.stderr.read())
        assert is_clean(report, name)


def test_manager_fails(tmp_path):
    (tmp_path / 'key').write_text('old')
    assert str(tmp_path / 'key') in tool('manager', '--key-file', tmp_path / 'key', status=1)
    assert (tmp_path / 'key').read_text() == 'old'
    assert 'no/folder' in tool('manager', '--address', tmp_path / 'no/folder', status=1)
    assert os.listdir(tmp_path) == ['key']


# Bad input

@pytest.mark.parametrize('arguments', [
    [], ['frob'], ['list', '--frob'], ['list', 'x'], ['info'], ['info', 'a', 'b'], ['show'],
    ['create', 'x'], ['create', 'x', '1', '2'], ['load'], ['load', 'a', 'b', 'c'], ['save', 'x'],
    ['unlink'], ['show', '--first', 'x', 'y'], ['fr\033[31mob'], [b'\xff']])
def test_wrong_usage(arguments):
    error = tool(*arguments, status=2)
    assert '--help' in error and '\033' not in error


@pytest.mark.parametrize('arguments', [['info'], ['show'], ['save', '-'], ['watch']])
def test_missing_block(arguments):
    command, *rest = arguments
    missing = unique_name('missing')
    assert missing in tool(command, missing, *rest, status=3)


@pytest.mark.parametrize('name', [b'\xff\xfe', b'a\xc3', b'\x1b[31mred', b'a/b', b'.', b'x' * 256,
                                  b'line\nbreak', b''])
@pytest.mark.parametrize('command, status', [('info', 3), ('unlink', None), ('show', 3),
                                             ('create', None), ('save', None)])
def test_bad_names(command, name, status):
    """A name of any bytes gives an error of one line, and no critical message."""
    more = {'create': ['4'], 'save': ['-']}.get(command, [])
    result = subprocess.run([TOOL, command, b'--', name, *more], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env={**os.environ, 'G_DEBUG': 'fatal-warnings'})
    assert result.returncode in ([status] if status else [1, 3]), result
    assert result.stdout == b''
    assert re.fullmatch(rb'shmobj: [^\x00-\x1f]+\n', result.stderr), result.stderr


def test_names_cannot_change_the_terminal(name):
    hostile = f'{name}\033[2J\n'
    make_file(hostile)
    try:
        assert '\033' not in tool('list') and f'{name}\\u{{1b}}[2J\\u{{a}}' in tool('list')
        assert find(hostile)['size'] > 0
        assert '\033' not in tool('info', hostile)
    finally:
        (BLOCKS / hostile).unlink()


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
@pytest.mark.parametrize('command', [['list'], ['list', '--json'], ['list', '--names'],
                                     ['info', 'x'], ['show', 'x'], ['create', 'x', '4'],
                                     ['load', '/etc/passwd', 'x'], ['save', 'x', '-'],
                                     ['unlink', 'x'], ['gc', '--yes'], ['watch', 'x']])
def test_no_folder_of_blocks(command):
    """Without /dev/shm there is an error that says so."""
    mount = 'mount -t tmpfs none /dev && exec "$@"'
    result = run(['unshare', '-m', 'sh', '-c', mount, 'sh', TOOL, *command])
    assert result.returncode == 1 and result.stdout == ''
    assert re.fullmatch(r'shmobj: .*/dev/shm.*\n', result.stderr), result.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
def test_no_proc(block):
    """Without /proc, `list` says that it does not know the users."""
    result = run(['unshare', '-m', 'sh', '-c', 'mount -t tmpfs none /proc && exec "$@"', 'sh', TOOL,
                  'list', '--json'])
    assert result.returncode == 0 and result.stderr == ''
    found, = [one for one in json.loads(result.stdout)['blocks'] if one['name'] == block]
    assert found['users'] is None
    result = run(['unshare', '-m', 'sh', '-c', 'mount -t tmpfs none /proc && exec "$@"', 'sh', TOOL,
                  'list'])
    assert '/proc cannot be read' in result.stdout and result.stderr == ''


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
def test_hidden_processes(block):
    """A user sees how many processes the command could not look at."""
    drop = ['setpriv', f'--reuid={STRANGER}', '--clear-groups']
    (BLOCKS / block).chmod(0o644)
    with Holder('open', block):
        result = run([*drop, TOOL, 'list', '--json'])
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout)['hidden_processes'] > 0
        assert 'not permitted to look at' in run([*drop, TOOL, 'list']).stdout


# The terminal

def run_on_terminal(*arguments, answer=b'', before_answer=None, **variables):
    """Runs the command on a terminal, types an answer, and returns the output. A function that runs
    before the answer is called when the command has asked."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(TOOL, [TOOL, *arguments], {**os.environ, 'TERM': 'xterm', **variables})
    output = b''
    try:
        while before_answer is not None and b'[y/N] ' not in output:
            output += os.read(fd, 65536)
        if before_answer is not None:
            before_answer()
        os.write(fd, answer)
        while part := os.read(fd, 65536):
            output += part
    except OSError:  # the end of the output of a terminal
        pass
    os.close(fd)
    assert os.waitpid(pid, 0)[1] == 0, output
    return output


def test_colours(block):
    """Only a terminal gets colours, and only if the user wants them."""
    assert b'\033[1mNAME' in run_on_terminal('list', NO_COLOR='')
    assert b'\033' not in run_on_terminal('list', NO_COLOR='1')
    assert b'\033' not in run_on_terminal('list', TERM='dumb')
    assert '\033' not in tool('list')


def test_progress(name, tmp_path):
    """Only a terminal gets a progress bar, and only for a large file."""
    large, small = tmp_path / 'large', tmp_path / 'small'
    for path, size in ((large, 65 * 1024**2), (small, 1000)):
        with open(path, 'wb') as file:
            file.truncate(size)
    assert b'###' in run_on_terminal('load', str(large), name)
    assert b'###' in run_on_terminal('save', name, str(tmp_path / 'copy'))
    assert b'#' not in run_on_terminal('load', str(small), unique_name('small'))
    tool('unlink', name)
    tool('load', large, name)  # asserts that the standard error is empty


# Help, manual page and completion

def test_help():
    text = tool('--help')
    assert re.findall(r'^  (\w+) ', text, re.MULTILINE) == COMMANDS
    for command in COMMANDS:
        assert f'shmobj {command}' in tool(command, '--help')
    assert re.fullmatch(r'shmobj \d+\.\d+\.\d+\n', tool('--version'))


def options_of(command):
    return set(re.findall(r'^  (?:-\w, )?(--[a-z-]+)', tool(command, '--help'), re.MULTILINE))


def test_documentation_is_complete(block):
    """The manual page and the page of the reference know all commands and options."""
    manual = (SOURCE / 'shmobj/tool/shmobj.1').read_text().replace('\\-', '-')
    page = (SOURCE / 'docs/reference/tool.md').read_text()
    for command in COMMANDS:
        assert re.search(rf'^\.BR {command} ', manual, re.MULTILINE), command
        assert f'`shmobj {command}' in page
        for option in options_of(command) - {'--help'}:
            assert option in manual, (command, option)
    with Holder('open', block):
        members = find_members(tool_json('list'))
    assert {'used', 'pid'} < members
    for name in members | {'values', 'bytes', 'first', 'content', 'waste', 'reason', 'in_use',
                           'removed', 'what', 'index', 'before', 'after', 'offset', 'sequence',
                           'address', 'key_file', 'findings', 'check', 'level', 'text',
                           'advice'}:
        assert f'`{name}`' in page, name


def find_members(document):
    """Returns the names of all members in a JSON text."""
    if isinstance(document, dict):
        return set(document).union(*map(find_members, document.values()))
    return set().union(*map(find_members, document)) if isinstance(document, list) else set()


@pytest.mark.skipif(shutil.which('groff') is None, reason='needs groff')
def test_manual_page():
    result = run(['groff', '-man', '-Tutf8', '-ww', '-z', str(SOURCE / 'shmobj/tool/shmobj.1')])
    assert (result.returncode, result.stderr) == (0, '')


COMPLETE = '''
PATH="$1:$PATH"; . "$2"; shift 2
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_shmobj; printf '%s\\n' "${COMPREPLY[@]}"
'''


def complete(*words):
    completion = SOURCE / 'shmobj/tool/completion/shmobj.bash'
    output = run_checked(['bash', '-c', COMPLETE, 'bash', os.path.dirname(TOOL), str(completion),
                          'shmobj', *words])
    return set(output.split('\n')) - {''}


def test_bash_completion(block):
    assert complete('') >= set(COMMANDS)
    assert complete('lo') == {'load'}
    for command in COMMANDS:
        assert complete(command, '--') == options_of(command)
    assert complete('info', block[:-1]) == {block}
    assert complete('save', block) == {block}
    assert str(SOURCE / 'README.md') in complete('load', str(SOURCE / 'READ'))


@pytest.mark.parametrize('shell, file', [('zsh', '_shmobj'), ('fish', 'shmobj.fish')])
def test_other_completions(shell, file):
    path = SOURCE / 'shmobj/tool/completion' / file
    text = path.read_text()
    for command in COMMANDS:
        assert re.search(rf'\b{command}\b', text)
    if shutil.which(shell):
        run_checked([shell, '-n', str(path)])
