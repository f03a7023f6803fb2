# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The values of lists without the extension.

A list is read through views of its memory where that is possible, and by calls of the library
otherwise.
"""

import itertools
import marshal
import time

from gi.repository import GLib

from . import errors, interrupts, values, views, weak
from .errors import Shm
from .values import MARSHAL_VERSION, marshal_sequence
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
_reset = Shm.ShareableList.reset
_init = Shm.ShareableList.init
_get_length = Shm.ShareableList.get_length
_get_layout = Shm.ShareableList.get_layout
_get_shared_memory = Shm.ShareableList.get_shared_memory
_set_int64 = Shm.ShareableList.set_int64
_set_double = Shm.ShareableList.set_double
_set_boolean = Shm.ShareableList.set_boolean
_set_string = Shm.ShareableList.set_string
_set_none = Shm.ShareableList.set_none
_set_packed = Shm.ShareableList.set_packed
_copy_packed = Shm.ShareableList.copy_packed
_search = Shm.ShareableList.search
_new_bytes = GLib.Bytes.new
_is_closed = Shm.SharedMemory.is_closed
_dumps = marshal.dumps
_loads = marshal.loads


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


class InterpretedValues:
    """A base class of ShareableList."""

    __slots__ = ()

    # The values of an object before it is used.
    _shm_length = 0   # 0 until the length is known
    _shm_n_calls = 0  # the number of reads by calls of the library since the last attempt to make views
    _shm_views = None

    def _shm_init_new(self, sequence, arguments):
        """Initialises a new list. The arguments are those of reset() that follow the values."""
        _, packed = marshal_sequence(sequence)
        _reset(self, _new_bytes(packed), *arguments)
        if len(packed) > _SMALL_SIZE:
            interrupts.call([], _init, self)
        else:
            _init(self, None)

    def __len__(self):
        # The length is 0 while the object is being constructed, and constant afterwards.
        if not self._shm_length:
            self._shm_length = _get_length(self)

        return self._shm_length

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
            buf = shm.buf
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
                return InterpretedValues.__setitem__(self, index, values.to_plain(value))
        except (GLib.Error, OverflowError, UnicodeEncodeError) as error:
            raise self._shm_translate_set_error(error, index, value) from None

        if _chunks:
            self._shm_refresh_chunks(index)

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

    def _shm_refresh(self, position):
        """Called when a value was replaced."""
        if _chunks:
            self._shm_refresh_chunks(position)

    def _shm_refresh_chunks(self, position):
        """Updates a value in the chunks of all iterators of this object."""
        for chunk in weak.get_live(_chunks):
            if chunk.owner is self and 0 <= position - chunk.first < len(chunk):
                try:
                    chunk[position - chunk.first] = InterpretedValues.__getitem__(self, position)
                except (OSError, ValueError):
                    pass  # The list was closed in the meantime.

    def _shm_has_own_reader(self):
        """Returns whether a subclass has replaced a method that reads values. CPython's class has
        only __getitem__(): iterations, searches and counts call it for each value."""
        kind = type(self)

        return (kind.__getitem__ is not InterpretedValues.__getitem__
                or kind.__iter__ is not InterpretedValues.__iter__)

    def __iter__(self):
        if self._shm_has_own_reader():
            return self._shm_iterate_items()

        return itertools.chain.from_iterable(self._shm_iterate_chunks())

    def __reversed__(self):
        if self._shm_has_own_reader():
            return self._shm_reverse_items()

        return itertools.chain.from_iterable(map(reversed, self._shm_iterate_chunks(backwards=True)))

    def _shm_find_first(self, value):
        """Returns the first index of a value, and None. If the list does not contain the value,
        returns -1, and the GLib.Error or None."""
        if type(value) not in values.TYPES or self._shm_has_own_reader():
            return self._shm_find_slowly(value), None

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
            return self._shm_count_slowly(value)
        if len(self) <= min(_SEARCH_ENDS[-1], self._shm_get_largest_chunk_length()):
            return self._shm_copy(0, len(self)).count(value)

        try:
            return self._shm_search(value, stops_at_first=False, used=0)[0]
        except GLib.Error as error:
            raise self._shm_translate(error) from None
