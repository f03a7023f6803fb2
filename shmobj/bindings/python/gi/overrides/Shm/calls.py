# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Gives functions of the library the default arguments that Python programs expect, and makes the
asynchronous functions awaitable.

A prototype is a function with the parameters of a function of the library, in the same order and
with the same names. It returns its arguments as a tuple. The last parameter of the prototype of an
asynchronous function is the cancellable. Its parameters `callback` and `*user_data` follow.
"""

import functools
import operator
import types

from . import awaitables
from .awaitables import OMITTED


def _copy(prototype, name):
    """Returns a copy of a prototype with the name of a function. Python's TypeErrors for missing and
    unknown arguments contain this name."""
    copy = types.FunctionType(prototype.__code__, prototype.__globals__, name,
                              prototype.__defaults__)
    copy.__qualname__ = name

    return copy


def _describe(wrapper, function):
    wrapper.__name__ = wrapper.__qualname__ = function.__name__
    wrapper.__doc__ = function.__doc__

    return wrapper


# The parameters that are an int. PyGObject would truncate a float to an int.
_INT_PARAMETERS = {'size', 'mode', 'flags', 'fd', 'offset', 'length', 'first', 'n_values'}


def _check_ints(prototype, arguments):
    """Raises TypeError if an argument that must be an int is of another type."""
    for name, argument in zip(prototype.__code__.co_varnames, arguments):
        if name in _INT_PARAMETERS and argument is not None:  # PyGObject refuses None.
            operator.index(argument)


def _bind(function, prototype):
    """Wraps a method, or a function of a class. Its first argument is the object or the class."""
    prototype = _copy(prototype, function.__name__)

    def wrapper(first, *args, **kwargs):
        arguments = prototype(*args, **kwargs)
        _check_ints(prototype, arguments)

        return function(first, *arguments)

    return _describe(wrapper, function)


def _bind_creation(function, prototype, get_undo):
    """Does the same as _bind() for a function that creates a block. The function must have an
    additional last argument, which is a list, and append the new object to this list."""
    prototype = _copy(prototype, function.__name__)

    def wrapper(first, *args, **kwargs):
        arguments = prototype(*args, **kwargs)
        _check_ints(prototype, arguments)

        made = []
        undo = get_undo(first, made)
        try:
            function(first, *arguments, made)

            return made[0]
        except BaseException:
            # Begin with a single call of C code: see interrupts.py.
            any(undo)
            raise

    return _describe(wrapper, function)


def _start(begin, finish, prototype, blocking, args, kwargs):
    """Calls an asynchronous function with the arguments of a Python program."""
    n_parameters = prototype.__code__.co_argcount
    args, rest = args[:n_parameters], args[n_parameters:]
    if rest and 'callback' in kwargs:
        raise TypeError(f"{prototype.__name__}() got multiple values for argument 'callback'")
    callback = kwargs.pop('callback', rest[0] if rest else OMITTED)
    *own, cancellable = prototype(*args, **kwargs)
    _check_ints(prototype, own)

    names = prototype.__code__.co_varnames[:n_parameters]
    name = own[names.index('name')] if 'name' in names else None

    return awaitables.start(functools.partial(begin, *own), finish, cancellable, callback, rest[1:],
                            name, blocking)


def _bind_async(function, prototype, blocking=None):
    finish = function.__name__.replace('_async', '_finish')
    prototype = _copy(prototype, function.__name__)

    def wrapper(first, *args, **kwargs):
        return _start(functools.partial(function, first), getattr(first, finish), prototype,
                      blocking and functools.partial(blocking, first), args, kwargs)

    return _describe(wrapper, function)


def bind_function_async(function, finish):
    """Wraps an asynchronous function that has no parameters but a cancellable."""
    def wrapper(*args, **kwargs):
        return _start(function, finish, prototype, None, args, kwargs)

    prototype = _copy(lambda cancellable=None: (cancellable,), function.__name__)

    return _describe(wrapper, function)


def define_methods(owner, prototypes, blocking=None, creations=None):
    """Replaces methods and class methods by functions that have the parameters of the prototypes.

    prototypes: maps names to a prototype. Several names are separated by spaces.
    blocking: maps names of asynchronous methods to functions (object, cancellable). See
        awaitables.start().
    creations: maps names of functions that create a block to functions (object or class, list). Such
        a function returns an iterator that undoes the creation of the objects in the list.
    """
    blocking, creations = blocking or {}, creations or {}
    for names, prototype in prototypes.items():
        for name in names.split():
            method = vars(owner)[name]
            function = method.__func__ if isinstance(method, classmethod) else method
            if name.endswith('_async'):
                wrapper = _bind_async(function, prototype, blocking.get(name))
            elif name in creations:
                wrapper = _bind_creation(function, prototype, creations[name])
            else:
                wrapper = _bind(function, prototype)
            setattr(owner, name, classmethod(wrapper) if method is not function else wrapper)
