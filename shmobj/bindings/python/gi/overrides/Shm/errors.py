# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Turns each GLib.Error of the library into the exception that CPython's class raises."""

import errno
import operator
import struct

from gi.repository import GLib

from ...module import get_introspection_module

from . import standard

Shm = get_introspection_module('Shm')
if Shm.SharedMemory.__info__.get_g_type().name == 'void':
    # PyGObject has printed the reason as a warning, and would continue without types.
    raise ImportError('the library libshmobj-1.0.so.0 cannot be loaded: run ldconfig, or add the '
                      'folder of the library to the environment variable LD_LIBRARY_PATH', name='Shm')
# Functions of the library that only overrides call.
ShmPrivate = get_introspection_module('ShmPrivate')


class InvalidNameError(OSError, ValueError):
    """The exception for an invalid name. CPython raises an OSError for some invalid names and a
    ValueError for others."""


class IntegerRangeError(OverflowError, struct.error):
    """The exception for an int that does not fit into 64 bits. CPython raises a struct.error."""


class UnsupportedValueError(TypeError, KeyError):
    """The exception for a value that a list cannot store. CPython raises a KeyError, whose only
    argument is the type of the value."""

    def __str__(self):
        return (f'a list cannot store this value of {self.args[0]}: it stores int, float, bool, '
                'str, bytes and None, and values of other types that are exactly equal to one of these, '
                'such as numpy.int64 or the members of an enum.IntEnum')


class ServerDiedError(ConnectionResetError, ConnectionRefusedError, EOFError):
    """The exception after the death of a server. CPython raises one of the base classes, depending
    on the moment of the death."""


# Maps each error code to an exception class and an errno. A str is the name of a class in the
# module multiprocessing.context. The module is imported only when the class is needed.
EXCEPTIONS = {
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
    Shm.Error.TOO_MANY_FILES: (OSError, errno.EMFILE),
    Shm.Error.FOLDER_MISSING: (FileNotFoundError, errno.ENOENT),
    Shm.Error.FOLDER_READ_ONLY: (OSError, errno.EROFS),
    Shm.Error.REFUSED: (PermissionError, errno.EPERM),
    Shm.Error.BAD_DESCRIPTOR: (OSError, errno.EBADF),
    Shm.Error.MISALIGNED: (ValueError, None),
}
EXCEPTIONS = {int(code): exception for code, exception in EXCEPTIONS.items()}

# The exceptions for errors that concern the values of a list.
LIST_EXCEPTIONS = {
    **EXCEPTIONS,
    int(Shm.Error.TYPE_MISMATCH): (TypeError, None),
    int(Shm.Error.TOO_LARGE): (ValueError, None),
    int(Shm.Error.VALUE_NOT_FOUND): (ValueError, None),
}
# The exceptions for errors that concern the values of a new list. No index can be out of range
# here, so OUT_OF_RANGE means that a number is too large.
NEW_LIST_EXCEPTIONS = {
    **LIST_EXCEPTIONS,
    int(Shm.Error.OUT_OF_RANGE): (IntegerRangeError, None),
}

# Errors that concern the server of a manager and not a block.
SERVER_ERRORS = {int(code) for code in (Shm.Error.CLOSED, Shm.Error.SERVER_DIED,
                                        Shm.Error.PROTOCOL, Shm.Error.TIMED_OUT)}


def translate(gerror, name=None, exceptions=EXCEPTIONS):
    """Returns the exception that CPython's class would raise. Its attribute gerror is the
    GLib.Error. Returns a GLib.Error of another domain unchanged.

    name: the name of the block, which becomes the filename of an OSError.
    """
    if gerror.domain != 'shm-error-quark':
        return gerror

    kind, number = exceptions.get(gerror.code, (OSError, errno.EIO))
    if isinstance(kind, str):
        # If the module cannot be imported, the program does not use its classes either.
        kind = getattr(standard.find('context'), kind, RuntimeError)
    if number is None:
        exception = kind(gerror.message)
    elif name is None:
        exception = kind(number, gerror.message)
    else:
        exception = kind(number, gerror.message, '/' + name)
    # Drop the traceback, which would keep all local variables of its frames alive.
    exception.gerror = gerror.with_traceback(None)

    return exception


def set_filename(exception, name):
    """Sets the filename of an OSError to the name of a block, if it has no filename yet."""
    gerror = getattr(exception, 'gerror', None)
    if (name is not None and isinstance(exception, OSError) and exception.filename is None
            and gerror is not None and gerror.code not in SERVER_ERRORS):
        exception.filename = '/' + name


def is_code(gerror, code):
    """Returns whether a GLib.Error is an error of the library with this code."""
    return gerror.matches(Shm.Error.quark(), code)


def check_name(name):
    """Returns a name or an address. Raises TypeError if it is neither a str nor None, and ValueError
    if it contains a NUL."""
    if name is not None:
        if not isinstance(name, str):
            raise TypeError(f'name must be a str, not {type(name).__name__}')
        if '\0' in name:
            raise ValueError(f'embedded null character: {name!r}')

    return name


def check_not_negative(*numbers):
    """Raises IndexError for a negative offset or length in a block."""
    for number in numbers:
        if operator.index(number) < 0:
            raise IndexError('an offset or a length in a block must not be negative')
