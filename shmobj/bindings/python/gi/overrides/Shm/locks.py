# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Locks of blocks and lists."""

from gi.repository import GLib

from . import errors
from .errors import Shm

_release = Shm.LockGuard.release

_EXCLUSIVE = Shm.LockMode.EXCLUSIVE
_SHARED = Shm.LockMode.SHARED


def _get_mode(shared):
    return _SHARED if shared else _EXCLUSIVE


class LockGuard(Shm.LockGuard):
    """A lock that is held, from lock() and similar methods. It is released at the end of a `with`
    block, by release(), when the object is freed, or when the process ends."""

    previous_died = property(Shm.LockGuard.get_previous_died,
                             doc="Whether the previous holder of the list's lock died.")

    def release(self):
        """Releases the lock. A second call does nothing."""
        try:
            return _release(self)
        except GLib.Error as error:
            raise errors.translate(error) from None

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.release()

    def __repr__(self):
        return f'<{self.__class__.__name__} {"held" if self.is_held() else "released"}>'


def try_lock(self, lock, *args):
    """Returns a lock if it is free, and None otherwise."""
    try:
        return lock(self, *args, 0, None)
    except GLib.Error:
        return None  # The asynchronous function reports the error.


# Methods of the classes that have locks.

def lock(self, shared=False, timeout=None, cancellable=None):
    """Waits until the lock is free, and takes it: `with block.lock(): ...`.

    shared: whether other shared locks can be held at the same time.
    timeout: the time to wait in seconds. None has no limit, and 0 does not wait.
    """
    return self._shm_lock(_get_mode(shared), timeout, cancellable)


def lock_async(self, shared=False, timeout=None, *args, **kwargs):
    """Takes the lock without blocking the thread: `async with block.lock_async(): ...`, or
    `guard = await block.lock_async()`."""
    return self._shm_lock_async(_get_mode(shared), timeout, *args, **kwargs)


def lock_range(self, offset, length, shared=False, timeout=None, cancellable=None):
    """Does the same as lock() for some bytes of the block."""
    errors.check_not_negative(offset, length)

    return self._shm_lock_range(offset, length, _get_mode(shared), timeout, cancellable)


def lock_range_async(self, offset, length, shared=False, timeout=None, *args, **kwargs):
    """Does the same as lock_async() for some bytes of the block."""
    errors.check_not_negative(offset, length)

    return self._shm_lock_range_async(offset, length, _get_mode(shared), timeout, *args, **kwargs)
