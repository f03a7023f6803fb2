# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""BlockInfo, whose functions are properties in Python."""

from .errors import Shm


class BlockInfo(Shm.BlockInfo):
    """Information about a named block, from list_blocks(). It describes the block at that time."""

    name = property(Shm.BlockInfo.get_name, doc="The name of the block, without a leading slash.")
    size = property(Shm.BlockInfo.get_size, doc="The size of the block in bytes.")
    owner_uid = property(Shm.BlockInfo.get_owner_uid, doc="The user that owns the block.")
    mode = property(Shm.BlockInfo.get_mode, doc="The permission bits of the block.")
    is_leftover = property(Shm.BlockInfo.is_leftover,
                           doc="Whether all managers and programs that owned the block have ended.")
    manager_address = property(Shm.BlockInfo.get_manager_address,
                               doc="The address of the manager that owns the block, or None.")

    def __repr__(self):
        return (f'{self.__class__.__name__}(name={self.name!r}, size={self.size}, '
                f'owner_uid={self.owner_uid}, mode={self.mode:#o})')
