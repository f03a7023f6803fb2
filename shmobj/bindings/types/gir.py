# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Reads a GIR file, for the programs that write declarations for editors and type checkers."""

import re
import textwrap
import xml.etree.ElementTree as ElementTree

CORE = '{http://www.gtk.org/introspection/core/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'

CLASSES = [CORE + 'class', CORE + 'record']
ENUMERATIONS = [CORE + 'enumeration', CORE + 'bitfield']
CALLABLES = [CORE + 'constructor', CORE + 'function', CORE + 'method']


def read_namespace(path):
    return ElementTree.parse(path).getroot().find(CORE + 'namespace')


def is_public(element):
    """Returns whether bindings have an element. They need no structures of classes."""
    return (element.get('introspectable') != '0'
            and element.get(GLIB + 'is-gtype-struct-for') is None)


def find_all(parent, tags):
    """Returns the public children that have one of the tags."""
    return [child for child in parent if child.tag in tags and is_public(child)]


def get_parameters(function):
    """Returns the parameters of a function in bindings: without those for a callback."""
    return [each for each in function.findall(f'{CORE}parameters/{CORE}parameter')
            if each.get('name') not in ('callback', 'user_data')]


def get_type(element):
    """Returns the name of a type. The name of an array or a list is "[]" and the type of its
    elements."""
    kind = element.find(CORE + 'type')
    if kind is None:
        kind = element.find(CORE + 'array')
    inner = kind.find(CORE + 'type')

    return kind.get('name') if inner is None else '[]' + inner.get('name')


def get_text(element):
    """Returns the text of a doc comment, or None."""
    doc = element.find(CORE + 'doc')

    return None if doc is None or not doc.text else doc.text.strip()


_KEYWORDS = {'NULL': 'null', 'TRUE': 'true', 'FALSE': 'false'}


def _convert_link(match):
    # [method@Shm.Frames.write], [ctor@...], [func@Shm.list_blocks], [enum@Shm.Error], ...
    return match[2].replace('::', '.').replace(':', '.')


def to_plain_text(text, keywords=_KEYWORDS):
    """Converts the markup of a doc comment to plain text."""
    text = re.sub(r'\[(\w+)@([\w.:-]+)\]', _convert_link, text)
    text = re.sub(r'%(NULL|TRUE|FALSE)\b', lambda match: keywords[match[1]], text)

    return re.sub(r'[@%#](?=\w)', '', text)


def get_summary(element, keywords=_KEYWORDS):
    """Returns the first paragraph of a doc comment in lines of at most 80 columns, or []."""
    text = get_text(element)
    if text is None:
        return []

    return textwrap.wrap(re.sub(r'\s+', ' ', to_plain_text(text.split('\n\n')[0], keywords)), 80)
