# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the typelib alone cannot give Python: the classes of multiprocessing.shared_memory and the
SharedMemoryManager of multiprocessing.managers, with CPython's signatures and exceptions.

PyGObject imports this package for `from gi.repository import Shm`.
"""

from ...overrides import override

from . import errors
from .errors import Shm
from .manager import Manager
from .shareable_list import ShareableList
from .shared_memory import SharedMemory

__all__ = ['SharedMemory', 'ShareableList', 'Manager', 'SharedMemoryManager', 'list_blocks',
           'list_blocks_finish', 'remove_block']

for _class in (SharedMemory, ShareableList, Manager):
    # override() takes the namespace from the name of the module, and knows no package.
    _class.__module__ = __name__
    override(_class)
    # A pickle names the public module.
    _class.__module__ = 'gi.repository.Shm'

SharedMemoryManager = Manager

list_blocks = errors.wrap_function(Shm.list_blocks)
list_blocks_finish = errors.wrap_function(Shm.list_blocks_finish)
remove_block = errors.wrap_function(Shm.remove_block, 0)
