# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the typelib alone cannot give Python: the classes of CPython's
multiprocessing.shared_memory, and the SharedMemoryManager of its multiprocessing.managers, with
their signatures, their exceptions and their speed."""

import errno
import functools
import itertools
import marshal
import mmap
import operator
import os
import select
import struct
import sys
import types
import weakref

from gi.repository import GLib

from ..module import get_introspection_module
from ..overrides import override

Shm = get_introspection_module('Shm')

__all__ = []


# Errors

class InvalidNameError(OSError, ValueError):
    """CPython has an OSError for some bad names and a ValueError for others."""


class IntegerRangeError(OverflowError, struct.error):
    """CPython has a struct.error for an int that is too large for a list."""


class ServerDiedError(ConnectionResetError, ConnectionRefusedError, EOFError):
    """CPython has one of these when a manager's server has died: it depends on when that shows."""


# A str is one of multiprocessing's, which is not loaded before it is needed.
_EXCEPTIONS = {
    Shm.Error.EXISTS: (FileExistsError, errno.EEXIST),
    Shm.Error.NOT_FOUND: (FileNotFoundError, errno.ENOENT),
    Shm.Error.INVALID_NAME: (InvalidNameError, errno.EINVAL),
    Shm.Error.INVALID_SIZE: (ValueError, None),
    Shm.Error.NO_SPACE: (OSError, errno.ENOSPC),
    Shm.Error.PERMISSION_DENIED: (PermissionError, errno.EACCES),
    Shm.Error.UNTRUSTED_OWNER: (PermissionError, errno.EPERM),
    Shm.Error.CLOSED: (ValueError, None),
    Shm.Error.READ_ONLY: (PermissionError, errno.EACCES),
    Shm.Error.OUT_OF_RANGE: (IndexError, None),
    Shm.Error.TYPE_MISMATCH: (OSError, errno.EMEDIUMTYPE),
    Shm.Error.TOO_LARGE: (OSError, errno.EFBIG),
    Shm.Error.CORRUPT: (ValueError, None),
    Shm.Error.NOT_SUPPORTED: (OSError, errno.ENOTSUP),
    Shm.Error.TIMED_OUT: (TimeoutError, errno.ETIMEDOUT),
    Shm.Error.NOT_STARTED: (ValueError, None),
    Shm.Error.ALREADY_STARTED: ('ProcessError', None),
    Shm.Error.AUTHENTICATION_FAILED: ('AuthenticationError', None),
    Shm.Error.PROTOCOL: (OSError, errno.EPROTO),
    Shm.Error.SERVER_DIED: (ServerDiedError, errno.ECONNRESET),
}
_EXCEPTIONS = {int(code): how for code, how in _EXCEPTIONS.items()}

# Of values in lists.
_LIST_EXCEPTIONS = {
    **_EXCEPTIONS,
    int(Shm.Error.TYPE_MISMATCH): (TypeError, None),
    int(Shm.Error.TOO_LARGE): (ValueError, None),
    int(Shm.Error.VALUE_NOT_FOUND): (ValueError, None),
}
# ... before they are in a list, and have an index.
_NEW_LIST_EXCEPTIONS = {
    **_LIST_EXCEPTIONS,
    int(Shm.Error.OUT_OF_RANGE): (IntegerRangeError, None),
}


def _translate(gerror, name=None, exceptions=_EXCEPTIONS):
    """The exception that CPython's class would raise; its gerror is the GLib.Error."""
    if gerror.domain != 'shm-error-quark':
        return gerror

    kind, number = exceptions.get(gerror.code, (OSError, errno.EIO))
    if isinstance(kind, str):
        import multiprocessing
        kind = getattr(multiprocessing, kind)
    if number is None:
        exception = kind(gerror.message)
    elif name is None:
        exception = kind(number, gerror.message)
    else:
        exception = kind(number, gerror.message, '/' + name)
    # Without the frames that it went through, which would keep what is in them.
    exception.gerror = gerror.with_traceback(None)

    return exception


def _refuse_nul(name):
    """PyGObject would hand a string to C up to its first NUL, as if that was the name."""
    if name is not None and '\0' in name:
        raise ValueError('embedded null character in the name of a block')


def _refuse_negative(*numbers):
    if min(map(operator.index, numbers)) < 0:
        raise IndexError('offsets and lengths in a block count from its beginning')


def _translated(method):
    @functools.wraps(method)
    def translated(self, *args):
        try:
            return method(self, *args)
        except GLib.Error as error:
            raise _translate(error, self.get_name()) from None

    return translated


def _translated_function(function, name_at=None, exceptions=_EXCEPTIONS):
    """The function, with CPython's exceptions; name_at says which argument is a block's name."""
    def translated(*args):
        name = args[name_at] if name_at is not None and name_at < len(args) else None
        _refuse_nul(name)
        try:
            return function(*args)
        except GLib.Error as error:
            raise _translate(error, name, exceptions) from None

    translated.__name__ = function.__name__
    translated.__doc__ = function.__doc__

    return translated


# Weak references, to tell others of a change without keeping them

def _add_weakly(references, thing):
    references.add(weakref.ref(thing, references.discard))


def _get_things(references):
    things = [reference() for reference in tuple(references)]

    return [thing for thing in things if thing is not None]


# CPython's resource tracker
#
# It removes what a tree of processes has left behind when the last of them has ended. Only
# creators register: a process that merely attaches must not be the end of the block. The
# tracker keeps a set, so that registering what is registered does nothing.

_tracker = None


def _load_tracker():
    # Not before it is needed: a program that only attaches never loads multiprocessing.
    global _tracker
    from multiprocessing import resource_tracker
    _tracker = resource_tracker


def _track(name):
    if _tracker is None:
        _load_tracker()
    _tracker.register('/' + name, 'shared_memory')


def _untrack(name):
    _tracker.unregister('/' + name, 'shared_memory')


def _is_tracker_running():
    """Whether a process of this tree has started the tracker, and so may have registered."""
    tracker = sys.modules.get('multiprocessing.resource_tracker')

    return getattr(getattr(tracker, '_resource_tracker', None), '_fd', None) is not None


def _constructor(owner, constructor, name_at=None, exceptions=_EXCEPTIONS):
    """The constructor of that name of the class of that name, with CPython's exceptions."""
    def call(cls, *args, **kwargs):
        function = functools.partial(getattr(super(globals()[owner], cls), constructor), **kwargs)
        function.__name__ = constructor

        return _translated_function(function, name_at, exceptions)(*args)

    call.__name__ = constructor

    return classmethod(call)


# Views

# Where Python can do without, a mapping takes no descriptor of its own.
_mmap = (functools.partial(mmap.mmap, trackfd=False) if sys.version_info >= (3, 13)
         else mmap.mmap)


def _map(fd, size, read_only):
    if not read_only:
        return _mmap(fd, size)
    try:
        return _mmap(fd, size, prot=mmap.PROT_READ)
    except PermissionError:
        # Sealed against writing, and a Linux before 6.7: what nobody can change looks the
        # same in a private mapping.
        return _mmap(fd, size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)


# Found here once and not in every call.
_gobject_init = Shm.SharedMemory.__init__
_get_name = Shm.SharedMemory.get_name
_get_size = Shm.SharedMemory.get_size
_close = Shm.SharedMemory.close
_unlink = Shm.SharedMemory.unlink
_read = Shm.SharedMemory.read
_seal = Shm.SharedMemory.seal
_write = Shm.SharedMemory.write
_init = Shm.SharedMemory.init
_get_fd = Shm.SharedMemory.get_fd
_is_read_only = Shm.SharedMemory.is_read_only
_is_closed = Shm.SharedMemory.is_closed

_ATTACH_FLAGS = {
    (False, False): 0,
    (True, False): int(Shm.AttachFlags.READ_ONLY),
    (False, True): int(Shm.AttachFlags.ANY_OWNER),
    (True, True): int(Shm.AttachFlags.READ_ONLY | Shm.AttachFlags.ANY_OWNER),
}
_SPARSE = int(Shm.CreateFlags.SPARSE)


class SharedMemory(Shm.SharedMemory):
    """A block of shared memory, as multiprocessing.shared_memory.SharedMemory is one.

    SharedMemory(name) attaches to a block, SharedMemory(create=True, size=n) creates one. It
    is also a context manager, which closes it and leaves its name alone.

    track: a new block is registered with CPython's resource tracker, which removes it when
        this process and its relatives have ended without unlinking it. Attaching never
        registers anything.
    read_only: attach so that the memory can't be written.
    mode: the permission bits of a new block, whatever the umask.
    sparse: reserve no memory for a new block.
    any_owner: also attach to a block of another user than root or oneself.
    """

    # For objects that C made, which no __init__ has seen.
    _view = None
    _lists = None     # that have views of their own, by weak references
    _tracked = False  # after __init__: None for what it attached to; for what it created the
                      # name that the tracker knows, or an empty one

    def __init__(self, name=None, create=False, size=0, *, track=True, read_only=False,
                 mode=0o600, sparse=False, any_owner=False):
        if self._tracked is not False:
            raise RuntimeError(f'{self!r} was initialised before')
        size = operator.index(size)
        if size < 0:
            raise ValueError("'size' must not be negative")
        if size > GLib.MAXUINT64:
            raise OverflowError("'size' is too large for any block")
        if name is None and not create:
            raise ValueError("'name' is needed to attach to a block: only a new one can do "
                             "without")
        _refuse_nul(name)

        if not create:
            # Each property that is set costs, and flags the most.
            flags = _ATTACH_FLAGS[bool(read_only), bool(any_owner)]
            _gobject_init(self, name=name, **({'attach_flags': flags} if flags else {}))
        elif size == 0:
            raise ValueError("'size' of a new block must be at least 1")
        elif read_only:
            raise ValueError("'read_only' is for attaching: a new block would stay empty")
        elif sparse:
            _gobject_init(self, name=name, size=size, mode=mode, create_flags=_SPARSE)
        elif name is not None or mode != 0o600:
            _gobject_init(self, name=name, size=size, mode=mode)
        else:
            _gobject_init(self, size=size)

        try:
            _init(self, None)
        except GLib.Error as error:
            raise _translate(error, name) from None

        self._tracked = None
        if create:
            self._finish_creation(size, track)

    def _finish_creation(self, size, track):
        name = _get_name(self) if track else ''
        try:
            self._view = memoryview(_mmap(_get_fd(self), size))
            if track:
                _track(name)
        except BaseException:
            self._take_back()
            raise
        self._tracked = name

    def _take_back(self):
        """Removes what could not be finished."""
        self._tracked = ''
        self._view = None
        try:
            _unlink(self)
        except GLib.Error:
            pass  # gone already, and what went wrong first is what counts
        _close(self)

    def _track_new(self):
        """Tracks a block that a list was created in."""
        name = _get_name(self)
        try:
            _track(name)
        except BaseException:
            self._take_back()
            raise
        self._tracked = name

    def _add_list(self, shareable_list):
        """From now on, closing the block also ends the views that the list has of it."""
        if self._lists is None:
            self.__dict__.setdefault('_lists', set())
            self.connect('closed', SharedMemory._end_views)
        _add_weakly(self._lists, shareable_list)

    def _end_views(self):
        for shareable_list in _get_things(self._lists):
            shareable_list._views = None

    def __reduce__(self):
        if _get_name(self) is None:
            raise TypeError('a block without a name has nothing that a pickle could refer to')

        make = self.__class__
        flags = self.props.attach_flags
        if flags:
            make = functools.partial(make,
                                     read_only=bool(flags & Shm.AttachFlags.READ_ONLY),
                                     any_owner=bool(flags & Shm.AttachFlags.ANY_OWNER))

        return make, (self.name, False, self.size)

    def __copy__(self):
        make, args = self.__reduce__()

        return make(*args)

    def __deepcopy__(self, memo):
        return self.__copy__()

    def __repr__(self):
        return f'{self.__class__.__name__}({self.name!r}, size={self.size})'

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    name = property(_get_name, doc="The block's name, without a leading slash.")
    size = property(_get_size, doc="The block's size in bytes.")
    # Not public in CPython either, but what programs hand to its resource tracker.
    _name = property(lambda self: '/' + _get_name(self))
    mode = property(Shm.SharedMemory.get_mode, doc="The block's permission bits.")
    read_only = property(_is_read_only, doc="Whether the block can't be written here.")

    @property
    def buf(self):
        """A memoryview of the block, without a copy; None once the object is closed.

        A view that is kept stays good after close().
        """
        if self._view is None:
            self._view = self._make_view()

            # Another thread may have closed the object meanwhile. Its descriptor can have stood
            # for any other file then, and what was mapped is dropped.
            if _is_closed(self):
                self._view = None

        return self._view

    def _make_view(self):
        try:
            return memoryview(_map(_get_fd(self), _get_size(self), _is_read_only(self)))
        except (OSError, ValueError):
            if _is_closed(self):
                return None
            raise

    def close(self):
        """Ends the use of the block through this object. Views that are kept stay good."""
        # Dropped and not released: whoever holds it, or a slice or an array of it, may go on.
        self._view = None
        try:
            _close(self)
        except GLib.Error as error:
            raise _translate(error, _get_name(self)) from None
        finally:
            if self._view is not None:  # another thread has asked for it until just now
                self._view = None

    def unlink(self):
        """Removes the block's name. To be called once for each block."""
        tracked = self._tracked
        try:
            _unlink(self)
        except GLib.Error as error:
            if tracked and error.matches(Shm.Error.quark(), Shm.Error.NOT_FOUND):
                self._forget()
            raise _translate(error, _get_name(self)) from None

        if tracked:
            self._tracked = ''
            _untrack(tracked)
        elif not isinstance(tracked, str) and _is_tracker_running():
            self._forget()

    def _forget(self):
        """Makes sure that the tracker does not know the name, whether or not it does now."""
        name = _get_name(self)
        self._tracked = ''
        _track(name)
        _untrack(name)

    def read(self, offset=0, length=None):
        """Copies a part of the block into bytes; fails instead of crashing if a peer has
        truncated it."""
        if length is None:
            length = max(_get_size(self) - operator.index(offset), 0)
        _refuse_negative(offset, length)
        try:
            return _read(self, offset, length).get_data() or b''
        except GLib.Error as error:
            raise _translate(error, _get_name(self)) from None

    def write(self, offset, data):
        """Copies a bytes-like object into the block; all of it fits, or nothing is written."""
        # PyGObject takes only bytes in one piece.
        data = data if type(data) is bytes else bytes(memoryview(data))
        _refuse_negative(offset)
        try:
            _write(self, offset, GLib.Bytes.new(data))
        except GLib.Error as error:
            raise _translate(error, _get_name(self)) from None

    dup_fd = _translated(Shm.SharedMemory.dup_fd)
    map = _translated(Shm.SharedMemory.map)
    watch = _translated(Shm.SharedMemory.watch)

    def seal(self, flags):
        """Rules out for ever that the block is resized, or also that it is written."""
        # The view that the object keeps for itself is no reason to refuse.
        self._view = None
        try:
            return _seal(self, flags)
        except GLib.Error as error:
            raise _translate(error, _get_name(self)) from None

    create = _constructor('SharedMemory', 'create', 0)
    create_full = _constructor('SharedMemory', 'create_full', 0)
    create_async = _constructor('SharedMemory', 'create_async', 0)
    create_finish = _constructor('SharedMemory', 'create_finish')
    attach = _constructor('SharedMemory', 'attach', 0)
    open_or_create = _constructor('SharedMemory', 'open_or_create', 0)
    create_anonymous = _constructor('SharedMemory', 'create_anonymous')
    attach_fd = _constructor('SharedMemory', 'attach_fd')


for _method in ('get_live_bytes', 'get_live_region',
                *(f'{verb}_{kind}' for verb in ('get', 'set')
                  for kind in ('int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64',
                               'uint64', 'float', 'double'))):
    setattr(SharedMemory, _method, _translated(getattr(Shm.SharedMemory, _method)))

SharedMemory = override(SharedMemory)
SharedMemory.__module__ = 'gi.repository.Shm'  # where a pickle is to look for it
__all__.append('SharedMemory')


# Values of lists

_TYPES = {int, float, bool, str, bytes, type(None)}
_MARSHAL = 2   # the version of the format that values have on their way to the library and back
_BLOCK = 4096  # so many numbers of a range are packed at once
_dumps = marshal.dumps
_loads = marshal.loads


def _refuse_types(values):
    for value in values:
        if type(value) not in _TYPES:
            raise KeyError(type(value))


def _is_all(packed, n_values, kind, width):
    """Whether all packed values are of one kind, and as wide as that."""
    return len(packed) == 5 + n_values * width and packed[5::width].count(kind) == n_values


def _pack(values):
    """A list or tuple as the library takes it."""
    try:
        packed = _dumps(values, _MARSHAL)
    except ValueError:
        _refuse_types(values)
        raise

    # What is only like bytes is packed as bytes. Among numbers there is none of it, and the types
    # need not be looked at.
    if not (_is_all(packed, len(values), b'i', 5) or _is_all(packed, len(values), b'g', 9)
            or set(map(type, values)) <= _TYPES):
        _refuse_types(values)

    return packed


def _pack_range(numbers):
    """The same for a range, without an int for each number if it is long."""
    n_blocks = len(numbers) // _BLOCK
    if n_blocks == 0 or min(numbers[0], numbers[-1]) < 0 or max(numbers[0], numbers[-1]) >> 31:
        return _dumps(list(numbers), _MARSHAL)

    # Each number is packed as a byte and 32 bits. What a block is more than the first one is added
    # to all its numbers at once, which never carries.
    first = int.from_bytes(_dumps(list(numbers[:_BLOCK]), _MARSHAL)[5:], 'little')
    step = (numbers[1] - numbers[0]) * _BLOCK * int.from_bytes(b'\0\1\0\0\0' * _BLOCK, 'little')
    blocks = [(first + i * step).to_bytes(5 * _BLOCK, 'little') for i in range(n_blocks)]
    rest = _dumps(list(numbers[n_blocks * _BLOCK:]), _MARSHAL)[5:]

    return b''.join([b'[', len(numbers).to_bytes(4, 'little'), *blocks, rest])


def _pack_any(values):
    """The values as a list, tuple or range, and as the library takes them."""
    if type(values) is range:
        return values, _pack_range(values)

    values = values if type(values) in (list, tuple) else list(values)

    return values, _pack(values)


def _translate_values(gerror, values, name=None):
    """The exception for a GLib.Error about values that were to be stored."""
    if gerror.matches(Shm.Error.quark(), Shm.Error.TYPE_MISMATCH):
        try:
            for value in values:
                if isinstance(value, str):
                    value.encode()
        except UnicodeEncodeError as error:
            error.gerror = gerror.with_traceback(None)
            return error

    return _translate(gerror, name, _NEW_LIST_EXCEPTIONS)


def _find_equals(value):
    """What is equal to a value in Python, of all that can be in a list."""
    kind = type(value)
    try:
        if kind is str and '\0' not in value:
            return [GLib.Variant.new_string(value)]
        if kind is str or kind is bytes:
            array = GLib.Variant.new_from_bytes(GLib.VariantType('ay'), GLib.Bytes.new(
                value if kind is bytes else value.encode()), True)
            return [array if kind is bytes else GLib.Variant.new_tuple(array)]
        if value is None:
            return [GLib.Variant.new_maybe(GLib.VariantType('v'), None)]
        if kind is float:
            equals = [GLib.Variant.new_double(value)]
        elif -1 << 63 <= value < 1 << 63:
            equals = [GLib.Variant.new_int64(value)]
        else:
            return [GLib.Variant.new_double(value)] if float(value) == value else []
    except (OverflowError, UnicodeEncodeError):
        return []  # an int larger than any float, or a str that is no text

    # The library takes truth values for no numbers, and Python for 0 and 1.
    if value == 0 or value == 1:
        equals.append(GLib.Variant.new_boolean(value == 1))

    return equals


def _is_missing(value, gerror):
    exception = ValueError(f'{value!r} not in this container')
    if gerror is not None:
        exception.gerror = gerror

    return exception


# Reading values where they are
#
# A call of the library for each value would take most of the time. The page "What is in the memory"
# of the manual says what a reader has to do instead, in which order. Python has no way to ask the
# processor for an order of loads: only where it keeps the one that is written here, values are
# looked at in views.

_CAN_LOOK = os.uname().machine in ('x86_64', 'AMD64') and sys.maxsize > 1 << 32
_PATIENCE = 16      # so often the library is called before there are views
_SMALL_LIST = 1024  # up to here the slots are noted at once, and otherwise when it pays


def _as_word(text):
    """A format as the number that it is in memory."""
    return int.from_bytes(text.encode().ljust(8, b'\0'), sys.byteorder)


_INT, _FLOAT, _BOOL, _NONE = map(_as_word, ('q', 'd', 'xxxxxxx?', 'xxxxxx?x'))
_LARGEST_SLOT = 9999992
_LARGEST_MARKED_SLOT = 999992  # the format of a larger one has no room for a mark


class _Formats(dict):
    """The format of text or bytes by the size of their slot, where it says all about the value:
    that it is followed by NULs. For others 0, which no format is."""

    def __missing__(self, size):
        if size % 8 != 0 or not 0 < size <= _LARGEST_MARKED_SLOT:
            return 0

        self[size] = _as_word(f'{size}s')
        return self[size]


_formats = _Formats()


def _note_slots(offsets, base, limit):
    """Where slots begin and end in the memory, and the formats of text and bytes in them; None if
    the offsets are corrupt."""
    offsets = offsets.tolist()
    sizes = list(map(operator.sub, offsets[1:], offsets))
    if (offsets[0] & 7 or offsets[-1] > limit or min(sizes) <= 0 or max(sizes) > _LARGEST_SLOT
            or functools.reduce(operator.or_, sizes) & 7):
        return None

    places = [base + offset for offset in offsets]

    return places[:-1], places[1:], list(map(_formats.__getitem__, sizes))


# Lists

_NEAR = (16, 256)                # values are looked for in so many at first, by Python
_NEAR_NUMBERS = (16, 256, 2048)  # ... that can be of several kinds
_FIRST_CHUNK = 16
_LARGEST_CHUNK = 2048
_CHUNK_BYTES = 1 << 20

_list_gobject_init = Shm.ShareableList.__init__
_list_init = Shm.ShareableList.init
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
_count = Shm.ShareableList.count
_find = Shm.ShareableList.find


class _Chunk(list):
    """A copy of some values of a list, for somebody who goes through it."""

    __slots__ = ('owner', 'first', '__weakref__')
    __eq__ = object.__eq__
    __hash__ = object.__hash__


_chunks = set()  # of all lists, by weak references


class ShareableList(Shm.ShareableList):
    """A list of values in shared memory, as multiprocessing.shared_memory.ShareableList is one.

    ShareableList(sequence) creates a list, ShareableList(name=name) attaches to one. A value is an
    int, float, bool, str, bytes or None, and can be replaced by one of another type. The first
    value decides how many bytes there are for a str or bytes.

    What is read is a whole value that was stored, and exactly that. Going through the list reads
    some values ahead: what this object stores meanwhile is seen at once, what others store may be
    missed.
    """

    # For objects that C made, which no __init__ has seen.
    _is_made = False
    _length = 0  # not known yet
    _calls = 0   # how many values were read by a call of the library
    _views = None

    def __init__(self, sequence=None, *, name=None):
        if self._is_made:
            raise RuntimeError(f'{self!r} was initialised before')
        _refuse_nul(name)

        if sequence is None and name is not None:
            self._attach(name)
        else:
            self._create(sequence or (), name)
        self._is_made = True

    def _attach(self, name):
        _list_gobject_init(self, name=name)
        try:
            _list_init(self, None)
        except GLib.Error as error:
            raise _translate(error, name) from None

    def _create(self, values, name):
        values, packed = _pack_any(values)

        # Each property that is set costs.
        if name is None:
            _list_gobject_init(self, packed=GLib.Bytes.new(packed))
        else:
            _list_gobject_init(self, packed=GLib.Bytes.new(packed), name=name)
        try:
            _list_init(self, None)
        except GLib.Error as error:
            raise _translate_values(error, values, name) from None

        _get_shared_memory(self)._track_new()

    def __reduce__(self):
        shm = _get_shared_memory(self)
        if shm is None or _get_name(shm) is None:
            raise TypeError('a list in a block without a name has nothing that a pickle could '
                            'refer to')

        flags = shm.props.attach_flags
        if flags:
            return ShareableList._attach_again, (_get_name(shm), int(flags))

        return functools.partial(self.__class__, name=_get_name(shm)), ()

    @classmethod
    def _attach_again(cls, name, flags):
        return cls.attach(name, Shm.AttachFlags(flags))

    def __copy__(self):
        make, args = self.__reduce__()

        return make(*args)

    def __deepcopy__(self, memo):
        return self.__copy__()

    def __repr__(self):
        shm = _get_shared_memory(self)
        values = '<closed>' if shm is None or _is_closed(shm) else list(self)
        name = None if shm is None else _get_name(shm)

        return f'{self.__class__.__name__}({values}, name={name!r})'

    def __len__(self):
        # It is 0 until the list is there, and never changes afterwards.
        if not self._length:
            self._length = _get_length(self)

        return self._length

    shm = property(_get_shared_memory, doc="The block that the list is in.")

    @property
    def format(self):
        """The formats of all values, as the struct module knows them."""
        try:
            return _get_format(self)
        except GLib.Error as error:
            raise self._translate(error) from None

    def _translate(self, error):
        shm = _get_shared_memory(self)

        return _translate(error, None if shm is None else _get_name(shm), _LIST_EXCEPTIONS)

    def _find_position(self, index, complaint):
        """An index that counts from the beginning."""
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

        raise self._complain(position if length < position <= GLib.MAXUINT64 else length,
                             complaint)

    def _complain(self, position, complaint):
        """The exception for a value that is not there: the library says whether that is all."""
        try:
            _get_int64(self, position)
        except GLib.Error as error:
            exception = self._translate(error)
            if isinstance(exception, IndexError):
                exception.args = (complaint,)
            return exception

    # One value

    def __getitem__(self, index):
        views = self._views
        if views is not None:
            try:
                (counter, formats, codes, ints, floats, bools, memory, starts, ends, plain,
                 rest) = views
                before = counter[0]
                code = codes[index]
                entry = formats[index]
                start = starts[index]
                if plain is None:
                    ticks, base, limit = rest
                    next(ticks)
                    end = ends[index]
                    if (start | end) & 7 or not start < end <= limit:
                        return self._get_by_call(index)
                    start += base

                # What is read counts only if nobody has written meanwhile. The counter is odd
                # while somebody does; CPython moves none, but changes formats.
                if code == 0:
                    if entry == _INT:
                        value = ints[start >> 3]
                    elif entry == _FLOAT:
                        value = floats[start >> 3]
                    elif entry == _BOOL:
                        value = bools[start >> 3] != 0
                    else:
                        return self._get_by_call(index)
                    if formats[index] == entry and counter[0] == before & -2:
                        return value
                elif code < 3:
                    # Any other format knows more about the bytes than that NULs follow them.
                    if plain is not None:
                        if entry != plain[index]:
                            return self._get_by_call(index)
                        value = memory[start:ends[index]]
                    else:
                        if entry != _formats[end + base - start]:
                            return self._get_by_call(index)
                        value = memory[start:end + base]
                    if formats[index] == entry and counter[0] == before & -2:
                        value = value.rstrip(b'\0')
                        return value.decode() if code == 1 else value
                elif code == 3 and entry == _NONE and counter[0] == before & -2:
                    return None
            except (LookupError, TypeError, ValueError):
                pass
            except StopIteration:
                self._look(True)

        return self._get_by_call(index)

    def _get_by_call(self, index):
        position = self._find_position(index, 'index out of range')

        if _CAN_LOOK and self._views is None:
            self._calls += 1
            if self._calls >= _PATIENCE:
                self._calls = 0
                self._look(len(self) <= _SMALL_LIST)

        return self._copy(position, 1)[0]

    def _look(self, is_worth_noting):
        """From now on values are looked at in views of the memory, if that is possible."""
        shm = _get_shared_memory(self)
        try:
            buf = SharedMemory.buf.fget(shm)
        except (OSError, ValueError):
            return
        if buf is None:
            return

        # Closing the block also ends the views. Another thread may have closed it just now.
        shm._add_list(self)
        self._views = self._make_views(buf.obj, is_worth_noting)
        if _is_closed(shm):
            self._views = None

    def _make_views(self, memory, is_worth_noting):
        view = memoryview(memory)
        slots_at, formats_at, codes_at, counter_at = _get_layout(self)
        offsets = view[8:slots_at].cast('Q')
        limit = formats_at - slots_at
        if is_worth_noting:
            slots = _note_slots(offsets, slots_at, limit)
            if slots is None:
                return None
            slots += (None,)
        else:
            ticks = itertools.repeat(None, len(self) // 2)  # then it is worth it
            slots = offsets[:-1], offsets[1:], None, (ticks, slots_at, limit)

        # A list of CPython's has no counter.
        counter = view[counter_at:counter_at + 8] if counter_at != 0 else memoryview(bytes(8))
        words = view[:formats_at]

        return (counter.cast('Q'), view[formats_at:codes_at].cast('Q'),
                view[codes_at:codes_at + len(self)], words.cast('q'), words.cast('d'), words[7::8],
                memory, *slots)

    def __setitem__(self, index, value):
        kind = type(value)
        try:
            if type(index) is not int or index < 0:
                index = self._find_position(index, 'assignment index out of range')
            if kind is int:
                _set_int64(self, index, value)
            elif kind is str:
                if '\0' in value:
                    _set_packed(self, index, _dumps(value, _MARSHAL))
                else:
                    _set_string(self, index, value)
            elif kind is bytes:
                _set_packed(self, index, _dumps(value, _MARSHAL))
            elif kind is float:
                _set_double(self, index, value)
            elif kind is bool:
                _set_boolean(self, index, value)
            elif value is None:
                _set_none(self, index)
            else:
                self._set_unusual(index, value)
        except (GLib.Error, OverflowError, UnicodeEncodeError) as error:
            raise self._explain(error, index, value) from None

        if _chunks:
            self._renew(index)

    def _set_unusual(self, index, value):
        self._find_position(index, 'assignment index out of range')
        if isinstance(value, str):
            self[index] = str.__str__(value)
        elif isinstance(value, bytes):
            self[index] = bytes(memoryview(value))
        else:
            raise KeyError(type(value))

    def _explain(self, error, index, value):
        """The exception for a value that was not stored. CPython complains of the index first."""
        self._find_position(index, 'assignment index out of range')

        if isinstance(error, OverflowError):
            # PyGObject's, for an int that the library has not seen: its own error is wanted.
            try:
                _set_packed(self, index, _dumps(value, _MARSHAL))
            except GLib.Error as gerror:
                error = gerror
        if not isinstance(error, GLib.Error):
            return error

        exception = _translate_values(error, [value], _get_name(_get_shared_memory(self)))
        # The other thing that can be too much, NULs at the end, CPython does not know.
        if (error.matches(Shm.Error.quark(), Shm.Error.TOO_LARGE)
                and 'available storage' in error.message):
            exception.args = ('bytes/str item exceeds available storage',)

        return exception

    # Many values

    def _copy(self, first, n_values):
        try:
            return _loads(_copy_packed(self, first, n_values).get_data())
        except GLib.Error as error:
            raise self._translate(error) from None

    def _get_largest_chunk(self):
        """How many values are copied in one go."""
        slots_at, formats_at, _, _ = _get_layout(self)

        return min(_CHUNK_BYTES * len(self) // max(formats_at - slots_at, 1) + 1, _LARGEST_CHUNK)

    def _get_chunk(self, first, n_values):
        chunk = _Chunk(self._copy(first, n_values))
        chunk.owner = self
        chunk.first = first
        _add_weakly(_chunks, chunk)

        return chunk

    def _get_chunks(self, backwards=False):
        """All values, at first only a few at a time: not everybody wants the rest."""
        length = len(self)
        if length == 0:
            self._copy(0, 0)  # says whether the list can be used at all
            return

        largest = self._get_largest_chunk()
        n_values = _FIRST_CHUNK
        done = 0
        while done < length:
            n_values = min(n_values, largest, length - done)
            # Kept by nobody but who goes through it.
            yield self._get_chunk(length - done - n_values if backwards else done, n_values)
            done += n_values
            n_values *= 2

    def _renew(self, position):
        for chunk in _get_things(_chunks):
            if chunk.owner is self and 0 <= position - chunk.first < len(chunk):
                chunk[position - chunk.first] = self[position]

    def __iter__(self):
        return itertools.chain.from_iterable(self._get_chunks())

    def __reversed__(self):
        return itertools.chain.from_iterable(map(reversed, self._get_chunks(backwards=True)))

    def _search(self, value):
        """The first index of a value, or -1 and the GLib.Error that may have come of it."""
        if type(value) not in _TYPES:
            return next((i for i, entry in enumerate(self) if value == entry), -1), None

        # What is near is found sooner than the library is asked: it looks at many values at once,
        # and for those of one kind.
        largest = self._get_largest_chunk()
        done = 0
        for end in _NEAR_NUMBERS if value == 0 or value == 1 else _NEAR:
            near = self._copy(done, min(end - done, len(self) - done, largest))
            if value in near:
                return done + near.index(value), None
            done += len(near)
            if done == len(self):
                return -1, None

        found, missing = [], None
        for equal in _find_equals(value):
            try:
                found.append(_find(self, equal)[1])
            except GLib.Error as error:
                if not error.matches(Shm.Error.quark(), Shm.Error.VALUE_NOT_FOUND):
                    raise self._translate(error) from None
                missing = error.with_traceback(None)

        return min(found, default=-1), missing

    def __contains__(self, value):
        return self._search(value)[0] >= 0

    def index(self, value):
        """The first index of a value; ValueError if it is not in the list."""
        index, gerror = self._search(value)
        if index < 0:
            raise _is_missing(value, gerror)

        return index

    def count(self, value):
        """How often a value is in the list."""
        if type(value) not in _TYPES:
            return sum(value == entry for entry in self)
        if len(self) <= min(_NEAR[-1], self._get_largest_chunk()):
            return self._copy(0, len(self)).count(value)

        try:
            return sum(_count(self, equal) for equal in _find_equals(value))
        except GLib.Error as error:
            raise self._translate(error) from None

    __class_getitem__ = classmethod(types.GenericAlias)

    # PyGObject would cut a float, and a string at its first NUL.

    def set_int64(self, index, value):
        """Stores an int."""
        self[index] = int(operator.index(value))

    def set_string(self, index, value):
        """Stores a str."""
        if not isinstance(value, str):
            raise TypeError(f'a str is needed, not {type(value).__name__}')
        self[index] = value

    create = _constructor('ShareableList', 'create', 1, _NEW_LIST_EXCEPTIONS)
    create_packed = _constructor('ShareableList', 'create_packed', 1, _NEW_LIST_EXCEPTIONS)
    attach = _constructor('ShareableList', 'attach', 0)
    new_for_shared_memory = _constructor('ShareableList', 'new_for_shared_memory')


def _of_list(method):
    """A method of the library's, with CPython's exceptions."""
    @functools.wraps(method)
    def translated(self, *args):
        try:
            return method(self, *args)
        except GLib.Error as error:
            raise self._translate(error) from None

    return translated


def _of_value(method):
    """A method of the library's about one value, with CPython's exceptions."""
    @functools.wraps(method)
    def translated(self, index, *args):
        position = self._find_position(index, 'index out of range')
        try:
            result = method(self, position, *args)
        except GLib.Error as error:
            raise self._translate(error) from None
        if _chunks and method.__name__.startswith('set_'):
            self._renew(position)

        return result

    return translated


for _method in ('value_kind', 'int64', 'double', 'boolean', 'string', 'text', 'bytes', 'value'):
    setattr(ShareableList, 'get_' + _method,
            _of_value(getattr(Shm.ShareableList, 'get_' + _method)))
for _method in ('double', 'boolean', 'text', 'bytes', 'none', 'value', 'packed'):
    setattr(ShareableList, 'set_' + _method,
            _of_value(getattr(Shm.ShareableList, 'set_' + _method)))
for _method in ('get_format', 'copy_values', 'copy_packed', 'snapshot'):
    setattr(ShareableList, _method, _of_list(getattr(Shm.ShareableList, _method)))

ShareableList = override(ShareableList)
ShareableList.__module__ = 'gi.repository.Shm'
__all__.append('ShareableList')


# Managers

_manager_gobject_init = Shm.Manager.__init__
_connect_signal = Shm.Manager.connect
_start = Shm.Manager.start
_start_finish = Shm.Manager.start_finish
_connect_to_server = Shm.Manager.connect_to_server
_shutdown = Shm.Manager.shutdown
_list_blocks = Shm.Manager.list_blocks
_create_managed_block = Shm.Manager.create_shared_memory
_create_managed_list = Shm.Manager.create_shareable_list_packed
_get_state = Shm.Manager.get_state
_get_address_string = Shm.Manager.get_address_string
_get_pid = Shm.Manager.get_pid

_RUNNING = (Shm.ManagerState.STARTED, Shm.ManagerState.CONNECTED)
_ALLOWANCES = ('allow_md5', 'allow_other_users', 'allow_remote')

# What goes wrong when a server is started.
_START_EXCEPTIONS = {
    **_EXCEPTIONS,
    int(Shm.Error.EXISTS): (OSError, errno.EADDRINUSE),
    int(Shm.Error.CLOSED): ('ProcessError', None),
}
# What has nothing to do with the block that it was about.
_OF_SERVER = {int(code) for code in (Shm.Error.CLOSED, Shm.Error.SERVER_DIED, Shm.Error.PROTOCOL,
                                     Shm.Error.TIMED_OUT)}


def _print_pair(address):
    try:
        host, port = address
        port = operator.index(port)
    except (TypeError, ValueError):
        raise TypeError(f'an address that is a tuple has a host and a port: {address!r}') from None

    if not isinstance(host, str):
        raise TypeError(f'the host in an address is a str: {address!r}')
    if not 0 <= port <= 0xffff:
        raise OverflowError(f'the port in an address is from 0 to 65535: {address!r}')
    if '/' in host or '\0' in host or host.startswith('@'):
        raise ValueError(f'no name of a host: {address!r}')

    host = host or '0.0.0.0'

    return f'[{host}]:{port}' if ':' in host else f'{host}:{port}'


def _print_address(address):
    """An address of CPython's as the library takes it; None if it is to find one."""
    if not address:
        return None
    if type(address) is tuple:
        return _print_pair(address)
    if isinstance(address, bytes):
        if address[0] != 0:
            raise ValueError('an address that is bytes is the name of an abstract socket, and '
                             f'begins with a NUL: {address!r}')
        address = address.decode()  # the library knows text only, and this fails for anything else
    elif not isinstance(address, str):
        raise TypeError(f'an address is a str, bytes or a tuple: {address!r}')
    elif address.startswith('\\\\'):
        raise ValueError(f'there are no named pipes here: {address!r}')

    if address[0] == '\0':
        address = '@' + address[1:]
    if '\0' in address:
        raise ValueError(f'embedded null character in an address: {address!r}')

    return address


def _parse_address(text):
    """An address of the library's as CPython publishes it."""
    if text.startswith('@'):
        return b'\0' + text[1:].encode()

    host, colon, port = text.rpartition(':')
    if '/' in text or not colon or not port.isdecimal():
        return text

    return host[1:-1] if host.startswith('[') else host, int(port)


def _as_key(authkey):
    if authkey is None:
        from multiprocessing import process
        authkey = process.current_process().authkey
    if not isinstance(authkey, (bytes, bytearray, memoryview)):
        raise TypeError(f'an authkey is bytes, not {type(authkey).__name__}')

    return GLib.Bytes.new(bytes(authkey))


def _shut_down_at_exit(reference):
    manager = reference()
    if manager is not None:
        try:
            _shutdown(manager)
        except GLib.Error:
            pass  # nobody is there who could be told


def _of_manager(method, name_at=None, exceptions=_EXCEPTIONS):
    """A method of the library's, with CPython's exceptions; name_at as above."""
    @functools.wraps(method)
    def translated(self, *args, **kwargs):
        name = kwargs.get('name')
        if name_at is not None and name_at < len(args):
            name = args[name_at]
        _refuse_nul(name)
        try:
            return method(self, *args, **kwargs)
        except GLib.Error as error:
            raise self._translate(error, name, exceptions) from None

    return translated


class Manager(Shm.Manager):
    """Owns blocks and lists for several processes, as multiprocessing.managers.SharedMemoryManager
    does, and speaks its protocol: the server and each client can be CPython's.

    with Manager() as manager: starts a server, which removes all its blocks when that ends, or
    the process does, however it ends. Manager(address, authkey).connect() joins a server.

    address: None for a place of its own. A str is the path of a Unix socket; with a NUL or '@'
        before it the name of an abstract one, as bytes that begin with a NUL are. A (host, port)
        tuple is TCP, and so is a str like 'localhost:5000'. Other addresses than those of this
        machine need props.allow_remote.
    authkey: bytes that all who use the server have. None for
        multiprocessing.current_process().authkey, which children have, too.
    serializer: only 'pickle'.
    ctx: of no effect. The server is a program of its own, and the same with each start method.
    shutdown_timeout: of no effect. A server has ten seconds to end, and needs a few milliseconds;
        then it is killed, and what it has left is removed.

    It can be pickled for a child that is being spawned, where one that is started or connected is
    connected to the same server. Neither leaving a `with` nor the exit of a forked child, nor of a
    process that only connected, ends the server.

    When the server has died, the error is a ConnectionResetError that is also a
    ConnectionRefusedError and an EOFError. Once the manager was shut down, it is the same as where
    nobody listens: a FileNotFoundError for a path, and otherwise a ConnectionRefusedError. Before
    there is a server it is a ValueError.
    """

    # For objects that C made, which no __init__ has seen.
    _is_made = False
    _given = None      # the address
    _finalizer = None  # of a server that was started here

    def __init__(self, address=None, authkey=None, serializer='pickle', ctx=None, *,
                 shutdown_timeout=1.0):
        if self._is_made:
            raise RuntimeError(f'{self!r} was initialised before')
        if serializer != 'pickle':
            raise ValueError(f"the only serializer is 'pickle', not {serializer!r}")

        _manager_gobject_init(self, address_string=_print_address(address),
                              authkey=_as_key(authkey))
        self._given = address
        self._is_made = True

    def _translate(self, error, name=None, exceptions=_EXCEPTIONS):
        if exceptions is not _START_EXCEPTIONS:
            exceptions = {**exceptions, int(Shm.Error.CLOSED): self._find_absence()}

        return _translate(error, None if error.code in _OF_SERVER else name, exceptions)

    def _find_absence(self):
        """What CPython raises when nobody listens at the address."""
        text = _get_address_string(self) or ''
        if isinstance(_parse_address(text), str) and not os.path.lexists(text):
            return FileNotFoundError, errno.ENOENT

        return ConnectionRefusedError, errno.ECONNREFUSED

    # A server

    def start(self, initializer=None, initargs=(), *, cancellable=None):
        """Starts a server. There is no Python in it, and so it can't run an initializer."""
        if initializer is not None:
            raise TypeError('the server of this manager is no Python process, and can run no '
                            'initializer')
        try:
            _start(self, cancellable)
        except GLib.Error as error:
            raise self._translate(error, None, _START_EXCEPTIONS) from None

        self._note_start()

    def start_finish(self, result):
        """Ends what start_async() began."""
        try:
            is_started = _start_finish(self, result)
        except GLib.Error as error:
            raise self._translate(error, None, _START_EXCEPTIONS) from None

        self._note_start()

        return is_started

    def _note_start(self):
        """Has the server ended with the interpreter, which waits for it then. Without this the
        server would notice, and end by itself a moment later."""
        from multiprocessing import util
        self._finalizer = util.Finalize(self, _shut_down_at_exit, (weakref.ref(self),),
                                        exitpriority=0)

    def connect(self, *args, **kwargs):
        """connect() joins the server at the address; connect(signal, handler, ...) is GObject's."""
        if args or kwargs:
            return _connect_signal(self, *args, **kwargs)

        # In CPython this can be done again, and says whether the server is there.
        if _get_state(self) in _RUNNING:
            self.list_blocks()
        else:
            self.connect_to_server()

    def connect_to_server(self, cancellable=None):
        """Joins the server at the address. Once is enough."""
        self._join(_connect_to_server, cancellable)

    def connect_to_server_finish(self, result):
        """Ends what connect_to_server_async() began."""
        return self._join(Shm.Manager.connect_to_server_finish, result)

    def _join(self, method, argument):
        try:
            return method(self, argument)
        except GLib.Error as error:
            nobody = {**_EXCEPTIONS, int(Shm.Error.NOT_FOUND): self._find_absence()}
            raise self._translate(error, None, nobody) from None

    def join(self, timeout=None):
        """Waits until the server that was started here has ended, or for so many seconds."""
        if _get_state(self) != Shm.ManagerState.STARTED:
            return

        try:
            process = os.pidfd_open(_get_pid(self))
        except ProcessLookupError:
            return
        try:
            poll = select.poll()
            poll.register(process, select.POLLIN)
            has_ended = poll.poll(None if timeout is None else max(timeout, 0) * 1000)
        finally:
            os.close(process)

        # Somebody else has ended it. The library is to notice, and removes what may be left.
        if has_ended:
            try:
                _list_blocks(self)
            except GLib.Error:
                pass

    def __enter__(self):
        if _get_state(self) not in _RUNNING:
            self.start()

        return self

    def __exit__(self, *exc_info):
        if _get_pid(self) != 0:
            self.shutdown()

    @property
    def address(self):
        """Where the server listens: a str, bytes or a tuple, as in CPython."""
        text = _get_address_string(self)
        if text is None or self._given and (_get_pid(self) == 0 or text.startswith('/')):
            return self._given

        return _parse_address(text)

    def __reduce__(self):
        from multiprocessing import process
        is_used = _get_state(self) != Shm.ManagerState.INITIAL
        address = _parse_address(_get_address_string(self)) if is_used else self.address
        # CPython's own, which can be pickled for a child that is being spawned and nowhere else.
        key = process.AuthenticationString(self.get_authkey().get_data() or b'')
        allowances = [self.get_property(allowance) for allowance in _ALLOWANCES]

        return self.__class__._make_again, (address, key, allowances, is_used)

    @classmethod
    def _make_again(cls, address, key, allowances, is_used):
        manager = cls(address, key)
        for allowance, value in zip(_ALLOWANCES, allowances):
            manager.set_property(allowance, value)
        if is_used:
            manager.connect()

        return manager

    # Blocks

    def SharedMemory(self, size, name=None):
        """Creates a block that the server owns."""
        size = operator.index(size)
        if size <= 0:
            raise ValueError("'size' must be at least 1")
        if size > GLib.MAXUINT64:
            raise OverflowError("'size' is too large for any block")
        if name is not None:
            _refuse_nul(name)

        try:
            return _create_managed_block(self, name, size, 0)
        except GLib.Error as error:
            if self._needs_server(error):
                return self.SharedMemory(size, name)
            raise self._translate(error, name) from None

    def ShareableList(self, sequence, name=None):
        """Creates a list whose block the server owns."""
        _refuse_nul(name)
        values, packed = _pack_any(sequence or ())

        try:
            return _create_managed_list(self, packed, name, 0)
        except GLib.Error as error:
            if self._needs_server(error):
                return self.ShareableList(values, name)
            if error.code in _OF_SERVER:
                raise self._translate(error) from None
            raise _translate_values(error, values, name) from None

    def _needs_server(self, error):
        """In CPython whoever has the address of a server need not connect before."""
        if not error.matches(Shm.Error.quark(), Shm.Error.NOT_STARTED) or not self._given:
            return False

        self.connect_to_server()

        return True

    shutdown = _of_manager(_shutdown)
    list_blocks = _of_manager(_list_blocks)
    create_shared_memory = _of_manager(_create_managed_block, 0)
    create_shareable_list = _of_manager(Shm.Manager.create_shareable_list, 1, _NEW_LIST_EXCEPTIONS)
    create_shareable_list_packed = _of_manager(_create_managed_list, 1, _NEW_LIST_EXCEPTIONS)

    remove_leftovers = staticmethod(_translated_function(Shm.Manager.remove_leftovers))
    new = _constructor('Manager', 'new', 0)


for _method in ('track', 'remove', 'track_async', 'remove_async', 'create_shared_memory_async'):
    setattr(Manager, _method, _of_manager(getattr(Shm.Manager, _method), 0))
for _method in ('shutdown', 'track', 'remove', 'list_blocks', 'create_shared_memory'):
    setattr(Manager, _method + '_finish', _of_manager(getattr(Shm.Manager, _method + '_finish')))
for _method in ('create_shareable_list', 'create_shareable_list_packed'):
    setattr(Manager, _method + '_async', _of_manager(getattr(Shm.Manager, _method + '_async'), 1))
    setattr(Manager, _method + '_finish', _of_manager(getattr(Shm.Manager, _method + '_finish'),
                                                      exceptions=_NEW_LIST_EXCEPTIONS))

Manager = override(Manager)
Manager.__module__ = 'gi.repository.Shm'
SharedMemoryManager = Manager
__all__ += ['Manager', 'SharedMemoryManager']


remove_block = _translated_function(Shm.remove_block, 0)
list_blocks = _translated_function(Shm.list_blocks)
__all__ += ['remove_block', 'list_blocks']
