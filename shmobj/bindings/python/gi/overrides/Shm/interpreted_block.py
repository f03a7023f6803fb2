# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The part of SharedMemory that the extension replaces: by calls of the library through PyGObject,
and by Python's mmap objects, because PyGObject cannot make a memoryview."""

import fcntl
import functools
import mmap
import operator
import os
import sys

from gi.repository import GLib

from . import errors, forks, interrupts, values
from .errors import Shm, ShmPrivate

_reset = ShmPrivate.block_reset
_init = Shm.SharedMemory.init
_close = Shm.SharedMemory.close
_map = Shm.SharedMemory.map
_read = Shm.SharedMemory.read
_write = Shm.SharedMemory.write
_get_fd = Shm.SharedMemory.get_fd
_get_name = Shm.SharedMemory.get_name
_get_size = Shm.SharedMemory.get_size
_is_closed = Shm.SharedMemory.is_closed
_is_read_only = Shm.SharedMemory.is_read_only

_CREATE = int(Shm.Origin.CREATE)
_ATTACH = int(Shm.Origin.ATTACH)

# The creation of a block of this size takes so little time that it need not be interrupted.
_SMALL_SIZE = 4 << 20

# Since 3.13, Python can map a file without keeping a duplicate of the descriptor.
_make_mmap = (functools.partial(mmap.mmap, trackfd=False) if sys.version_info >= (3, 13)
              else mmap.mmap)


def map_file(fd, size, read_only, make=mmap.mmap):
    """Returns an mmap object."""
    if not read_only:
        return make(fd, size)
    # If the descriptor is open for writing, the kernel counts a shared mapping as writable: it would
    # prevent a seal against writing. A private mapping that is never written shows the same memory.
    is_for_reading = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
    return make(fd, size, prot=mmap.PROT_READ,
                flags=mmap.MAP_SHARED if is_for_reading else mmap.MAP_PRIVATE)


class InterpretedBlock:
    """A base class of SharedMemory."""

    __slots__ = ()

    name = property(_get_name, doc="The name of the block, without a leading slash.")
    size = property(_get_size, doc="The size of the block in bytes.")

    def _shm_create(self, name, size, mode, flags):
        _reset(self, name, _CREATE, size, mode, flags, 0)
        if size <= _SMALL_SIZE:
            _init(self, None)
        else:
            interrupts.call([], _init, self)
        self._shm_view = self._shm_map_view()
        self._shm_is_initialized = True

    def _shm_attach(self, name, flags):
        _reset(self, name, _ATTACH, 0, 0o600, 0, flags)
        _init(self, None)
        self._shm_is_initialized = True

    @property
    def buf(self):
        """A memoryview of the block, without a copy. None after close().

        A view that the caller keeps stays usable after close().
        """
        if self._shm_view is None:
            self._shm_view = self._shm_make_view()

            # If another thread has closed the object in the meantime, the descriptor number may
            # refer to another file now. Drop the view, because it may show that file.
            if _is_closed(self):
                self._shm_view = None

        return self._shm_view

    def _shm_make_view(self):
        try:
            return self._shm_map_view()
        except (OSError, ValueError):
            if _is_closed(self):
                return None
            raise

    def close(self):
        """Closes the object. Views that the caller keeps stay usable."""
        # Drop the view but do not release it. The caller may have a reference to the view, to a
        # slice of it, or to an array that uses it.
        self._shm_view = None
        while forks.is_forking and forks.wait():
            pass
        try:
            _close(self)
        except GLib.Error as error:
            raise self._shm_translate(error) from None
        except RuntimeError:
            return  # __init__ has not run, so there is nothing to close.
        finally:
            if self._shm_view is not None:  # Another thread used buf before the block was closed.
                self._shm_view = None
        self._shm_close_rest()

    def _shm_map_view(self):
        read_only = _is_read_only(self)
        try:
            return memoryview(map_file(_get_fd(self), _get_size(self), read_only, _make_mmap))
        except OSError as error:
            self._shm_raise_library_error()
            if not isinstance(error, PermissionError):
                # Python's mmap() duplicates the descriptor, and no descriptor may be left.
                error.filename = '/' + (_get_name(self) or '')
                raise
        # Another process has sealed the block, or tried to. The library has waited for the end of
        # the attempt. Now is_read_only() is up to date, and no process can seal the block.
        return memoryview(map_file(_get_fd(self), _get_size(self), _is_read_only(self), _make_mmap))

    def _shm_raise_library_error(self):
        """If the library cannot map the block either, raises the exception of the library, which
        names the block and the cause."""
        try:
            _map(self)
        except GLib.Error as gerror:
            raise self._shm_translate_map_error(gerror) from None

    def read(self, offset=0, length=None):
        """Returns a part of the block as bytes. If another process has truncated the block, this
        method raises an exception. An access to buf would then kill this process with SIGBUS."""
        if length is None:
            length = max(_get_size(self) - operator.index(offset), 0)
        errors.check_not_negative(offset, length)
        try:
            return _read(self, offset, length).get_data() or b''
        except GLib.Error as error:
            raise self._shm_translate(error) from None

    def write(self, offset, data):
        """Copies a bytes-like object into the block. If the object does not fit, writes nothing."""
        errors.check_not_negative(offset)
        try:
            _write(self, offset, values.to_glib_bytes(data))
        except GLib.Error as error:
            raise self._shm_translate(error) from None
