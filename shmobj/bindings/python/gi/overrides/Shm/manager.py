# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Manager, with the interface of multiprocessing.managers.SharedMemoryManager."""

import errno
import itertools
import operator
import os
import select
import time
import weakref

from gi.repository import GLib

from . import addresses, errors, extension, functions, interrupts, standard, values
from .attributes import Attribute
from .class_type import ClassType, init_as
from .errors import Shm, ShmPrivate
from .shared_memory import check_size

# These methods are looked up only once, because they are called often.
_gobject_init = Shm.Manager.__init__
_reset = ShmPrivate.manager_reset
_connect_signal = Shm.Manager.connect
_start = Shm.Manager.start
_start_finish = Shm.Manager.start_finish
_shutdown = Shm.Manager.shutdown
_list_blocks = Shm.Manager.list_blocks
_create_shareable_list = Shm.Manager.create_shareable_list
_get_state = Shm.Manager.get_state
_get_address = Shm.Manager.get_address
_get_pid = Shm.Manager.get_pid
_discard = ShmPrivate.discard
_discard_block = ShmPrivate.manager_discard

_JOIN_INTERVAL = 0.01  # in seconds, for join() without a pidfd

_CONNECTED_STATES = (Shm.ManagerState.STARTED, Shm.ManagerState.CONNECTED)

# The exceptions for errors while a server is being started.
_START_EXCEPTIONS = {
    **errors.EXCEPTIONS,
    int(Shm.Error.EXISTS): (OSError, errno.EADDRINUSE),
    int(Shm.Error.CLOSED): ('ProcessError', None),
}


def _get_authkey(authkey):
    if authkey is None:
        process = standard.find('process')
        # If the module cannot be imported, the program has no child that needs the same key.
        authkey = process.current_process().authkey if process else os.urandom(32)
    if not isinstance(authkey, (bytes, bytearray, memoryview)):
        raise TypeError(f'an authkey must be bytes, not {type(authkey).__name__}')

    return GLib.Bytes.new(bytes(authkey))


def _shut_down_at_exit(reference):
    manager = reference()
    if manager is not None:
        try:
            interrupts.call([], _shutdown, manager)
        except GLib.Error:
            pass  # The interpreter is exiting. No code is left that could handle the error.


def _has_ended(pid):
    """Returns whether a process has ended."""
    try:
        # With WNOWAIT, the library can still reap the process.
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        pass  # a forked child of the process that started the server

    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # This process has changed its user.

    return False


def _await_process(pid, timeout):
    """Waits until a process ends, or until the timeout in seconds. Returns whether it has ended."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    except OSError:
        # A seccomp filter refuses the call, or the process has no descriptor left.
        deadline = None if timeout is None else time.monotonic() + timeout
        while not (has_ended := _has_ended(pid)) and (deadline is None or time.monotonic() < deadline):
            time.sleep(_JOIN_INTERVAL)
        return has_ended

    try:
        poll = select.poll()
        poll.register(process, select.POLLIN)
        return bool(poll.poll(None if timeout is None else max(timeout, 0) * 1000))
    finally:
        os.close(process)


class Manager(Shm.Manager, metaclass=ClassType):
    """Owns blocks and lists for several processes, like
    multiprocessing.managers.SharedMemoryManager.

    A manager uses the protocol of CPython. Therefore the server or a client can also be a process
    that uses CPython's class.

    `with Manager() as manager:` starts a server. The server removes all its blocks at the end of
    the `with` block, or when the process ends for any reason. `async with` does the same without
    blocking the loop of asyncio. Manager(address, authkey).connect() connects to a server.

    address: None lets the library choose an address. A str is the path of a Unix socket. A str with
        a leading NUL or '@' and bytes with a leading NUL are the name of an abstract socket. A
        (host, port) tuple and a str like 'localhost:5000' are for TCP. A TCP address must belong to
        the loopback interface.
    authkey: the secret bytes that all clients of the server must have. None means
        multiprocessing.current_process().authkey, which child processes inherit.
    serializer: must be 'pickle'.
    ctx: has no effect. It selects how Python processes are started, and the server is not a Python
        process.
    shutdown_timeout: has no effect. A server needs a few milliseconds to end. If it has not ended
        after ten seconds, the starter kills it and removes the blocks.
    flags: Shm.ManagerFlags, which select the peers that the manager accepts.

    A manager can be pickled for a child process that is being spawned. If the manager is started or
    connected, the child's manager is connected to the same server. The server does not end when a
    client leaves its `with` block, or when a client or a forked child exits.

    If the server has died, a call raises a ConnectionResetError that is also a
    ConnectionRefusedError and an EOFError. After a shutdown, a call raises what CPython raises if
    no server listens at the address: FileNotFoundError for a path, ConnectionRefusedError
    otherwise. Before start() or connect(), a call raises ValueError. But SharedMemory() and
    ShareableList() of a manager with an address connect to its server first, as in CPython.
    """

    # The values for an object that C code has created. __init__ does not run for such an object.
    _shm_is_initialized = False
    _shm_given_address = None  # the argument of __init__
    _shm_finalizer = None      # shuts down the server of this object when the interpreter exits

    def __init__(self, address=None, authkey=None, serializer='pickle', ctx=None, *,
                 shutdown_timeout=1.0, flags=Shm.ManagerFlags.NONE):
        if self._shm_is_initialized:
            raise RuntimeError(f'{self!r} is already initialized')
        if serializer != 'pickle':
            raise ValueError(f"the serializer must be 'pickle', not {serializer!r}")

        text, key, flags = addresses.to_string(address), _get_authkey(authkey), operator.index(flags)
        init_as(Manager, _gobject_init, self)
        _reset(self, text, key, flags)
        self._shm_given_address = address
        self._shm_is_initialized = True

    def _shm_translate(self, gerror, name=None, exceptions=None):
        exceptions = exceptions or errors.EXCEPTIONS
        if exceptions is not _START_EXCEPTIONS:
            no_server = self._shm_get_no_server_exception()
            exceptions = {**exceptions, int(Shm.Error.CLOSED): no_server}
            if _get_state(self) == Shm.ManagerState.INITIAL:
                # No server listens at the address. This is not about a block.
                exceptions[int(Shm.Error.NOT_FOUND)] = no_server

        return errors.translate(gerror, None if gerror.code in errors.SERVER_ERRORS else name, exceptions)

    def _shm_get_no_server_exception(self):
        """Returns the exception class and the errno for an address without a server."""
        text = _get_address(self) or ''
        if isinstance(addresses.from_string(text), str) and not os.path.lexists(text):
            return FileNotFoundError, errno.ENOENT

        return ConnectionRefusedError, errno.ECONNREFUSED

    # The server

    def start(self, initializer=None, initargs=(), *, cancellable=None):
        """Starts a server. The server is not a Python process and cannot run an initializer."""
        if initializer is not None:
            raise TypeError('the server of this manager is not a Python process and cannot run an '
                            'initializer')
        is_started = []
        undo = map(_discard, itertools.compress(itertools.repeat(self), is_started))
        try:
            try:
                interrupts.call(is_started, _start, self, cancellable=cancellable)
            except GLib.Error as error:
                raise self._shm_translate(error, None, _START_EXCEPTIONS) from None
            self._shm_shut_down_at_exit()
        except BaseException:
            # Begin with a single call of C code: see interrupts.py.
            any(undo)
            raise

    def start_finish(self, result):
        """Finishes start_async()."""
        try:
            is_started = _start_finish(self, result)
        except GLib.Error as error:
            raise self._shm_translate(error, None, _START_EXCEPTIONS) from None

        self._shm_shut_down_at_exit()

        return is_started

    def _shm_start_async_and_wait(self, cancellable):
        """Does the same as start_async() and start_finish() together. awaitables.py calls it: the
        library watches the server in the GMainContext of the thread that starts it. A context whose
        thread ends cannot watch, so start() must run in the default context."""
        self.start(cancellable=cancellable)

        return True

    def _shm_shut_down_at_exit(self):
        """Makes the interpreter shut down the server at exit, and wait for the end of the
        server."""
        # Without this call, the server would end only after this process.
        util = standard.find('util')
        if util is not None:
            self._shm_finalizer = util.Finalize(self, _shut_down_at_exit, (weakref.ref(self),),
                                            exitpriority=0)

    _shm_shut_down = functions.Unused(Shm.Manager.shutdown)

    def shutdown(self, cancellable=None):
        """Ends the server, and removes all its blocks."""
        self._shm_shut_down(cancellable)

    def connect(self, *args, **kwargs):
        """Connects to the server. With arguments, this is GObject's connect(signal, handler)."""
        if args or kwargs:
            return _connect_signal(self, *args, **kwargs)

        # In CPython, a second connect() is allowed, and fails if the server does not reply.
        if _get_state(self) in _CONNECTED_STATES:
            self.list_blocks()
        else:
            self.connect_to_server()

    def join(self, timeout=None):
        """Waits until the server that this object has started ends, or until the timeout. timeout
        is in seconds, and None means no timeout."""
        if _get_state(self) != Shm.ManagerState.STARTED:
            return

        # This object has not shut down the server. A call makes the library detect that the server
        # has ended, and remove blocks that the server has not removed.
        if _await_process(_get_pid(self), timeout):
            try:
                interrupts.call([], _list_blocks, self)
            except GLib.Error:
                pass

    def __enter__(self):
        if _get_state(self) not in _CONNECTED_STATES:
            self.start()

        return self

    def __exit__(self, *exc_info):
        if _get_pid(self) != 0:
            self.shutdown()

    async def __aenter__(self):
        if _get_state(self) not in _CONNECTED_STATES:
            await self.start_async()

        return self

    async def __aexit__(self, *exc_info):
        if _get_pid(self) != 0:
            await self.shutdown_async()

    @property
    def address(self):
        """The address of the server: a str, bytes or a tuple, as in CPython."""
        text = _get_address(self)
        if (text is None
                or self._shm_given_address and (_get_pid(self) == 0 or text.startswith('/'))):
            return self._shm_given_address

        return addresses.from_string(text)

    # These are private in CPython, but subclasses use them, for example to pickle a manager or to
    # send requests of their own.
    _address = Attribute(lambda self: self.address)
    _authkey = Attribute(lambda self: self.get_authkey().get_data() or b'')

    def __del__(self):
        # CPython's class has this method, so the method of a subclass may call it. It has nothing to
        # do: the server ends when the GObject is finalized.
        pass

    def __reduce__(self):
        is_used = _get_state(self) != Shm.ManagerState.INITIAL
        address = addresses.from_string(_get_address(self)) if is_used else self.address
        process = standard.find('process')
        if process is None:
            raise TypeError('a manager can be pickled only for a child that is being spawned')
        # Use CPython's class for keys. It can be pickled only for a child that is being spawned.
        key = process.AuthenticationString(self.get_authkey().get_data() or b'')

        return self.__class__._shm_unpickle, (address, key, int(self.get_flags()), is_used)

    @classmethod
    def _shm_unpickle(cls, address, key, flags, is_used):
        # The constructor of a subclass may not have the argument flags.
        manager = cls(address, key, flags=Shm.ManagerFlags(flags)) if flags else cls(address, key)
        if is_used:
            manager.connect()

        return manager

    # Blocks

    def _shm_prepare_creation(self):
        """Connects to the server if the manager has the address of one but is not connected. CPython's
        class connects for each call."""
        if self._shm_given_address and _get_state(self) == Shm.ManagerState.INITIAL:
            self.connect_to_server()

    def SharedMemory(self, size, name=None, *, mode=0o600):
        """Creates a block that the server owns."""
        if check_size(size) == 0:
            raise ValueError("'size' must be at least 1")
        self._shm_prepare_creation()

        return self.create_shared_memory(name, size, mode)

    def ShareableList(self, sequence, name=None, *, mode=0o600):
        """Creates a list whose block the server owns."""
        errors.check_name(name)
        mode = operator.index(mode)
        sequence = values.to_sequence(sequence or ())
        self._shm_prepare_creation()

        made = []
        undo = map(_discard_block, itertools.repeat(self), made)
        try:
            try:
                self._shm_create_list(made, sequence, name, mode)
            except GLib.Error as error:
                if error.code in errors.SERVER_ERRORS:
                    raise self._shm_translate(error) from None
                raise values.translate_error(error, sequence, name) from None

            return made[0]
        except BaseException:
            # Begin with a single call of C code: see interrupts.py.
            any(undo)
            raise

    def _shm_create_list(self, made, sequence, name, mode):
        if extension.module is None or not extension.module.create_managed_list(
                made, self, sequence, name, mode, 0):
            # Without the extension, or if it cannot store a value.
            variant = values.sequence_to_variant([*map(values.to_plain, sequence)],
                                                 values.to_any_variant)
            interrupts.call(made, _create_shareable_list, self, variant, name, mode, 0)


functions.add_to(Manager)
