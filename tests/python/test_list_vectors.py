# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Lists that CPython has made, byte for byte (tests/data/shareable-list-vectors.json)."""

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


def values_of(items):
    return [decode(item) for item in items]


def exactly(values):
    """To compare with: 1, 1.0 and True differ, and so do 0.0 and -0.0."""
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
    return repr(values_of(vector['items']))[:40]


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
def test_reading(vector, attach):
    """What CPython reads; where it can't, neither can we."""
    shareable_list = attach(vector['hex'])
    assert shareable_list.format == vector['format']
    assert len(shareable_list) == len(vector['items'])

    if 'error' in vector['reads_as']:
        with pytest.raises(ValueError) as raised:
            list(shareable_list)
        assert raised.value.gerror.code == Shm.Error.CORRUPT
    else:
        expected = exactly(values_of(vector['reads_as']))
        assert exactly(shareable_list) == expected
        assert exactly(shareable_list[i] for i in range(len(shareable_list))) == expected


@pytest.mark.parametrize('vector', VECTORS['blocks'], ids=title)
def test_creating(vector, blocks):
    """The same bytes, where CPython does not lose a part of them."""
    values = values_of(vector['items'])
    shareable_list = Shm.ShareableList(values)
    blocks.add(shareable_list.shm)

    # CPython counts characters and not bytes.
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
    """Assigning fails as it does in CPython, and changes nothing."""
    kind, _, text = step['result'].partition(': ')
    value = [] if step['value'] == 'list' else decode(step['value'])
    before = list(shareable_list)

    with pytest.raises(EXCEPTIONS[kind]) as raised:
        shareable_list[step['index']] = value
    if kind != 'error':  # whose text differs between versions
        assert text in str(raised.value)
    assert list(shareable_list) == before


@pytest.mark.parametrize('vector', VECTORS['assignments'], ids=title)
def test_assigning(vector, blocks):
    """The block after each step, as CPython leaves it."""
    shareable_list = Shm.ShareableList(values_of(vector['items']))
    blocks.add(shareable_list.shm)
    spoilt = None  # what CPython has spoilt: it changes a format before it looks at the value

    for step in vector['steps']:
        index = step['index']
        if step['result'] == 'ok':
            shareable_list[index] = decode(step['value'])
        else:
            fail_to_assign(shareable_list, step)
            if step['result'].startswith('error'):
                spoilt = index

        if spoilt is None:
            assert exactly(shareable_list) == exactly(values_of(step['reads_as']))
            assert shareable_list.format == step['format']
            assert read_block(shareable_list, len(step['hex']) // 2) == bytes.fromhex(step['hex'])
        elif isinstance(step['reads_as'], list):
            expected = values_of(step['reads_as'])
            expected[spoilt] = shareable_list[spoilt]
            assert exactly(shareable_list) == exactly(expected)

    shareable_list.shm.close()
    shareable_list.shm.unlink()


# Formats that are read as CPython reads them: counts up to the size of the slot.
READABLE = {'5s', '3s', '0s', '016s', '10s'}


@pytest.mark.parametrize('vector', VECTORS['patched'], ids=lambda vector: vector['patched_format'])
def test_patched(vector, attach):
    """Formats that CPython does not write itself."""
    shareable_list = attach(vector['hex'])

    if vector['patched_format'] in READABLE:
        assert exactly(shareable_list) == exactly(values_of(vector['reads_as']))
        assert shareable_list[0] == decode(vector['reads_as'][0])
    else:
        with pytest.raises(ValueError) as raised:
            shareable_list[0]
        assert raised.value.gerror.code == Shm.Error.CORRUPT
        with pytest.raises(ValueError):
            list(shareable_list)
    assert shareable_list[1] == 7

    # Whatever there was: what is stored now is read, by CPython too. It never cuts to the count.
    shareable_list[0] = 'eight888'
    assert list(shareable_list) == ['eight888', 7]
    assert shareable_list.format.endswith('sq')
    shareable_list[0] = b'ab\0\0'
    assert list(shareable_list) == [b'ab\0\0', 7]
