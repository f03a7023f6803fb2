# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Compares lists of this library with the bytes of lists that CPython has made. The bytes are in
tests/data/shareable-list-vectors.json."""

import json
import pathlib
import struct

import pytest

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Shm  # noqa: E402

VECTORS = json.loads((pathlib.Path(__file__).parent.parent / 'data/shareable-list-vectors.json')
                     .read_text(encoding='utf-8'))


def decode(item):
    (kind, value), *_ = item.items()
    if kind == 'int':
        return int(value)
    if kind == 'float_hex':
        return float.fromhex(value)
    if kind == 'bytes':
        return bytes.fromhex(value)
    if kind == 'none':
        return None
    assert kind in ('str', 'bool')

    return value


def decode_all(items):
    return [decode(item) for item in items]


def exactly(values):
    """Converts values to a form in which 1, 1.0 and True differ, and 0.0 and -0.0 differ."""
    return [(type(value), repr(value)) for value in values]


def write_block(blocks, text):
    name = blocks.new_name()
    memory = bytes.fromhex(text)
    with open('/dev/shm/' + name, 'xb') as file:
        file.write(memory)

    return name


def read_block(shareable_list, size):
    return bytes(shareable_list.shm.read(0, size))


def title(vector):
    return repr(decode_all(vector['items']))[:40]


@pytest.fixture
def attach(blocks):
    attached = []

    def attach(text):
        attached.append(Shm.ShareableList(name=write_block(blocks, text)))
        return attached[-1]

    yield attach
    for shareable_list in attached:
        shareable_list.shm.close()
        shareable_list.shm.unlink()


@pytest.mark.parametrize('vector', VECTORS['blocks'], ids=title)
def test_read(vector, attach):
    """This library reads the same values as CPython. If CPython fails, this library fails too."""
    shareable_list = attach(vector['hex'])
    assert shareable_list.format == vector['format']
    assert len(shareable_list) == len(vector['items'])

    if 'error' in vector['reads_as']:
        with pytest.raises(ValueError) as excinfo:
            list(shareable_list)
        assert excinfo.value.gerror.code == Shm.Error.CORRUPT
    else:
        expected = exactly(decode_all(vector['reads_as']))
        assert exactly(shareable_list) == expected
        assert exactly(shareable_list[i] for i in range(len(shareable_list))) == expected


@pytest.mark.parametrize('vector', VECTORS['blocks'], ids=title)
def test_create(vector, blocks):
    """A new list has the same bytes as a list of CPython, unless CPython loses a part of a
    value."""
    values = decode_all(vector['items'])
    shareable_list = Shm.ShareableList(values)
    blocks.add(shareable_list.shm)

    # CPython computes the size of a slot from the number of characters instead of the number of
    # bytes.
    fits = all(not isinstance(value, str) or len(value.encode()) // 8 == len(value) // 8
               for value in values)
    memory = read_block(shareable_list, vector['size'])
    expected = bytes.fromhex(vector['hex'])
    if fits and not any(isinstance(value, bytes) and value.endswith(b'\0') for value in values):
        assert memory == expected
    assert exactly(shareable_list) == exactly(values)

    shareable_list.shm.close()
    shareable_list.shm.unlink()


EXCEPTIONS = {'ValueError': ValueError, 'IndexError': IndexError, 'KeyError': KeyError,
              'error': struct.error}


def fail_to_assign(shareable_list, step):
    """Checks that an assignment fails with CPython's exception and changes nothing."""
    kind, _, text = step['result'].partition(': ')
    value = [] if step['value'] == 'list' else decode(step['value'])
    before = list(shareable_list)

    with pytest.raises(EXCEPTIONS[kind]) as excinfo:
        shareable_list[step['index']] = value
    if kind != 'error':  # The message of a struct.error differs between versions.
        assert text in str(excinfo.value)
    assert list(shareable_list) == before


@pytest.mark.parametrize('vector', VECTORS['assignments'], ids=title)
def test_assign(vector, blocks):
    """After each assignment, the block has the same bytes as a block of CPython."""
    shareable_list = Shm.ShareableList(decode_all(vector['items']))
    blocks.add(shareable_list.shm)
    # The index of the value that CPython can no longer read. CPython changes the format entry
    # before it checks the new value, so a failed assignment leaves a wrong format entry.
    broken = None

    for step in vector['steps']:
        index = step['index']
        if step['result'] == 'ok':
            shareable_list[index] = decode(step['value'])
        else:
            fail_to_assign(shareable_list, step)
            if step['result'].startswith('error'):
                broken = index

        if broken is None:
            assert exactly(shareable_list) == exactly(decode_all(step['reads_as']))
            assert shareable_list.format == step['format']
            assert read_block(shareable_list, len(step['hex']) // 2) == bytes.fromhex(step['hex'])
        elif isinstance(step['reads_as'], list):
            expected = decode_all(step['reads_as'])
            expected[broken] = shareable_list[broken]
            assert exactly(shareable_list) == exactly(expected)

    shareable_list.shm.close()
    shareable_list.shm.unlink()


# The formats that both sides can read, because the count in the format is not larger than the slot.
READABLE = {'5s', '3s', '0s', '016s', '10s'}


@pytest.mark.parametrize('vector', VECTORS['patched'], ids=lambda vector: vector['patched_format'])
def test_formats_that_cpython_does_not_write(vector, attach):
    shareable_list = attach(vector['hex'])

    if vector['patched_format'] in READABLE:
        assert exactly(shareable_list) == exactly(decode_all(vector['reads_as']))
        assert shareable_list[0] == decode(vector['reads_as'][0])
    else:
        with pytest.raises(ValueError) as excinfo:
            shareable_list[0]
        assert excinfo.value.gerror.code == Shm.Error.CORRUPT
        with pytest.raises(ValueError):
            list(shareable_list)
    assert shareable_list[1] == 7

    # A new value replaces the format entry, so both sides can read the value.
    shareable_list[0] = 'eight888'
    assert list(shareable_list) == ['eight888', 7]
    assert shareable_list.format.endswith('sq')
    shareable_list[0] = b'ab\0\0'
    assert list(shareable_list) == [b'ab\0\0', 7]
