# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The program to which tracked blocks belong: this process, all processes that are forked from it,
and all processes that multiprocessing starts for it.
"""

import os
import sys

from gi.repository import GLib

from .errors import Shm

_begin_program = Shm.begin_program
_join_program = Shm.join_program
_getpid = os.getpid

# The process for which enter() has run, and the parent that multiprocessing has given it.
_pid = None
_parent_pid = None


def _get_parent():
    """Returns the process that has started this process with multiprocessing, or None."""
    process = sys.modules.get('multiprocessing.process')

    return process and process.parent_process()


def _join(parent):
    """Joins the program of the parent. Returns whether that was possible."""
    if not parent.is_alive():
        return False
    try:
        return _join_program(parent.pid)
    except GLib.Error:
        return False  # The parent does not use the library.


def enter():
    """Makes this process a part of its program. Call this function before each use of a block: a
    process can be forked at any time, and a child of multiprocessing learns its parent only after
    its imports."""
    global _pid, _parent_pid
    parent = _get_parent()
    parent_pid = parent and parent.pid
    pid = _getpid()
    if pid == _pid and parent_pid == _parent_pid:
        return

    # A child that was forked from its parent belongs to the program of the parent already.
    is_forked_from_parent = parent_pid == _pid != pid
    _pid, _parent_pid = pid, parent_pid
    if parent is None or not (is_forked_from_parent or _join(parent)):
        try:
            _begin_program()
        except GLib.Error:
            pass  # The creation of a tracked block reports this error, with the name of the block.


enter()
