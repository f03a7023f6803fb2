#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Writes the inputs that the fuzzers start with, into the folders corpus-list and corpus-columns.

Run it without arguments. It builds lists with the layout that core/shm-list-layout.h describes. It
does not use the library, so that a bug of the library cannot change the inputs.
"""

import pathlib
import struct

HERE = pathlib.Path(__file__).parent
MAGIC = b'shmobj1\0'
VERSION = 2
RESERVED_SIZE = 40  # the words `armed` and `holder`, which are 0 in these lists, and padding
# The digits of a length mark, which is a number in base 6.
DIGITS = b' \t\n\v\f\r'
WORKED_EXAMPLE = ['howdy', b'HoWdY', -273.154, 100, None, True, 42]


def format_entry(text):
    return text.ljust(8, b'\0')


def marked_entry(size, number):
    """Returns a format entry with the length mark number `number`, written in base 6."""
    count = b'%ds' % min(size, 999999)
    digits = bytearray()
    while len(count) + len(digits) < 8:
        number, digit = divmod(number, 6)
        digits.insert(0, DIGITS[digit])
    return count + digits


def encode_value(value, min_size=0):
    """Returns the slot, the format entry and the type code of a value."""
    if value is None:
        return bytes(8), b'xxxxxx?x', 3
    if isinstance(value, bool):
        return bytes(7) + bytes([value]), b'xxxxxxx?', 0
    if isinstance(value, int):
        return struct.pack('q', value), format_entry(b'q'), 0
    if isinstance(value, float):
        return struct.pack('d', value), format_entry(b'd'), 0
    raw = value.encode() if isinstance(value, str) else value
    size = max(8 * (len(raw) // 8 + 1), min_size)
    nuls = len(raw) - len(raw.rstrip(b'\0'))
    if nuls == 0:
        entry = format_entry(b'%ds' % size)
    elif size < 1000:
        entry = marked_entry(size, nuls - 1)
    else:
        limit = 6 ** (8 - len(b'%ds' % min(size, 999999))) - 1
        entry = marked_entry(size, min(nuls - 1, limit))
    return raw.ljust(size, b'\0'), entry, 1 if isinstance(value, str) else 2


def build_list(values, trailer=True, patch=None):
    """Returns a list. `patch` replaces the slot, the entry or the code of some items."""
    encoded = [encode_value(value) for value in values]
    for at, parts in (patch or {}).items():
        encoded[at] = tuple(new if new is not None else old
                            for new, old in zip(parts, encoded[at]))
    offsets = [0]
    for slot, _entry, _code in encoded:
        offsets.append(offsets[-1] + len(slot))
    block = struct.pack(f'{len(encoded) + 2}q', len(encoded), *offsets)
    block += b''.join(slot for slot, _entry, _code in encoded)
    block += b''.join(entry for _slot, entry, _code in encoded)
    block += bytes(code for _slot, _entry, code in encoded)
    return add_trailer(block, values, encoded) if trailer else block


def add_trailer(block, values, encoded, lock=0, sequence=0, redo=(0, 0, 0, 0, 0), redo_bytes=b''):
    length_records = [struct.pack('3Q', at, len(values[at]), 0)
                      for at, (slot, _entry, _code) in enumerate(encoded) if len(slot) >= 1000]
    redo_size = max((len(slot) for slot, _entry, _code in encoded), default=0)
    block += bytes(-len(block) % 64)
    block += MAGIC + struct.pack('5Q', VERSION, len(length_records), redo_size, lock, sequence)
    block += struct.pack('5Q', *redo) + bytes(RESERVED_SIZE)
    return block + b''.join(length_records) + redo_bytes.ljust(redo_size, b'\0')


def list_with_redo(values, at, value):
    """Returns a list with a redo record: a writer has committed `value` for item `at`."""
    encoded = [encode_value(old) for old in values]
    slot, entry, code = encode_value(value, len(encoded[at][0]))
    length = len(value) if isinstance(value, (str, bytes)) else 8
    redo = (at, int.from_bytes(entry, 'little'), code, length, 0)
    return add_trailer(build_list(values, trailer=False), values, encoded, lock=77, sequence=5,
                       redo=redo, redo_bytes=slot)


def compress(block):
    """Returns the block as a sequence of runs, which fuzz-list.c expands."""
    runs = bytearray(b'RUNS')
    literal = bytearray()

    def flush():
        for at in range(0, len(literal), 255):
            piece = literal[at:at + 255]
            runs.extend(bytes([0, len(piece)]) + piece)
        literal.clear()

    at = 0
    while at < len(block):
        length = len(block) - at
        length -= len(block[at:].lstrip(block[at:at + 1]))
        if length >= 16:
            flush()
            runs.extend(bytes([block[at] or 1]) + struct.pack('<I', length)[:3])
        else:
            literal += block[at:at + length]
        at += length
    flush()
    return bytes(runs)


def lists():
    large = ['x' * 990, b'y' * 990 + bytes(9), bytes(1000), 'z' * 1001 + '\0' * 300, 5]

    yield 'empty', build_list([])
    yield 'empty-python', build_list([], trailer=False)
    yield 'example', build_list(WORKED_EXAMPLE)
    yield 'example-python', build_list(WORKED_EXAMPLE, trailer=False)
    yield 'length-marks', build_list(['a\0', b'bc\0\0\0', '\0' * 15, b'\0', 'é\0ü',
                                      b'12345678' + bytes(100)])
    yield 'length-marks-python', build_list([b'bc\0\0\0', '\0' * 7, b'full'], trailer=False,
                                            patch={2: (None, b'8s\r\r\r\r\r\r', None)})
    yield 'length-records', build_list(large)
    yield 'redo', list_with_redo(['text', 1, b'other bytes'], 2, b'new\0\0')
    yield 'redo-number', list_with_redo(['text', 1, b'other bytes'], 1, 2)
    yield 'redo-length-record', list_with_redo(large, 1, b'w' * 10 + bytes(900))
    yield 'short-counts', build_list(['howdy', 'howdy', '0123456789', 'x', 'y'], patch={
        0: (b'howdyXYZ', format_entry(b'5s'), None), 1: (None, format_entry(b'08s'), None),
        2: (None, b'0000016s', None), 3: (None, format_entry(b'0s'), None),
        4: (None, format_entry(b's'), None)})
    yield 'invalid-entries', build_list(['a'] * 8, patch={
        0: (None, b'8 s\0\0\0\0\0', None), 1: (None, b'99999999', None),
        2: (None, b'8s\0q\0\0\0\0', None), 3: (None, b'16s\0\0\0\0\0', None),
        4: (None, bytes(8), None), 5: (None, None, 4), 6: (None, format_entry(b'q'), 1),
        7: (b'\xff\xfe\xc0\x80aaaa', None, None)})
    # A slot of more than a million bytes. Its format entry has a length mark, as if the text ended
    # with NULs, but the last bytes of the slot are not NULs.
    yield 'million', compress(build_list(['a' * 999999 + '\0' * 8], patch={
        0: (b'a' * 999999 + b'\xff' * 9, None, None)}))
    # The sequence counter is odd, but the list has no redo buffer for the value of the redo record.
    broken = bytearray(build_list([1, 2, 3]))
    trailer_at = broken.index(MAGIC)
    broken[trailer_at + 24:trailer_at + 32] = bytes(8)
    broken[trailer_at + 40] = 1
    broken[trailer_at + 56] = ord('q')
    yield 'no-redo-buffer', bytes(broken[:-8])

    broken = bytearray(build_list([b'x' * 1000, 1]))
    broken[8:16] = struct.pack('<Q', 896)
    yield 'first-slot-not-at-0', bytes(broken)


def make_columns(values, change=bytes(3)):
    """Returns an input of fuzz-columns: the columns of the values without their first number."""
    numbers, types, texts, byte_strings = b'', b'', b'', b''

    for value in values:
        number = 0
        kind = {int: 1, float: 2, bool: 3, str: 4, bytes: 5}.get(type(value), 0)
        if kind == 4:
            number = len(value.encode('utf-16-le')) // 2
            texts += value.encode()
        elif kind == 5:
            number = len(value)
            byte_strings += value
        elif kind:
            number = value
        if kind == 1 and abs(value) >= 2**53:
            kind = 6
            numbers += struct.pack('<q', value)
        else:
            numbers += struct.pack('<d', number)
        types += bytes([kind])
    head = struct.pack('<dd', len(values), len(texts))
    return change + head + numbers + types + texts + byte_strings


def columns():
    yield 'example', make_columns(WORKED_EXAMPLE)
    yield 'empty', make_columns([])
    yield 'numbers', make_columns([0, -1, 2**31, 2**53, 2**63 - 1, -2**63, -0.0, 1e300])
    yield 'texts', make_columns(['a', 'ü', '\U0001f600', '', 'b' * 20])
    yield 'nuls', make_columns(['a\0', b'\0\0', '', '\0' * 20, b'x' * 1000 + bytes(30)])
    yield 'length-records', make_columns([b'x' * 1000, 'y' * 1999 + '\0', bytes(3000)])
    yield 'surrogate', make_columns(['abc']).replace(b'abc', b'\xed\xa0\x80')
    yield 'truncated', make_columns(WORKED_EXAMPLE)[:-7]
    yield 'changing', make_columns([b'abcdefgh', 'bcdefghi', 1], b'\x18\0\x04')


def main():
    for folder, inputs in ('corpus-list', lists()), ('corpus-columns', columns()):
        (HERE / folder).mkdir(exist_ok=True)
        for name, content in inputs:
            (HERE / folder / name).write_bytes(content)


if __name__ == '__main__':
    main()
