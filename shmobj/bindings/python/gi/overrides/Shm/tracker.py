# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""CPython's resource tracker: a process that removes the blocks that a tree of processes has not
unlinked, after the last process of the tree has ended.

Only the creator of a block registers it. A process that merely attaches must not cause the removal
of the block. The tracker keeps a set of names, so that registering a name twice has no effect.
"""

import sys

_tracker = None


def register(name):
    """Registers a block. Starts the tracker if necessary."""
    global _tracker
    if _tracker is None:
        # A program that only attaches never imports multiprocessing.
        from multiprocessing import resource_tracker
        _tracker = resource_tracker
    _tracker.register('/' + name, 'shared_memory')


def unregister(name):
    """Unregisters a block that this process has registered."""
    _tracker.unregister('/' + name, 'shared_memory')


def ensure_unregistered(name):
    """Unregisters a block, whether or not it is registered."""
    # The tracker complains about a name that it does not know.
    register(name)
    unregister(name)


def is_running():
    """Returns whether a process of this tree has started the tracker."""
    tracker = sys.modules.get('multiprocessing.resource_tracker')

    return getattr(getattr(tracker, '_resource_tracker', None), '_fd', None) is not None
