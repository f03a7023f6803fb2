#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Writes the TypeScript declarations of the module for GJS, for editors and type checkers.

    make-declarations.py GIR GENERATED.D.TS OVERRIDE.D.TS OUTPUT

GENERATED.D.TS is what ts-for-gir writes, see generate.sh. The members that the override adds or
changes are in OVERRIDE.D.TS. The changes that the override makes to many members, such as optional
arguments and promises, follow from rules. The comments are the first paragraphs of the GIR.
"""

import re
import sys
from pathlib import Path

import gir

HEADER = """\
// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later
"""

# Lets programs also use imports.gi.Shm.
FOOTER = """
interface GjsGiImports {
    Shm: typeof import('gi://Shm?version=1.0').default;
}
"""

# The override lets programs omit arguments with these names, if they are the last ones.
OPTIONAL = {'flags', 'mode', 'timeout', 'cancellable', 'name'}
# A seal cannot be removed, so its flags cannot be omitted. The override does not change init().
REQUIRED = {'seal': {'flags'}, 'seal_async': {'flags'}, 'init': OPTIONAL, 'vfunc_init': OPTIONAL}

BLOCK = re.compile(r'\s*(?:export |declare )?(?:(namespace|class|interface|enum) (\w+).*|'
                   r"module '(.*)') \{$")
MEMBER = re.compile(r'\s*(static |get |set |function |const |type )?\[?"?([\w$.-]+)"?\]?(.*)$')
FUNCTION = re.compile(r'(\s*(?:static |function )?)(\w+)\((.*)\): (.*);$')


class Member:
    """A member of a class or a namespace, which is one line, and the comment above it."""

    def __init__(self, line, comment=None):
        match = MEMBER.match(line)
        self.line = line.strip().replace('["new"]', 'new')
        self.comment = comment
        self.is_static = match[1] == 'static '
        self.accessor = match[1] if match[1] in ('get ', 'set ') else None
        self.name = match[2]
        self.key = (self.is_static, self.accessor, self.name)


class Block:
    """A namespace, class, interface or enumeration, with its members and inner blocks."""

    def __init__(self, kind=None, name=None, head=''):
        self.kind, self.name, self.head = kind, name, head
        self.children = []

    def find(self, kind, name):
        return next((child for child in self.children if isinstance(child, Block)
                     and (child.kind, child.name) == (kind, name)), None)

    def members(self):
        return [child for child in self.children if isinstance(child, Member)]


def parse(text):
    """Returns a Block that contains the blocks of a file. A member can continue on the next
    line only where a parenthesis is still open."""
    blocks = [Block()]
    comment, start = None, ''
    for line in re.sub(r'^ *//[^\n]*\n|/\*\*\n.*?\*/', '', text, flags=re.M | re.S).split('\n'):
        line = f'{start} {line.strip()}' if start else line
        is_complete = line.count('(') == line.count(')') or '/**' in line
        start = '' if is_complete else line
        if not is_complete:
            continue
        match = BLOCK.match(line)
        if match:
            kind = match[1] or 'module'
            block = Block(kind, match[2] or match[3], line.strip())
            blocks[-1].children.append(block)
            blocks.append(block)
        elif line.strip() == '}':
            blocks.pop()
        elif line.strip().startswith('/**'):
            comment = line.strip().removeprefix('/**').removesuffix('*/').strip()
            continue
        elif line.strip() and not line.startswith('///'):
            blocks[-1].children.append(Member(line, comment))
        comment = None

    return blocks[0]


def split_parameters(text):
    """Splits a list of parameters at its commas, but not at those inside of brackets."""
    parts, depth, start = [], 0, 0
    for i, character in enumerate(text):
        depth += (character in '([{<') - (character in ')]}' or
                                          character == '>' and text[i - 1] != '=')
        if character == ',' and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    last = text[start:].strip()

    return [*parts, last] if last else parts


def make_optional(function, parameters):
    """Returns the parameters, of which the last ones are optional if the override has defaults."""
    changed = []
    optional = OPTIONAL - REQUIRED.get(function, set())
    is_last = True
    for parameter in reversed(parameters):
        name, _, kind = parameter.partition(':')
        is_last = (is_last and name.removesuffix('?') in optional
                   and (name != 'name' or kind.endswith('| null')))
        changed.append(parameter.replace(':', '?:', 1) if is_last and '?:' not in parameter
                       else parameter)

    return changed[::-1]


def make_async_forms(prefix, name, parameters, result, source):
    """Returns the form that returns a promise, and the one that has a callback."""
    result = f'Promise<{result}>'
    with_callback = [parameter.replace('?:', ':', 1) for parameter in parameters]
    with_callback.append(f'callback: Gio.AsyncReadyCallback<{source}>')

    return [f'{prefix}{name}({", ".join(parameters)}): {result};',
            f'{prefix}{name}({", ".join(with_callback)}): void;']


def apply_rules(block, members):
    """Makes the last arguments optional, and adds promises."""
    results = {member.name: FUNCTION.match(member.line)[4] for member in members
               if member.name.endswith('_finish')}
    changed, done = [], set()
    for member in members:
        match = FUNCTION.match(member.line)
        if match is None:
            changed.append(member)
            continue
        prefix, name, parameters, result = match.groups()
        parameters = make_optional(name, [each for each in split_parameters(parameters)
                                          if not each.startswith('callback')])
        if not name.endswith('_async'):
            lines = [f'{prefix}{name}({", ".join(parameters)}): {result};']
        elif name in done:
            continue  # another overload
        else:
            done.add(name)
            # ts-for-gir leaves out the boolean of a tuple, and the override does not.
            result = (result[len('Promise<'):-1] if result.startswith('Promise<')
                      else results[name.replace('_async', '_finish')])
            source = 'this' if not prefix.strip() else (
                f'{block.name} | null' if block.kind == 'class' else 'GObject.Object | null')
            lines = make_async_forms(prefix, name, parameters, result, source)
        changed += [Member(line, member.comment) for line in lines]

    return changed


def merge(block, override):
    """Replaces and adds the members of a block of OVERRIDE.D.TS."""
    own = {member.key for member in override.members()}
    kept = [member for member in block.members() if member.key not in own]
    block.children = [child for child in block.children if isinstance(child, Block)]
    block.children += kept + override.members()
    for child in override.children:
        if isinstance(child, Block):
            target = block.find(child.kind, child.name)
            if target is None:
                block.children.append(child)
            else:
                merge(target, child)


def find_docs(namespace):
    """Returns the elements of the GIR that have comments, by the names of the class and the
    member."""
    found = {}
    for element in namespace:
        if not element.get('name'):
            continue
        found.setdefault((None, element.get('name')), element)
        for child in element:
            if child.get('name'):
                name = child.get('name').replace('-', '_')
                if child.tag == gir.CORE + 'member':
                    name = name.upper()
                found.setdefault((element.get('name'), name), child)

    return found


def write_comment(element, own, indent):
    lines = [own] if own else gir.get_summary(element) if element is not None else []
    if not lines:
        return []
    if len(lines) == 1:
        return [f'{indent}/** {lines[0]} */']

    return [f'{indent}/**', *[f'{indent} * {line}' for line in lines], f'{indent} */']


def write(block, docs, depth=0, owner=None):
    indent = '    ' * depth
    lines, previous = [], None
    for child in block.children:
        name = child.name
        if isinstance(child, Block):
            is_of_class = child.kind in ('class', 'enum')
            element = docs.get((None, name)) if is_of_class else None
            lines += ['', *write_comment(element, None, indent), indent + child.head,
                      *write(child, docs, depth + 1, name if is_of_class else None), indent + '}']
        else:
            if child.key != previous:
                lines += write_comment(docs.get((owner, name)), child.comment, indent)
            lines.append(indent + child.line)
            previous = child.key

    return lines


def drop_read_only(block, kind):
    """Removes the properties that the constructor of a class does not accept. ts-for-gir lists
    those, too."""
    settable = {element.get('name').replace('-', '_')
                for element in kind.findall(gir.CORE + 'property')
                if element.get('writable') == '1'}
    block.children = [member for member in block.children if re.sub(
        '[A-Z]', lambda match: '_' + match[0].lower(), member.name) in settable]


def main(gir_path, generated, override, output):
    namespace = gir.read_namespace(gir_path)
    # Versions of the declarations of GObject disagree about emit(), and programs do not emit the
    # signals of this library.
    root = parse(re.sub(r' */\*\* @signal \*/\n( *emit<.*\n)?', '', Path(generated).read_text()))
    changes = parse(Path(override).read_text()).find('namespace', 'Shm')
    module = next(child for child in root.children if isinstance(child, Block))
    shm = module.find('namespace', 'Shm')

    for child in changes.children:
        if isinstance(child, Block) and child.kind == 'class':
            child.children = apply_rules(child, child.members())
    shm.children = [child for child in shm.children if isinstance(child, Block)] + [
        member for member in apply_rules(shm, shm.members()) if not member.name.startswith('__')
        and not re.match(r'type \w+Class = ', member.line)]
    for kind in gir.find_all(namespace, gir.CLASSES):
        block = shm.find('class', kind.get('name'))
        block.children = apply_rules(block, block.members())
        inner = shm.find('namespace', kind.get('name'))
        properties = inner.find('interface', 'ConstructorProps') if inner else None
        if properties is not None:
            drop_read_only(properties, kind)
    merge(shm, changes)
    model = shm.find('class', 'ListModel')
    model.head = 'class ListModel extends GObject.Object implements Gio.ListModel<ModelItem> {'

    lines = write(root, find_docs(namespace))
    Path(output).write_text(HEADER + '\n'.join(lines) + '\n' + FOOTER)


if __name__ == '__main__':
    main(*sys.argv[1:])
