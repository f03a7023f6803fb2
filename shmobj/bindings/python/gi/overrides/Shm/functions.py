# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Gives the functions of the library the arguments, results and exceptions that Python programs
expect. The typelib says what each function needs. It is read when a function is used for the first
time:

- The last arguments can be omitted. Their defaults are 0 for flags, 0o600 for a mode, no limit for a
  timeout, and None for an argument that can be NULL in C.
- A timeout is a number of seconds, as in the modules of Python.
- An int must be an int. PyGObject would truncate a float.
- A name must not contain a NUL. PyGObject would truncate it.
- The index of a value can be negative. Values are converted from and to GLib.Variant.
- Signal handlers can interrupt a function that has a cancellable.
- An asynchronous function is awaitable.
- A GLib.Error becomes the exception that CPython's class raises.
"""

import functools
import itertools
import math
import operator
import sys

from gi.repository import GLib

from . import errors, interrupts, values
from .errors import Shm, ShmPrivate

_OUT = 1  # a direction of an argument
_DEFAULTS = {'flags': 0, 'mode': 0o600, 'timeout': None}
_OMITTED = object()

_discard = ShmPrivate.discard
_discard_managed = ShmPrivate.manager_discard
_release = Shm.LockGuard.release


def _get_type(argument):
    # The method has another name since PyGObject 3.51.
    return (getattr(argument, 'get_type_info', None) or argument.get_type)()


def _is_variant(kind):
    return kind.get_tag_as_string() == 'interface' and kind.get_interface().get_name() == 'Variant'


def _to_microseconds(seconds):
    """Converts a timeout. None has no limit, and a negative timeout is over at once."""
    if seconds is None:
        return -1

    # At most 100,000 years: the number must fit into 64 bits.
    return math.ceil(min(max(seconds, 0), 3e12) * 1_000_000)


def _find_converter(argument):
    """Returns a function (object, value) that converts an argument."""
    name, kind = argument.get_name(), _get_type(argument)
    if name == 'index':
        return lambda owner, index: owner._shm_resolve_index(index, 'index out of range')
    if name == 'flags':
        return lambda _, flags: operator.index(flags) and flags
    if name == 'timeout':
        return lambda _, seconds: _to_microseconds(seconds)
    if kind.get_tag_as_string().startswith(('gint', 'guint')):
        return lambda _, number: operator.index(number)
    if name in ('name', 'address'):
        return lambda _, text: errors.check_name(text)
    if _is_variant(kind):
        convert = values.sequence_to_variant if name == 'values' else values.to_variant
        return lambda _, value: convert(value)

    return lambda _, value: value


class _Function:
    """A function of the library, with what the typelib says about it."""

    def __init__(self, function, owner):
        arguments = [argument for argument in function.get_arguments()
                     if argument.get_direction() != _OUT
                     and argument.get_name() not in ('callback', 'user_data')]
        self.function, self.owner = function, owner
        self.name = function.__name__
        self.is_method = function.is_method()
        self.parameters = [argument.get_name() for argument in arguments]
        self.converters = [*map(_find_converter, arguments)]
        self.convert = (values.from_variant if _is_variant(function.get_return_type())
                        else lambda result: result)
        self.defaults = {}
        for argument in reversed(arguments):
            if argument.get_name() not in _DEFAULTS and not argument.may_be_null():
                break
            self.defaults[argument.get_name()] = _DEFAULTS.get(argument.get_name())
        is_for_list = owner is not None and owner.__name__ == 'ShareableList'
        self.exceptions = (errors.NEW_LIST_EXCEPTIONS if is_for_list and self.name.startswith('create')
                           or 'shareable_list' in self.name else None)

    def get(self, first):
        """Returns the function for an object or a class."""
        if self.is_method:
            return functools.partial(self.function, first)
        if self.owner is None:
            return self.function

        # PyGObject refuses a subclass: a constructor of the library makes objects of its own class.
        return getattr(super(self.owner, first), self.name)

    def bind(self, args, kwargs):
        """Returns the arguments of a call in the order of the parameters."""
        if len(args) > len(self.parameters):
            raise TypeError(f'{self.name}() takes at most {len(self.parameters)} positional arguments')
        given = dict(zip(self.parameters, args))
        for name in kwargs:
            if name in given:
                raise TypeError(f'{self.name}() got multiple values for argument {name!r}')
            if name not in self.parameters:
                raise TypeError(f'{self.name}() got an unexpected keyword argument {name!r}')
        given = {**self.defaults, **given, **kwargs}
        for name in self.parameters:
            if name not in given:
                raise TypeError(f'{self.name}() missing argument {name!r}')

        return [given[name] for name in self.parameters]

    def convert_arguments(self, first, bound):
        return [convert(first, value) for convert, value in zip(self.converters, bound)]

    def get_block_name(self, bound):
        return bound[self.parameters.index('name')] if 'name' in self.parameters else None

    def translate(self, first, error, bound):
        name = self.get_block_name(bound)
        if self.is_method:
            return first._shm_translate(error, name, self.exceptions)

        return errors.translate(error, name, self.exceptions or errors.EXCEPTIONS)

    # The kinds of calls

    def call(self, first, args, kwargs):
        bound = self.convert_arguments(first, self.bind(args, kwargs))
        try:
            return self.convert(self.get(first)(*bound))
        except GLib.Error as error:
            raise self.translate(first, error, bound) from None

    def call_interruptibly(self, first, args, kwargs):
        bound = self.convert_arguments(first, self.bind(args, kwargs))
        made = []
        # A result such as True need not be undone.
        if self.name.startswith('lock'):
            undo = map(_release, made)
        elif 'create' not in self.name:
            undo = ()
        elif self.is_method:
            undo = map(_discard_managed, itertools.repeat(first), made)
        else:
            undo = map(_discard, made)
        try:
            try:
                interrupts.call(made, self.get(first), *bound[:-1], cancellable=bound[-1])
            except GLib.Error as error:
                raise self.translate(first, error, bound) from None

            return made[0]
        except BaseException:
            # Begin with a single call of C code: see interrupts.py.
            any(undo)
            raise

    def start(self, first, args, kwargs, finish=None):
        """Calls an asynchronous function. Returns a future if the caller has passed no callback and
        a loop of asyncio runs, and None otherwise."""
        n_own = len(self.parameters)
        args, rest = args[:n_own], args[n_own:]
        if rest and 'callback' in kwargs:
            raise TypeError(f"{self.name}() got multiple values for argument 'callback'")
        callback, *user_data = rest or (kwargs.pop('callback', _OMITTED),)
        *bound, cancellable = self.bind(args, kwargs)

        def begin(*rest):
            self.get(first)(*self.convert_arguments(first, bound), *rest)

        asyncio = sys.modules.get('asyncio')  # No loop runs before the first import.
        loop = asyncio._get_running_loop() if asyncio and callback is _OMITTED else None
        if loop is None:
            begin(cancellable, None if callback is _OMITTED else callback, *user_data)
            return None

        from . import awaitables
        attempt = getattr(first, f'_shm_try_{self.name}', None)
        if attempt is not None and cancellable is None:
            result = attempt(*self.convert_arguments(first, bound))
            if result is not None:
                return awaitables.complete(loop, result)
        finish = finish or getattr(first, self.name.replace('_async', '_finish'))
        blocking = getattr(first, f'_shm_{self.name}_and_wait', None)

        return awaitables.start(loop, begin, finish, cancellable, self.get_block_name(bound), blocking,
                                is_wait=self.name.endswith('wait_async'))


def _make_accessor(info):
    """Makes a method that reads or writes one number, with as little work as possible."""
    function = info.function

    def get(self, offset):
        try:
            return function(self, operator.index(offset))
        except GLib.Error as error:
            raise self._shm_translate(error) from None

    def set(self, offset, value):
        try:
            return function(self, operator.index(offset), info.converters[1](self, value))
        except GLib.Error as error:
            raise self._shm_translate(error) from None

    return get if len(info.parameters) == 1 else set


def _make_wait(info):
    """Makes a method that waits for a change of a word in a loop of asyncio, if possible with the
    extension."""
    is_event = info.name == 'event_wait_async'
    begin_wait = None

    def wait(self, *args, **kwargs):
        nonlocal begin_wait
        if not kwargs and begin_wait is not None:
            call = begin_wait(self, args, is_event)
            if call is not None:
                return call
        if begin_wait is None and 'asyncio' in sys.modules:  # No loop runs before the first import.
            from .awaitables import begin_wait
            return wait(self, *args, **kwargs)

        return info.start(self, args, kwargs)

    return wait


def wrap(function, owner=None, finish=None):
    """Returns the Python function for a function of the library.

    owner: the class in which it is; None for a function of the namespace.
    finish: the function that returns the result of an asynchronous function of the namespace.
    """
    info = _Function(function, owner)
    call = None
    if info.name.endswith('wait_async') and owner.__name__ == 'SharedMemory':
        wrapper = _make_wait(info)
    elif info.name.endswith('_async'):
        call = functools.partial(info.start, finish=finish) if finish else info.start
    elif info.parameters in (['offset'], ['offset', 'value']):
        wrapper = _make_accessor(info)
    else:
        # A source keeps the cancellable, which therefore must be the one of the caller.
        is_interruptible = 'cancellable' in info.parameters and not info.name.endswith('_source')
        call = info.call_interruptibly if is_interruptible else info.call

    if call is not None and owner is None:
        def wrapper(*args, **kwargs):
            return call(None, args, kwargs)
    elif call is not None:
        def wrapper(first, *args, **kwargs):
            return call(first, args, kwargs)
    wrapper.__name__ = wrapper.__qualname__ = info.name
    wrapper.__doc__ = function.__doc__

    return wrapper if owner is None or info.is_method else classmethod(wrapper)


class Unused:
    """A function of the library, as an attribute of a class that has not been used yet."""

    def __init__(self, function):
        self._function = function

    def __set_name__(self, owner, name):
        self._owner, self._name = owner, name

    def __get__(self, instance, owner):
        function = wrap(self._function, self._owner)
        setattr(self._owner, self._name, function)

        return function.__get__(instance, owner)


def add_to(owner):
    """Adds the functions of the library to a class that is derived from a class of the library, and
    has not replaced them."""
    base = owner.__bases__[-1]
    replaced = {name for kind in owner.__bases__[:-1] for name in vars(kind)}.union(vars(owner))
    for name, function in vars(base).items():
        # In newer versions of PyGObject, functions that are no methods are in a classmethod or a
        # staticmethod.
        function = getattr(function, '__func__', function)
        if (name not in replaced and type(function) is type(Shm.list_blocks)
                and (function.can_throw_gerror() or name.endswith('_async') or name == 'new')):
            unused = Unused(function)
            unused.__set_name__(owner, name)
            setattr(owner, name, unused)
