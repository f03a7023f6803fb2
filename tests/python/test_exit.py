# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Finalizers that run when the interpreter exits, when nothing can be imported any more. In each
test, a finalizer calls methods that the program has not called before."""

import os
import subprocess
import sys

import pytest

from support import TIMEOUT, exists, path_of, run_python

STOCK = '''
import os, sys
from multiprocessing.shared_memory import SharedMemory, ShareableList
from multiprocessing.managers import SharedMemoryManager
'''

OURS = '''
from gi.repository.Shm import SharedMemory, ShareableList, SharedMemoryManager
'''

# `x` is the object that the program makes. The finalizer runs the code. N is the name of a block.
FRAME = '''
N = sys.argv[1]

def make():
    {make}
    return x

class Frame:
    def __init__(self):
        self.x = make()

    def __del__(self):
        x = self.x
        {code}
        os.write(1, b'done')

{keep}
'''

# Ways to keep an object until a late moment of the exit.
KEEP = {
    'global': 'frame = Frame()',
    'cycle': 'frame = Frame(); frame.me = frame; del frame',
    'builtins': 'import builtins; builtins.frame = Frame()',
    'signal handler': 'import signal; frame = Frame(); frame.handle = lambda *args: frame; '
                      'signal.signal(signal.SIGUSR1, frame.handle)',
    'atexit': 'import atexit; frame = Frame(); atexit.register(Frame.__del__, frame); '
              'del Frame.__del__',
}

BLOCK = 'x = SharedMemory(N, create=True, size=64)'
LIST = "x = ShareableList([1, 'abc', None, 2.5, True, b'xyz'], name=N)"
MANAGER = 'x = SharedMemoryManager()'

# What CPython's classes can do in a finalizer: the object, and the code of the finalizer.
COMMON = {
    'close': (BLOCK, 'x.close(); x.unlink()'),
    'buf': (BLOCK, 'x.buf[0] = 1; assert bytes(x.buf[:2]) == bytes([1, 0]); x.close(); x.unlink()'),
    'attributes': (BLOCK, 'x.name, x.size, repr(x); x.close(); x.unlink()'),
    'pickle': (BLOCK, 'x.__reduce__(); x.close(); x.unlink()'),
    'attach': (BLOCK, 'y = SharedMemory(N); y.close(); x.close(); x.unlink()'),
    'missing': ('x = None', """
        try: SharedMemory(N)
        except FileNotFoundError: pass
        else: assert False"""),
    'exists': (BLOCK, """
        try: SharedMemory(N, create=True, size=64)
        except FileExistsError: pass
        else: assert False
        x.close(); x.unlink()"""),
    'unlink twice': (BLOCK, """
        x.close(); x.unlink()
        try: x.unlink()
        except FileNotFoundError: pass
        else: assert False"""),
    'list: attach': (LIST, 'y = ShareableList(name=N); assert y[1] == "abc"; y.shm.close(); '
                           'x.shm.close(); x.shm.unlink()'),
    'list: get': (LIST, "assert [x[i] for i in range(6)] == [1, 'abc', None, 2.5, True, b'xyz']; "
                        'x.shm.close(); x.shm.unlink()'),
    'list: set': (LIST, "x[0] = 2; x[1] = 'b'; x[2] = None; x[3] = 1.5; x[4] = False; x[5] = b'y'; "
                        "assert x[1] == 'b'; x.shm.close(); x.shm.unlink()"),
    'list: all': (LIST, "assert list(x) == [1, 'abc', None, 2.5, True, b'xyz']; len(x); x.count(1); "
                        "x.index('abc'); repr(x); x.format; 2.5 in x; x.__reduce__(); "
                        'x.shm.close(); x.shm.unlink()'),
    'list: errors': (LIST, """
        for wrong in (lambda: x[99], lambda: x.index('no'), lambda: x.__setitem__(1, 'a' * 99)):
            try: wrong()
            except (IndexError, ValueError): pass
            else: assert False
        x.shm.close(); x.shm.unlink()"""),
    'manager: shutdown': (MANAGER + '; x.start()', 'x.address; x.shutdown(); x.join()'),
}

# Calls in a finalizer that CPython's classes do not have.
ADDITIONAL = {
    'create': ('x = None', 'x = SharedMemory(N, create=True, size=64); x.buf[0] = 1; x.unlink()'),
    'create, generated name':
        ('x = None', 'x = SharedMemory(create=True, size=64); x.buf[0] = 1; x.unlink()'),
    'create, large':
        ('x = None', 'x = SharedMemory(N, create=True, size=256 << 20); x.buf[0] = 1; x.unlink()'),
    'private attributes': (BLOCK, 'x._name, x._size, x._buf, x._mmap, x._fd; x.unlink()'),
    'with': (BLOCK, """
        with x: x.buf[0] = 1
        x.unlink()"""),
    'copies': (BLOCK, "x.write(0, b'abc'); assert x.read(0, 3) == b'abc'; x.read(); x.unlink()"),
    'numbers': (BLOCK, """
        for kind in 'int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', \\
                'float', 'double':
            getattr(x, 'set_' + kind)(0, 4)
            assert getattr(x, 'get_' + kind)(0) == 4
        x.unlink()"""),
    'properties': (BLOCK, 'x.props.name, x.mode, x.read_only, x.is_closed(), x.is_unlinked(), '
                          'x.get_origin(), x.is_creator(), x.get_owner_uid(); x.unlink()'),
    'views': (BLOCK, 'x.get_live_bytes(); x.map(); os.close(x.dup_fd()); x.get_live_region(0, 5); '
                     'x.watch(); x.unlink()'),
    'seal': ('x = SharedMemory.create_anonymous(64)', 'x.seal(Shm.SealFlags.WRITE)'),
    'untrack': (BLOCK, 'x.untrack(); x.unlink()'),
    'class methods': ('x = None', """
        SharedMemory.create(N, 64).unlink()
        SharedMemory.create_full(N, 64, 0o600).unlink()
        x = SharedMemory.open_or_create(N, 64)
        SharedMemory.attach(N)
        x.unlink()
        x = SharedMemory.create_anonymous(64)
        SharedMemory.attach_fd(x.get_fd())"""),
    'functions': (BLOCK, """
        assert N in [block.name for block in Shm.list_blocks()]
        [(block.size, block.mode, block.owner_uid, repr(block)) for block in Shm.list_blocks()]
        Shm.remove_block(N)
        assert Shm.check_version(1, 0, 0) is None
        SharedMemoryManager.remove_leftovers()"""),
    'list: create': ('x = None', LIST + "; assert x[1] == 'abc'; x.shm.unlink()"),
    'list: create, large':
        ('x = None', 'x = ShareableList(range(300_000), name=N); assert x[7] == 7; x.shm.unlink()'),
    'list: class methods': ('x = None', """
        x = ShareableList.create([1, 'a'], N)
        x.shm.unlink()
        x = ShareableList.create_full([1], N)
        x.shm.unlink()
        ShareableList.new_for_shared_memory(ShareableList.create_anonymous([1]).shm)"""),
    'list: methods': (LIST, """
        x.set_int64(0, 5); x.get_int64(0); x.set_string(1, 'a'); x.get_string(1); x.get_text(1)
        x.set_double(3, 4.0); x.get_double(3); x.get_boolean(4); x.get_bytes(5); x.set_none(2)
        x.get_value(0); x.set_value(0, 6); x.copy_values(); x.find(6); x.get_format()
        assert list(reversed(x))[-1] == 6
        x.shm.unlink()"""),
    'list: long': ('x = ShareableList(range(5000), name=N)', """
        assert [x[i] for i in range(5000)] == list(x)
        assert x.index(4999) == 4999 and x.count(3) == 1 and 4998 in x and 9999 not in x
        x.shm.unlink()"""),
    'manager: blocks': (MANAGER, """
        x.start()
        x.SharedMemory(64, N); x.remove(N); x.ShareableList([1], N); x.remove(N)
        x.create_shared_memory(N, 64); x.remove(N); x.create_shareable_list([1], N); x.remove(N)
        y = SharedMemory(N, create=True, size=64)
        x.track(N)
        assert x.list_blocks() == [N]
        x.shutdown()"""),
    'manager: with': (MANAGER, """
        with x: x.SharedMemory(64, N)"""),
    'manager: create': ('x = None', """
        with SharedMemoryManager() as x: x.SharedMemory(64, N)"""),
    'manager: connect': (MANAGER, """
        x.start()
        y = SharedMemoryManager(x.address, x.get_authkey().get_data())
        y.connect()
        y.SharedMemory(64, N)
        x.shutdown()"""),
    'manager: errors': (MANAGER + "; x = SharedMemoryManager(authkey=b'key')", """
        try: x.SharedMemory(64)
        except ValueError: pass
        x.start()
        for wrong in x.start, SharedMemoryManager(x.address, b'other').connect:
            try: wrong()
            except Exception as error: assert type(error).__name__ in (
                'ProcessError', 'AuthenticationError', 'RuntimeError'), error
            else: assert False
        x.shutdown()
        try: x.SharedMemory(64)
        except FileNotFoundError: pass"""),
}


def make_script(case, keep):
    make, code = case

    return FRAME.format(make=make, code=code.strip(), keep=KEEP[keep])


def check(name, output, errors):
    assert (output, errors) == ('done', '')
    assert not exists(name)


@pytest.mark.parametrize('case', [*COMMON, *ADDITIONAL])
def test_global(blocks, case):
    name = blocks.new_name()
    result = run_python(OURS + make_script({**COMMON, **ADDITIONAL}[case], 'global'), name)
    check(name, result.stdout, result.stderr)


@pytest.mark.parametrize('case', ['close', 'unlink twice', 'create', 'list: all', 'list: create',
                                  'functions', 'manager: create'])
@pytest.mark.parametrize('keep', [keep for keep in KEEP if keep != 'global'])
def test_keep(blocks, keep, case):
    name = blocks.new_name()
    if keep == 'signal handler' and case not in COMMON:
        pytest.skip('the global variables of all modules are None then, also for CPython')
    result = run_python(OURS + make_script({**COMMON, **ADDITIONAL}[case], keep), name)
    check(name, result.stdout, result.stderr)


@pytest.mark.parametrize('case', COMMON)
def test_stock(blocks, case):
    """CPython's classes can do the same, so that the cases above describe what programs do."""
    name = blocks.new_name()
    result = subprocess.run([sys.executable, '-c', STOCK + make_script(COMMON[case], 'global'), name],
                            text=True, capture_output=True, timeout=TIMEOUT, check=False)
    if exists(name):
        os.unlink(path_of(name))
    assert result.stdout == 'done', result.stderr
