#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Writes the inputs that the fuzzers begin with: make-corpus.py, run beside it.

Lists are laid out as core/shm-list-layout.h describes it, by nothing but this file.
"""

import marshal
import pathlib
import struct

HERE = pathlib.Path(__file__).parent
MAGIC = b'shmobj1\0'
DIGITS = b' \t\n\v\f\r'
WORKED_EXAMPLE = ['howdy', b'HoWdY', -273.154, 100, None, True, 42]


def entry_of(text):
    return text.ljust(8, b'\0')


def marked(size, mark):
    count = b'%ds' % min(size, 999999)
    digits = bytearray()
    while len(count) + len(digits) < 8:
        mark, digit = divmod(mark, 6)
        digits.insert(0, DIGITS[digit])
    return count + digits


def cell(value, room=0):
    """The slot, the entry and the code of a value."""
    if value is None:
        return bytes(8), b'xxxxxx?x', 3
    if isinstance(value, bool):
        return bytes(7) + bytes([value]), b'xxxxxxx?', 0
    if isinstance(value, int):
        return struct.pack('q', value), entry_of(b'q'), 0
    if isinstance(value, float):
        return struct.pack('d', value), entry_of(b'd'), 0
    raw = value.encode() if isinstance(value, str) else value
    size = max(8 * (len(raw) // 8 + 1), room)
    nuls = len(raw) - len(raw.rstrip(b'\0'))
    if nuls == 0:
        entry = entry_of(b'%ds' % size)
    elif size < 1000:
        entry = marked(size, nuls - 1)
    else:
        limit = 6 ** (8 - len(b'%ds' % min(size, 999999))) - 1
        entry = marked(size, min(nuls - 1, limit))
    return raw.ljust(size, b'\0'), entry, 1 if isinstance(value, str) else 2


def lay_out(values, trailer=True, patch=None):
    cells = [cell(value) for value in values]
    for at, parts in (patch or {}).items():
        cells[at] = tuple(new if new is not None else old
                          for new, old in zip(parts, cells[at]))
    offsets = [0]
    for slot, _entry, _code in cells:
        offsets.append(offsets[-1] + len(slot))
    block = struct.pack(f'{len(cells) + 2}q', len(cells), *offsets)
    block += b''.join(slot for slot, _entry, _code in cells)
    block += b''.join(entry for _slot, entry, _code in cells)
    block += bytes(code for _slot, _entry, code in cells)
    return with_trailer(block, values, cells) if trailer else block


def with_trailer(block, values, cells, lock=0, counter=0, flight=(0, 0, 0, 0, 0), late=b''):
    records = [struct.pack('3Q', at, len(values[at]), 0)
               for at, (slot, _entry, _code) in enumerate(cells) if len(slot) >= 1000]
    room = max((len(slot) for slot, _entry, _code in cells), default=0)
    block += bytes(-len(block) % 64)
    block += MAGIC + struct.pack('5Q', 1, len(records), room, lock, counter)
    return block + struct.pack('5Q', *flight) + b''.join(records) + late.ljust(room, b'\0')


def in_flight(values, at, value):
    cells = [cell(old) for old in values]
    slot, entry, code = cell(value, len(cells[at][0]))
    length = len(value) if isinstance(value, (str, bytes)) else 8
    flight = (at, int.from_bytes(entry, 'little'), code, length, 0)
    return with_trailer(lay_out(values, trailer=False), values, cells, lock=77, counter=5,
                        flight=flight, late=slot)


def runs(block):
    """The block as a recipe of runs, which fuzz-list.c expands."""
    recipe = bytearray(b'RUNS')
    literal = bytearray()

    def flush():
        for at in range(0, len(literal), 255):
            piece = literal[at:at + 255]
            recipe.extend(bytes([0, len(piece)]) + piece)
        literal.clear()

    at = 0
    while at < len(block):
        length = len(block) - at
        length -= len(block[at:].lstrip(block[at:at + 1]))
        if length >= 16:
            flush()
            recipe.extend(bytes([block[at] or 1]) + struct.pack('<I', length)[:3])
        else:
            literal += block[at:at + length]
        at += length
    flush()
    return bytes(recipe)


def lists():
    large = ['x' * 990, b'y' * 990 + bytes(9), bytes(1000), 'z' * 1001 + '\0' * 300, 5]

    yield 'empty', lay_out([])
    yield 'empty-python', lay_out([], trailer=False)
    yield 'example', lay_out(WORKED_EXAMPLE)
    yield 'example-python', lay_out(WORKED_EXAMPLE, trailer=False)
    yield 'marks', lay_out(['a\0', b'bc\0\0\0', '\0' * 15, b'\0', 'é\0ü', b'12345678' + bytes(100)])
    yield 'marks-python', lay_out([b'bc\0\0\0', '\0' * 7, b'full'], trailer=False,
                                  patch={2: (None, b'8s\r\r\r\r\r\r', None)})
    yield 'records', lay_out(large)
    yield 'flight', in_flight(['text', 1, b'other bytes'], 2, b'new\0\0')
    yield 'flight-number', in_flight(['text', 1, b'other bytes'], 1, 2)
    yield 'flight-record', in_flight(large, 1, b'w' * 10 + bytes(900))
    yield 'short-counts', lay_out(['howdy', 'howdy', '0123456789', 'x', 'y'], patch={
        0: (b'howdyXYZ', entry_of(b'5s'), None), 1: (None, entry_of(b'08s'), None),
        2: (None, b'0000016s', None), 3: (None, entry_of(b'0s'), None),
        4: (None, entry_of(b's'), None)})
    yield 'refused', lay_out(['a'] * 8, patch={
        0: (None, b'8 s\0\0\0\0\0', None), 1: (None, b'99999999', None),
        2: (None, b'8s\0q\0\0\0\0', None), 3: (None, b'16s\0\0\0\0\0', None),
        4: (None, bytes(8), None), 5: (None, None, 4), 6: (None, entry_of(b'q'), 1),
        7: (b'\xff\xfe\xc0\x80aaaa', None, None)})
    # A long slot whose text seems to end in NULs before the slot does.
    yield 'million', runs(lay_out(['a' * 999999 + '\0' * 8], patch={
        0: (b'a' * 999999 + b'\xff' * 9, None, None)}))
    # No room for what is in flight.
    odd = bytearray(lay_out([1, 2, 3]))
    trailer_at = odd.index(MAGIC)
    odd[trailer_at + 24:trailer_at + 32] = bytes(8)
    odd[trailer_at + 40] = 1
    odd[trailer_at + 56] = ord('q')
    yield 'no-room', bytes(odd[:-8])


def packed():
    yield 'example', marshal.dumps(WORKED_EXAMPLE, 2)
    yield 'empty', marshal.dumps([], 2)
    yield 'tuple', marshal.dumps((1, 2.5, 'ü', b''), 2)
    yield 'ints', marshal.dumps([0, -1, 2**15, -2**31, 2**31, 2**63 - 1, -2**63], 2)
    yield 'int64', b'[\x01\0\0\0I' + bytes(range(8))
    yield 'too-large', marshal.dumps([2**63, -2**63 - 1, 2**100], 2)
    yield 'nuls', marshal.dumps(['a\0', b'\0\0', '', '\0' * 20, b'x' * 1000 + bytes(30)], 2)
    yield 'records', marshal.dumps([b'x' * 1000, 'y' * 1999 + '\0', bytes(3000)], 2)
    yield 'surrogate', b'[\x01\0\0\0u\x03\0\0\0\xed\xa0\x80'
    yield 'nested', marshal.dumps([1, [2, [3]]], 2)
    yield 'truncated', marshal.dumps(WORKED_EXAMPLE, 2)[:-7]
    yield 'changing', b'\x06\0\x04' + marshal.dumps([b'abcdefgh', 'bcdefghi', 1], 2)


def main():
    for folder, inputs in ('corpus-list', lists()), ('corpus-marshal', packed()):
        (HERE / folder).mkdir(exist_ok=True)
        for name, content in inputs:
            (HERE / folder / name).write_bytes(content)


if __name__ == '__main__':
    main()
