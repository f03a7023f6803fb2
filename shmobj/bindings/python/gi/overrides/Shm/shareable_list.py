# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""ShareableList, with the interface of multiprocessing.shared_memory.ShareableList."""

import functools
import itertools
import marshal
import operator
import time
import types

from gi.repository import GLib

from . import errors, interrupts, program, values, views, weak
from .attributes import Attribute, forget
from .calls import define_methods
from .class_type import ClassType, init_as
from .errors import Shm
from .shared_memory import (SharedMemory, get_attach_arguments, get_attach_flags,
                            get_create_flags)
from .values import MARSHAL_VERSION, convert_argument, convert_result, marshal_sequence
from .views import BOOL, FLOAT, INT, NONE, plain_formats

# After this number of reads by calls of the library, an object makes views of the memory.
_CALLS_BEFORE_VIEWS = 16
# The slots of a list up to this length are cached when the views are made.
_SMALL_LIST = 1024

# A search first copies values from the beginning of the list, part by part, and searches each part
# in Python. A part ends at one of these indices, or earlier if its values are large.
_SEARCH_ENDS = (16, 256)
_SEARCH_ENDS_FOR_SEVERAL_TYPES = (16, 256, 2048)

# After this time in seconds, the first part has waited for other processes. All parts of a search
# together wait for at most a second.
_LONG_PART = 0.02

# The creation of a list from so many bytes takes so little time that it need not be interrupted.
_SMALL_SIZE = 1 << 20

# An iterator copies chunks. The lengths are numbers of values, the size is in bytes.
_FIRST_CHUNK_LENGTH = 16
_LARGEST_CHUNK_LENGTH = 2048
_LARGEST_CHUNK_SIZE = 1 << 20

# These methods are looked up only once, because they are called often.
_gobject_init = Shm.ShareableList.__init__
_reset = Shm.ShareableList.reset
_init = Shm.ShareableList.init
_get_length = Shm.ShareableList.get_length
_get_layout = Shm.ShareableList.get_layout
_get_shared_memory = Shm.ShareableList.get_shared_memory
_get_format = Shm.ShareableList.get_format
_get_int64 = Shm.ShareableList.get_int64
_set_int64 = Shm.ShareableList.set_int64
_set_double = Shm.ShareableList.set_double
_set_boolean = Shm.ShareableList.set_boolean
_set_string = Shm.ShareableList.set_string
_set_none = Shm.ShareableList.set_none
_set_packed = Shm.ShareableList.set_packed
_copy_packed = Shm.ShareableList.copy_packed
_search = Shm.ShareableList.search
_new_bytes = GLib.Bytes.new
_get_name = Shm.SharedMemory.get_name
_is_closed = Shm.SharedMemory.is_closed
_discard = Shm.discard
_dumps = marshal.dumps
_loads = marshal.loads


def _get_shm(self):
    shm = _get_shared_memory(self)
    if shm is not None:  # None until the constructor has created the list
        self.__dict__['shm'] = shm  # From now on, Python finds the block without this function.

    return shm


class _Chunk(list):
    """A copy of some values of a list. An iterator reads from it."""

    # owner: the ShareableList. first: the index of the first value in the ShareableList.
    __slots__ = ('owner', 'first', '__weakref__')
    # A set of weak references must distinguish chunks that have equal values.
    __eq__ = object.__eq__
    __hash__ = object.__hash__


_chunks = set()  # weak references to the chunks of all lists


# A function that raises an exception must not keep the exception in a local variable. The traceback
# of the exception refers to the frame, so there would be a cycle, which keeps the list alive.
def _make_not_found_error(value, gerror):
    exception = ValueError(f'{value!r} not in this container')
    if gerror is not None:
        exception.gerror = gerror

    return exception


class ShareableList(Shm.ShareableList, metaclass=ClassType):
    """A list of values in shared memory, used like multiprocessing.shared_memory.ShareableList.

    ShareableList(sequence) creates a list. ShareableList(name=name) attaches to a list. A value is
    an int, float, bool, str, bytes or None, and can be replaced by a value of another type. The
    first value at an index determines the maximum number of bytes of a later str or bytes there.

    A reader always gets a complete value, exactly as it was stored. An iterator copies several
    values in advance. It yields the values that this object stores in the meantime, but it may miss
    values that other objects store.

    track, mode, read_only, any_owner: see SharedMemory.
    """

    # Class attributes, because __init__ does not run for an object that C code has created.
    _shm_is_initialized = False
    _shm_length = 0   # 0 until the length is known
    _shm_n_calls = 0  # the number of reads by calls of the library since the last attempt to make views
    _shm_views = None

    def __init__(self, sequence=None, *, name=None, track=True, mode=0o600, read_only=False,
                 any_owner=False):
        if self._shm_is_initialized:
            raise RuntimeError(f'{self!r} is already initialized')
        errors.check_name(name)
        mode = operator.index(mode)

        program.enter()
        # PyGObject ignores a second call for the same object.
        if type(self) is ShareableList:
            _gobject_init(self)
        else:
            init_as(ShareableList, _gobject_init, self)
        is_new = sequence is not None or name is None
        packed = b''
        if is_new:
            if read_only:
                raise ValueError("'read_only' is only for attaching to a list")
            sequence, packed = marshal_sequence(sequence or ())
            _reset(self, _new_bytes(packed), name, mode, get_create_flags(track), 0)
        else:
            _reset(self, None, name, 0o600, 0, get_attach_flags(read_only, any_owner))

        try:
            try:
                if len(packed) > _SMALL_SIZE:
                    interrupts.call([], _init, self)
                else:
                    _init(self, None)
                forget(self, ('shm',))
                self._shm_is_initialized = True
            except BaseException:
                # Begin with a single call of C code: see interrupts.py.
                _discard(self)
                raise
        except GLib.Error as error:
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

    def __len__(self):
        # The length is 0 while the object is being constructed, and constant afterwards.
        if not self._shm_length:
            self._shm_length = _get_length(self)

        return self._shm_length

    shm = Attribute(_get_shm, doc="The block that contains the list.")

    @property
    def format(self):
        """The formats of all values, in the notation of the struct module."""
        try:
            return _get_format(self)
        except GLib.Error as error:
            raise self._shm_translate(error) from None

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

        length = len(self)
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

    # One value

    def __getitem__(self, index):
        all_views = self._shm_views
        if all_views is not None:
            try:
                (counter, formats, codes, ints, floats, bools, memory, starts, ends, plain,
                 rest) = all_views
                before = counter[0]
                code = codes[index]
                entry = formats[index]
                start = starts[index]
                if plain is None:
                    reads_left, base, limit = rest
                    next(reads_left)
                    end = ends[index]
                    if (start | end) & 7 or not start < end <= limit:
                        return self._shm_get_by_call(index)
                    start += base

                # The value is valid only if no process has written it in the meantime. The sequence
                # counter is odd during a write of this library. CPython does not use the counter,
                # but if a write of CPython changes the type, it also changes the format entry.
                if code == 0:
                    if entry == INT:
                        value = ints[start >> 3]
                    elif entry == FLOAT:
                        value = floats[start >> 3]
                    elif entry == BOOL:
                        value = bools[start >> 3] != 0
                    else:
                        return self._shm_get_by_call(index)
                    if formats[index] == entry and counter[0] == before & -2:
                        return value
                elif code < 3:
                    # A format entry that differs from the plain format entry has a length mark.
                    # Call the library, which evaluates the length mark.
                    if plain is not None:
                        if entry != plain[index]:
                            return self._shm_get_by_call(index)
                        value = memory[start:ends[index]]
                    else:
                        if entry != plain_formats[end + base - start]:
                            return self._shm_get_by_call(index)
                        value = memory[start:end + base]
                    if formats[index] == entry and counter[0] == before & -2:
                        value = value.rstrip(b'\0')
                        return value.decode() if code == 1 else value
                elif code == 3 and entry == NONE and counter[0] == before & -2:
                    return None
            except (LookupError, TypeError, ValueError):
                pass
            except StopIteration:
                self._shm_make_views(True)

        return self._shm_get_by_call(index)

    def _shm_get_by_call(self, index):
        position = self._shm_resolve_index(index, 'index out of range')

        if views.IS_POSSIBLE and self._shm_views is None:
            self._shm_n_calls += 1
            if self._shm_n_calls >= _CALLS_BEFORE_VIEWS:
                self._shm_n_calls = 0
                self._shm_make_views(len(self) <= _SMALL_LIST)

        return self._shm_copy(position, 1)[0]

    def _shm_make_views(self, caches_slots):
        """Makes __getitem__ read through views of the memory from now on, if possible."""
        shm = _get_shared_memory(self)
        try:
            buf = SharedMemory.buf.fget(shm)
        except (OSError, ValueError):
            return
        if buf is None:
            return

        # Closing the block also drops the views. Another thread may have closed the block before
        # the views were stored, so check again.
        shm._shm_add_list(self)
        self._shm_views = views.make_views(self, buf.obj, caches_slots)
        if _is_closed(shm):
            self._shm_views = None

    def __setitem__(self, index, value):
        kind = type(value)
        try:
            if type(index) is not int or index < 0:
                index = self._shm_resolve_index(index, 'assignment index out of range')
            if kind is int:
                _set_int64(self, index, value)
            elif kind is str:
                if '\0' in value:
                    _set_packed(self, index, _dumps(value, MARSHAL_VERSION))
                else:
                    _set_string(self, index, value)
            elif kind is bytes:
                _set_packed(self, index, _dumps(value, MARSHAL_VERSION))
            elif kind is float:
                _set_double(self, index, value)
            elif kind is bool:
                _set_boolean(self, index, value)
            elif value is None:
                _set_none(self, index)
            else:
                # CPython checks the index before the value.
                self._shm_resolve_index(index, 'assignment index out of range')
                return ShareableList.__setitem__(self, index, values.to_plain(value))
        except (GLib.Error, OverflowError, UnicodeEncodeError) as error:
            raise self._shm_translate_set_error(error, index, value) from None

        if _chunks:
            self._shm_refresh_chunks(index)

    def _shm_translate_set_error(self, error, index, value):
        """Returns the exception for an assignment that failed."""
        # CPython checks the index before the value.
        self._shm_resolve_index(index, 'assignment index out of range')

        if isinstance(error, OverflowError):
            # PyGObject cannot convert the int to 64 bits. Pass it to the library in another form,
            # to get the error of the library.
            try:
                _set_packed(self, index, _dumps(value, MARSHAL_VERSION))
            except GLib.Error as gerror:
                error = gerror
        if not isinstance(error, GLib.Error):
            return error

        return values.translate_error(error, [value], _get_name(_get_shared_memory(self)))

    # Many values

    def _shm_copy(self, first, n_values):
        try:
            return _loads(_copy_packed(self, first, n_values).get_data())
        except GLib.Error as error:
            raise self._shm_translate(error) from None

    def _shm_get_largest_chunk_length(self):
        """Returns the maximum number of values to copy in one call, so that a copy stays small."""
        slots_at, formats_at, _, _ = _get_layout(self)
        size = max(formats_at - slots_at, 1)

        return min(_LARGEST_CHUNK_SIZE * len(self) // size + 1, _LARGEST_CHUNK_LENGTH)

    def _shm_copy_chunk(self, first, n_values):
        chunk = _Chunk(self._shm_copy(first, n_values))
        chunk.owner = self
        chunk.first = first
        weak.add(_chunks, chunk)

        return chunk

    def _shm_iterate_chunks(self, backwards=False):
        """Yields copies of all values in chunks. The first chunks are short, because many loops end
        early."""
        length = len(self)
        if length == 0:
            self._shm_copy(0, 0)  # raises the exception if the list is closed or corrupt
            return

        largest = self._shm_get_largest_chunk_length()
        n_values = _FIRST_CHUNK_LENGTH
        done = 0
        while done < length:
            n_values = min(n_values, largest, length - done)
            # Keep no reference to the chunk, so that it is deleted together with the iterator.
            yield self._shm_copy_chunk(length - done - n_values if backwards else done, n_values)
            done += n_values
            n_values *= 2

    def _shm_refresh_chunks(self, position):
        """Updates a value in the chunks of all iterators of this object."""
        for chunk in weak.get_live(_chunks):
            if chunk.owner is self and 0 <= position - chunk.first < len(chunk):
                try:
                    chunk[position - chunk.first] = ShareableList.__getitem__(self, position)
                except (OSError, ValueError):
                    pass  # The list was closed in the meantime.

    def _shm_has_own_reader(self):
        """Returns whether a subclass has replaced a method that reads values. CPython's class has
        only __getitem__(): iterations, searches and counts call it for each value."""
        kind = type(self)

        return (kind.__getitem__ is not ShareableList.__getitem__
                or kind.__iter__ is not ShareableList.__iter__)

    def _shm_iterate_items(self):
        """Yields what __getitem__() returns for each index."""
        try:
            for index in itertools.count():
                yield self[index]
        except IndexError:
            return

    def __iter__(self):
        if self._shm_has_own_reader():
            return self._shm_iterate_items()

        return itertools.chain.from_iterable(self._shm_iterate_chunks())

    def __reversed__(self):
        if self._shm_has_own_reader():
            return map(self.__getitem__, reversed(range(len(self))))

        return itertools.chain.from_iterable(map(reversed, self._shm_iterate_chunks(backwards=True)))

    def _shm_find_first(self, value):
        """Returns the first index of a value, and None. If the list does not contain the value,
        returns -1, and the GLib.Error or None."""
        if type(value) not in values.TYPES or self._shm_has_own_reader():
            return next((i for i, entry in enumerate(self) if value == entry), -1), None

        # Near the beginning of a list, a search in Python is faster than a search of the library.
        # The library examines many values at once, but making its arguments takes time.
        largest = self._shm_get_largest_chunk_length()
        done = 0
        begin = time.monotonic()
        is_in_several_types = value == 0 or value == 1
        for end in _SEARCH_ENDS_FOR_SEVERAL_TYPES if is_in_several_types else _SEARCH_ENDS:
            chunk = self._shm_copy(done, min(end - done, len(self) - done, largest))
            if value in chunk:
                return done + chunk.index(value), None
            done += len(chunk)
            if done == len(self):
                return -1, None
            used = time.monotonic() - begin
            if used > _LONG_PART:
                break

        try:
            return self._shm_search(value, stops_at_first=True, used=used)[1], None
        except GLib.Error as error:
            if not errors.is_code(error, Shm.Error.VALUE_NOT_FOUND):
                raise self._shm_translate(error) from None
            return -1, error.with_traceback(None)

    def _shm_search(self, value, stops_at_first, used):
        """Searches in one call of the library. Returns the number of values that were found, and
        the index of the last of them or -1. `used` is the time in seconds that the same search has
        already taken."""
        variants = values.get_equal_variants(value)
        if not variants:
            return 0, -1
        other = variants[1] if len(variants) > 1 else None

        return _search(self, variants[0], other, stops_at_first, int(used * 1e6))

    def __contains__(self, value):
        return self._shm_find_first(value)[0] >= 0

    def index(self, value):
        """Returns the first index of a value. Raises ValueError if the list does not have it."""
        index, gerror = self._shm_find_first(value)
        if index < 0:
            raise _make_not_found_error(value, gerror)

        return index

    def count(self, value):
        """Returns the number of times that a value is in the list."""
        if type(value) not in values.TYPES or self._shm_has_own_reader():
            return sum(value == entry for entry in self)
        if len(self) <= min(_SEARCH_ENDS[-1], self._shm_get_largest_chunk_length()):
            return self._shm_copy(0, len(self)).count(value)

        try:
            return self._shm_search(value, stops_at_first=False, used=0)[0]
        except GLib.Error as error:
            raise self._shm_translate(error) from None

    __class_getitem__ = classmethod(types.GenericAlias)

    # These methods replace methods of the library. For those, PyGObject would truncate a float to
    # an int, and truncate a str at its first NUL.

    def set_int64(self, index, value):
        """Stores an int."""
        self[index] = int(operator.index(value))

    def set_value_async(self, index, value, cancellable, callback, *user_data):
        """Starts to store a value. set_value_finish() raises the errors."""
        position = self._shm_resolve_index(index, 'index out of range')

        def refresh(_, result, *user_data):
            # The iterators of this object must yield the new value.
            if _chunks:
                self._shm_refresh_chunks(position)
            if callback is not None:
                callback(self, result, *user_data)

        super().set_value_async(position, values.to_variant(value), cancellable, refresh,
                                *user_data)

    def set_string(self, index, value):
        """Stores a str."""
        if not isinstance(value, str):
            raise TypeError(f'expected a str, not {type(value).__name__}')
        self[index] = value


def _wrap_value_method(method):
    """Wraps a method of the library that reads or writes one value. The result supports negative
    indices and raises CPython's exceptions."""
    is_setter = method.__name__.startswith('set_')

    @functools.wraps(method)
    def wrapper(self, index, *args):
        position = self._shm_resolve_index(index, 'index out of range')
        try:
            result = method(self, position, *args)
        except GLib.Error as error:
            raise self._shm_translate(error) from None
        if is_setter and _chunks:
            self._shm_refresh_chunks(position)

        return result

    return wrapper


# Constructors

def _create(cls, values, name, flags, made):
    """Creates a list in a named block for this user."""
    _create_full(cls, values, name, 0o600, flags, None, made)


for _name in ('create_full', 'create_async', 'create_anonymous', 'create_anonymous_async'):
    _method = errors.wrap_constructor(
        ShareableList, _name, None if 'anonymous' in _name else 1, errors.NEW_LIST_EXCEPTIONS,
        interrupts.wrap_creation if _name == 'create_full' else None).__func__
    setattr(ShareableList, _name, classmethod(convert_argument(_method, 1,
                                                                values.sequence_to_variant)))
_create_full = ShareableList.create_full.__func__
_create.__name__ = 'create'
ShareableList.create = classmethod(_create)
for _name in ('create_finish', 'create_anonymous_finish'):
    setattr(ShareableList, _name, errors.wrap_constructor(ShareableList, _name, None,
                                                          errors.NEW_LIST_EXCEPTIONS))
for _name in ('attach', 'attach_async'):
    setattr(ShareableList, _name, errors.wrap_constructor(ShareableList, _name, 0))
for _name in ('attach_finish', 'new_for_shared_memory', 'new_for_shared_memory_async',
              'new_for_shared_memory_finish'):
    setattr(ShareableList, _name, errors.wrap_constructor(ShareableList, _name))
ShareableList.create_packed = errors.wrap_constructor(ShareableList, 'create_packed', 1,
                                                      errors.NEW_LIST_EXCEPTIONS)

# Methods

for _name in ('get_value_kind', 'get_plain', 'get_int64', 'get_double', 'get_boolean', 'get_string', 'get_text',
              'get_bytes', 'get_value_async', 'set_double', 'set_boolean', 'set_text', 'set_bytes',
              'set_none', 'set_packed'):
    setattr(ShareableList, _name, _wrap_value_method(getattr(Shm.ShareableList, _name)))
ShareableList.set_value = convert_argument(_wrap_value_method(Shm.ShareableList.set_value), 2,
                                           values.to_variant)
ShareableList.get_value = convert_result(_wrap_value_method(Shm.ShareableList.get_value),
                                          values.from_variant)
for _name in ('get_format', 'get_format_async', 'get_format_finish', 'set_value_finish',
              'find_finish', 'count_finish', 'copy_values_async', 'copy_packed', 'search',
              'snapshot'):
    setattr(ShareableList, _name, errors.wrap_method(getattr(Shm.ShareableList, _name)))
for _name in ('find', 'find_async', 'count_async'):
    _method = errors.wrap_method(getattr(Shm.ShareableList, _name))
    setattr(ShareableList, _name, convert_argument(_method, 1, values.to_variant))
for _name in ('get_value_finish', 'copy_values', 'copy_values_finish'):
    _method = errors.wrap_method(getattr(Shm.ShareableList, _name))
    setattr(ShareableList, _name, convert_result(_method, values.from_variant))

define_methods(ShareableList, {
    'create': lambda values, name=None, flags=0: (values, name, flags),
    'create_full create_async': lambda values, name=None, mode=0o600, flags=0, cancellable=None: (
        values, name, mode, flags, cancellable),
    'create_anonymous': lambda values, flags=0: (values, flags),
    'create_anonymous_async': lambda values, flags=0, cancellable=None: (
        values, flags, cancellable),
    'copy_packed': lambda first, n_values: (first, n_values),
    'create_packed': lambda packed, name=None, flags=0: (packed, name, flags),
    'attach': lambda name, flags=0: (name, flags),
    'attach_async': lambda name, flags=0, cancellable=None: (name, flags, cancellable),
    'new_for_shared_memory_async': lambda shared_memory, cancellable=None: (
        shared_memory, cancellable),
    'get_value_async': lambda index, cancellable=None: (index, cancellable),
    'set_value_async': lambda index, value, cancellable=None: (index, value, cancellable),
    'find_async count_async': lambda value, cancellable=None: (value, cancellable),
    'copy_values_async get_format_async': lambda cancellable=None: (cancellable,),
}, creations=dict.fromkeys(('create', 'create_full'), interrupts.get_undo))
