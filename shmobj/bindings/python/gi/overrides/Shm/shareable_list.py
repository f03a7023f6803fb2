# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""ShareableList, with the interface of multiprocessing.shared_memory.ShareableList."""

import functools
import itertools
import operator
import sys
import types

from gi.repository import GLib

from . import errors, extension, functions, interrupts, locks, program, values
from .attributes import Attribute, forget
from .class_type import ClassType, init_as
from .errors import Shm, ShmPrivate
from .shared_memory import get_attach_arguments, get_attach_flags, get_create_flags

if extension.module is not None:
    _List = extension.module.ListMixin
else:
    from .interpreted_list import InterpretedList as _List

# These methods are looked up only once, because they are called often.
_gobject_init = Shm.ShareableList.__init__
_reset = ShmPrivate.list_reset
_init = Shm.ShareableList.init
_get_shared_memory = Shm.ShareableList.get_shared_memory
_get_int64 = Shm.ShareableList.get_int64
_get_length = Shm.ShareableList.get_length
_set_value = Shm.ShareableList.set_value
_get_name = Shm.SharedMemory.get_name
_is_closed = Shm.SharedMemory.is_closed
_discard = ShmPrivate.discard


def _get_shm(self):
    shm = _get_shared_memory(self)
    if shm is not None:  # None until the constructor has created the list
        self.__dict__['shm'] = shm  # From now on, Python finds the block without this function.

    return shm


class ShareableList(_List, Shm.ShareableList, metaclass=ClassType):
    """A list of values in shared memory, used like multiprocessing.shared_memory.ShareableList.

    ShareableList(sequence) creates a list. ShareableList(name=name) attaches to a list. A value is
    an int, float, bool, str, bytes or None, and can be replaced by a value of another type. The
    first value at an index determines the maximum number of bytes of a later str or bytes there.

    A reader always gets a complete value, exactly as it was stored. An iterator reads each value when
    it yields it.

    track, mode, read_only, any_owner: see SharedMemory.
    """

    # A class attribute, because __init__ does not run for an object that C code has created.
    _shm_is_initialized = False

    def __init__(self, sequence=None, *, name=None, track=True, mode=0o600, read_only=False,
                 any_owner=False):
        if self._shm_is_initialized:
            raise RuntimeError(f'{self!r} is already initialized')
        errors.check_name(name)
        mode = operator.index(mode)

        is_new = sequence is not None or name is None
        if is_new:
            if read_only:
                raise ValueError("'read_only' is only for attaching to a list")
            sequence = values.to_sequence(sequence or ())

        program.enter()
        # PyGObject ignores a second call for the same object.
        if type(self) is ShareableList:
            _gobject_init(self)
        else:
            init_as(ShareableList, _gobject_init, self)
        forget(self, ('shm',))

        try:
            # Nothing may follow these calls of C code: they leave a complete object.
            if is_new:
                return self._shm_create_list(sequence, name, mode, get_create_flags(track))
            return self._shm_attach_list(name, get_attach_flags(read_only, any_owner))
        except BaseException as error:
            # Begin with a single call of C code: see interrupts.py.
            _discard(self)
            self._shm_is_initialized = False
            if not isinstance(error, GLib.Error):
                raise
            if is_new:
                raise values.translate_error(error, sequence, name) from None
            raise errors.translate(error, name) from None

    def __reduce__(self):
        shm = _get_shared_memory(self)
        if shm is None or _get_name(shm) is None:
            raise TypeError('cannot pickle a list in an anonymous block: a pickle refers to a '
                            'block by name')

        return functools.partial(self.__class__, name=_get_name(shm), **get_attach_arguments(shm)), ()

    def __copy__(self):
        make, args = self.__reduce__()

        return make(*args)

    def __deepcopy__(self, memo):
        return self.__copy__()

    def __repr__(self):
        shm = _get_shared_memory(self)
        content = '<closed>' if shm is None or _is_closed(shm) else list(self)
        name = None if shm is None else _get_name(shm)

        return f'{self.__class__.__name__}({content}, name={name!r})'

    shm = Attribute(_get_shm, doc="The block that contains the list.")

    format = property(lambda self: self.get_format(),
                      doc="The formats of all values, in the notation of the struct module.")

    def _shm_translate(self, gerror, name=None, exceptions=None):
        shm = _get_shared_memory(self)

        return errors.translate(gerror, None if shm is None else _get_name(shm),
                                exceptions or errors.LIST_EXCEPTIONS)

    def _shm_resolve_index(self, index, message):
        """Converts an index to an int that is not negative. Raises an exception if there is no
        value at the index. If the exception is an IndexError, it has the given message."""
        try:
            position = operator.index(index)
        except TypeError:
            kind = type(index).__name__
            raise TypeError(f'list indices must be integers, not {kind}') from None

        length = _get_length(self)  # A subclass can replace __len__().
        if position < 0:
            position += length
        if 0 <= position < length:
            return position

        raise self._shm_get_index_error(position if length < position <= GLib.MAXUINT64 else length,
                                    message)

    def _shm_get_index_error(self, position, message):
        """Returns the exception for an index without a value."""
        # Call the library to get the error, because the list may also be closed or corrupt.
        try:
            _get_int64(self, position)
        except GLib.Error as error:
            exception = self._shm_translate(error)
            if isinstance(exception, IndexError):
                exception.args = (message,)
            return exception

    def _shm_translate_set_error(self, error, index, value):
        """Returns the exception for an assignment that failed."""
        # CPython checks the index before the value.
        self._shm_resolve_index(index, 'assignment index out of range')

        return values.translate_error(error, [value], _get_name(_get_shared_memory(self)))

    # What the base class leaves to this class

    def _shm_set_slowly(self, index, value):
        """Stores a value that needs a conversion, or raises the exception for it."""
        position = self._shm_resolve_index(index, 'assignment index out of range')
        kind = type(value)
        if kind not in values.TYPES:
            _List.__setitem__(self, index, values.to_plain(value))
            return

        # An int of more than 64 bits, or a str with a lone surrogate: get the error of the library.
        try:
            _set_value(self, position, values.to_any_variant(value))
        except GLib.Error as error:
            raise self._shm_translate_set_error(error, index, value) from None

    def _shm_create_slowly(self, sequence, name, mode, flags):
        """Does the same as _shm_create_list() if some values need a conversion or are not valid."""
        plain = [*map(values.to_plain, sequence)]
        if any(map(operator.is_not, plain, sequence)):
            self._shm_create_list(plain, name, mode, flags)
        else:
            self._shm_create_from_variant(sequence, name, mode, flags)

    def _shm_create_from_variant(self, sequence, name, mode, flags):
        _reset(self, values.sequence_to_variant(sequence, values.to_any_variant), name, mode, flags, 0)
        interrupts.call([], _init, self)
        self._shm_is_initialized = True

    def _shm_iterate_items(self):
        """Yields what __getitem__() returns for each index."""
        try:
            for index in itertools.count():
                yield self[index]
        except IndexError:
            return

    def _shm_reverse_items(self):
        """Does the same from the last index to the first."""
        return map(self.__getitem__, reversed(range(len(self))))

    def _shm_find_slowly(self, value):
        """Returns the first index of a value, or -1. Compares Python objects."""
        return next((i for i, entry in enumerate(self) if value == entry), -1)

    def _shm_make_not_found_error(self, value):
        """Returns the exception of index() if the list does not have the value."""
        exception = ValueError(f'{value!r} not in this container')
        exception.gerror = GLib.Error.new_literal(
            Shm.Error.quark(), f'{value!r} is not in the list in block "{_get_name(self.shm)}"',
            Shm.Error.VALUE_NOT_FOUND)

        return exception

    def _shm_count_slowly(self, value):
        """Returns how often a value is in the list. Compares Python objects."""
        return sum(value == entry for entry in self)

    _shm_get_model = functions.Unused(Shm.ShareableList.get_model)

    def get_model(self):
        """Returns a ListModel of the values. In a coroutine of asyncio, the model emits its signals
        in the loop of asyncio, and otherwise in the main loop of GLib."""
        asyncio = sys.modules.get('asyncio')  # No loop runs before the first import.
        loop = asyncio._get_running_loop() if asyncio else None
        if loop is None:
            return self._shm_get_model()

        from . import awaitables
        return awaitables.call_in_context(loop, self._shm_get_model)

    __class_getitem__ = classmethod(types.GenericAlias)

    # These methods replace methods of the library. For those, PyGObject would truncate a float to
    # an int, and truncate a str at its first NUL.

    def set_int64(self, index, value):
        """Stores an int."""
        self[index] = int(operator.index(value))

    def set_string(self, index, value):
        """Stores a str."""
        if not isinstance(value, str):
            raise TypeError(f'expected a str, not {type(value).__name__}')
        self[index] = value

    @classmethod
    def create(cls, values, name=None, flags=0):
        """Creates a list in a named block for this user."""
        return cls.create_full(values, name, flags=flags)

    lock, lock_async = locks.lock, locks.lock_async
    _shm_lock, _shm_lock_async = (
        functions.Unused(getattr(Shm.ShareableList, name)) for name in ('lock', 'lock_async'))

    def _shm_try_lock_async(self, mode, timeout):
        return locks.try_lock(self, Shm.ShareableList.lock, mode)


functions.add_to(ShareableList)
