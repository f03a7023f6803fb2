# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""CPython's resource tracker, which this package does not use. Other code in the program may use it.

CPython's tracker is a process that removes all names that were registered and not unregistered,
when the last process that uses it has ended. CPython's own classes also register the blocks that
they attach to. Since Python 3.13, a program can prevent this.
"""

import functools
import os
import weakref

from . import standard

_KIND = 'shared_memory'

# Maps each name that the program may unregister to a weak reference to its object.
_expected = {}


def expect_unregister(name, shared_memory):
    """Prepares CPython's tracker for a program that is about to unregister a block of this package.

    Programs call resource_tracker.unregister(shm._name, 'shared_memory') in order to keep a block.
    The tracker prints a traceback for a name that is not registered.
    """
    resource_tracker = standard.find('resource_tracker')
    if resource_tracker is None:
        return

    tracker = resource_tracker._resource_tracker
    if '_send' not in vars(tracker):
        tracker._send = functools.partial(_send, tracker._send)
    _expected[name] = weakref.ref(shared_memory)


def _send(send, command, name, kind):
    """Replaces the method of CPython's tracker that sends a command."""
    reference = _expected.pop(name, None) if kind == _KIND else None
    if reference is None or command != 'UNREGISTER':
        return send(command, name, kind)

    shared_memory = reference()
    if shared_memory is not None:
        shared_memory.untrack()


def forget(name):
    """Makes CPython's tracker forget an unlinked block that CPython's classes may have registered.
    Otherwise the tracker would report a leak."""
    module = standard.get_loaded('resource_tracker')
    fd = module and module._resource_tracker._fd
    if fd is None or not name.isascii() or ':' in name or '\n' in name:
        return

    # The tracker prints a traceback for a name that is not registered, so register the name first.
    # One write() is atomic. It does not need the lock of the tracker, which another thread may have
    # held during a fork().
    commands = ''.join(f'{command}:/{name}:{_KIND}\n' for command in ('REGISTER', 'UNREGISTER'))
    try:
        os.write(fd, commands.encode())
    except OSError:
        pass  # The tracker has died, and will report nothing.
