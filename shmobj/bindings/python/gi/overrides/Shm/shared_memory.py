# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""SharedMemory, with the interface of multiprocessing.shared_memory.SharedMemory."""

import errno
import functools
import operator
import os
import sys

from gi.repository import GLib

from . import errors, extension, forks, functions, locks, program, resource_tracker, values
from .attributes import Attribute, forget
from .class_type import ClassType, init_as
from .errors import Shm, ShmPrivate

if extension.module is not None:
    _Block = extension.module.BlockMixin
else:
    from .interpreted_block import InterpretedBlock as _Block

# These methods are looked up only once, because they are called often.
_gobject_init = Shm.SharedMemory.__init__
_get_property = Shm.SharedMemory.get_property
_get_name = Shm.SharedMemory.get_name
_get_size = Shm.SharedMemory.get_size
_unlink = Shm.SharedMemory.unlink
_get_fd = Shm.SharedMemory.get_fd
_is_read_only = Shm.SharedMemory.is_read_only
_is_closed = Shm.SharedMemory.is_closed
_discard = ShmPrivate.discard

_READ_ONLY = int(Shm.AttachFlags.READ_ONLY)
_ANY_OWNER = int(Shm.AttachFlags.ANY_OWNER)
_TRACK = int(Shm.CreateFlags.TRACK)
_SPARSE = int(Shm.CreateFlags.SPARSE)
_SEAL_WRITE = int(Shm.SealFlags.WRITE)
_SEAL_FUTURE_WRITE = int(Shm.SealFlags.FUTURE_WRITE)

# Private attributes of CPython's class that programs read or assign.
_CPYTHON_ATTRIBUTES = ('_name', '_size', '_buf', '_mmap', '_fd')

# PyGObject takes more than a microsecond to find most attributes of GLib.
_MAX_SIZE = GLib.MAXUINT64


def get_attach_flags(read_only, any_owner):
    """Returns the attach flags for the arguments of a constructor, as an int."""
    return (_READ_ONLY if read_only else 0) | (_ANY_OWNER if any_owner else 0)


def get_attach_arguments(shm):
    """Returns the arguments of a constructor for the attach flags of a block, as a dictionary."""
    flags = _get_property(shm, 'attach-flags')
    if not flags:
        return {}

    return {'read_only': bool(flags & Shm.AttachFlags.READ_ONLY),
            'any_owner': bool(flags & Shm.AttachFlags.ANY_OWNER)}


def get_create_flags(track, sparse=False):
    """Returns the create flags for the arguments of a constructor, as an int."""
    return (_TRACK if track else 0) | (_SPARSE if sparse else 0)


def check_size(size):
    """Returns the size of a block as an int. Raises an exception if no block can have this size."""
    size = operator.index(size)
    if size < 0:
        raise ValueError("'size' must not be negative")
    if size > _MAX_SIZE:
        raise OverflowError("'size' is too large for any block")

    return size


def _get_cpython_name(self):
    name = _get_name(self)
    if name is None:
        return None

    resource_tracker.expect_unregister('/' + name, self)

    return '/' + name


@functools.lru_cache(maxsize=None)
def load_mmap():
    """Imports what only the attribute _mmap needs."""
    from . import interpreted_block

    return interpreted_block.map_file, interpreted_block.mmap


def _get_cpython_mmap(self):
    map_file, mmap = load_mmap()
    view = SharedMemory.buf.__get__(self)
    if view is None or type(view.obj) is mmap.mmap and sys.version_info < (3, 13):
        return view and view.obj

    # `buf` is no mmap object, or one that does not know its file, so that some of its methods fail.
    # Map the file again.
    own = self.__dict__['_mmap'] = map_file(_get_fd(self), len(view), view.readonly)

    return own


def _get_cpython_fd(self):
    """Returns a duplicate of the descriptor, because a program may close it. close() closes the
    duplicate too."""
    if _is_closed(self):
        return -1

    fd = self.__dict__['_fd'] = SharedMemory.dup_fd(self)

    return fd


class SharedMemory(_Block, Shm.SharedMemory, metaclass=ClassType):
    """A block of shared memory, used like multiprocessing.shared_memory.SharedMemory.

    SharedMemory(name) attaches to a block. SharedMemory(create=True, size=n) creates a block. At
    the end of a `with` block, the object is closed, but its block is not unlinked.

    track: whether to remove a new block when the last process of the program that created it has
        ended. The program is the process that imported this package, all processes that are forked
        from it, and all processes that multiprocessing starts for it. Attaching changes nothing.
    read_only: whether to attach without permission to write the memory.
    mode: the permission bits of a new block. The umask does not change them.
    sparse: whether to create the block without reserving memory for it.
    any_owner: whether to attach also to a block that belongs neither to this user nor to root.
    """

    # The values for an object that C code has created. __init__ does not run for such an object.
    _shm_is_initialized = False
    _shm_view = None

    def __init__(self, name=None, create=False, size=0, *, track=True, read_only=False,
                 mode=0o600, sparse=False, any_owner=False):
        if self._shm_is_initialized:
            raise RuntimeError(f'{self!r} is already initialized')
        size = check_size(size)
        mode = operator.index(mode)
        errors.check_name(name)
        if create:
            if size == 0:
                raise ValueError("'size' of a new block must be at least 1")
            if read_only:
                raise ValueError("'read_only' is only for attaching: a new block must be writable")
        elif name is None:
            raise ValueError("'name' is needed to attach to a block")

        program.enter()
        # PyGObject ignores a second call for the same object.
        if type(self) is SharedMemory:
            _gobject_init(self)
        else:
            init_as(SharedMemory, _gobject_init, self)
        forget(self, _CPYTHON_ATTRIBUTES)

        try:
            # Nothing may follow these calls of C code: they leave a complete object.
            if create:
                return self._shm_create(name, size, mode, get_create_flags(track, sparse))
            return self._shm_attach(name, get_attach_flags(read_only, any_owner))
        except BaseException as error:
            # Begin with a single call of C code: see interrupts.py.
            _discard(self)
            self._shm_view, self._shm_is_initialized = None, False
            if isinstance(error, GLib.Error):
                raise errors.translate(error, name) from None
            raise

    def _shm_translate(self, gerror, name=None, exceptions=None):
        return errors.translate(gerror, _get_name(self), exceptions or errors.EXCEPTIONS)

    def __del__(self):
        # The GObject can outlive this object, for example as the block of a list.
        if self._shm_is_initialized and self.__grefcount__ == 1:
            try:
                self.close()
            except OSError:
                pass

    def __reduce__(self):
        if _get_name(self) is None:
            raise TypeError('cannot pickle an anonymous block: a pickle refers to a block by name')

        make = self.__class__
        arguments = get_attach_arguments(self)
        if arguments:
            make = functools.partial(make, **arguments)

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

    # CPython's class does not have these, so a subclass may have attributes with these names.
    mode = Attribute(Shm.SharedMemory.get_mode, doc="The permission bits of the block.")
    read_only = Attribute(_is_read_only,
                          doc="Whether the block cannot be written through this object.")

    # These are private in CPython, but programs use them: they pass the name to CPython's resource
    # tracker, the descriptor to flock() and mmap(), and the map to functions that write files. They
    # assign None if an object shall not be closed.
    _name = Attribute(_get_cpython_name)
    _size = Attribute(_get_size)
    _buf = Attribute(lambda self: SharedMemory.buf.__get__(self))
    _mmap = Attribute(_get_cpython_mmap)
    _fd = Attribute(_get_cpython_fd)
    _prepend_leading_slash = True

    def _shm_translate_map_error(self, gerror):
        exception = errors.translate(gerror, _get_name(self))
        if errors.is_code(gerror, Shm.Error.NO_SPACE):
            exception.errno = errno.ENOMEM  # as in CPython

        return exception

    def _shm_close_rest(self):
        """Closes what only the attributes of CPython's class use."""
        self.__dict__.pop('_mmap', None)
        fd = self.__dict__.pop('_fd', None)
        if fd is not None and fd >= 0:
            os.close(fd)

    def unlink(self):
        """Removes the name of the block. Call this method once for each block."""
        while forks.is_forking and forks.wait():
            pass
        try:
            _unlink(self)
        except GLib.Error as error:
            if errors.is_code(error, Shm.Error.NOT_FOUND):
                resource_tracker.forget(_get_name(self))
            raise errors.translate(error, _get_name(self)) from None
        except RuntimeError:
            return  # __init__ has not run, so there is no name.

        resource_tracker.forget(_get_name(self))

    @staticmethod
    def _shm_to_bytes(data):
        return data.get_data() or b'' if isinstance(data, GLib.Bytes) else bytes(memoryview(data))

    def read_async(self, offset=0, length=None, *args, **kwargs):
        """Starts to read a part of the block. read_finish() returns the bytes."""
        if length is None:
            length = max(_get_size(self) - operator.index(offset), 0)
        errors.check_not_negative(offset, length)

        return self._shm_read_async(offset, length, *args, **kwargs)

    def read_finish(self, result):
        """Finishes read_async(), and returns bytes."""
        return self._shm_read_finish(result).get_data() or b''

    def write_async(self, offset, data, *args, **kwargs):
        """Starts to copy a bytes-like object into the block. write_finish() raises the errors."""
        errors.check_not_negative(offset)

        return self._shm_write_async(offset, values.to_glib_bytes(data), *args, **kwargs)

    _shm_read_async, _shm_read_finish, _shm_write_async, _shm_seal, _shm_seal_async, _shm_seal_finish = (
        functions.Unused(getattr(Shm.SharedMemory, name)) for name in (
            'read_async', 'read_finish', 'write_async', 'seal', 'seal_async', 'seal_finish'))

    def _shm_prepare_view_for_seal(self, flags):
        flags = operator.index(flags)
        if flags & _SEAL_WRITE:
            # The writable mapping of the view would prevent the seal.
            self._shm_view = None
        elif flags & _SEAL_FUTURE_WRITE:
            self.buf  # Only memory that is already mapped stays writable.

    def seal(self, flags):
        """Seals an anonymous block permanently against operations of all processes."""
        self._shm_prepare_view_for_seal(flags)

        return self._shm_seal(flags)

    def seal_async(self, flags, *args, **kwargs):
        """Starts to seal an anonymous block. seal_finish() raises the errors."""
        self._shm_prepare_view_for_seal(flags)

        return self._shm_seal_async(flags, *args, **kwargs)

    def seal_finish(self, result):
        """Finishes seal_async()."""
        try:
            return self._shm_seal_finish(result)
        except Exception:
            # If buf was used in the meantime, its view is read-only.
            self._shm_view = None
            raise

    lock, lock_async = locks.lock, locks.lock_async
    lock_range, lock_range_async = locks.lock_range, locks.lock_range_async
    _shm_lock, _shm_lock_async, _shm_lock_range, _shm_lock_range_async = (
        functions.Unused(getattr(Shm.SharedMemory, name)) for name in (
            'lock', 'lock_async', 'lock_range', 'lock_range_async'))

    def _shm_try_lock_async(self, mode, timeout):
        return locks.try_lock(self, Shm.SharedMemory.lock, mode)

    def _shm_try_lock_range_async(self, offset, length, mode, timeout):
        return locks.try_lock(self, Shm.SharedMemory.lock_range, offset, length, mode)

    @classmethod
    def create(cls, name, size, flags=0):
        """Creates a named block for this user."""
        return cls.create_full(name, size, flags=flags)


functions.add_to(SharedMemory)
