# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The type of the classes. With it, programs can derive from the classes as from CPython's classes,
which are ordinary Python classes."""

import abc
import gc
import weakref

from .errors import Shm

# A class that has one of these attributes, or a method do_...(), extends the GObject.
_GOBJECT_ATTRIBUTES = {'__gproperties__', '__gsignals__', '__gtype_name__'}

_abc_data = weakref.WeakKeyDictionary()


def init_as(base, init, instance):
    """Calls init(), which makes the GObject of an object of a subclass of `base`, so that the object
    can be collected together with its class.

    PyGObject keeps data for each GObject, with a reference to the class of the object. The garbage
    collector does not know this reference, and so it would never collect an object to which its
    class refers: above all an object in a global variable of the program that defines the class. Its
    __del__() would not run at the end of the program. Therefore the object has another class, which
    exists forever, until PyGObject has made the data. PyGObject makes the data together with the
    GObject or, in older versions, when the collector visits the object for the first time.
    """
    kind = type(instance)
    if kind.__gtype__ != base.__gtype__:  # See ClassType.
        init(instance)
        return

    try:
        instance.__class__ = base
        init(instance)
        gc.get_referents(instance)
    finally:
        instance.__class__ = kind


class ClassType(type(Shm.SharedMemory), abc.ABCMeta):
    """The type of a class that is derived from a class of the library.

    A class gets a GType of its own only if it extends the GObject, for example with a signal.
    PyGObject never deletes a class that has a GType, nor what the class refers to. So the global
    variables of a program that defines such a class would never be finalized, not even at the end of
    the program. A GType also cannot be pickled, and cloudpickle, dill and similar modules pickle a
    class of __main__ by value, with all attributes in its dictionary.

    A class can also be derived from abc.ABC, have __slots__, and have arguments for
    __init_subclass__(). The type of PyGObject's classes supports none of these.
    """

    # ABCMeta sets this attribute of each class. It cannot be pickled either, so it is not in the
    # dictionary of the class.
    _abc_impl = property(_abc_data.__getitem__, _abc_data.__setitem__)

    def __new__(meta, name, bases, namespace, **kwargs):
        # All objects have a dictionary, which also has the attributes that __slots__ names.
        namespace = {key: value for key, value in namespace.items() if key != '__slots__'}

        return super().__new__(meta, name, bases, namespace, **kwargs)

    def __init__(cls, name, bases, namespace, **_):
        super().__init__(name, bases, namespace)

    def _type_register(cls, namespace):
        """Registers a GType if necessary. PyGObject calls this method for each new class."""
        if not namespace.get('__gsignals__'):
            del cls.__gsignals__  # PyGObject has set this attribute to an empty dictionary.
        if any(name in _GOBJECT_ATTRIBUTES or name.startswith('do_') for name in namespace):
            super()._type_register(namespace)

    # The methods of ABCMeta are slow.
    __instancecheck__ = type.__instancecheck__
    __subclasscheck__ = type.__subclasscheck__
