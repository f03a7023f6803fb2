#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Compares the public interface with its description.

    check-interface.py --library LIBRARY --gir GIR --news NEWS.md DESCRIPTION [--write]

The description lists the exported symbols of the library and the signatures of the introspection
data. After a change of the interface, this program fails until two files are up to date: the
description, which --write writes, and NEWS.md. The newest section of NEWS.md must have the checksum
of the description in its line "Interface:".
"""

import argparse
import difflib
import hashlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

CORE = '{http://www.gtk.org/introspection/core/1.0}'
C = '{http://www.gtk.org/introspection/c/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'

HEADER = """\
The public interface of shmobj: exported symbols, and what the introspection data says of them.
tests/check-interface.py compares this file with the library, and writes it with --write.
"""


def find_symbols(library):
    output = subprocess.run(['nm', '-D', '--defined-only', '--format=posix', library],
                            check=True, capture_output=True, text=True).stdout
    # A build for coverage also exports symbols of the compiler. The functions of shm-private.h are
    # for the extension of the Python override only.
    return sorted(name for name in (line.split()[0] for line in output.splitlines())
                  if name.startswith('shm_') and not name.startswith('shm_private_'))


def type_of(element):
    array = element.find(CORE + 'array')
    if array is not None:
        return f'array of {type_of(array)}'
    kind = element.find(CORE + 'type')
    if kind is None:
        return 'varargs'
    inner = kind.findall(CORE + 'type')
    names = ', '.join(each.get('name') for each in inner)
    return kind.get('name') + (f'<{names}>' if inner else '')


def traits_of(element, names):
    return [f'{name.split("}")[-1]}={element.get(name)}' for name in names if element.get(name)]


def parameter_text(parameter):
    kind = type_of(parameter)
    # Different versions of g-ir-scanner write different traits for user data.
    traits = [] if kind == 'gpointer' else traits_of(
        parameter, ['direction', 'transfer-ownership', 'nullable', 'optional', 'scope'])
    traits = [trait for trait in traits if trait != 'transfer-ownership=none']
    return f'{parameter.get("name")}: {kind}' + ''.join(f' {{{each}}}' for each in traits)


def callable_text(element):
    parameters = element.findall(f'{CORE}parameters/{CORE}parameter')
    result = element.find(CORE + 'return-value')
    traits = traits_of(result, ['transfer-ownership', 'nullable'])
    traits = [trait for trait in traits if trait != 'transfer-ownership=none']
    text = f'({", ".join(map(parameter_text, parameters))}) -> {type_of(result)}'
    text += ''.join(f' {{{each}}}' for each in traits)
    text += ' throws' if element.get('throws') == '1' else ''
    text += ' skip' if element.get('introspectable') == '0' else ''
    text += ' deprecated' if element.get('deprecated') == '1' else ''
    return text


def property_text(element):
    traits = [trait for trait, is_set in {
        'read': element.get('readable') != '0',
        'write': element.get('writable') == '1',
        'construct-only': element.get('construct-only') == '1',
    }.items() if is_set]
    return f'{type_of(element)} {", ".join(traits)}'


def describe_type(element, name):
    kind = element.tag.removeprefix(CORE)
    parent = f' : {element.get("parent")}' if element.get('parent') else ''
    interfaces = [each.get('name') for each in element.findall(CORE + 'implements')]
    yield f'{kind} {name}{parent}' + (f' implements {", ".join(interfaces)}' if interfaces else '')
    for member in element.findall(CORE + 'member'):
        yield f'  {member.get(C + "identifier")} = {member.get("value")}'
    for tag in 'constructor', 'function', 'method':
        for each in element.findall(CORE + tag):
            yield f'  {tag} {each.get("name")} {callable_text(each)}'
    if element.tag == CORE + 'record':
        for each in element.findall(CORE + 'field'):
            if each.get('private') != '1':
                yield f'  field {each.get("name")}: {type_of(each)}'
    for each in element.findall(CORE + 'property'):
        yield f'  property {each.get("name")}: {property_text(each)}'
    for each in element.findall(GLIB + 'signal'):
        yield f'  signal {each.get("name")} {callable_text(each)}'


def describe(library, gir):
    yield 'Symbols:'
    yield from ('  ' + name for name in find_symbols(library))

    namespace = ElementTree.parse(gir).getroot().find(CORE + 'namespace')
    yield ''
    yield f'Introspection data {namespace.get("name")}-{namespace.get("version")}:'
    for element in namespace:
        name = element.get('name')
        if element.tag == CORE + 'function':
            yield f'function {name} {callable_text(element)}'
        elif element.tag == CORE + 'function-macro':
            yield f'macro {name}'
        elif element.tag == CORE + 'constant' and 'VERSION' not in name:
            yield f'constant {name} = {element.get("value")}'
        elif element.tag in [CORE + tag for tag in ('class', 'record', 'enumeration', 'bitfield',
                                                    'callback', 'interface')]:
            if element.get(GLIB + 'is-gtype-struct-for') is None:
                yield from describe_type(element, name)


def checksum_in(news):
    """Returns the checksum in the line "Interface:" of the newest section, or None."""
    newest = re.split(r'^## ', news, flags=re.MULTILINE)[1]
    match = re.search(r'^Interface: ([0-9a-f]{16})$', newest, re.MULTILINE)
    return match.group(1) if match else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--library', required=True)
    parser.add_argument('--gir', required=True)
    parser.add_argument('--news', type=Path, required=True)
    parser.add_argument('--write', action='store_true')
    parser.add_argument('description', type=Path)
    options = parser.parse_args()

    text = HEADER + '\n' + '\n'.join(describe(options.library, options.gir)) + '\n'
    checksum = hashlib.sha256(text.encode()).hexdigest()[:16]
    if options.write:
        options.description.write_text(text)
        print(f'NEWS.md must describe the change and have this line in its newest section:\n'
              f'Interface: {checksum}')
        return

    written = options.description.read_text()
    failed = written != text
    if failed:
        print(*difflib.unified_diff(written.splitlines(), text.splitlines(),
                                    str(options.description), 'the library', lineterm='', n=1),
              sep='\n')
        print('The interface has changed. If this is intended, write the description again:\n'
              '    ninja -C BUILD interface-description')
    if checksum_in(options.news.read_text()) != checksum:
        print(f'{options.news}: the newest section must describe the change and have this line:\n'
              f'Interface: {checksum}')
        failed = True
    sys.exit(failed)


if __name__ == '__main__':
    main()
