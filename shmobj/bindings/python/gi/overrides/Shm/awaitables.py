# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Lets asyncio await the asynchronous functions of the library.

An asynchronous function of the library reports its end in a GMainContext. There are three cases:

- The running loop of asyncio iterates the GMainContext of this thread, as the loop of gi.events
  does. The function is called as it is.
- The running loop is any other loop, and the function waits for a change of a block. Such a wait can
  take for ever, so it must not need a thread. The loop has a Shm.Waker, whose GMainContext is
  iterated when the descriptor of the waker is readable. With the compiled extension, all waits of a
  loop share one source in this GMainContext. A wait keeps its future, which keeps the loop.
  Therefore the next loop that gets a waker ends the waits of the loops that are closed.
- In all other cases, nothing iterates a GMainContext, and PyGObject does not give
  access to the descriptors on which a GMainContext waits. Therefore a thread calls the function and
  iterates a GMainContext of its own until the function ends. Then the thread ends, too.

PyGObject itself has awaitables since 3.50. They work in the first case only, and call the C function
that ends the operation. They would raise GLib.Error and return values as C has them.
"""

import asyncio
import functools
import os
import threading
import weakref

from gi.repository import Gio, GLib, GObject

from . import errors, extension
from .errors import Shm

_CONTEXT_DESCRIPTORS = 2  # of a GMainContext: an eventfd, or a pipe if the system has no eventfd

_wakers = weakref.WeakKeyDictionary()  # of loops
_waits = weakref.WeakKeyDictionary()  # the LoopWaits of loops, with the extension
_calls = weakref.WeakKeyDictionary()  # the other waits of loops with a waker: sets of AsyncCall
_with_models = weakref.WeakSet()  # the loops whose wakers also wake models


class AsyncCall(asyncio.Future):
    """The result of an asynchronous function.

    cancel() cancels the operation but does not wait for its end. The future is done when the
    operation has ended. If the operation succeeded in spite of the cancellation, the future has
    its result. Therefore no result is lost, for example a new block.
    """

    _is_cancelling = False
    _message = None  # the argument of cancel()

    def __init__(self, loop, cancellable):
        super().__init__(loop=loop)
        self._has_own_cancellable = cancellable is None
        self.cancellable = cancellable or Gio.Cancellable.new()

    def cancel(self, msg=None):
        if self.done():
            return False

        self._is_cancelling = True
        self._message = msg
        self.cancellable.cancel()

        return True

    def __await__(self):
        try:
            return (yield from super().__await__())
        except asyncio.CancelledError:
            # The task was cancelled after the operation had succeeded.
            if self.done() and not self.cancelled() and self.exception() is None:
                return self.result()
            raise

    async def __aenter__(self):
        """Lets `async with` wait for the result and use it as `with` does."""
        return (await self).__enter__()

    async def __aexit__(self, *exc_info):
        return self.result().__exit__(*exc_info)

    def _complete(self, finish, name):
        """Gets the result from a function. Runs in the thread of the loop."""
        if self.done():
            return  # The program has set a result itself.
        try:
            result = finish()
        except Exception as error:
            self._fail(error, name)
        else:
            self.set_result(result)

    def _fail(self, error, name):
        if (self._is_cancelling and isinstance(error, GLib.Error)
                and error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)):
            super().cancel(*() if self._message is None else (self._message,))
        else:
            errors.set_filename(error, name)
            self.set_exception(error)


class Wait(AsyncCall):
    """The result of a wait in a LoopWaits of the extension, which calls two methods at the end."""

    # A cancelled wait has no result that could be lost.
    __init__ = asyncio.Future.__init__
    __await__ = asyncio.Future.__await__

    cancellable = None

    def cancel(self, msg=None):
        if self.done():
            return False
        self._waits.remove(self)

        return asyncio.Future.cancel(self, *() if msg is None else (msg,))

    def _shm_succeed(self, result):
        if not self.done():  # unless the program has set a result itself
            self.set_result(result)

    def _shm_fail(self, error):
        if not self.done():
            self._fail(self._block._shm_translate(error), None)


def _iterates_context(loop):
    """Returns whether a loop iterates the GMainContext to which functions of this thread report."""
    context = getattr(loop, '_context', None)

    return (isinstance(context, GLib.MainContext)
            and hash(context) == hash(GLib.MainContext.ref_thread_default()))


def _end_waits(loop):
    """Ends the waits of a closed loop, whose futures will never be done. A wait with a cancellable of
    the program stays until the program cancels it."""
    waker, waits, calls = _wakers.get(loop), _waits.get(loop), _calls.get(loop, ())
    if waits is not None:
        waits.clear()
    for call in [*calls]:
        if call._has_own_cancellable:
            call.cancellable.cancel()
    # The first dispatch ends an operation, and the second one reports it. A model would call functions
    # of the program, which expect that the loop runs.
    if calls and waker is not None and loop not in _with_models:
        waker.dispatch()
        waker.dispatch()
    if not calls:
        for registry in _wakers, _waits, _calls:
            registry.pop(loop, None)


def _end_waits_of_closed_loops():
    for reference in _wakers.keyrefs():
        loop = reference()
        if loop is not None and loop.is_closed():
            _end_waits(loop)


def _get_waker(loop):
    """Returns the waker of a loop, or None if the loop cannot wait for a descriptor."""
    waker = _wakers.get(loop)
    if waker is None:
        _end_waits_of_closed_loops()
        try:
            waker = Shm.Waker.new()
        except GLib.Error as error:
            raise errors.translate(error) from None
        waits = None if extension.module is None else extension.module.LoopWaits(waker)
        try:
            loop.add_reader(waker.get_fd(), (waits or waker).dispatch)
        except NotImplementedError:
            return None
        _wakers[loop] = waker
        if waits is not None:
            _waits[loop] = waits

    return waker


def _check_descriptors(n):
    """Raises an OSError if this process cannot open n more descriptors, and those for the first GTask.
    GLib aborts the program if it cannot open the descriptors of a GMainContext."""
    try:
        GObject.type_from_name('GTask')
    except RuntimeError:
        n += _CONTEXT_DESCRIPTORS  # GLib creates a context for all GTasks.

    opened = []
    try:
        for _ in range(n):
            opened.append(os.open('/', os.O_PATH | os.O_CLOEXEC))
    except OSError as error:
        message = f'The descriptors of a main context cannot be opened: {error.strerror}'
        raise errors.translate(GLib.Error.new_literal(Shm.Error.quark(), message,
                                                      Shm.Error.TOO_MANY_FILES)) from None
    finally:
        for fd in opened:
            os.close(fd)


def _begin_with_waker(loop, waker, begin, call, finish, name):
    calls = _calls.setdefault(loop, set())

    def end(_, result):
        calls.discard(call)
        if not loop.is_closed():
            call._complete(functools.partial(finish, result), name)

    context = waker.get_context()
    context.push_thread_default()
    try:
        _check_descriptors(0)
        begin(call.cancellable, end)
        calls.add(call)
    except Exception as error:  # an invalid argument, or no descriptor for the first GTask
        call.set_exception(error)
    finally:
        context.pop_thread_default()


def call_in_context(loop, function):
    """Calls a function. What it creates for the main context of its caller uses the loop instead."""
    waker = None if _iterates_context(loop) else _get_waker(loop)
    if waker is None:
        return function()

    _with_models.add(loop)
    context = waker.get_context()
    context.push_thread_default()
    try:
        return function()
    finally:
        context.pop_thread_default()


def _complete_in_loop(call, finish, name):
    """Completes a call from another thread."""
    try:
        call.get_loop().call_soon_threadsafe(call._complete, finish, name)
    except RuntimeError:
        pass  # The loop was closed, so nothing can wait for the result.


def _iterate_until_end(begin, cancellable):
    """Calls an asynchronous function, and iterates a GMainContext until the function ends. Returns the
    GAsyncResult."""
    results = []
    _check_descriptors(_CONTEXT_DESCRIPTORS)
    context = GLib.MainContext.new()
    context.push_thread_default()
    try:
        begin(cancellable, lambda _, result: results.append(result))
        while not results:
            # The method of the override would look for a loop of gi.events.
            super(GLib.MainContext, context).iteration(True)
    finally:
        context.pop_thread_default()

    return results[0]


def _run(begin, call, finish, name):
    """Calls an asynchronous function in a GMainContext of its own."""
    try:
        finish = functools.partial(finish, _iterate_until_end(begin, call.cancellable))
    except Exception as error:
        finish = functools.partial(_raise, error)

    _complete_in_loop(call, finish, name)


def _run_blocking(function, call, name):
    """Calls a function that waits for its result."""
    try:
        finish = functools.partial(lambda result: result, function(call.cancellable))
    except Exception as error:
        finish = functools.partial(_raise, error)

    _complete_in_loop(call, finish, name)


def _raise(error):
    raise error


def complete(loop, result):
    """Returns a future that is done already."""
    call = AsyncCall(loop, None)
    call.set_result(result)

    return call


def _find_waits(loop):
    """Returns the LoopWaits of a loop, or None if it has none."""
    if extension.module is None or _iterates_context(loop) or _get_waker(loop) is None:
        return None

    return _waits[loop]


def begin_wait(block, arguments, is_event):
    """Waits for a change of a word with the extension. Returns a future, or None if start() must be
    called.

    arguments: the offset, the value that the caller has seen, and optionally the timeout.
    """
    loop = asyncio._get_running_loop()
    if loop is None:
        return None
    waits = _waits.get(loop) or _find_waits(loop)
    if waits is None:
        return None

    call = Wait(loop=loop)
    call._waits, call._block = waits, block
    result = waits.add(call, block, is_event, arguments)
    if result is NotImplemented:
        return None
    if result is not None:
        call.set_result(result)

    return call


def start(loop, begin, finish, cancellable, name, blocking, is_wait):
    """Calls an asynchronous function. Returns a future of a loop that runs.

    begin(cancellable, callback): the asynchronous function.
    finish(result): returns the result or raises an exception.
    name: the name of the block, which becomes the filename of an OSError.
    blocking(cancellable): a function that does the same and waits for the result, or None. It
        replaces begin() if a thread of its own must make the call.
    is_wait: whether the function waits for a change of a block.
    """
    call = AsyncCall(loop, cancellable)
    if _iterates_context(loop):
        try:
            _check_descriptors(0)
            begin(call.cancellable,
                  lambda _, result: call._complete(functools.partial(finish, result), name))
        except Exception as error:  # an invalid argument, or no descriptor for the first GTask
            call.set_exception(error)
    elif is_wait and (waker := _get_waker(loop)) is not None:
        _begin_with_waker(loop, waker, begin, call, finish, name)
    else:
        run = (functools.partial(_run, begin, call, finish, name) if blocking is None
               else functools.partial(_run_blocking, blocking, call, name))
        threading.Thread(target=run, name='shmobj').start()

    return call
