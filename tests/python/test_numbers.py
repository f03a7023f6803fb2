# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests that no function takes an invalid number for another number. The tests read all functions
from interface.txt, so that they also cover those that are added later."""

import re
from pathlib import Path

import gi
import pytest

gi.require_version('Shm', '1.0')
from gi.repository import GLib, Shm

INTERFACE = Path(__file__).parent.parent / 'interface.txt'

INT_RANGES = {f'gint{bits}': (-(1 << bits - 1), (1 << bits - 1) - 1) for bits in (8, 16, 32, 64)}
INT_RANGES.update((f'guint{bits}', (0, (1 << bits) - 1)) for bits in (8, 16, 32, 64))
INT_RANGES.update({'gint': INT_RANGES['gint32'], 'guint': INT_RANGES['guint32']})
FLAGS = {'AttachFlags', 'CreateFlags', 'ManagerFlags', 'SealFlags'}
VALID = {'utf8': 'shmobj-py-numbers', 'GLib.Variant': 1, 'array of guint8': b'[\1\0\0\0N',
         'GLib.Bytes': GLib.Bytes.new(b'a'), 'gboolean': True, 'guint': 0o600, 'seconds': 0}


def parse_parameters(text):
    """Yields the type of each parameter that Python programs pass."""
    for parameter in text.split(', '):
        if not re.search('direction=out|: gpointer|AsyncReadyCallback|^length: gsize', parameter):
            kind = re.sub(r'^\w+: ([\w.]+( of \w+)?).*$', r'\1', parameter)
            yield 'seconds' if parameter.startswith('timeout:') else kind


def find_functions():
    """Yields (class or None, whether the function is a method, name, types)."""
    owner = None
    for line in INTERFACE.read_text().splitlines():
        if line[:1].strip():
            owner = line.split()[1] if line.startswith('class ') else None
        match = re.match(r' *(constructor|function|method) (\w+) \((.+)\) ->', line)
        if match and not line.endswith(' skip'):
            yield (owner, match.group(1) == 'method', match.group(2),
                   list(parse_parameters(match.group(3))))


def find_int_parameters():
    for owner, is_method, name, types in find_functions():
        for position, kind in enumerate(types):
            if kind in INT_RANGES or kind in FLAGS:
                yield pytest.param(owner, is_method, name, types, position,
                                   id=f'{owner or "Shm"}.{name}-{position}')


PARAMETERS = list(find_int_parameters())


@pytest.fixture(scope='module')
def objects():
    return {'SharedMemory': Shm.SharedMemory.create_anonymous(100),
            'ShareableList': Shm.ShareableList.create_anonymous([1, 'text', None]),
            'Frames': Shm.Frames.create_anonymous(1, 3),
            'ListModel': Shm.ShareableList.create_anonymous([1]).get_model(),
            'Manager': Shm.Manager()}


def call(objects, owner, is_method, name, types, position, value):
    if is_method:
        target = objects[owner]
    else:
        target = getattr(Shm, owner) if owner else Shm
    valid = {**VALID, 'GLib.Variant': [1]} if name.startswith('create') else VALID
    valid = {**valid, 'SharedMemory': objects['SharedMemory']}
    arguments = [valid.get(kind, 0 if kind in INT_RANGES or kind in FLAGS else None)
                 for kind in types]
    arguments[position] = value
    getattr(target, name)(*arguments)


def test_interface():
    assert len(PARAMETERS) > 50
    ids = {parameter.id for parameter in PARAMETERS}
    assert {'SharedMemory.set_int32-1', 'SharedMemory.create_async-1', 'Shm.check_version-0',
            'ShareableList.get_value_async-0', 'Manager.create_shared_memory-1'} <= ids


@pytest.mark.parametrize('owner, is_method, name, types, position', PARAMETERS)
def test_no_ints(objects, owner, is_method, name, types, position):
    optional = [] if name in ('read', 'read_async') and position == 1 else [None]
    for value in 1.5, 2.0, '1', b'1', [], *optional:
        with pytest.raises(TypeError):
            call(objects, owner, is_method, name, types, position, value)


@pytest.mark.parametrize('owner, is_method, name, types, position', [
    parameter for parameter in PARAMETERS
    if parameter.values[3][parameter.values[4]] in INT_RANGES])
def test_ints_out_of_range(objects, owner, is_method, name, types, position):
    smallest, largest = INT_RANGES[types[position]]
    # A negative index of a list counts from the end.
    too_small = -(1 << 64) if owner == 'ShareableList' else smallest - 1
    for value in too_small, largest + 1, 1 << 70:
        with pytest.raises((OverflowError, IndexError)):
            call(objects, owner, is_method, name, types, position, value)


@pytest.mark.parametrize('make', [
    lambda value: Shm.SharedMemory(create=True, size=value),
    lambda value: Shm.SharedMemory(create=True, size=1, mode=value),
    lambda value: Shm.ShareableList([1], mode=value),
    lambda value: Shm.Manager().SharedMemory(value),
    lambda value: Shm.Manager().SharedMemory(1, mode=value),
    lambda value: Shm.Manager().ShareableList([1], mode=value)])
def test_constructors(make):
    for value in 1.5, 384.0, '1', None:
        with pytest.raises(TypeError):
            make(value)


@pytest.mark.parametrize('kind', ['float', 'double'])
def test_floats(kind):
    shm = Shm.SharedMemory.create_anonymous(100)
    store, load = getattr(shm, f'set_{kind}'), getattr(shm, f'get_{kind}')
    for value in 0.5, 3, True:
        store(offset=8, value=value)
        assert load(offset=8) == value
    for value in '1', None, [], 1j:
        with pytest.raises(TypeError):
            store(8, value)
    assert load(8) == 1
