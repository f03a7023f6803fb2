# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Makes the library usable in finalizers that run when the interpreter exits.

PyGObject prepares a function of the library when it is called for the first time: it imports the
modules of the types of the arguments. At the end of its exit, the interpreter removes all modules
and calls the __del__() methods of the objects in them, and nothing can be imported any more. Then a
first call would fail. Therefore all functions are prepared at the beginning of the exit, when
everything still works. This takes one or two milliseconds.
"""

import atexit

from gi.repository import Gio, GLib

from . import standard, values
from .errors import Shm, ShmPrivate
from .shared_memory import load_mmap

# No function takes so many arguments. So PyGObject prepares a function, and then raises TypeError.
_TOO_MANY = (None,) * 100


def _find_functions():
    """Yields the functions of the library, except those that need a main loop, and those of another
    library that this package calls."""
    owners = Shm.SharedMemory, Shm.ShareableList, Shm.Manager, Shm.BlockInfo, Shm.LockGuard
    for owner in owners:
        for name, function in vars(owner).items():
            if not name.endswith(('_async', '_finish')):
                # A class method of the library is a function that is bound to the class.
                yield getattr(owner, name) if isinstance(function, classmethod) else function
    for name in ('list_blocks', 'list_owned_blocks', 'remove_block', 'check_version', 'begin_program',
                 'join_program'):
        yield getattr(Shm, name)
    for name in ('discard', 'manager_discard', 'block_reset', 'list_reset', 'manager_reset',
                 'cancellable_set_check'):
        yield getattr(ShmPrivate, name)
    yield from (Gio.Initable.init, Gio.Cancellable.new, Gio.Cancellable.cancel,
                Gio.Cancellable.is_cancelled)


def _prepare():
    standard.keep()
    load_mmap()
    for function in _find_functions():
        # A bound class method is a function in older versions of PyGObject, and a method later.
        if isinstance(getattr(function, '__func__', function), type(Shm.list_blocks)):
            # The function is not written in Python.
            try:
                function(*_TOO_MANY)
            except TypeError:
                pass
    # These calls prepare the functions of GLib that convert values.
    for sequence in [0], [0.0], (0, 0.0, True, '', '\0', b'', None):
        values.from_variant(values.sequence_to_variant(sequence))


atexit.register(_prepare)
