# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Uses the Python module as programs do. test_stub.py lets mypy check this file, and runs it. mypy
must find an error in each line with "type: ignore"."""

import asyncio
from typing import TYPE_CHECKING, Any, assert_type

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Gio, GLib, Shm  # noqa: E402


def use_blocks() -> None:
    with Shm.SharedMemory(create=True, size=4096, sparse=True) as shm:
        assert_type(shm, Shm.SharedMemory)
        assert_type(shm.size, int)
        shm.buf[:3] = b'abc'
        assert_type(shm.read(0, 3), bytes)
        shm.write(8, bytearray(b'defg'))
        shm.write(8, GLib.Bytes.new(b'defg'))
        shm.set_int64(16, 1 << 60)
        assert_type(shm.get_int64(16), int)
        assert_type(shm.get_double(24), float)
        assert_type(shm.atomic_add_int64(16, 1), int)
        assert_type(shm.event_advance(32), int)
        assert_type(shm.wait(32, 0, timeout=1.5), bool)
        with shm.lock() as guard:
            assert_type(guard, Shm.LockGuard)
        with shm.lock_range(0, 16, shared=True, timeout=0.5):
            pass
        name: str = shm.name
        with Shm.SharedMemory(name, read_only=True) as other:
            assert_type(other.read_only, bool)
        assert_type(other.props.origin, Shm.Origin)
        assert_type(Shm.SharedMemory.attach(name, Shm.AttachFlags.READ_ONLY), Shm.SharedMemory)
        assert_type([block.name for block in Shm.list_blocks()], list[str])
        shm.unlink()
    anonymous = Shm.SharedMemory.create_anonymous(64)
    anonymous.seal(Shm.SealFlags.SHRINK | Shm.SealFlags.GROW)
    assert_type(anonymous.get_name(), str | None)

    if TYPE_CHECKING:
        Shm.SharedMemory(create=True, size='4096')  # type: ignore[arg-type]
        Shm.SharedMemory(sizes=4096)  # type: ignore[call-arg]
        shm.set_int64(0)  # type: ignore[call-arg]
        shm.set_int64(0, 1.5)  # type: ignore[arg-type]
        shm.write(0, 'text')  # type: ignore[arg-type]
        shm.size = 5  # type: ignore[misc]
        shm.lock(wait=1)  # type: ignore[call-arg]
        shm.reed()  # type: ignore[attr-defined]
        Shm.SharedMemory.attach(None)  # type: ignore[arg-type]
        Shm.shared_memory()  # type: ignore[attr-defined]


class Table(Shm.SharedMemory):
    def get_rows(self) -> int:
        return self.size // 8


def use_subclasses() -> None:
    with Table(create=True, size=64) as table:
        assert_type(table, Table)
        assert table.get_rows() == 8
        assert_type(Table(table.name), Table)
        table.unlink()


def use_lists() -> None:
    numbers = Shm.ShareableList([1, 2, 3])
    assert_type(numbers, Shm.ShareableList[int])
    assert_type(numbers[0], int)
    numbers[-1] = 7
    assert_type(sum(numbers), int)
    mixed: Shm.ShareableList[Any] = Shm.ShareableList([1, 'two', None, 4.0, b'five'])
    assert_type(mixed[0], Any)
    mixed[0] = 'one'
    row = ['state', 0.0, 0]
    rows = Shm.ShareableList(row * 2)
    assert_type(rows[0], Any)
    attached = Shm.ShareableList(name=numbers.shm.name)
    assert_type(attached.index(7), int)
    assert_type(attached.count(7), int)
    assert_type(attached.get_value(0), int | float | bool | str | bytes | None)
    assert_type(numbers.get_value_kind(0), Shm.ValueKind)
    assert_type(numbers.copy_values(), list[int | float | bool | str | bytes | None])
    assert_type(numbers.format, str)
    with numbers.lock(timeout=1):
        numbers.set_value(0, 5)
    model = numbers.get_model()
    model.interval = 0.5
    for item in model:
        assert_type(item.text, str)
    for block in (numbers.shm, mixed.shm, rows.shm):
        block.unlink()
        block.close()

    if TYPE_CHECKING:
        numbers[0] = 'one'  # type: ignore[assignment]
        numbers['first']  # type: ignore[index]
        Shm.ShareableList(5)  # type: ignore[call-overload]
        numbers.set_string(0, 5)  # type: ignore[arg-type]
        model.interval = 'fast'  # type: ignore[assignment]


def use_managers() -> None:
    with Shm.Manager(flags=Shm.ManagerFlags.REFUSE_MD5) as manager:
        assert_type(manager.SharedMemory(64), Shm.SharedMemory)
        assert_type(manager.ShareableList([1.5]), Shm.ShareableList[float])
        assert_type(manager.list_blocks(), list[str])
        assert_type(manager.connect('block-removed', print), int)
    assert_type(manager.get_state(), Shm.ManagerState)
    Shm.SharedMemoryManager(authkey=b'secret')

    if TYPE_CHECKING:
        manager.SharedMemory(64, 5)  # type: ignore[arg-type]
        manager.start(print)  # type: ignore[arg-type]
        Shm.Manager(serializer='xmlrpclib')  # type: ignore[arg-type]


def use_frames() -> None:
    frames = Shm.Frames.create(None, 1024, 4)
    with frames.draw() as view:
        view[:2] = b'ab'
    with frames.acquire() as frame:
        assert_type(frame.view, memoryview)
        assert_type(frame.number, int)
    assert_type(frames.read(), bytes)
    assert_type(frames.write(bytes(1024)), int)
    frames.shared_memory.unlink()
    frames.close()

    if TYPE_CHECKING:
        Shm.Frames.create(1024, 4)  # type: ignore[call-arg,arg-type]


async def use_coroutines() -> None:
    shm = await Shm.SharedMemory.create_async(None, 64)
    assert_type(shm, Shm.SharedMemory)
    assert_type(await shm.read_async(0, 8), bytes)
    async with shm.lock_async(shared=True) as guard:
        assert_type(guard, Shm.LockGuard)
    assert_type(await Shm.list_blocks_async(), list[Shm.BlockInfo])
    shm.unlink()
    shm.close()

    if TYPE_CHECKING:
        def done(source: Shm.SharedMemory, result: Gio.AsyncResult) -> None:
            assert_type(source.read_finish(result), bytes)

        shm.read_async(0, 8, None, done)
        shm.read_async(callback=done)
        shm.read_async(0, 8, done)  # type: ignore[call-overload]
        await shm.read_async(callback=done)  # type: ignore[misc]


if __name__ == '__main__':
    use_blocks()
    use_subclasses()
    use_lists()
    use_managers()
    use_frames()
    asyncio.run(use_coroutines())
