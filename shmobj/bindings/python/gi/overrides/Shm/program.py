# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The program to which tracked blocks belong: this process, all processes that are forked from it,
and all processes that multiprocessing starts for it.
"""

import os
import sys

from gi.repository import GLib

from . import errors, forks, standard
from .errors import Shm

_begin_program = Shm.begin_program
_join_program = Shm.join_program
_getpid = os.getpid

_SHORTAGES = (Shm.Error.TOO_MANY_FILES, Shm.Error.NO_SPACE)

# The process in which enter() has run, and the parent that multiprocessing reported at that time.
_pid = None
_parent_pid = None


def _get_parent_pid():
    """Returns the ID of the process that has started this process with multiprocessing, or None."""
    process = standard.get_loaded('process')
    if process is None:
        return None
    parent = process.parent_process()
    if parent is not None:
        return parent.pid

    # While a child imports the modules of its parent, multiprocessing knows only that this process is
    # a child. With spawn, getppid() is the parent. With forkserver, getppid() is the fork server, and
    # multiprocessing learns the parent later.
    return os.getppid() if getattr(process.current_process(), '_inheriting', False) else None


def _join(pid):
    """Joins the program of a parent. Returns whether that was possible. Raises a GLib.Error if it may
    be possible later, because this process has no descriptor or no memory left."""
    parent = standard.get_loaded('process').parent_process()
    if parent is not None and not parent.is_alive():
        return False  # Another process may have the ID now.
    try:
        return _join_program(pid)
    except GLib.Error as error:
        if any(errors.is_code(error, code) for code in _SHORTAGES):
            raise
        return False  # The parent does not use the library, or has ended.


def enter():
    """Makes this process a part of its program. Call this function before each use of a block: a
    process can be forked at any time, and a child of multiprocessing learns its parent only after
    its imports."""
    global _pid, _parent_pid
    while forks.is_forking and forks.wait():
        pass
    pid = _getpid()
    if pid == _pid and not standard.is_used():
        return
    parent_pid = _get_parent_pid()
    if pid == _pid and parent_pid == _parent_pid:
        return

    # A child that was forked from its parent belongs to the program of the parent already.
    is_forked_from_parent = parent_pid == _pid != pid
    former = _pid, _parent_pid
    _pid, _parent_pid = pid, parent_pid
    try:
        is_member = parent_pid is not None and (is_forked_from_parent or _join(parent_pid))
    except GLib.Error:
        # The next call tries again. A tracked block cannot be created meanwhile: that needs at least as
        # many descriptors.
        _pid, _parent_pid = former
        return
    if not is_member:
        try:
            _begin_program()
        except GLib.Error:
            pass  # The creation of a tracked block reports this error, with the name of the block.


def _enter_when_parent_is_known():
    """Makes a child of a forkserver call enter() before it does anything else. Otherwise a child
    that imports the package and uses no block would not belong to the program of its parent."""
    util = standard.get_loaded('util')
    if util is not None:
        util.register_after_fork(sys.modules[__name__], lambda module: module.enter())


enter()
_enter_when_parent_is_known()
