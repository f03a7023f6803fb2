# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The values of lists with the extension, whose class ListMixin reads and writes them."""

import marshal

from gi.repository import GLib

from . import extension, interrupts, values
from .errors import Shm
from .values import MARSHAL_VERSION, marshal_sequence

_reset = Shm.ShareableList.reset
_init = Shm.ShareableList.init
_set_packed = Shm.ShareableList.set_packed
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

    def _shm_set_slowly(self, index, value):
        """Stores a value that the extension cannot convert."""
        if type(value) not in values.TYPES:
            CompiledValues.__setitem__(self, index, values.to_plain(value))
            return
        # Pass a number that is too large, or a str with a lone surrogate, to the library to get the
        # error of the library.
        try:
            _set_packed(self, self._shm_resolve_index(index, 'assignment index out of range'),
                        marshal.dumps(value, MARSHAL_VERSION))
        except GLib.Error as error:
            raise self._shm_translate_set_error(error, index, value) from None

    def _shm_refresh(self, position):
        """Called when a value was replaced. An iterator has no copy of values."""
