# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests models that follow a list. CPython has nothing of this kind, but writes the lists."""

import asyncio
import multiprocessing.shared_memory as stock
import os
import signal
import subprocess
import sys
import threading

import gi
import pytest

gi.require_version('Shm', '1.0')
from gi.repository import Gio, GLib, GObject, Shm

from support import TIMEOUT, run_until

STOCK = """
import sys
from multiprocessing import resource_tracker, shared_memory
resource_tracker.register = resource_tracker.unregister = lambda *args: None
values = shared_memory.ShareableList(name=sys.argv[1])
"""


@pytest.fixture
def values(blocks):
    values = Shm.ShareableList([1, 2.5, 'howdy', b'ab\0', True, None], name=blocks.new_name())
    yield values
    values.shm.close()
    values.shm.unlink()


class Watched:
    """A model and the positions that it has emitted."""

    def __init__(self, values):
        self.model = values.get_model()
        self.changes = []
        self.handler = self.model.connect('items-changed', self.on_items_changed)

    def on_items_changed(self, _model, position, removed, added):
        assert removed == added
        self.changes += range(position, position + added)

    def values(self):
        return [item.value for item in self.model]


def run_stock(values, code):
    """Runs stock CPython in another process. It finds the list in the variable `values`."""
    subprocess.run([sys.executable, '-I', '-S', '-c', STOCK + code, values.shm.name],
                   timeout=TIMEOUT, check=True)


def test_items(values):
    model = values.get_model()
    assert type(model) is Shm.ListModel and isinstance(model, Gio.ListModel)
    assert model.list is values and len(model) == 6
    assert model.get_item_type() == Shm.ModelItem.__gtype__
    assert [item.index for item in model] == [0, 1, 2, 3, 4, 5]
    assert [item.value for item in model] == [1, 2.5, 'howdy', b'ab\0', True, None]
    assert [item.text for item in model] == ['1', '2.5', 'howdy', 'ab\\x00', 'true', '']
    assert type(model[0]) is Shm.ModelItem and repr(model[2]) == "ModelItem(2, 'howdy')"
    assert model[3] is model[3]
    assert model.get_item(6) is None
    assert values.get_model() is model
    assert model.error is None and model.interval is None


def test_own_changes(values):
    watched = Watched(values)
    item = watched.model[2]
    notified = []
    item.connect('notify', lambda item, pspec: notified.append((pspec.name, item.text)))
    values[2] = 'grün'
    assert item.value == 'howdy'
    run_until(lambda: watched.changes)
    assert item.value == 'grün' and watched.changes == [2]
    assert sorted(notified) == [('text', 'grün'), ('value', 'grün')]

    values[0] = 'text'
    values[5] = 5
    run_until(lambda: watched.values() == ['text', 2.5, 'grün', b'ab\0', True, 5])


def test_binding_of_properties(values):
    """A program binds properties to those of its widgets."""
    class Label(GObject.Object):
        label = GObject.Property(type=str)

    label, item = Label(), values.get_model()[0]
    item.bind_property('text', label, 'label', GObject.BindingFlags.SYNC_CREATE)
    assert label.label == '1'
    values[0] = 33
    run_until(lambda: label.label == '33')


def test_other_process(values):
    watched = Watched(values)
    code = ("import sys, gi\n"
            "gi.require_version('Shm', '1.0')\n"
            "from gi.repository import Shm\n"
            "values = Shm.ShareableList(name=sys.argv[1])\n"
            "for i in range(1000): values[0] = i\n"
            "values[1] = 7.5\n")
    with subprocess.Popen([sys.executable, '-c', code, values.shm.name]) as process:
        run_until(lambda: watched.values()[:2] == [999, 7.5])
        assert process.wait(TIMEOUT) == 0


def test_killed_process(values):
    """The last value is shown, although its writer was killed while it wrote."""
    watched = Watched(values)
    code = ("import itertools, sys, gi\n"
            "gi.require_version('Shm', '1.0')\n"
            "from gi.repository import Shm\n"
            "values = Shm.ShareableList(name=sys.argv[1])\n"
            "for i in itertools.count(): values[0] = i\n")
    with subprocess.Popen([sys.executable, '-c', code, values.shm.name]) as process:
        run_until(lambda: watched.model[0].value > 1000)
        process.send_signal(signal.SIGKILL)
        process.wait(TIMEOUT)
    run_until(lambda: watched.model[0].value == values[0])


def test_stock_cpython_refresh(values):
    watched = Watched(values)
    run_stock(values, "values[0] = 17; values[2] = 'bye'")
    watched.model.refresh()
    assert watched.values() == [17, 2.5, 'bye', b'ab\0', True, None]
    assert watched.changes == [0, 2]


def test_stock_cpython_interval(values):
    watched = Watched(values)
    watched.model.interval = 0.02
    assert watched.model.interval == 0.02 and watched.model.props.interval == 20000
    run_stock(values, "values[0] = 18")
    run_until(lambda: watched.model[0].value == 18)

    watched.model.interval = None
    assert watched.model.interval is None and watched.model.props.interval == 0
    for wrong in 0, -1, float('nan'), float('inf'), 1e10:
        with pytest.raises(ValueError):
            watched.model.interval = wrong
    with pytest.raises(TypeError):
        watched.model.interval = '1'


def test_stock_cpython_writes_all_the_time(values):
    """CPython writes a value in several steps. The model never shows half of it."""
    watched = Watched(values)
    watched.model.interval = 0.016
    shown = set()
    watched.model.connect('items-changed', lambda model, *_: shown.add(model[2].value))
    code = STOCK + "while True:\n    for text in 'aaaaaaa', 'bbb', 'howdy': values[2] = text\n"
    with subprocess.Popen([sys.executable, '-I', '-S', '-c', code, values.shm.name]) as process:
        run_until(lambda: len(shown) == 3)
        process.kill()
    assert shown <= {'aaaaaaa', 'bbb', 'howdy'}
    assert watched.model.error is None


def test_list_of_stock_cpython(blocks):
    theirs = stock.ShareableList([1, 'two'], name=blocks.new_name())
    ours = Shm.ShareableList(name=theirs.shm.name, track=False)
    watched = Watched(ours)
    assert watched.values() == [1, 'two']
    theirs[1] = 'drei'
    watched.model.refresh()
    assert watched.values() == [1, 'drei'] and watched.changes == [1]
    watched.model.interval = 0.02
    theirs[0] = 4
    run_until(lambda: watched.model[0].value == 4)
    ours.shm.close()
    theirs.shm.close()
    theirs.shm.unlink()


def test_close(values):
    watched = Watched(values)
    errors = []
    watched.model.connect('notify::error', lambda model, _: errors.append(model.error))
    values.shm.close()
    run_until(lambda: errors)
    assert type(errors[0]) is ValueError and errors[0].gerror.matches(Shm.Error.quark(),
                                                                     Shm.Error.CLOSED)
    assert watched.values() == [1, 2.5, 'howdy', b'ab\0', True, None]
    with pytest.raises(ValueError):
        watched.model.refresh()
    with pytest.raises(ValueError):
        values.get_model()


def test_corrupt_value(values):
    watched = Watched(values)
    with open(f'/dev/shm/{values.shm.name}', 'r+b') as file:
        content = file.read()
        file.seek(content.index(b'8s\0\0\0\0\0\0'))
        file.write(b'zz')
    watched.model.refresh()
    run_until(lambda: watched.model.error)
    assert 'Value 2' in str(watched.model.error)
    assert watched.model[2].value is None and watched.model[2].text == ''
    values[2] = 'fine'
    run_until(lambda: watched.model.error is None)
    assert watched.model[2].value == 'fine'


def test_thread_with_own_context(values):
    results = []

    def run():
        context = GLib.MainContext.new()
        context.push_thread_default()
        model = values.get_model()
        loop = GLib.MainLoop.new(context, False)

        def on_changed(model, *_):
            results.append((threading.current_thread(), model[0].value))
            if model[0].value == 5:
                loop.quit()
        model.connect('items-changed', on_changed)
        ready.set()
        loop.run()
        context.pop_thread_default()

    ready = threading.Event()
    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(TIMEOUT)
    values[0] = 5
    thread.join(TIMEOUT)
    assert results[-1] == (thread, 5)


def test_asyncio(values):
    """In a coroutine, the model uses the loop of asyncio."""
    async def main():
        model = values.get_model()
        changed = asyncio.get_running_loop().create_future()
        seen = []

        def on_items_changed(model, position, *_):
            seen.append((position, model[position].value))
            if model[0].value == 999 and not changed.done():
                changed.set_result(None)
        model.connect('items-changed', on_items_changed)
        code = ("import sys, gi\n"
                "gi.require_version('Shm', '1.0')\n"
                "from gi.repository import Shm\n"
                "values = Shm.ShareableList(name=sys.argv[1])\n"
                "for i in range(1000): values[0] = i\n")
        process = await asyncio.create_subprocess_exec(sys.executable, '-c', code, values.shm.name)
        await asyncio.wait_for(changed, TIMEOUT)
        assert seen[-1] == (0, 999)

        values[2] = 'bye'
        while (2, 'bye') not in seen:
            await asyncio.sleep(0.001)
        assert await process.wait() == 0
        assert values.get_model() is model

    asyncio.run(main())


def test_model_keeps_list_alive(blocks):
    name = blocks.new_name()
    model = Shm.ShareableList([1], name=name).get_model()
    Shm.ShareableList(name=name)[0] = 2
    run_until(lambda: model[0].value == 2)
    model.list.shm.unlink()


def test_forked_child(values):
    watched = Watched(values)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.write(write, b'x')
            run_until(lambda: watched.model[0].value == 5)
            status = 0
        finally:
            os._exit(status)
    os.read(read, 1)
    values[0] = 5
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    run_until(lambda: watched.model[0].value == 5)
    os.close(read)
    os.close(write)
