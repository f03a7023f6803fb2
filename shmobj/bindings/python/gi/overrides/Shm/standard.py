# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Finds the modules of CPython's package multiprocessing. Importing them takes several milliseconds,
so this package imports them only if it needs them.
"""

import sys

# The modules that are needed after the interpreter has emptied sys.modules at its exit.
_kept = {}


def is_used():
    """Returns whether anything may have imported a module of the package."""
    return 'multiprocessing' in sys.modules or bool(_kept)


def get_loaded(name):
    """Returns the module multiprocessing.<name>, or None if nothing has imported it."""
    module = _kept.get(name) or sys.modules.get('multiprocessing.' + name)
    if module is None:
        return None

    # While another thread imports the module, the module is not complete.
    return None if getattr(getattr(module, '__spec__', None), '_initializing', False) else module


def find(name):
    """Imports and returns the module multiprocessing.<name>. Returns None if it cannot be imported,
    because the interpreter is exiting. In that case, no code of the program uses the module."""
    module = get_loaded(name)
    if module is None:
        try:
            module = __import__('multiprocessing.' + name, fromlist=(name,))
        except ImportError:
            pass

    return module


def keep():
    """Keeps the modules that are loaded. Called when the interpreter begins to exit."""
    for name in ('context', 'process', 'resource_tracker', 'util'):
        module = get_loaded(name)
        if module is not None:
            _kept[name] = module
