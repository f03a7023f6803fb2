# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The Python override. It gives the classes of the typelib the signatures and exceptions that
CPython has in multiprocessing.shared_memory and in multiprocessing.managers.SharedMemoryManager.

PyGObject imports this package for `from gi.repository import Shm`.
"""

import gi
from ...overrides import override

from . import errors, finalizers, functions
from .block_info import BlockInfo
from .class_type import ClassType
from .errors import Shm
from .frames import Frame, Frames
from .locks import LockGuard
from .manager import Manager
from .models import ListModel, ModelItem
from .shareable_list import ShareableList
from .shared_memory import SharedMemory

__all__ = ['SharedMemory', 'ShareableList', 'Manager', 'SharedMemoryManager', 'BlockInfo', 'Frames', 'Frame',
           'ListModel', 'LockGuard', 'ModelItem', 'list_blocks', 'list_blocks_async',
           'list_blocks_finish', 'remove_block',
           'list_owned_blocks', 'list_owned_blocks_async', 'list_owned_blocks_finish',
           'begin_program', 'join_program', 'check_version', 'ClassType']

# PyGObject prints a warning if a program imports a namespace without choosing a version first. A
# program that was written for CPython's classes changes only its import line, and a child process
# that unpickles an object imports this package without any line of its own. So this package chooses
# for them the version that PyGObject has loaded. A program can still choose before its import line.
gi.require_version('Shm', Shm._version)

for _class in (SharedMemory, ShareableList, Manager, BlockInfo, Frames, Frame, ListModel, LockGuard,
               ModelItem):
    # override() derives the namespace from the name of the module, and does not support packages.
    _class.__module__ = __name__
    override(_class)
    # A pickle contains the name of this module, which must be the public one.
    _class.__module__ = 'gi.repository.Shm'
ClassType.__module__ = 'gi.repository.Shm'

SharedMemoryManager = Manager

list_blocks = functions.wrap(Shm.list_blocks)
list_blocks_finish = functions.wrap(Shm.list_blocks_finish)
list_blocks_async = functions.wrap(Shm.list_blocks_async, finish=list_blocks_finish)
list_owned_blocks = functions.wrap(Shm.list_owned_blocks)
list_owned_blocks_finish = functions.wrap(Shm.list_owned_blocks_finish)
list_owned_blocks_async = functions.wrap(Shm.list_owned_blocks_async,
                                         finish=list_owned_blocks_finish)
remove_block = functions.wrap(Shm.remove_block)
begin_program = functions.wrap(Shm.begin_program)
join_program = functions.wrap(Shm.join_program)
check_version = functions.wrap(Shm.check_version)
