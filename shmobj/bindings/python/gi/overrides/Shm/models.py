# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Models that follow a list, and their items."""

import operator

from gi.repository import GLib

from . import errors, values
from .errors import Shm

_get_value = Shm.ModelItem.get_value
_get_list = Shm.ListModel.get_list
_get_interval = Shm.ListModel.get_interval
_set_interval = Shm.ListModel.set_interval
_get_error = Shm.ListModel.get_error
_refresh = Shm.ListModel.refresh

_MAX_INTERVAL = (1 << 62) - 1


def _to_microseconds(seconds):
    if not 0 < seconds < 1e9:
        raise ValueError('an interval is a positive number of seconds, or None')

    return max(1, round(seconds * 1_000_000))


class ModelItem(Shm.ModelItem):
    """A value in a ListModel. It changes together with the value in the list."""

    index = property(Shm.ModelItem.get_index, doc="The index of the value in the list.")
    text = property(Shm.ModelItem.get_text, doc="The value as text, for a user interface.")

    @property
    def value(self):
        """The value. None if the list has None here or an invalid value: see ListModel.error."""
        variant = _get_value(self)

        return None if variant is None else values.from_variant(variant)

    def __repr__(self):
        return f'{self.__class__.__name__}({self.index}, {self.value!r})'


class ListModel(Shm.ListModel):
    """A Gio.ListModel of the values of a list, from ShareableList.get_model(). It emits its signals
    when any process sets a value with this library. Its items are objects of the class ModelItem."""

    list = property(_get_list, doc="The list.")

    def _shm_translate(self, gerror):
        shm_list = _get_list(self)
        block = shm_list.get_shared_memory() if shm_list is not None else None

        return errors.translate(gerror, block.get_name() if block is not None else None,
                                errors.LIST_EXCEPTIONS)

    @property
    def interval(self):
        """How often the model compares all values, in seconds; None if only when another process
        wakes it. Set it for a list that stock CPython writes or has created."""
        return _get_interval(self) / 1_000_000 or None

    @interval.setter
    def interval(self, seconds):
        _set_interval(self, 0 if seconds is None else _to_microseconds(seconds))

    def set_interval(self, interval):
        """Sets the interval in microseconds, as the C function does. 0 means no interval."""
        interval = operator.index(interval)
        if not 0 <= interval <= _MAX_INTERVAL:
            raise OverflowError('an interval is not negative, and below 2 ** 62 microseconds')
        _set_interval(self, interval)

    @property
    def error(self):
        """The exception that says why the model cannot show a value, or why it has ended; or
        None."""
        gerror = _get_error(self)

        return None if gerror is None else self._shm_translate(gerror)

    def refresh(self):
        """Compares all values now, and emits the changes. Finds also what stock CPython has
        written."""
        try:
            _refresh(self)
        except GLib.Error as error:
            raise self._shm_translate(error) from None
