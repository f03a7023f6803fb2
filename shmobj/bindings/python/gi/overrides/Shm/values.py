# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Converts values of lists between Python and the library.

The format of the marshal module is used to pass several values at once, and to pass text or bytes
that contain a NUL.
"""

import functools
import marshal
import operator
import sys

from gi.repository import GLib

from . import errors
from .errors import Shm

TYPES = {int, float, bool, str, bytes, type(None)}

# PyGObject takes more than a microsecond to find most attributes of GLib.
_new_bytes = GLib.Bytes.new
_VariantBuilder = GLib.VariantBuilder
_BYTES_TYPE = GLib.VariantType('ay')
_VARIANT_TYPE = GLib.VariantType('v')
_VARIANTS_TYPE = GLib.VariantType('av')

MARSHAL_VERSION = 2
_RUN_LENGTH = 4096  # the number of values in each part of a range that is converted at once


def _convert_numpy_scalar(value):
    """Returns the bool, int or float that equals a scalar of NumPy, or None."""
    numpy = sys.modules.get('numpy')  # A scalar exists only if the module has been imported.
    if numpy is None or not isinstance(value, numpy.generic):
        return None
    if value.dtype.kind not in 'biuf':  # Dates, for example, are not numbers.
        return None

    number = float(value) if value.dtype.kind == 'f' else value.item()
    is_exact = number == value or value != value  # A NaN is not equal to itself.

    return number if is_exact else None


def to_plain(value):
    """Returns the int, float, bool, str, bytes or None that has exactly the same value. Raises
    UnsupportedValueError if there is none."""
    kind = type(value)
    if kind in TYPES:
        return value
    # The methods of the base classes ignore methods that the subclass has replaced.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bytes):
        return bytes(memoryview(value))
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, int):
        return int.__int__(value)

    number = _convert_numpy_scalar(value)
    if number is None and hasattr(kind, '__index__'):
        try:
            number = operator.index(value)
        except TypeError:
            pass  # for example, an array of NumPy with several numbers
    if number is None:
        raise errors.UnsupportedValueError(kind)

    return number


def _is_uniform(data, n_values, code, width):
    """Returns whether each of the marshalled values has this type code and takes `width` bytes."""
    return len(data) == 5 + n_values * width and data[5::width].count(code) == n_values


def _marshal_list(values):
    """Returns the values and their marshalled form. Values of other types are converted."""
    try:
        data = marshal.dumps(values, MARSHAL_VERSION)
    except ValueError:
        pass  # a value of a type that marshal does not know
    else:
        # marshal converts every bytes-like object to bytes, so the types must be checked. Skip this
        # slow check if the data shows that all values are numbers.
        if (_is_uniform(data, len(values), b'i', 5) or _is_uniform(data, len(values), b'g', 9)
                or set(map(type, values)) <= TYPES):
            return values, data

    values = list(map(to_plain, values))

    return values, marshal.dumps(values, MARSHAL_VERSION)


def _marshal_range(numbers):
    """Marshals a range. Does not create an int object for each number of a long range."""
    n_runs = len(numbers) // _RUN_LENGTH
    if n_runs == 0 or min(numbers[0], numbers[-1]) < 0 or max(numbers[0], numbers[-1]) >> 31:
        return marshal.dumps(list(numbers), MARSHAL_VERSION)

    # A marshalled number is a type code and 32 bits. Each number of a run differs from the
    # corresponding number of the first run by the same amount. One addition of long ints adds this
    # amount to all numbers of a run. It cannot overflow into the next number, because all numbers
    # are in the range that was checked above.
    first = int.from_bytes(marshal.dumps(list(numbers[:_RUN_LENGTH]), MARSHAL_VERSION)[5:],
                           'little')
    step = ((numbers[1] - numbers[0]) * _RUN_LENGTH
            * int.from_bytes(b'\0\1\0\0\0' * _RUN_LENGTH, 'little'))
    runs = [(first + i * step).to_bytes(5 * _RUN_LENGTH, 'little') for i in range(n_runs)]
    rest = marshal.dumps(list(numbers[n_runs * _RUN_LENGTH:]), MARSHAL_VERSION)[5:]

    return b''.join([b'[', len(numbers).to_bytes(4, 'little'), *runs, rest])


def to_sequence(values):
    """Returns the values as a list, tuple or range."""
    return values if type(values) in (list, tuple, range) else list(values)


def marshal_sequence(values):
    """Returns the values as a list, tuple or range, and their marshalled form."""
    values = to_sequence(values)

    return (values, _marshal_range(values)) if type(values) is range else _marshal_list(values)


def translate_error(gerror, values, name=None):
    """Returns the exception for a GLib.Error from storing values in a list."""
    if errors.is_code(gerror, Shm.Error.TYPE_MISMATCH):
        try:
            for value in values:
                if isinstance(value, str):
                    value.encode()
        except UnicodeEncodeError as error:
            error.gerror = gerror.with_traceback(None)
            return error

    return errors.translate(gerror, name, errors.NEW_LIST_EXCEPTIONS)


def to_variant(value):
    """Converts a value to the GLib.Variant that the library expects. Returns a GLib.Variant
    unchanged. Raises UnsupportedValueError if a list cannot store the value."""
    kind = type(value)
    if kind is bool:
        return GLib.Variant.new_boolean(value)
    if kind is int:
        try:
            return GLib.Variant.new_int64(value)
        except OverflowError as error:
            raise errors.IntegerRangeError(*error.args) from None
    if kind is float:
        return GLib.Variant.new_double(value)
    if kind is str and '\0' not in value:
        value.encode()  # raises UnicodeEncodeError for a lone surrogate. PyGObject does not.
        return GLib.Variant.new_string(value)
    if kind is str or kind is bytes:
        array = GLib.Variant.new_from_bytes(_BYTES_TYPE, _new_bytes(
            value if kind is bytes else value.encode()), True)
        return array if kind is bytes else GLib.Variant.new_tuple(array)
    if value is None:
        return GLib.Variant.new_maybe(_VARIANT_TYPE, None)
    if isinstance(value, GLib.Variant):
        return value

    return to_variant(to_plain(value))


def sequence_to_variant(values):
    """Converts the values of a list to the GLib.Variant that the library expects. Returns a
    GLib.Variant unchanged."""
    if isinstance(values, GLib.Variant):
        return values

    builder = _VariantBuilder(_VARIANTS_TYPE)
    for value in values:
        builder.add_value(GLib.Variant.new_variant(to_variant(value)))

    return builder.end()


def from_variant(variant):
    """Converts a GLib.Variant of the library to a value, or to a list of values."""
    kind = variant.get_type_string()
    if kind == 'av':
        return [from_variant(variant.get_child_value(i).get_variant())
                for i in range(variant.n_children())]
    if kind == 'ay':
        return variant.get_data_as_bytes().get_data() or b''
    if kind == '(ay)':
        return from_variant(variant.get_child_value(0)).decode()

    return variant.unpack()


def get_equal_variants(value):
    """Returns all variants that a list can contain and that Python considers equal to the value."""
    kind = type(value)
    try:
        if kind is int and not -1 << 63 <= value < 1 << 63:
            return [GLib.Variant.new_double(value)] if float(value) == value else []
        variants = [to_variant(int(value) if kind is bool else value)]
    except (OverflowError, UnicodeEncodeError):
        return []  # an int that is larger than any float, or a str with a lone surrogate

    # For the library, a boolean is not a number. For Python, False equals 0 and True equals 1.
    if value == 0 or value == 1:
        variants.append(GLib.Variant.new_boolean(value == 1))

    return variants


def convert_argument(function, position, convert):
    """Returns a function that converts one of its arguments and then calls the given function."""
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args[:position], convert(args[position]), *args[position + 1:], **kwargs)

    return wrapper


def convert_result(function, convert):
    """Returns a function that calls the given function and converts the result."""
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return convert(function(*args, **kwargs))

    return wrapper
