# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests that README and the guide mention every public name: those of the introspection data, and
those that the overrides of Python and JavaScript add."""

import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest
from gi.repository import Gio, GObject, Shm

from support import BUILD, SOURCE, TIMEOUT_SECONDS

CORE = '{http://www.gtk.org/introspection/core/1.0}'
C = '{http://www.gtk.org/introspection/c/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'

CALLABLES = {CORE + kind for kind in ('constructor', 'function', 'method')}
MEMBERS = CALLABLES | {CORE + 'property', GLIB + 'signal'}

# Names that every class has.
NOT_ADDED = {'constructor', 'gtype', 'init', 'length', 'name', 'prototype', 'toString'}

# C programs use the macro SHM_ERROR instead of these functions.
NOT_FOR_USERS = {'error_quark', 'quark'}

NUMBER = re.compile(r'(u?int(8|16|32|64)|float|double)$')


def find_words(*pages):
    """Returns the names in the code and in the links of pages."""
    text = '\n'.join(page.read_text(encoding='utf-8') for page in pages)
    code = re.findall(r'^```.*?^```', text, re.MULTILINE | re.DOTALL)
    code += re.findall(r'`[^`\n]+`', text)
    code += re.findall(r'\[\w+@[\w.:-]+\]', text)

    return set(re.findall(r'[\w-]+', '\n'.join(code)))


GUIDE = [SOURCE / 'README.md', *sorted((SOURCE / 'docs/reference').glob('*.md'))]
WORDS = find_words(*GUIDE)
# The guide mentions one of the functions for numbers instead of all: get_int8 instead of get_uint32.
FAMILIES = {NUMBER.sub('NUMBER', word) for word in WORDS}


def is_documented(name):
    """The asynchronous form of a function is documented together with the function. Pages name an
    error code as NOT_FOUND or as SHM_ERROR_NOT_FOUND, and a property with - or with _."""
    name = re.sub(r'_(async|finish)$', '', name)

    return (not WORDS.isdisjoint((name, name.removeprefix('SHM_ERROR_'), name.replace('-', '_')))
            or NUMBER.sub('NUMBER', name) in FAMILIES)


def read_namespace():
    path = BUILD / 'shmobj/Shm-1.0.gir'
    if not path.is_file():
        pytest.skip('there is no introspection data')

    return ElementTree.parse(path).getroot().find(CORE + 'namespace')


def is_record_of_class(element):
    return element.get(GLIB + 'is-gtype-struct-for') is not None


def find_introspected():
    """Yields the names of the introspection data for users: pairs of a class and a name."""
    for element in read_namespace():
        if is_record_of_class(element):
            continue
        if element.tag in CALLABLES:
            yield 'Shm', element.get('name')
        elif element.tag in (CORE + 'class', CORE + 'record'):
            yield 'Shm', element.get('name')
        for member in element:
            if member.tag in MEMBERS:
                yield element.get('name'), member.get('name')
            elif member.tag == CORE + 'member':
                yield element.get('name'), member.get(C + 'identifier')


def test_introspected_names():
    names = {(owner, name) for owner, name in find_introspected() if name not in NOT_FOR_USERS}
    assert len(names) > 300
    assert sorted(f'{owner}.{name}' for owner, name in names if not is_documented(name)) == []


def find_known():
    """Returns what the introspection data and GObject say about each class."""
    known = {}
    for owner, name in find_introspected():
        known.setdefault(owner, set()).add(name.replace('-', '_'))
    for element in read_namespace():
        for field in element.iter(CORE + 'field'):
            known.setdefault(element.get('name'), set()).add(field.get('name'))

    return known


def test_names_in_python():
    """The guide for Python mentions what the override adds."""
    words = find_words(*[page for page in GUIDE if page.stem in
                         ('guide-python', 'coming-from-python', 'names')])
    known = find_known()
    of_gobject = {*dir(GObject.Object), *dir(GObject.GBoxed), *dir(Gio.Initable), *dir(Gio.ListModel)}
    added = {}
    for owner in 'SharedMemory', 'ShareableList', 'Manager', 'Frames', 'Frame', 'BlockInfo', \
            'ListModel', 'ModelItem', 'LockGuard':
        names = set(dir(getattr(Shm, owner))) - of_gobject - known[owner]
        added.update({name: owner for name in names if not name.startswith('_')})

    assert {'buf', 'index', 'join', 'draw', 'view', 'previous_died'} <= set(added)
    assert sorted(f'{owner}.{name}' for name, owner in added.items() if name not in words) == []


def test_names_in_javascript():
    """The guide for JavaScript mentions what the override adds."""
    gjs = shutil.which('gjs')
    if gjs is None:
        pytest.skip('gjs is missing')

    words = find_words(*[page for page in GUIDE if page.stem in ('guide-javascript', 'names')])
    program = '''
        imports.gi.versions.Shm = '1.0';
        const {Shm} = imports.gi;
        const names = {};
        for (const owner of ARGV) {
            names[owner] = [...Object.getOwnPropertyNames(Shm[owner]),
                ...Object.getOwnPropertyNames(Shm[owner].prototype)];
        }
        print(JSON.stringify(names));
    '''
    owners = ['SharedMemory', 'ShareableList', 'Manager', 'Frames', 'Frame', 'ListModel',
              'ModelItem', 'LockGuard']
    output = subprocess.run([gjs, '-c', program, *owners], check=True, capture_output=True,
                            text=True, timeout=TIMEOUT_SECONDS).stdout
    known = find_known()
    of_model = {'get_item', 'get_item_type', 'get_n_items', 'items_changed'}
    added = {}
    for owner, names in json.loads(output).items():
        excluded = known[owner] | NOT_ADDED | of_model
        # A property can also have a name in camel case.
        added.update({name: owner for name in set(names) - excluded
                      if not name.startswith(('_', '$'))
                      and re.sub(r'[A-Z]', lambda m: '_' + m.group().lower(), name) not in excluded})

    assert {'buf', 'withLock', 'setAt', 'toArray', 'draw'} <= set(added)
    assert sorted(f'{owner}.{name}' for name, owner in added.items() if name not in words) == []


def test_options_of_build():
    """The page about building describes each option of Meson."""
    options = re.findall(r"^option\('(\w+)'", (SOURCE / 'meson_options.txt').read_text(), re.MULTILINE)
    words = find_words(SOURCE / 'docs/reference/building.md')

    assert 'python_extension' in options
    assert [option for option in options if option not in words] == []


def test_environment_variables():
    """The guide mentions each variable that the library and the overrides read."""
    paths = [path for path in (SOURCE / 'shmobj').rglob('*') if path.suffix in ('.c', '.py', '.js')]
    variables = {name for path in paths
                 for name in re.findall(r'["\'](SHMOBJ_\w+)["\']', path.read_text(encoding='utf-8'))}

    assert {'SHMOBJ_MANAGER', 'SHMOBJ_TRACKER', 'SHMOBJ_PYTHON_EXTENSION'} <= variables
    assert sorted(variables - WORDS) == []


@pytest.mark.skipif(sys.byteorder != 'little', reason='the example is of a little-endian machine')
def test_example_of_memory():
    """The bytes in the example of a list are those of the list."""
    page = (SOURCE / 'docs/reference/memory.md').read_text(encoding='utf-8')
    section = re.search(r'^## An example\n(.*?)^## ', page, re.MULTILINE | re.DOTALL).group(1)
    values = eval(re.search(r'The list `(.*?)`', section).group(1))
    rows = re.findall(r'^[0-9a-f]{4}  ((?:[0-9a-f]{2}(?: {1,2}|$)){8,16})', section, re.MULTILINE)

    example = Shm.ShareableList(values)
    shown = bytes.fromhex(''.join(rows))
    # One row has the last byte of CPython's layout, and not the byte after it.
    padded = shown[:191] + b'\0' + shown[191:]
    assert padded.hex(' ') == bytes(example.shm.buf).hex(' ')
    example.shm.close()
    example.shm.unlink()
