# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Converts values of lists between Python and the library."""

import array
import functools
import operator
import sys

from gi.repository import GLib

from . import errors
from .errors import Shm

TYPES = {int, float, bool, str, bytes, type(None)}

_new_bytes = GLib.Bytes.new
_get_type = functools.lru_cache(maxsize=None)(GLib.VariantType)



def to_glib_bytes(data):
    """Converts a bytes-like object. Returns a GLib.Bytes unchanged."""
    if isinstance(data, GLib.Bytes):
        return data

    # PyGObject accepts only bytes and contiguous views. It copies bytes in one piece, and other
    # sequences item by item.
    return _new_bytes(data if type(data) is bytes else bytes(memoryview(data)))


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


def to_sequence(values):
    """Returns the values as a list, tuple or range."""
    return values if type(values) in (list, tuple, range) else list(values)


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
        array = GLib.Variant.new_from_bytes(_get_type('ay'), _new_bytes(
            value if kind is bytes else value.encode()), True)
        return array if kind is bytes else GLib.Variant.new_tuple(array)
    if value is None:
        return GLib.Variant.new_maybe(_get_type('v'), None)
    if isinstance(value, GLib.Variant):
        return value

    return to_variant(to_plain(value))


def to_any_variant(value):
    """Converts also an int of more than 64 bits and a str with a lone surrogate, to a GLib.Variant
    that the library refuses with its own error."""
    try:
        return to_variant(value)
    except errors.IntegerRangeError:
        return GLib.Variant.new_uint64(GLib.MAXUINT64)
    except UnicodeEncodeError:
        return GLib.Variant.new_tuple(to_variant(value.encode('utf-8', 'surrogatepass')))


def _to_array(values):
    """Returns a GLib.Variant if all values are of the same type of numbers, and None otherwise."""
    kinds = {int} if type(values) is range else set(map(type, values))
    code = {int: 'q', float: 'd'}.get(kinds.pop()) if len(kinds) == 1 else None
    if code is None:
        return None
    try:
        data = array.array(code, values).tobytes()
    except OverflowError:
        return None

    return GLib.Variant.new_from_bytes(_get_type('a' + {'q': 'x', 'd': 'd'}[code]), _new_bytes(data), True)


def sequence_to_variant(values, convert=to_variant):
    """Converts the values of a list to the GLib.Variant that the library expects. Returns a
    GLib.Variant unchanged."""
    if isinstance(values, GLib.Variant):
        return values
    values = to_sequence(values)
    variant = _to_array(values)
    if variant is not None:
        return variant

    builder = GLib.VariantBuilder(_get_type('av'))
    for value in values:
        builder.add_value(GLib.Variant.new_variant(convert(value)))

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
