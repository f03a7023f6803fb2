# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests of awaiting the asynchronous functions, under each kind of loop of asyncio."""

import asyncio
import gc
import multiprocessing
import os
import select
import signal
import socket
import threading
import weakref

import gi
import pytest

gi.require_version('Shm', '1.0')
from gi.repository import Gio, GLib, Shm

from support import TIMEOUT, count_descriptors, exists, run_until

SIZE = 100


def run_plain(coroutine):
    asyncio.run(asyncio.wait_for(coroutine, TIMEOUT))


def run_with_glib(coroutine):
    events = pytest.importorskip('gi.events', reason='PyGObject has no loop for asyncio')
    policy = events.GLibEventLoopPolicy()
    loop = policy.get_event_loop()
    try:
        loop.run_until_complete(asyncio.wait_for(coroutine, TIMEOUT))
    finally:
        loop.close()


def run_in_thread(coroutine):
    """Runs a coroutine in a thread, whose loop has no GMainContext either."""
    errors = []

    def run():
        try:
            run_plain(coroutine)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]


@pytest.fixture(params=[run_plain, run_with_glib, run_in_thread],
                ids=['asyncio', 'gi.events', 'thread'])
def run(request):
    """Runs a coroutine. Fails if a thread is left."""
    coroutines = []

    def run(function):
        coroutines.append(function())
        request.param(coroutines[-1])

    before = threading.active_count()
    yield run
    for coroutine in coroutines:
        coroutine.close()  # without a warning if the test was skipped
    for thread in threading.enumerate():
        if thread.name == 'shmobj':
            thread.join(TIMEOUT)
    assert threading.active_count() == before


async def wait_for(condition):
    """Waits for a callback in the default GMainContext."""
    while not condition():
        if not hasattr(asyncio.get_running_loop(), '_context'):
            GLib.MainContext.default().iteration(False)
        await asyncio.sleep(0.001)


async def catch(kind, awaitable, code=None):
    with pytest.raises(kind) as excinfo:
        await awaitable
    if code is not None:
        assert excinfo.value.gerror.matches(Shm.Error.quark(), code)

    return excinfo.value


def test_blocks(run, blocks):
    async def main():
        name, other_name = blocks.new_name(), blocks.new_name()
        created = await Shm.SharedMemory.create_async(name, SIZE)
        attached = await Shm.SharedMemory.attach_async(name)
        opened = await Shm.SharedMemory.open_or_create_async(name, SIZE)
        other = await Shm.SharedMemory.open_or_create_async(
            other_name, size=SIZE, mode=0o640, flags=Shm.CreateFlags.SPARSE)
        anonymous = await Shm.SharedMemory.create_anonymous_async(SIZE)
        for shm in created, attached, opened, other, anonymous:
            assert type(shm) is Shm.SharedMemory and shm.size == SIZE
        assert (created.mode, other.mode, anonymous.name) == (0o600, 0o640, None)

        assert await attached.write_async(90, bytearray(b'0123456789')) is True
        assert await created.read_async(90, 10) == b'0123456789'
        assert await created.read_async(98) == b'89'
        assert len(await created.read_async()) == SIZE
        assert await created.read_async(offset=5, length=0) == b''
        assert name in [info.name for info in await Shm.list_blocks_async()]
        created.unlink()
        other.unlink()
        assert await anonymous.seal_async(Shm.SealFlags.WRITE) is True
        assert anonymous.get_seals() & Shm.SealFlags.WRITE

    run(main)


def test_errors_of_blocks(run, blocks):
    async def main():
        name = blocks.new_name()
        missing = await catch(FileNotFoundError, Shm.SharedMemory.attach_async(name),
                              Shm.Error.NOT_FOUND)
        assert missing.filename == '/' + name
        shm = Shm.SharedMemory.create(name, SIZE)
        existing = await catch(FileExistsError, Shm.SharedMemory.create_async(name, SIZE),
                               Shm.Error.EXISTS)
        assert existing.filename == '/' + name
        await catch(ValueError, Shm.SharedMemory.create_async(name, 0), Shm.Error.INVALID_SIZE)
        await catch(IndexError, shm.read_async(SIZE, 1), Shm.Error.OUT_OF_RANGE)
        await catch(IndexError, shm.write_async(SIZE, b'a'), Shm.Error.OUT_OF_RANGE)
        reader = await Shm.SharedMemory.attach_async(name, Shm.AttachFlags.READ_ONLY)
        await catch(PermissionError, reader.write_async(0, b'a'), Shm.Error.READ_ONLY)
        shm.unlink()
        shm.close()
        await catch(ValueError, shm.read_async(0, 1), Shm.Error.CLOSED)

    run(main)


def test_lists(run, blocks):
    async def main():
        name = blocks.new_name()
        values = [1, 2.5, 'a\0', b'b\0', None, True]
        created = await Shm.ShareableList.create_async(values, name)
        attached = await Shm.ShareableList.attach_async(name)
        anonymous = await Shm.ShareableList.create_anonymous_async(values=values)
        opened = await Shm.ShareableList.new_for_shared_memory_async(anonymous.shm)
        for each in created, attached, anonymous, opened:
            assert type(each) is Shm.ShareableList and list(each) == values

        for i, value in enumerate(values):
            assert await attached.get_value_async(i) == value
            assert type(await attached.get_value_async(i - len(values))) is type(value)
        assert await attached.copy_values_async() == values
        assert await attached.get_format_async() == attached.format
        assert await attached.find_async('a\0') == (True, 2)
        assert await attached.count_async(None) == 1
        assert await attached.set_value_async(-1, 7) is True
        assert created[5] == 7

        await catch(ValueError, attached.find_async('missing'), Shm.Error.VALUE_NOT_FOUND)
        await catch(ValueError, attached.set_value_async(2, 'x' * 100), Shm.Error.TOO_LARGE)
        await catch(OverflowError, Shm.ShareableList.create_async([1 << 63]))
        error = await catch(FileExistsError, Shm.ShareableList.create_async([1], name),
                            Shm.Error.EXISTS)
        assert error.filename == '/' + name
        created.shm.unlink()
        created.shm.close()
        await catch(ValueError, created.copy_values_async(), Shm.Error.CLOSED)

    run(main)


def test_iterators_see_awaited_values(run, blocks):
    async def main():
        values = Shm.ShareableList([0] * 20, name=blocks.new_name())
        iterator, backwards = iter(values), reversed(values)
        assert next(iterator) == next(backwards) == 0
        await values.set_value_async(1, 'one')
        await values.set_value_async(-2, -2)
        assert next(iterator) == 'one' and next(backwards) == -2
        values.shm.close()
        values.shm.unlink()

    run(main)


def test_managers(run, blocks):
    async def main():
        manager = Shm.Manager()
        assert await manager.start_async() is True
        client = Shm.Manager(manager.address)
        assert await client.connect_to_server_async() is True
        name = blocks.new_name()
        shm = await client.create_shared_memory_async(name, SIZE)
        made = await client.create_shareable_list_async([1, 'a\0'])
        blocks.add(made.shm)
        assert (type(shm), list(made)) == (Shm.SharedMemory, [1, 'a\0'])
        assert await manager.list_blocks_async() == [name, made.shm.name]
        other = Shm.SharedMemory(blocks.new_name(), create=True, size=SIZE, track=False)
        assert await manager.track_async(other.name) is True
        assert await client.remove_async(other.name) is True

        error = await catch(FileExistsError, client.create_shared_memory_async(name, SIZE),
                            Shm.Error.EXISTS)
        assert error.filename == '/' + name
        await catch(FileNotFoundError, client.remove_async(blocks.new_name()), Shm.Error.NOT_FOUND)
        await catch(multiprocessing.ProcessError, manager.start_async(), Shm.Error.ALREADY_STARTED)
        await catch(multiprocessing.AuthenticationError,
                    Shm.Manager(manager.address, b'wrong').connect_to_server_async(),
                    Shm.Error.AUTHENTICATION_FAILED)
        await manager.shutdown_async()
        assert not exists(name)
        error = await catch(ConnectionError, client.list_blocks_async(), Shm.Error.SERVER_DIED)
        assert error.filename is None
        assert (await Shm.Manager.remove_leftovers_async())[0] is True

    run(main)


def test_async_with_manager(run, blocks):
    """A server lives as long as the block of the starter, and longer than that of a client."""
    async def use():
        async with Shm.Manager() as manager:
            assert manager.get_state() == Shm.ManagerState.STARTED
            client = Shm.Manager(manager.address)
            await client.connect_to_server_async()
            async with client as same:
                assert same is client
            name = blocks.new_name()
            await manager.create_shared_memory_async(name, SIZE)
            assert exists(name)
        assert not exists(name)
        assert manager.get_state() == Shm.ManagerState.SHUT_DOWN

    run(use)


def test_many_at_once(run, blocks):
    async def main():
        shm = Shm.SharedMemory(blocks.new_name(), create=True, size=SIZE)
        await asyncio.gather(*(shm.write_async(i, bytes([i])) for i in range(SIZE)))
        assert await asyncio.gather(*(shm.read_async(i, 1) for i in range(SIZE))) == [
            bytes([i]) for i in range(SIZE)]
        shm.close()
        shm.unlink()

    run(main)


@pytest.fixture
def silent_server():
    """The address of a server that accepts connections and never answers."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind('\0shmobj-silent-%d' % os.getpid())
        server.listen()
        yield server.getsockname()


def test_cancelled_task(run, silent_server):
    async def main():
        manager = Shm.Manager(silent_server)
        task = asyncio.ensure_future(_await(manager.connect_to_server_async()))
        await asyncio.sleep(0)
        assert task.cancel()
        await catch(asyncio.CancelledError, task)
        assert manager.get_state() == Shm.ManagerState.INITIAL

        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(manager.connect_to_server_async(), 0.01)
        assert manager.get_state() == Shm.ManagerState.INITIAL

    run(main)


async def _await(awaitable):
    return await awaitable


def test_cancelled_too_late(run, blocks):
    """A cancelled creation either fails, and creates no block, or returns the block."""
    async def main():
        for _ in range(20):
            name = blocks.new_name()
            task = asyncio.ensure_future(_await(Shm.SharedMemory.create_async(name, SIZE)))
            await asyncio.sleep(0)
            task.cancel()
            try:
                shm = await task
            except asyncio.CancelledError:
                assert not exists(name)
            else:
                shm.unlink()

    run(main)


def test_cancelled_after_success(run, blocks):
    """The task is cancelled when the operation has succeeded and the task has not yet run again."""
    async def main():
        n_cancelled = 0
        while n_cancelled < 5:
            call = Shm.SharedMemory.create_async(blocks.new_name(), SIZE)
            task = asyncio.ensure_future(_await(call))
            await asyncio.sleep(0)
            while not call.done():
                await asyncio.sleep(0)
            # The task is done already if the operation has ended before the task ran at all.
            n_cancelled += task.cancel()
            (await task).unlink()

    run(main)


def test_cancellable(run, blocks):
    async def main():
        cancellable = Gio.Cancellable()
        call = Shm.SharedMemory.create_async(blocks.new_name(), SIZE, cancellable=cancellable)
        call.cancel()
        assert cancellable.is_cancelled()
        try:
            (await call).unlink()
        except asyncio.CancelledError:
            pass

        # The error is not a CancelledError if the program has cancelled the operation itself.
        error = await catch(GLib.Error, Shm.SharedMemory.create_async(
            blocks.new_name(), SIZE, cancellable=cancellable))
        assert error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)

    run(main)


def test_callback_under_a_loop(run, blocks):
    """With a callback, the result is None, as without a loop."""
    async def main():
        name = blocks.new_name()
        with Shm.SharedMemory(name, create=True, size=SIZE) as shm:
            results = []
            assert shm.read_async(0, 1, None, lambda _, result: results.append(result)) is None
            assert shm.read_async(0, 1, None, None) is None
            with pytest.raises(TypeError, match='multiple values'):
                shm.read_async(0, 1, None, print, callback=print)
            if threading.current_thread() is threading.main_thread():
                await wait_for(lambda: results)
            shm.unlink()

    run(main)


def test_without_a_loop(blocks):
    with Shm.SharedMemory(blocks.new_name(), create=True, size=SIZE) as shm:
        assert shm.write_async(0, b'a') is None
        run_until(lambda: shm.read(0, 1) == b'a')
        shm.unlink()


def test_server_started_by_asyncio_is_watched():
    """The loop of asyncio has ended when the server dies."""
    exited = []
    manager = Shm.Manager()
    manager.connect('server-exited', exited.append)
    run_plain(_start(manager))
    os.kill(manager.get_pid(), signal.SIGKILL)
    run_until(lambda: exited)
    assert exited == [manager]


async def _start(manager):
    await manager.start_async()


def test_loop_that_ends_early(blocks):
    """Nothing awaits the result. The thread of the call ends anyway."""
    async def main():
        shm.write_async(0, b'a')

    with Shm.SharedMemory(blocks.new_name(), create=True, size=SIZE) as shm:
        run_plain(main())
        for thread in threading.enumerate():
            if thread.name == 'shmobj':
                thread.join(TIMEOUT)
                assert not thread.is_alive()
        assert shm.read(0, 1) == b'a'
        shm.unlink()


WORD = 8
EVENT = 16


def change(block):
    block.atomic_add_int32(WORD, 1)
    block.wake(WORD, 1)
    block.event_advance(EVENT)


# Both functions, with the arguments that let them wait until another thread or process acts.
WAITS = [pytest.param(lambda block, *rest, **more: block.wait_async(WORD, 0, *rest, **more),
                      id='wait'),
         pytest.param(lambda block, *rest, **more: block.event_wait_async(EVENT, 0, *rest, **more),
                      id='event_wait')]


@pytest.fixture
def block():
    shm = Shm.SharedMemory.create_anonymous(4096)
    yield shm
    shm.close()


@pytest.mark.parametrize('wait', WAITS)
def test_wait(run, block, wait):
    async def main():
        waits = [asyncio.ensure_future(wait(block)) for _ in range(3)]
        await asyncio.sleep(0.02)
        assert not any(future.done() for future in waits)
        change(block)
        assert await asyncio.gather(*waits) == [1, 1, 1]
        assert await wait(block, 1) == 1

    run(main)


@pytest.mark.parametrize('wait', WAITS)
def test_wait_ends(run, block, wait):
    async def main():
        await catch(TimeoutError, wait(block, 0))
        await catch(TimeoutError, wait(block, timeout=0.01))

        task = asyncio.ensure_future(wait(block))
        await asyncio.sleep(0.01)
        task.cancel()
        await catch(asyncio.CancelledError, task)

        cancellable = Gio.Cancellable()
        task = asyncio.ensure_future(wait(block, cancellable=cancellable))
        await asyncio.sleep(0.01)
        cancellable.cancel()
        assert (await catch(GLib.Error, task)).matches(Gio.io_error_quark(),
                                                       Gio.IOErrorEnum.CANCELLED)

        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(wait(block), 0.01)

        other = Shm.SharedMemory.attach_fd(block.get_fd())
        task = asyncio.ensure_future(wait(other))
        await asyncio.sleep(0.01)
        other.close()
        with pytest.raises(ValueError, match='closed'):
            await task
        with pytest.raises(ValueError, match='must be a multiple of'):
            await block.event_wait_async(4, 0)

    run(main)


def test_many_waits(run, block):
    """Two processes answer each other."""
    n_rounds = 300
    pid = os.fork()
    if pid == 0:
        for i in range(n_rounds):
            block.event_wait(EVENT, i, TIMEOUT)
            block.event_advance(EVENT + 8)
        os._exit(0)

    async def main():
        for i in range(n_rounds):
            block.event_advance(EVENT)
            assert await block.event_wait_async(EVENT + 8, i) == i + 1

    try:
        run(main)
    finally:  # also if the test is skipped
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_model_beside_waits(run, block, blocks):
    """Waits that end without a pause do not keep the loop from showing the values of a list."""
    async def wait_without_pause(changed):
        seen = 0
        while not changed.done():
            wait = block.event_wait_async(EVENT, seen)
            block.event_advance(EVENT)
            seen = await wait

    async def main():
        values = Shm.ShareableList([1], name=blocks.new_name())
        changed = asyncio.get_running_loop().create_future()
        model = values.get_model()
        model.connect('items-changed', lambda *_: changed.done() or changed.set_result(True))
        waits = asyncio.ensure_future(wait_without_pause(changed))
        await asyncio.sleep(0.02)
        values[0] = 2
        await waits
        assert changed.done()
        values.shm.unlink()

    run(main)


def test_ends_of_waits(run, block):
    """A future that the program completes itself, and waits in a forked child."""
    async def main():
        wait = block.event_wait_async(EVENT, 0)
        wait.set_result(7)
        assert not wait.cancel()
        other = block.event_wait_async(EVENT, 0)
        assert other.cancel()
        await catch(asyncio.CancelledError, other)
        assert not other.cancel()
        block.event_advance(EVENT)
        assert await wait == 7
        assert await block.event_wait_async(EVENT, 0) == 1

        pid = os.fork()
        if pid == 0:
            # The child is inside a loop that belongs to its parent, and has a new one in a thread.
            run_in_thread(in_child())
            os._exit(0)
        assert await block.event_wait_async(EVENT, 1, TIMEOUT) == 2
        assert os.waitpid(pid, 0)[1] == 0

    async def in_child():
        with pytest.raises(TimeoutError):
            await block.event_wait_async(EVENT, 1, 0.01)
        block.event_advance(EVENT)
        assert await block.event_wait_async(EVENT, 1) == 2

    run(main)


def test_waits_need_no_thread(block):
    """The waits of a loop share one descriptor."""
    async def main():
        threads = threading.active_count()
        seen = block.event_get(EVENT)
        waits = [asyncio.ensure_future(block.event_wait_async(EVENT, seen)) for _ in range(100)]
        await asyncio.sleep(0.01)
        assert threading.active_count() == threads
        assert len(os.listdir('/proc/self/fd')) < before + 10
        block.event_advance(EVENT)
        assert await asyncio.gather(*waits) == [seen + 1] * 100

    before = len(os.listdir('/proc/self/fd'))
    for _ in range(20):
        run_plain(main())
    assert len(os.listdir('/proc/self/fd')) < before + 10


@pytest.mark.parametrize('run', [run_plain, run_in_thread])
@pytest.mark.parametrize('more', [{}, {'timeout': TIMEOUT}, {'cancellable': Gio.Cancellable}],
                         ids=['plain', 'timeout', 'cancellable'])
@pytest.mark.parametrize('wait', WAITS)
def test_loops_that_end_during_a_wait(run, block, wait, more, capfd):
    """A wait that nobody ends keeps neither its loop nor the descriptors of the loop."""
    loops = weakref.WeakSet()
    cancellable = Gio.Cancellable()
    if 'cancellable' in more:
        more = {'cancellable': cancellable}

    async def main():
        loops.add(asyncio.get_running_loop())
        wait(block, **more)

    async def end():
        await catch(TimeoutError, wait(block, 0.001))

    before = count_descriptors()
    for _ in range(20):
        run(main())
    # Only the program may cancel a cancellable of the program.
    assert not cancellable.is_cancelled()
    cancellable.cancel()
    run(end())
    gc.collect()
    assert len(loops) == 0
    assert count_descriptors() < before + 10
    assert capfd.readouterr().err == ''


def test_model_of_a_closed_loop(block, blocks):
    """The end of the waits of a closed loop calls no function of the program."""
    changes = []
    values = Shm.ShareableList([1], name=blocks.new_name())
    values.shm.unlink()

    async def main():
        model = values.get_model()
        model.connect('items-changed', lambda *_: changes.append(None))
        block.event_wait_async(EVENT, 0, timeout=TIMEOUT)
        await asyncio.sleep(0.05)  # The model waits for a change.
        return model

    async def wait():
        await catch(TimeoutError, block.event_wait_async(EVENT, 0, 0.001))

    model = asyncio.run(main())
    values[0] = 2
    run_plain(wait())
    assert not changes and model.get_n_items() == 1


def test_loop_without_readers(block, monkeypatch):
    """A loop that cannot wait for a descriptor has a thread for each wait."""
    def add_reader(*args):
        raise NotImplementedError

    async def main():
        monkeypatch.setattr(asyncio.get_running_loop(), 'add_reader', add_reader)
        wait = asyncio.ensure_future(block.event_wait_async(EVENT, 0))
        await asyncio.sleep(0.01)
        block.event_advance(EVENT)
        assert await wait == 1

    run_plain(main())


@pytest.mark.parametrize('wait', WAITS)
def test_wait_without_a_loop(block, wait):
    """No loop of asyncio runs, but the program has imported asyncio."""
    results = []
    assert wait(block, -1, None, lambda _, result: results.append(result)) is None
    assert wait(block) is None
    change(block)
    run_until(lambda: results)


def test_waker(block):
    """A waker connects the functions with a loop that is not asyncio's."""
    waker = Shm.Waker.new()
    results = []
    context = waker.get_context()
    context.push_thread_default()
    block.event_wait_async(EVENT, 0, callback=lambda _, result: results.append(
        block.event_wait_finish(result)))
    block.wait_async(WORD, 0, 0.02, callback=lambda _, result: results.append(result))
    context.pop_thread_default()
    poll = select.poll()
    poll.register(waker.get_fd(), select.POLLIN)

    def step():
        assert poll.poll(TIMEOUT * 1000)
        waker.dispatch()

    while not results:
        step()
    with pytest.raises(TimeoutError):
        block.wait_finish(results.pop())
    while poll.poll(0):
        waker.dispatch()
    assert not results
    block.event_advance(EVENT)
    while not results:
        step()
    assert results == [1]


def test_sources(block):
    """A source of GLib, with a callback in Python."""
    seen = []
    cancellable = Gio.Cancellable()
    source = block.create_event_source(EVENT, 0, cancellable)
    source.set_callback(lambda *_: seen.append(block.event_get(EVENT)) or GLib.SOURCE_CONTINUE)
    source.attach(None)
    for i in range(1, 4):
        change(block)
        run_until(lambda: seen[-1:] == [i])
    cancellable.cancel()
    run_until(source.is_destroyed)
    assert seen == [1, 2, 3, 3]

    source = block.create_wait_source(WORD, 0)
    source.set_callback(lambda *_: seen.clear() or GLib.SOURCE_REMOVE)
    source.attach(None)
    run_until(lambda: not seen)
    with pytest.raises(ValueError, match='must be a multiple of'):
        block.create_wait_source(2, 0)
