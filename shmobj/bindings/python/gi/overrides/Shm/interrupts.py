# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Calls functions of the library in such a way that an exception interrupts them at once, and that
no result is lost.

Python runs a signal handler only when it executes bytecode, and not while a function of the library
works or waits. Therefore the library calls a check function about every 20 milliseconds. If a
handler raises an exception in the check function, the library cancels its operation and undoes it,
and call() raises the exception.

An exception of a handler can also arrive after the function, between two instructions of Python.
Therefore a caller passes a list to call(). C code appends the result, so no instruction lies between
the creation of an object and the append. The caller's `except BaseException` then undoes what is in
the list, again with a single call of C code, so that a second exception cannot prevent it.
"""

import itertools
import os
import sys
from _thread import get_native_id

from gi.repository import Gio

from . import forks
from .errors import Shm, ShmPrivate

_is_finalizing = sys.is_finalizing
_starmap = itertools.starmap
_discard = ShmPrivate.discard

# Pairs of a cancellable and the list for the exception of its check function, which no call uses at
# the moment. They are kept, because making a pair takes longer than a short call.
_unused = []


def _check(raised, cancellable):
    """The check function. It is a generator, because the interpreter must execute an instruction at
    which it runs signal handlers *inside* of the try statement. A function would run them before its
    first statement, and PyGObject would print the exception and forget it."""
    try:
        while True:
            yield cancellable is None or not cancellable.is_cancelled()
    except GeneratorExit:
        return
    except BaseException as error:
        raised += (error,)  # without a call, because a second handler could raise after a call

    # The library calls the function once more after it has undone the operation, which can take
    # long. A second exception replaces the first, as everywhere in Python.
    try:
        while True:
            yield False
    except GeneratorExit:
        return
    except BaseException as error:
        raised += (error,)
    while True:
        yield False


def _make_pair(cancellable):
    raised = []
    check = _check(raised, cancellable)
    next(check)
    if raised:
        raise raised.pop()
    pair = Gio.Cancellable.new(), raised
    ShmPrivate.cancellable_set_check(pair[0], check.__next__)

    return pair


def call(made, function, *args, cancellable=None):
    """Calls function(*args, cancellable), and appends the result to the list `made`. In the main
    thread, signal handlers run during the call, and their exceptions interrupt the call."""
    while forks.is_forking and forks.wait():
        pass
    # Python runs signal handlers only in the main thread. Moreover, a daemon thread must not run
    # Python code at the exit of the interpreter: it would end in the middle of the function. During
    # the exit, PyGObject does not call the check function, and C code gets a random result. A
    # cancellable that is cancelled already must make the function fail before it begins.
    if (get_native_id() != os.getpid() or _is_finalizing()
            or cancellable is not None and cancellable.is_cancelled()):
        made.extend(_starmap(function, ((*args, cancellable),)))
        return

    pair = _unused.pop() if cancellable is None and _unused else _make_pair(cancellable)
    checked, raised = pair
    try:
        made.extend(_starmap(function, ((*args, checked),)))
    except BaseException:
        # If a second handler raises while PyGObject makes the GLib.Error of the cancelled operation,
        # PyGObject raises a RuntimeError.
        if not raised:
            if cancellable is None:
                _unused.append(pair)  # PyGObject leaks some bytes for each pair
            raise
    if raised:
        error = raised.pop()
        # Drop the check function's entry of the traceback: its frame and the exception would refer to
        # each other.
        raise error.with_traceback(error.__traceback__.tb_next)
    if cancellable is None:
        _unused.append(pair)
