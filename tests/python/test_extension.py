# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests of the compiled extension: what the other tests of lists and blocks, which run with the
extension and without it, do not reach."""

import array
import decimal
import gc
import os
import random
import struct
import subprocess
import sys
import threading
import time
import weakref

import pytest

import gi

gi.require_version('Shm', '1.0')
from gi.repository import GLib, GObject, Shm  # noqa: E402

from gi.overrides.Shm import extension  # noqa: E402
from support import TIMEOUT, in_child, run_python  # noqa: E402

compiled = extension.module
needs_extension = pytest.mark.skipif(compiled is None, reason='the extension is not used')

LONG = 300_000  # more values than the extension converts at once


@pytest.fixture
def make(blocks):
    made = []

    def make(values):
        made.append(Shm.ShareableList(values, name=blocks.new_name()))
        return made[-1]

    yield make
    for values in made:
        values.shm.close()
        values.shm.unlink()


def run_with(path):
    """Returns the name of the extension that a process uses if the variable has this value."""
    environment = {**os.environ, 'SHMOBJ_PYTHON_EXTENSION': path}
    script = ('import gi\n'
              'gi.require_version("Shm", "1.0")\n'
              'from gi.repository import Shm\n'
              'from gi.overrides.Shm import extension\n'
              'values = Shm.ShareableList([1, "a"])\n'
              'values.shm.unlink()\n'
              'print(list(values), extension.module and extension.module.__name__)\n')
    return subprocess.run([sys.executable, '-c', script], env=environment, check=True, text=True,
                          capture_output=True, timeout=TIMEOUT).stdout


def test_override_works_without_the_extension(tmp_path):
    (tmp_path / 'broken.so').write_bytes(b'no library')
    for path in '', '/nonexistent.so', str(tmp_path / 'broken.so'):
        assert run_with(path) == "[1, 'a'] None\n"


@needs_extension
def test_extension_is_used():
    assert run_with(compiled.__file__) == "[1, 'a'] gi.overrides.Shm._shm\n"
    assert issubclass(Shm.ShareableList, compiled.ListMixin)
    assert issubclass(Shm.SharedMemory, compiled.BlockMixin)


# Objects that are not what the extension expects

USES = {'get': lambda x: x[0], 'set': lambda x: x.__setitem__(0, 1), 'len': len, 'iter': list,
        'reversed': lambda x: list(reversed(x)), 'in': lambda x: 1 in x, 'index': lambda x: x.index(1),
        'count': lambda x: x.count(1)}


@needs_extension
@pytest.mark.parametrize('use', USES.values(), ids=USES)
def test_foreign_classes(blocks, use):
    class Plain(compiled.ListMixin):
        pass

    class Foreign(compiled.ListMixin, GObject.Object):
        pass

    class Block(compiled.ListMixin, Shm.SharedMemory):
        pass

    with pytest.raises(TypeError, match='not a GObject'):
        use(Plain())
    with pytest.raises(TypeError, match='not a ShmShareableList'):
        use(Foreign())
    block = Block(blocks.new_name(), create=True, size=1)
    block.unlink()
    with pytest.raises(TypeError, match='not a ShmShareableList'):
        use(block)
    with pytest.raises(TypeError):
        type(iter(Shm.ShareableList.create_anonymous([])))()


ATTRIBUTES = 'name', 'size', 'buf'


@needs_extension
@pytest.mark.parametrize('attribute', ATTRIBUTES)
def test_foreign_blocks(attribute):
    class Foreign(compiled.BlockMixin, GObject.Object):
        pass

    with pytest.raises((TypeError, AttributeError)):
        getattr(Foreign(), attribute)
    for function in (lambda: Foreign().read(), lambda: Foreign().write(0, b''),
                     lambda: Foreign()._shm_create('a', 1, 0o600, 0),
                     lambda: Foreign()._shm_attach('a', 0)):
        with pytest.raises((TypeError, AttributeError), match='not a ShmSharedMemory'):
            function()


@needs_extension
def test_bad_arguments(make):
    values = make([1])
    wrong = [lambda: values._shm_create_list({}, None, 0o600, 0),
             lambda: values._shm_create_list([], 7, 0o600, 0), lambda: values._shm_create_list([]),
             lambda: values._shm_attach_list(7, 0), lambda: values.shm._shm_create('a', 'b', 0, 0),
             lambda: values.shm._shm_attach(), lambda: compiled.create_managed_list([], 7, [], 'a', 0, 0),
             lambda: compiled.create_managed_list([], values, [], 'a', 0, 0)]
    for function in wrong:
        with pytest.raises(TypeError):
            function()


@pytest.mark.parametrize('use', USES.values(), ids=USES)
def test_before_the_constructor(use):
    with pytest.raises(RuntimeError, match='not initialized'):
        use(Shm.ShareableList.__new__(Shm.ShareableList))


@pytest.mark.parametrize('use', [list, lambda x: list(reversed(x)), lambda x: x.count(1),
                                 lambda x: 1 in x, lambda x: x[0], lambda x: x.__setitem__(0, 1)])
def test_lists_that_are_not_open(use):
    unopened = Shm.ShareableList.__new__(Shm.ShareableList)
    GObject.Object.__init__(unopened)
    empty = Shm.ShareableList.create_anonymous([])
    empty.shm.close()
    for values in unopened, empty:
        with pytest.raises(ValueError) as excinfo:
            use(values)
        assert excinfo.value.gerror.matches(Shm.Error.quark(), Shm.Error.CLOSED)


# Semantics

def test_deleting(make):
    with pytest.raises(AttributeError, match='__delitem__'):
        del make([1])[0]


def test_keyword_arguments(make):
    values = make(['a', 1])
    assert values.index(value=1) == 1 and values.count(value='a') == 1
    for use in (lambda: values.index(), lambda: values.index(1, 2), lambda: values.count(x=1),
                lambda: values.count(1, value=1)):
        with pytest.raises(TypeError):
            use()


def test_searches_compare_as_python(make):
    values = [2.0 ** 70, 1, True, 0.0, -1 << 63, 2.0 ** 63, 'a', b'a', None]
    ours = make(values)
    for wanted in (1 << 70, (1 << 70) + 1, 1 << 63, -1 << 63, -(2.0 ** 63), 1.0, True, False, 0, -0.0,
                   'a', b'a', None, '\udc80', float('nan'), float('inf'), 1 << 2000,
                   decimal.Decimal(1), (), 1j):
        assert (wanted in ours, ours.count(wanted)) == (wanted in values, values.count(wanted))
        if wanted in values:
            assert ours.index(wanted) == values.index(wanted)


@pytest.mark.parametrize('position', [0, 1023, 1024, 5000, 9999])
@pytest.mark.parametrize('value', [7, 7.5, True, None, 'x' * 7, b'x' * 9])
def test_searches_in_long_lists(make, position, value):
    values = [3] * 10000
    values[position] = value
    ours = make(values)
    assert ours.index(value) == position and value in ours
    assert ours.count(value) == 1 and ours.count(3) == 9999 and ours.count(4) == 0


@pytest.mark.parametrize('values', [
    range(-(1 << 63), -(1 << 63) + 5), range((1 << 63) - 5, (1 << 63) - 1), range(LONG, 0, -7),
    range(-(1 << 63), (1 << 63) - 1, 1 << 61), list(range(LONG)), [None, 'é', 1.5, b'x'] * (LONG // 4),
    [*range(LONG), 1 << 62, 'last'],
], ids=lambda values: type(values).__name__)
def test_creation(make, values):
    assert list(make(values)) == list(values)


def test_texts(make):
    """Characters of each length, in texts around the length from which Python decodes them."""
    characters = ['\0', '\x7f', '\x80', 'ä', '\xff', 'Ā', '\u07ff', '\u0800', '€', '\ud7ff',
                  '\ue000', '\uffff', '\U00010000', '😀', '\U0010ffff']
    texts = [before + character * n + after for character in characters
             for n in (1, 2, 5, 15, 16, 17, 21, 22, 31, 32, 33, 63, 64, 65)
             for before, after in (('', ''), ('a', 'b'), ('text of ASCII ', ' more'))]
    values = make(texts)
    assert list(values) == texts
    assert [values[i] for i in range(len(texts))] == texts


@pytest.mark.parametrize('last', [1 << 63, '\udc80', [], object()], ids=repr)
def test_failed_creation_of_a_long_list(blocks, last):
    name = blocks.new_name()
    with pytest.raises((struct.error, UnicodeEncodeError, KeyError)):
        Shm.ShareableList([*range(LONG), last], name=name)
    assert not os.path.exists(f'/dev/shm/{name}')


def test_iteration_sees_what_others_store(make):
    values = make([1, 2, 3, 4])
    other = Shm.ShareableList(name=values.shm.name)
    iterator = iter(values)
    assert next(iterator) == 1
    assert compiled is None or iterator.__length_hint__() == 3
    other[1] = 'new'
    assert list(iterator) == ['new', 3, 4] and list(iterator) == []
    assert compiled is None or iterator.__length_hint__() == 0
    iterator = reversed(values)
    other[3] = None
    assert list(iterator) == [None, 3, 'new', 1]


def test_sequences_in_c(make):
    """C code recognises a list as a sequence."""
    numpy = pytest.importorskip('numpy')
    values = make([1, 2, 3])
    assert numpy.array(values).tolist() == [1, 2, 3]
    assert random.Random(1).choice(values) in (1, 2, 3)
    assert sorted(values, reverse=True) == [3, 2, 1] and tuple(values) == (1, 2, 3)
    first, *rest = values
    assert (first, rest) == (1, [2, 3])


class Compared:
    def __init__(self, result):
        self.result = result

    def __eq__(self, other):
        return self.result


@pytest.mark.parametrize('result', [True, -1, 0.5, 1 << 70])
def test_results_of_comparisons_are_added(make, result):
    values = [1, 'text', None]
    assert make(values).count(Compared(result)) == values.count(Compared(True)) * result


def test_subclass_with_own_length(blocks):
    class Short(Shm.ShareableList):
        def __len__(self):
            return 1

    values = Short([1, 2, 3], name=blocks.new_name(), track=False)
    assert values[True] == 2 and values[-1] == 3
    values[True] = 7
    assert values[1] == 7
    for use in lambda: values[-9], lambda: values[1 << 70]:
        with pytest.raises(IndexError):
            use()
    values.shm.unlink()


@pytest.mark.parametrize('mode', [-1, (1 << 32) + 0o600, (1 << 64) + 0o600])
def test_mode_that_is_too_large(blocks, mode):
    for create in (lambda name: Shm.SharedMemory(name, create=True, size=9, mode=mode),
                   lambda name: Shm.ShareableList([1], name=name, mode=mode),
                   lambda name: Shm.ShareableList([1 << 70], name=name, mode=mode)):
        with pytest.raises(OverflowError):
            create(blocks.new_name())


def test_subclasses_with_own_reader(blocks):
    class Doubled(Shm.ShareableList):
        def __getitem__(self, index):
            return super().__getitem__(index) * 2

    class Iterated(Shm.ShareableList):
        def __iter__(self):
            return iter([7, 8])

    class Stored(Shm.ShareableList):
        def __setitem__(self, index, value):
            super().__setitem__(index, value + 1)

    doubled = Doubled([1, 2, 3], name=blocks.new_name())
    assert list(doubled) == [2, 4, 6] and list(reversed(doubled)) == [6, 4, 2]
    assert 6 in doubled and 3 not in doubled and doubled.index(4) == 1 and doubled.count(2) == 1
    iterated = Iterated([1, 2], name=blocks.new_name())
    assert list(iterated) == [7, 8] and 8 in iterated and iterated.index(8) == 1
    stored = Stored([1], name=blocks.new_name())
    stored[0] = 5
    assert stored[0] == 6
    for values in doubled, iterated, stored:
        values.shm.close()
        values.shm.unlink()


# References

def test_iterator_in_a_cycle(make):
    name = make([1, 2]).shm.name
    for make_iterator in iter, reversed:
        values = Shm.ShareableList(name=name)
        values.iterator = make_iterator(values)
        next(values.iterator)
        reference = weakref.ref(values)
        del values
        gc.collect()
        assert reference() is None


@needs_extension
def test_reference_counts(make):
    number, text, data = 1 << 40, 'text' * 5, b'data' * 5
    values = make([number, text, data])
    objects = [number, text, data]

    def use():
        for i, each in enumerate(objects):
            values[i] = each
            assert each in values and values.index(each) == i and values.count(each) == 1
        for bad in 5, 'a', -9:
            try:
                values[bad]
            except (IndexError, TypeError):
                pass
        for wrong in 'x' * 99, 1 << 70, [], '\udc80':
            try:
                values[0] = wrong
            except (ValueError, OverflowError, TypeError):
                pass
        created = Shm.ShareableList(objects)
        created.shm.unlink()
        assert list(created) == list(reversed(created))[::-1] == objects
        assert created.shm.buf is created.shm.buf

    use()
    before = [sys.getrefcount(each) for each in (*objects, None, True, values, 'x' * 99)]
    gc.collect()
    n_objects = len(gc.get_objects())
    for _ in range(200):
        use()
    gc.collect()
    after = [sys.getrefcount(each) for each in (*objects, None, True, values, 'x' * 99)]
    assert all(abs(a - b) < 100 for a, b in zip(after, before)), (before, after)
    assert len(gc.get_objects()) - n_objects < 100


# Memory

@pytest.mark.skipif('PYTHONMALLOC' in os.environ or hasattr(sys, 'gettotalrefcount'),
                    reason='a sanitizer, or a debug build of Python, needs memory of its own')
def test_memory_of_an_attached_list(make):
    """A process holds nothing for each value of a list that it has attached to and used."""
    name = make(range(100_000)).shm.name
    script = ('import gc, pathlib, re\n'
              'def use(name):\n'
              '    values = Shm.ShareableList(name=name)\n'
              '    for value in values: pass\n'
              '    return values, values[0], values[len(values) - 1], values.index(99), value in values\n'
              'def count_changed():\n'  # kilobytes, without those of blocks
              '    gc.collect()\n'
              '    mappings = re.split("^(?=[0-9a-f]+-)", pathlib.Path("/proc/self/smaps").read_text(), flags=re.M)\n'
              '    return sum(int(re.search("^Private_Dirty: +([0-9]+)", mapping, re.M)[1])\n'
              '               for mapping in mappings[1:] if "/dev/shm/" not in mapping)\n'
              'small = Shm.ShareableList(range(100))\n'
              'use(small.shm.name)\n'
              'before = count_changed()\n'
              'held = [use(sys.argv[1]) for _ in range(4)]\n'
              'print((count_changed() - before) / len(held))\n'
              'small.shm.unlink()\n')
    assert float(run_python(script, name).stdout) <= 64


# Threads and forks

def corrupt(values):
    """Makes the first value invalid, so that a reader waits until a writer has completed it. Returns
    a function that makes the value valid again."""
    view = values.shm.buf
    numbers = view[:-(len(view) % 8) or None].cast('q')
    formats_at = 8 * (numbers[0] + 2) + numbers[numbers[0] + 1]
    old = bytes(view[formats_at:formats_at + 8])
    view[formats_at:formats_at + 8] = b'nothing!'

    def repair():
        view[formats_at:formats_at + 8] = old

    return repair


@pytest.mark.parametrize('use', [lambda x: x[0], list, lambda x: x.index('text'),
                                 lambda x: x.count(5)])
def test_other_threads_run_while_a_reader_waits(make, use):
    values = make([5, 'text'])
    repair = corrupt(values)
    results = []
    thread = threading.Thread(target=lambda: results.append(use(values)), daemon=True)
    begin = time.monotonic()
    thread.start()
    # If the reader kept the lock of the interpreter, this thread could not repair the value, and the
    # reader would fail.
    repair()
    thread.join(TIMEOUT)
    assert results == [use(values)], time.monotonic() - begin


@needs_extension
def test_iterator_in_several_threads():
    """An iterator ends, and drops its list, while another thread waits for the last value."""
    for _ in range(20):
        values = Shm.ShareableList.create_anonymous([5])
        repair = corrupt(values)
        iterator = iter(values)
        del values
        results = []
        threads = [threading.Thread(target=lambda: results.append(next(iterator, 'end')))
                   for _ in range(2)]
        for thread in threads:
            thread.start()
        while compiled.count_calls() == 0 and not results:
            pass
        time.sleep(random.random() / 100)
        repair()
        results += iterator
        for thread in threads:
            thread.join(TIMEOUT)
        assert 5 in results and set(results) <= {5, 'end'}
        assert iterator.__length_hint__() == 0 and list(iterator) == []


def test_corrupt_value(make):
    values = make([5, 'text'])
    repair = corrupt(values)
    for use in lambda: values[0], lambda: list(values), lambda: values.index(6):
        with pytest.raises(ValueError) as excinfo:
            use()
        assert excinfo.value.gerror.matches(Shm.Error.quark(), Shm.Error.CORRUPT)
    repair()


@needs_extension
def test_fork_waits_for_calls_without_the_lock(make):
    values = make([5, 'text'])
    repair = corrupt(values)
    outcomes = []

    def read():
        try:
            outcomes.append(values[0])
        except ValueError as error:
            outcomes.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    deadline = time.monotonic() + TIMEOUT
    while compiled.count_calls() == 0 and not outcomes and time.monotonic() < deadline:
        pass
    was_inside = not outcomes
    assert in_child(lambda: compiled.count_calls() == 0 and values[1] == 'text')
    assert outcomes or not was_inside
    thread.join(TIMEOUT)
    assert compiled.count_calls() == 0
    repair()
    assert values[0] == 5


@needs_extension
def test_calls_wait_during_a_fork(make):
    values = make([5])
    calls = []
    repair = corrupt(values)
    compiled.close_gate(lambda: (calls.append(1), repair()))
    try:
        assert values[0] == 5
    finally:
        compiled.open_gate(False)
    assert calls == [1]

    corrupt(values)

    def fail():
        raise KeyboardInterrupt

    compiled.close_gate(fail)
    try:
        for use in lambda: values[0], lambda: values.index(6), lambda: Shm.ShareableList([1]):
            with pytest.raises(KeyboardInterrupt):
                use()
    finally:
        compiled.open_gate(False)
    assert compiled.count_calls() == 0


@needs_extension
@pytest.mark.parametrize('is_open', [True, False])
def test_calls_look_again_after_a_fork(is_open):
    """Another thread can begin to fork before a call has returned from waiting for a fork."""
    shm = Shm.SharedMemory.create_anonymous(10)
    calls = []

    def wait():
        calls.append(None)
        if len(calls) == 3 and is_open:
            compiled.open_gate(False)
        # After a timeout, the call goes on.
        return len(calls) < 3 or is_open

    compiled.close_gate(wait)
    try:
        shm.close()
    finally:
        compiled.open_gate(False)
    assert len(calls) == 3


def test_list_changes_while_another_is_made_from_it(blocks):
    """Another thread empties the Python list during the creation."""
    for _ in range(5):
        source = [f'text {i}' for i in range(LONG)]
        expected = list(source)
        thread = threading.Thread(target=source.clear)
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            thread.start()
            values = Shm.ShareableList(source, name=blocks.new_name())
        finally:
            sys.setswitchinterval(interval)
            thread.join(TIMEOUT)
        assert list(values) in ([], expected)
        values.shm.close()
        values.shm.unlink()


def test_interrupted_creation(blocks):
    name = blocks.new_name()
    script = ('class Interrupt(Exception): pass\n'
              'def interrupt(*args): raise Interrupt\n'
              'signal.signal(signal.SIGALRM, interrupt)\n'
              'values = list(range(3_000_000))\n'
              'signal.setitimer(signal.ITIMER_REAL, 0.03)\n'
              'try:\n'
              '    while True:\n'
              '        Shm.ShareableList(values, name=sys.argv[1]).shm.unlink()\n'
              'except Interrupt:\n'
              '    print("interrupted")\n')
    assert run_python(script, name).stdout == 'interrupted\n'
    assert not os.path.exists(f'/dev/shm/{name}')


# Views

def test_views(blocks):
    with Shm.SharedMemory(blocks.new_name(), create=True, size=5000) as shm:
        view = shm.buf
        assert view is shm.buf and view.nbytes == shm.size == 5000 and not view.readonly
        view[0] = 7
        half = view[2500:]
        read_only = Shm.SharedMemory(shm.name, read_only=True)
        assert read_only.buf.readonly and read_only.buf[0] == 7
        with pytest.raises(TypeError):
            read_only.buf[0] = 1
        read_only.close()
        shm.unlink()
    assert shm.buf is None
    half[0] = 5
    assert view[2500] == 5 and view[0] == 7
    anonymous = Shm.SharedMemory.create_anonymous(10)
    assert anonymous.name is None
    del view, half



# Copies of a part of a block

@pytest.fixture
def block(blocks):
    with Shm.SharedMemory(blocks.new_name(), create=True, size=1 << 20) as shm:
        shm.unlink()
        yield shm


class Calls:
    """An int, and a function that is called when it is used."""

    def __init__(self, number, function):
        self.number, self.function = number, function

    def __index__(self):
        self.function()
        return self.number


def test_copies_have_keywords(block):
    block.write(offset=3, data=b'abc')
    assert block.read(length=3, offset=3) == block.read(3, length=3) == b'abc'
    assert len(block.read()) == block.size and block.read(block.size) == b''
    for function in (lambda: block.read(0, 1, 2), lambda: block.read(start=0), block.write,
                     lambda: block.write(0), lambda: block.read(0.0), lambda: block.read('a'),
                     lambda: block.write(0, 'text'), lambda: block.write(0, 7), lambda: block.read(0, 1.5)):
        with pytest.raises(TypeError):
            function()


@pytest.mark.parametrize('offset, length', [
    (0, (1 << 20) + 1), (1 << 20, 1), ((1 << 20) + 1, 0), ((1 << 64) - 1, 1), (1, (1 << 64) - 1),
    (1 << 62, 1 << 62), (-1, 1), (0, -1), (-1 << 80, 1)])
def test_copies_outside_of_the_block(block, offset, length):
    with pytest.raises(IndexError):
        block.read(offset, length)
    if 0 <= length < 2 << 20 and length != 0:
        with pytest.raises(IndexError):
            block.write(offset, bytes(length))


def test_copies_with_numbers_that_close_the_block(block):
    with pytest.raises(ValueError):
        block.read(Calls(0, block.close), 1)
    with pytest.raises(ValueError):
        block.read()
    with pytest.raises(ValueError):
        block.write(0, b'a')


def test_sources_of_writes(block):
    block.write(0, memoryview(b'abcdefgh')[::2])
    assert block.read(0, 4) == b'aceg'
    block.write(0, GLib.Bytes.new(b'xyz'))
    block.write(3, GLib.Bytes.new(b''))
    block.write(4, array.array('h', [1, 2]))
    assert block.read(0, 8) == b'xyzg' + array.array('h', [1, 2]).tobytes()

    source = bytearray(b'q' * block.size)
    block.write(0, source)
    source.append(0)  # The buffer has been released.
    assert block.read() == b'q' * block.size
    with pytest.raises(ValueError):
        released = memoryview(b'abc')
        released.release()
        block.write(0, released)


def test_copies_of_truncated_blocks(blocks):
    """An error, and no SIGBUS, for copies with the GIL and without it."""
    name = blocks.new_name()
    with Shm.SharedMemory(name, create=True, size=1 << 20) as shm:
        os.truncate('/dev/shm/' + name, 4096)
        shm.unlink()
        for length in 100, 1 << 19:
            for function in (lambda: shm.read(4096, length), lambda: shm.write(4096, bytes(length))):
                with pytest.raises(ValueError) as excinfo:
                    function()
                assert excinfo.value.gerror.matches(Shm.Error.quark(), Shm.Error.CORRUPT)


@needs_extension
def test_large_copies_release_the_gil(blocks):
    """Only a call without the GIL waits for a fork in another thread."""
    calls = []
    with Shm.SharedMemory(blocks.new_name(), create=True, size=1 << 20) as shm:
        shm.unlink()
        compiled.close_gate(lambda: calls.append(None))
        try:
            shm.read(0, 100), shm.write(0, b'abc')
            assert calls == []
            shm.read(), shm.write(0, bytes(1 << 20))
            assert len(calls) == 2
        finally:
            compiled.open_gate(False)
