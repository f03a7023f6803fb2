# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Registers blocks with CPython's resource tracker. The tracker is a process. After the last
process of a tree of processes has ended, the tracker removes the registered blocks that no process
has unlinked.

Only the creator of a block registers it, because a process that only attaches must not cause the
removal of the block. The tracker has a set of names, so registering a name twice has no effect.
"""

import sys

_tracker = None


def register(name):
    """Registers a block. Starts the tracker if necessary."""
    global _tracker
    if _tracker is None:
        # Import the module only here, so that a program that only attaches does not load it.
        from multiprocessing import resource_tracker
        _tracker = resource_tracker
    _tracker.register('/' + name, 'shared_memory')


def unregister(name):
    """Unregisters a block that this process has registered."""
    _tracker.unregister('/' + name, 'shared_memory')


def ensure_unregistered(name):
    """Unregisters a block if it is registered."""
    # The tracker prints an error for an unknown name, so register the name first.
    register(name)
    unregister(name)


def is_running():
    """Returns whether a process of this tree has started the tracker."""
    tracker = sys.modules.get('multiprocessing.resource_tracker')

    return getattr(getattr(tracker, '_resource_tracker', None), '_fd', None) is not None
