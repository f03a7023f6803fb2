# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The values of lists with the extension, whose class ListMixin reads and writes them."""

from gi.repository import GLib

from . import extension, interrupts
from .errors import Shm
from .values import marshal_sequence

_reset = Shm.ShareableList.reset
_init = Shm.ShareableList.init
_init_list = extension.module.init_list


class CompiledValues(extension.module.ListMixin):
    """A base class of ShareableList."""

    __slots__ = ()

    def _shm_init_new(self, sequence, arguments):
        """Initialises a new list. The arguments are those of reset() that follow the values."""
        is_made = []
        _reset(self, None, *arguments)
        interrupts.call(is_made, _init_list, self, sequence)
        if not is_made[0]:
            # Some values need a conversion, or are not valid.
            _, packed = marshal_sequence(sequence)
            _reset(self, GLib.Bytes.new(packed), *arguments)
            interrupts.call([], _init, self)
