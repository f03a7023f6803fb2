# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Attributes that are plain in CPython's classes, so that a program may assign to them."""


class Attribute:
    """An attribute whose value a function computes.

    Unlike a property, it can be assigned. The value is then in the dictionary of the object, where
    Python finds it first.
    """

    def __init__(self, compute, doc=None):
        self._compute = compute
        self.__doc__ = doc

    def __get__(self, instance, owner=None):
        return self if instance is None else self._compute(instance)


def forget(instance, names):
    """Deletes the values that were assigned to attributes."""
    values = instance.__dict__
    if values:
        for name in names:
            values.pop(name, None)
