# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The values of lists without the extension: by calls of the library through PyGObject, which are
slow."""

from gi.repository import GLib

from . import errors, values
from .errors import Shm, ShmPrivate

_reset = ShmPrivate.list_reset
_init = Shm.ShareableList.init
_get_length = Shm.ShareableList.get_length
_get_value = Shm.ShareableList.get_value
_get_value_kind = Shm.ShareableList.get_value_kind
_set_int64 = Shm.ShareableList.set_int64
_set_double = Shm.ShareableList.set_double
_set_boolean = Shm.ShareableList.set_boolean
_set_text = Shm.ShareableList.set_text
_set_bytes = Shm.ShareableList.set_bytes
_set_none = Shm.ShareableList.set_none
_find = Shm.ShareableList.find
_count = Shm.ShareableList.count
_new_bytes = GLib.Bytes.new

# Maps each kind of value to the method that reads it.
_READERS = {int(kind): getattr(Shm.ShareableList, method) for kind, method in {
    Shm.ValueKind.INT64: 'get_int64',
    Shm.ValueKind.DOUBLE: 'get_double',
    Shm.ValueKind.BOOLEAN: 'get_boolean',
    Shm.ValueKind.STRING: 'get_text',
    Shm.ValueKind.BYTES: 'get_bytes',
}.items()}
_NONE = int(Shm.ValueKind.NONE)
_STRING = int(Shm.ValueKind.STRING)


class _NeedsConversion(Exception):
    pass


class InterpretedList:
    """A base class of ShareableList."""

    __slots__ = ()

    def _shm_create_list(self, sequence, name, mode, flags):
        self._shm_create_from_variant(sequence, name, mode, flags)

    def _shm_attach_list(self, name, flags):
        _reset(self, None, name, 0o600, 0, flags)
        _init(self, None)
        self._shm_is_initialized = True

    def __len__(self):
        return _get_length(self)

    def _shm_read_kind(self, position, kind):
        if kind == _NONE:
            return None
        value = _READERS[kind](self, position)
        if not isinstance(value, GLib.Bytes):
            return value

        data = value.get_data() or b''
        return data.decode() if kind == _STRING else data

    def _shm_read(self, position):
        try:
            try:
                return self._shm_read_kind(position, int(_get_value_kind(self, position)))
            except GLib.Error as error:
                if not errors.is_code(error, Shm.Error.TYPE_MISMATCH):
                    raise
            # Another process has stored a value of another kind in the meantime.
            return values.from_variant(_get_value(self, position))
        except GLib.Error as error:
            raise self._shm_translate(error) from None

    def __getitem__(self, index):
        return self._shm_read(self._shm_resolve_index(index, 'index out of range'))

    def __setitem__(self, index, value):
        position = self._shm_resolve_index(index, 'assignment index out of range')
        kind = type(value)
        try:
            if kind is int:
                _set_int64(self, position, value)
            elif kind is str:
                _set_text(self, position, _new_bytes(value.encode()))
            elif kind is bytes:
                _set_bytes(self, position, _new_bytes(value))
            elif kind is float:
                _set_double(self, position, value)
            elif kind is bool:
                _set_boolean(self, position, value)
            elif value is None:
                _set_none(self, position)
            else:
                raise _NeedsConversion
            return
        except GLib.Error as error:
            raise self._shm_translate_set_error(error, index, value) from None
        except (OverflowError, UnicodeEncodeError, _NeedsConversion):
            pass
        self._shm_set_slowly(index, value)

    def _shm_has_own_reader(self):
        """Returns whether a subclass has replaced a method that reads values. CPython's class has
        only __getitem__(): iterations, searches and counts call it for each value."""
        kind = type(self)

        return (kind.__getitem__ is not InterpretedList.__getitem__
                or kind.__iter__ is not InterpretedList.__iter__)

    def _shm_read_each(self, positions):
        if len(positions) == 0:
            self.format  # raises the exception if the list is closed
        for position in positions:
            yield self._shm_read(position)

    def __iter__(self):
        if self._shm_has_own_reader():
            return self._shm_iterate_items()

        return self._shm_read_each(range(len(self)))

    def __reversed__(self):
        if self._shm_has_own_reader():
            return self._shm_reverse_items()

        return self._shm_read_each(range(len(self))[::-1])

    def _shm_find_first(self, value):
        if type(value) not in values.TYPES or self._shm_has_own_reader():
            return self._shm_find_slowly(value)

        positions = []
        for variant in values.get_equal_variants(value):
            try:
                positions.append(_find(self, variant)[1])
            except GLib.Error as error:
                if not errors.is_code(error, Shm.Error.VALUE_NOT_FOUND):
                    raise self._shm_translate(error) from None

        return min(positions, default=-1)

    def __contains__(self, value):
        return self._shm_find_first(value) >= 0

    def index(self, value):
        """Returns the first index of a value. Raises ValueError if the list does not have it."""
        position = self._shm_find_first(value)
        if position < 0:
            raise self._shm_make_not_found_error(value)

        return position

    def count(self, value):
        """Returns the number of times that a value is in the list."""
        if type(value) not in values.TYPES or self._shm_has_own_reader():
            return self._shm_count_slowly(value)
        try:
            return sum(_count(self, variant) for variant in values.get_equal_variants(value))
        except GLib.Error as error:
            raise self._shm_translate(error) from None
