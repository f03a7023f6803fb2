# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Exceptions of signal handlers, and other asynchronous exceptions, during the creation of blocks
and lists and during the calls of managers. The exception arrives at once, and no name is left."""

import os
import signal
import stat

import pytest

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Shm

from support import count_descriptors, exists, run_python

# A handler that raises an exception while the function `busy` runs. It notes whether the name
# existed at this time: a name shows that the handler ran only after the creation.
ALARM = '''
import time

class Interrupted(Exception):
    pass

state = {'busy': False, 'names': []}

def ring(number, frame):
    if state['busy']:
        state['busy'] = False  # raise only once
        state['names'].append(os.path.exists('/dev/shm/' + sys.argv[1]))
        raise Interrupted

def interrupt(busy, seconds=0.02):
    state['busy'] = True
    try:
        # The timer repeats the signal, because the first signal may arrive too early.
        signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
        busy()
    except Interrupted:
        print('interrupted')
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)

signal.signal(signal.SIGALRM, ring)
'''

SIZE = 256 << 20

MAKERS = {
    'SharedMemory()': f'Shm.SharedMemory(name, create=True, size={SIZE})',
    'SharedMemory.create()': f'Shm.SharedMemory.create(name, {SIZE})',
    'SharedMemory.create_full()': f'Shm.SharedMemory.create_full(name, {SIZE})',
    'SharedMemory.create_full(), populated':
        f'Shm.SharedMemory.create_full(name, {SIZE}, flags=Shm.CreateFlags.POPULATE)',
    'SharedMemory.create_full(), with a cancellable':
        f'Shm.SharedMemory.create_full(name, {SIZE}, cancellable=Gio.Cancellable())',
    'SharedMemory.open_or_create()': f'Shm.SharedMemory.open_or_create(name, {SIZE})',
    'ShareableList()': 'Shm.ShareableList(range(6_000_000), name=name)',
    'ShareableList() of large values': 'Shm.ShareableList([bytes(8_000_000)] * 20, name=name)',
    'ShareableList.create()':
        "Shm.ShareableList.create(GLib.Variant('ax', range(1_000_000)), name)",
    'Manager.SharedMemory()': f'manager.SharedMemory({SIZE}, name)',
    'Manager.ShareableList()': 'manager.ShareableList(range(6_000_000), name)',
    'Manager.create_shared_memory()': f'manager.create_shared_memory(name, {SIZE})',
}


@pytest.mark.parametrize('maker', MAKERS)
def test_large(blocks, maker):
    name = blocks.new_name()
    code = ALARM + '''
from gi.repository import Gio, GLib
name = sys.argv[1]
manager = Shm.Manager()
if 'manager' in sys.argv[2]:
    manager.start()
made = []
interrupt(lambda: made.append(eval(sys.argv[2])))
if made:
    # The creation has ended before the first signal, which is allowed.
    made[0].shm.unlink() if isinstance(made[0], Shm.ShareableList) else made[0].unlink()
print(state['names'])
if manager.get_pid():
    print(manager.list_blocks())
    manager.shutdown()
'''
    output = run_python(code, name, MAKERS[maker]).stdout
    assert not exists(name)
    if 'interrupted' in output:
        assert '[False]' in output, 'the handler ran only after the block was published'


def test_keyboard_interrupt(blocks):
    """Ctrl-C is pressed several times. Some signals arrive while the library undoes its work."""
    name = blocks.new_name()
    code = '''
import threading
pid = os.getpid()
made = []
done = threading.Event()

def press():
    while not done.wait(0.02):
        os.kill(pid, signal.SIGINT)

presser = threading.Thread(target=press)
try:
    try:
        presser.start()  # can take longer than the time before the first signal
        made.append(Shm.SharedMemory(sys.argv[1], create=True, size=1 << 30))
    finally:
        done.set()
except KeyboardInterrupt:
    print('interrupted')
signal.signal(signal.SIGINT, signal.SIG_IGN)
if made:
    made[0].unlink()
'''
    # PyGObject prints an exception that a handler raises while it converts a GError, and loses it.
    assert run_python(code, name).stderr == ''
    assert not exists(name)


# Drives an exception through each bytecode of a constructor. In the mode 'raise', a trace function
# raises an exception at each bytecode. In the modes 'signal' and 'signals', a signal becomes pending
# at each bytecode, and its handler raises an exception. The interpreter runs the handler at the next
# bytecode that can run handlers: after a call, at a jump back, or at the entry of a function. In the
# mode 'signals', another signal is pending at each bytecode that follows, so a second exception
# arrives while the constructor undoes its work.
#
# There is one place where nothing can be done: the return instruction of the constructor. The object
# is complete then. An exception that arrives after it is raised in the code of the caller, and
# CPython's classes have the same gap. The block is tracked, or belongs to a manager. Therefore its
# name is removed at the end of the program.
EACH_BYTECODE = '''
import ctypes, dis, traceback

name, kind, mode = sys.argv[1:]
PACKAGE = os.path.join('overrides', 'Shm', '')
state = {}


class Interrupted(BaseException):
    pass


def is_in_package(frame):
    while frame is not None and PACKAGE not in frame.f_code.co_filename:
        frame = frame.f_back
    return frame is not None


def handle(number, frame):
    if is_in_package(frame):
        if mode == 'signal':
            state['frame'].f_trace = None
        raise Interrupted

signal.signal(signal.SIGINT, handle)

# A trace function in C. A trace function in Python would run the handler itself.
set_interrupt = ctypes.PYFUNCTYPE(None, *[ctypes.py_object] * 3)(
    ('PyErr_SetInterrupt', ctypes.pythonapi))


def trace(frame, event, argument):
    if PACKAGE not in frame.f_code.co_filename:
        return None
    frame.f_trace_opcodes = True
    frame.f_trace_lines = False
    if event == 'opcode':
        state['count'] += 1
        if state['count'] == state['at']:
            state['frame'] = frame
            if mode == 'raise':
                raise Interrupted
            frame.f_trace = set_interrupt  # at the next bytecode in this frame
            return None
    return trace


def run(at):
    """Makes an object, and interrupts at a bytecode. Returns the exception, or None."""
    state.update(count=0, at=at, frame=None)
    sys.settrace(trace)
    try:
        make()
        sys.settrace(None)
    except Interrupted as error:
        return error
    finally:
        sys.settrace(None)


def is_at_return(error):
    """Returns whether the exception was raised at the return instruction of the constructor."""
    frame, lasti = next((entry.tb_frame, entry.tb_lasti) for entry in walk(error.__traceback__)
                        if PACKAGE in entry.tb_frame.f_code.co_filename)
    rest = [each.opname for each in dis.get_instructions(frame.f_code) if each.offset >= lasti]
    return rest[0].startswith('RETURN') or rest[0] == 'LOAD_CONST' and rest[1] == 'RETURN_VALUE'


def walk(entry):
    while entry is not None:
        yield entry
        entry = entry.tb_next


PATH = '/dev/shm/' + name
manager = Shm.Manager()
servers = []

def start():
    servers.append(Shm.Manager())
    servers[-1].start()

make = {
    'SharedMemory': lambda: Shm.SharedMemory(name, create=True, size=64),
    'large SharedMemory': lambda: Shm.SharedMemory(name, create=True, size=5 << 20),
    'SharedMemory.create': lambda: Shm.SharedMemory.create(name, 64),
    'ShareableList': lambda: Shm.ShareableList([1, 'two'], name=name),
    'large ShareableList': lambda: Shm.ShareableList(bytes(250_000), name=name),
    'Manager.start': start,
    'Manager.SharedMemory': lambda: manager.SharedMemory(64, name),
    'Manager.ShareableList': lambda: manager.ShareableList([1, 'two'], name),
}[kind]

if kind.startswith('Manager.S'):
    manager.start()


def clean_up():
    if os.path.exists(PATH):
        manager.remove(name) if manager.get_pid() else Shm.remove_block(name)
    for each in servers:
        if each.get_pid():
            each.shutdown()
    servers.clear()


def is_left():
    return bool(os.path.exists(PATH) or any(each.get_state() == Shm.ManagerState.STARTED for each in servers))


run(0)
clean_up()
run(0)
total = state['count']
assert total > 20, total
clean_up()
n_interrupted = 0
for at in range(1, total + 1):
    error = run(at)
    if is_left() and error is not None:
        assert is_at_return(error), (at, total, traceback.format_exception(error))
    n_interrupted += error is not None
    clean_up()
    if kind.startswith('Manager.S'):
        assert manager.list_blocks() == [], at
    del error
assert n_interrupted > total / 2, (n_interrupted, total)
manager.get_pid() and manager.shutdown()
'''


@pytest.mark.parametrize('mode', ['raise', 'signal', 'signals'])
@pytest.mark.parametrize('kind', ['SharedMemory', 'large SharedMemory', 'SharedMemory.create',
                                  'ShareableList', 'large ShareableList', 'Manager.start',
                                  'Manager.SharedMemory', 'Manager.ShareableList'])
def test_each_bytecode(blocks, kind, mode):
    name = blocks.new_name()
    run_python(EACH_BYTECODE, name, kind, mode)
    assert not exists(name)


def count_mappings():
    with open('/proc/self/maps', encoding='utf-8') as maps:
        return sum('/dev/shm/' in line for line in maps)


def test_constructor_that_runs_again(blocks):
    """An interrupted constructor has undone its work. When it runs again, it also releases what other
    threads could still have used."""
    name = blocks.new_name()
    is_interrupted = True

    class List(Shm.ShareableList):
        def _shm_create_list(self, *args):
            super()._shm_create_list(*args)
            self[0] = 5  # opens a descriptor for the lock of the list
            if is_interrupted:
                raise KeyboardInterrupt

    values = List.__new__(List)
    counts = []
    for _ in range(20):
        with pytest.raises(KeyboardInterrupt):
            values.__init__([1, 'two'], name=name)
        assert not exists(name)
        counts.append((count_mappings(), count_descriptors()))
    assert counts == counts[:1] * 20

    is_interrupted = False
    values.__init__([1, 'two'], name=name)
    assert list(values) == [5, 'two'] and count_mappings() == counts[0][0]
    values.shm.unlink()


# Each of these calls waits for the server.
CALLS = {
    'connect': 'Shm.Manager(manager.address, b"key").connect()',
    'SharedMemory': 'manager.SharedMemory(64, name)',
    'ShareableList': 'manager.ShareableList([1], name)',
    'create_shared_memory': 'manager.create_shared_memory(name, 64)',
    'create_shareable_list': 'manager.create_shareable_list(GLib.Variant("ax", [1]), name)',
    'list_blocks': 'manager.list_blocks()',
    'track': 'manager.track(other.name)',
    'remove': 'manager.remove(other.name)',
    'shutdown': 'manager.shutdown()',
    'connected shutdown': 'client.shutdown()',
    'second connect': 'client.connect()',
    'join': 'manager.join()',
}


@pytest.mark.parametrize('call', CALLS)
def test_stopped_server(blocks, call):
    name = blocks.new_name()
    other = blocks.new_name()
    code = ALARM + '''
from gi.repository import GLib
name = sys.argv[1]
manager = Shm.Manager(authkey=b"key")
manager.start()
client = Shm.Manager(manager.address, b"key")
client.connect()
other = Shm.SharedMemory(sys.argv[2], create=True, size=64)
os.kill(manager.get_pid(), signal.SIGSTOP)
interrupt(lambda: eval(sys.argv[3]))
assert not os.path.exists('/dev/shm/' + name)
os.kill(manager.get_pid(), signal.SIGCONT)
if 'shutdown' not in sys.argv[3]:
    assert name not in manager.list_blocks()
manager.shutdown()
if os.path.exists('/dev/shm/' + other.name):
    other.unlink()
'''
    assert run_python(code, name, other, CALLS[call]).stdout == 'interrupted\n'


@pytest.mark.parametrize('call', ['SharedMemory', 'ShareableList', 'list_blocks', 'connect'])
def test_stopped_cpython_server(blocks, call):
    name = blocks.new_name()
    code = ALARM + '''
from multiprocessing import managers
name = sys.argv[1]
server = managers.SharedMemoryManager(authkey=b"key")
server.start()
pid = server._process.pid
manager = Shm.Manager(server.address, b"key")
if sys.argv[2] != 'connect':
    manager.connect()
os.kill(pid, signal.SIGSTOP)
interrupt(lambda: {
    'SharedMemory': lambda: manager.SharedMemory(64, name),
    'ShareableList': lambda: manager.ShareableList([1], name),
    'list_blocks': manager.list_blocks,
    'connect': manager.connect,
}[sys.argv[2]]())
assert not os.path.exists('/dev/shm/' + name)
os.kill(pid, signal.SIGCONT)
server.shutdown()
'''
    assert run_python(code, name, call).stdout == 'interrupted\n'


def test_stopped_helper(tmp_path):
    """The helper process stops before its server listens."""
    helper = tmp_path / 'stopped'
    helper.write_text('#!/bin/sh\nkill -STOP $$\nsleep 60\n')
    helper.chmod(helper.stat().st_mode | stat.S_IXUSR)
    code = ALARM + '''
os.environ['SHMOBJ_MANAGER'] = sys.argv[2]
manager = Shm.Manager()
interrupt(manager.start)
assert manager.get_pid() == 0
assert manager.get_state() == Shm.ManagerState.INITIAL
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print('no child')
'''
    assert run_python(code, 'no-name', helper).stdout == 'interrupted\nno child\n'


def test_handler_returns(blocks):
    """If a handler raises no exception, the call continues. The handler may use the library."""
    name = blocks.new_name()
    code = '''
manager = Shm.Manager()
manager.start()
seen = []

def handle(number, frame):
    if len(seen) < 3:
        shm = Shm.SharedMemory(create=True, size=5 << 20)
        shm.unlink()
        seen.append(manager.list_blocks())
        signal.setitimer(signal.ITIMER_REAL, 0.005)

signal.signal(signal.SIGALRM, handle)
signal.setitimer(signal.ITIMER_REAL, 0.005)
with manager.SharedMemory(128 << 20, sys.argv[1]) as shm:
    assert shm.buf[-1] == 0
signal.signal(signal.SIGALRM, signal.SIG_IGN)
manager.shutdown()
'''
    run_python(code, name)


def test_shutdown_in_handler():
    """A handler shuts down the manager whose shutdown it interrupts."""
    code = '''
manager = Shm.Manager()
manager.start()
pid = manager.get_pid()
os.kill(pid, signal.SIGSTOP)

def handle(number, frame):
    os.kill(pid, signal.SIGCONT)
    manager.shutdown()
    print('handled')

signal.signal(signal.SIGALRM, handle)
signal.setitimer(signal.ITIMER_REAL, 0.05)
manager.shutdown()
print('ended')
'''
    assert run_python(code).stdout == 'handled\nended\n'


def test_cancellable(blocks):
    """A cancellable of the program still cancels a call in the main thread."""
    name = blocks.new_name()
    code = '''
from gi.repository import Gio, GLib
manager = Shm.Manager()
manager.start()
os.kill(manager.get_pid(), signal.SIGSTOP)
cancellable = Gio.Cancellable()
signal.signal(signal.SIGALRM, lambda *args: cancellable.cancel())
signal.setitimer(signal.ITIMER_REAL, 0.05)
try:
    manager.create_shared_memory(sys.argv[1], 64, cancellable=cancellable)
except GLib.Error as error:
    assert error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED), error
    print('cancelled')
os.kill(manager.get_pid(), signal.SIGCONT)
manager.shutdown()
'''
    assert run_python(code, name).stdout == 'cancelled\n'


def test_threads(blocks):
    """Only the main thread handles signals. Calls in other threads are not disturbed."""
    name = blocks.new_name()
    code = '''
import threading

class Interrupted(Exception):
    pass

def ring(*args):
    raise Interrupted

made = []
signal.signal(signal.SIGALRM, ring)
thread = threading.Thread(target=lambda: made.append(
    Shm.SharedMemory(sys.argv[1], create=True, size=128 << 20)))
try:
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    thread.start()
    while True:
        signal.pause()
except Interrupted:
    pass
thread.join()
assert made[0].size == 128 << 20
made[0].unlink()
'''
    run_python(code, name)


def test_fork_in_thread(blocks):
    """In a child that another thread has forked, this thread is the main thread."""
    name = blocks.new_name()
    code = ALARM + '''
import threading

def fork():
    child = os.fork()
    if child == 0:
        made = []
        interrupt(lambda: made.append(Shm.SharedMemory(sys.argv[1], create=True, size=256 << 20)))
        if made:
            made[0].unlink()
        sys.stdout.flush()
        os._exit(any(state['names']))
    results.append(os.waitpid(child, 0)[1])

results = []
thread = threading.Thread(target=fork)
thread.start()
thread.join()
assert results == [0], results
'''
    run_python(code, name)
