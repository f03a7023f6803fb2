# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests waiting for words and events of a block. CPython has nothing of this kind."""

import math
import os
import signal
import threading
import time

import gi
import pytest

gi.require_version('Shm', '1.0')
from gi.repository import Gio, GLib, Shm

from support import TIMEOUT

WORD = 8
EVENT = 16


@pytest.fixture
def block():
    shm = Shm.SharedMemory.create_anonymous(4096)
    yield shm
    shm.close()


# Both functions, with the arguments that let them wait until another thread or process acts.
WAITS = [pytest.param(lambda block, *rest, **more: block.wait(WORD, 0, *rest, **more), id='wait'),
         pytest.param(lambda block, *rest, **more: block.event_wait(EVENT, 0, *rest, **more),
                      id='event_wait')]


def change(block):
    block.atomic_add_int32(WORD, 1)
    block.wake(WORD, 1)
    block.event_advance(EVENT)


def test_changed_already(block):
    assert block.wait(WORD, 1) is True
    assert block.event_advance(EVENT) == 1
    assert block.event_wait(EVENT, 0) == block.event_get(EVENT) == 1


@pytest.mark.parametrize('wait', WAITS)
@pytest.mark.parametrize('timeout', [0, 0.0, 0.02, -1, -math.inf])
def test_timeout(block, wait, timeout):
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        wait(block, timeout=timeout)
    assert time.monotonic() - started >= timeout


@pytest.mark.parametrize('wait', WAITS)
@pytest.mark.parametrize('timeout', ['1', b'1', [], math.nan])
def test_wrong_timeout(block, wait, timeout):
    with pytest.raises((TypeError, ValueError)):
        wait(block, timeout)


@pytest.mark.parametrize('wait', WAITS)
@pytest.mark.parametrize('timeout', [None, 1e30, math.inf, 10 ** 20, TIMEOUT])
def test_other_thread_changes(block, wait, timeout):
    """The other thread can only run because a wait does not hold the GIL."""
    thread = threading.Timer(0.02, change, [block])
    thread.start()
    assert wait(block, timeout) == 1
    thread.join()


@pytest.mark.parametrize('wait', WAITS)
def test_child_changes(block, wait):
    pid = os.fork()
    if pid == 0:
        # Until the parent sleeps: on the word, or on the event, which it has armed then.
        while not (block.wake(WORD, 1) or block.get_uint32(EVENT + 4)):
            os.sched_yield()
        change(block)
        os._exit(0)
    assert wait(block) == 1
    os.waitpid(pid, 0)


@pytest.mark.parametrize('wait', WAITS)
def test_cancel(block, wait):
    cancellable = Gio.Cancellable()
    thread = threading.Timer(0.02, cancellable.cancel)
    thread.start()
    with pytest.raises(GLib.Error) as caught:
        wait(block, cancellable=cancellable)
    thread.join()
    assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)


@pytest.mark.parametrize('wait', WAITS)
def test_close_meanwhile(block, wait):
    thread = threading.Timer(0.02, block.close)
    thread.start()
    with pytest.raises(ValueError, match='closed'):
        wait(block)
    thread.join()


class Interrupt(Exception):
    pass


@pytest.mark.parametrize('wait', WAITS)
def test_signal_handler_raises(block, wait):
    """A handler ends a wait, for example that of Ctrl-C."""
    def handle(number, frame):
        raise Interrupt

    before = signal.signal(signal.SIGALRM, handle)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with pytest.raises(Interrupt):
            wait(block)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize('wait', WAITS)
def test_signal_handler_changes(block, wait):
    """A handler that raises no exception does not end the wait, but can change what it is for."""
    calls = []

    def handle(number, frame):
        calls.append(number)
        if len(calls) == 2:
            change(block)

    before = signal.signal(signal.SIGALRM, handle)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        assert wait(block) == 1
        assert len(calls) >= 2
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_errors(block):
    for use in (lambda: block.wait(2, 0), lambda: block.event_wait(4, 0), lambda: block.wake(2, 1),
                lambda: block.event_get(4), lambda: block.event_advance(4)):
        with pytest.raises(ValueError, match='must be a multiple of'):
            use()
    with pytest.raises(IndexError):
        block.wait(4096, 0)
