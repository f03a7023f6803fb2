# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the typelib alone cannot give Python: the class of CPython's
multiprocessing.shared_memory, with its signatures, its exceptions and its buffer."""

import errno
import functools
import mmap
import operator
import os
import sys

from gi.repository import GLib

from ..module import get_introspection_module
from ..overrides import override

Shm = get_introspection_module('Shm')

__all__ = []


# Errors

class InvalidNameError(OSError, ValueError):
    """CPython has an OSError for some bad names and a ValueError for others."""


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
}
_EXCEPTIONS = {int(code): how for code, how in _EXCEPTIONS.items()}


def _translate(gerror, name=None):
    """The exception that CPython's class would raise; its gerror is the GLib.Error."""
    if gerror.domain != 'shm-error-quark':
        return gerror

    kind, number = _EXCEPTIONS.get(gerror.code, (OSError, errno.EIO))
    if number is None:
        exception = kind(gerror.message)
    elif name is None:
        exception = kind(number, gerror.message)
    else:
        exception = kind(number, gerror.message, '/' + name)
    exception.gerror = gerror

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


def _translated_function(function, takes_name):
    def translated(*args):
        name = args[0] if takes_name and args else None
        _refuse_nul(name)
        try:
            return function(*args)
        except GLib.Error as error:
            raise _translate(error, name) from None

    translated.__name__ = function.__name__
    translated.__doc__ = function.__doc__

    return translated


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


def _constructor(constructor, takes_name=True):
    """The constructor of that name, with CPython's exceptions."""
    def call(cls, *args, **kwargs):
        function = functools.partial(getattr(super(SharedMemory, cls), constructor), **kwargs)
        function.__name__ = constructor

        return _translated_function(function, takes_name)(*args)

    call.__name__ = constructor

    return classmethod(call)


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
            self._tracked = ''
            self._view = None
            try:
                _unlink(self)
            except GLib.Error:
                pass  # gone already, and what went wrong first is what counts
            _close(self)
            raise
        self._tracked = name

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

    create = _constructor('create')
    create_full = _constructor('create_full')
    create_full_async = _constructor('create_full_async')
    create_full_finish = _constructor('create_full_finish', takes_name=False)
    attach = _constructor('attach')
    open_or_create = _constructor('open_or_create')
    create_anonymous = _constructor('create_anonymous', takes_name=False)
    attach_fd = _constructor('attach_fd', takes_name=False)


for _method in ('get_live_bytes', 'get_live_region',
                *(f'{verb}_{kind}' for verb in ('get', 'set')
                  for kind in ('int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64',
                               'uint64', 'float', 'double'))):
    setattr(SharedMemory, _method, _translated(getattr(Shm.SharedMemory, _method)))

SharedMemory = override(SharedMemory)
SharedMemory.__module__ = 'gi.repository.Shm'  # where a pickle is to look for it
__all__.append('SharedMemory')


remove_block = _translated_function(Shm.remove_block, takes_name=True)
list_blocks = _translated_function(Shm.list_blocks, takes_name=False)
__all__ += ['remove_block', 'list_blocks']
