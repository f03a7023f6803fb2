# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Lets a process fork while other threads use the library.

GLib has locks of its own, for example for reference counts that PyGObject watches, and for signals.
If a thread holds such a lock when another thread forks, the lock stays locked in the child, and the
child waits for ever at its next use of an object. The library cannot release a lock of GLib.

Python forks with the lock of the interpreter held. So a thread can hold a lock of GLib only if it is
inside of a call of C code that runs without the lock of the interpreter: in a function of this
package, or in a call that the extension counts. Before a fork, _close_gate() therefore makes new calls wait, and waits for the end of the
calls that run. It does not wait long for a call that takes long: such a call usually waits for an
event itself, and holds no lock of GLib meanwhile.
"""

import os
import sys
import time
from _thread import _count as count_threads, allocate_lock, get_ident

from . import extension

_LIMIT = 1.0  # how long a fork waits, in seconds. On a busy machine, a short call can take this long.
_PAUSE = 0.0001

_extension = extension.module

# Whether wait() must be called before a call of C code, and again as long as it returns True.
is_forking = False

_gate = allocate_lock()  # held during a fork
_owner = None            # the thread that holds it


def wait():
    """Waits until the fork in another thread is over. Returns True if the caller must look again
    whether a thread forks: _close_gate() does not count a thread that is still in this function.

    The limit prevents a deadlock if a callback of a program waits for another thread."""
    if _owner == get_ident() or not _gate.acquire(timeout=2 * _LIMIT):
        return False
    _gate.release()

    return True


def _is_inside(frame):
    """Returns whether a thread is in a call that this package has made."""
    return (frame.f_globals.get('__package__') == __package__
            and frame.f_code is not wait.__code__)


def _is_any_inside():
    own = get_ident()

    if _extension is not None and _extension.count_calls() > 0:
        return True

    return any(_is_inside(frame) for thread, frame in sys._current_frames().items()
               if thread != own)


def _close_gate():
    global is_forking, _owner
    if count_threads() == 0 or not _gate.acquire(timeout=_LIMIT):
        return
    _owner = get_ident()
    is_forking = True
    if _extension is not None:
        _extension.close_gate(wait)
    deadline = time.monotonic() + _LIMIT
    while _is_any_inside() and time.monotonic() < deadline:
        time.sleep(_PAUSE)  # releases the lock of the interpreter, which these calls need to return


def _open_gate():
    global is_forking, _owner
    if _owner == get_ident():
        is_forking, _owner = False, None
        if _extension is not None:
            _extension.open_gate(False)
        _gate.release()


def _open_gate_in_child():
    global is_forking, _gate, _owner
    is_forking, _owner = False, None
    _gate = allocate_lock()
    if _extension is not None:
        _extension.open_gate(True)


os.register_at_fork(before=_close_gate, after_in_parent=_open_gate,
                    after_in_child=_open_gate_in_child)
