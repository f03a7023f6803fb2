#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Writes the stub of the Python module, for editors and type checkers.

    make-stub.py GIR OVERRIDE.PYI OVERRIDE_FOLDER OUTPUT

The members that the override adds or changes are in OVERRIDE.PYI. All others follow from the GIR
and from the rules in the file functions.py of the override. The docstrings are those of the
override, or else the first paragraphs of the comments in the GIR.
"""

import ast
import sys
from pathlib import Path

import gir

KEYWORDS = {'NULL': 'None', 'TRUE': 'True', 'FALSE': 'False'}
TYPES = {'gboolean': 'bool', 'gdouble': 'float', 'gfloat': 'float', 'utf8': 'str', 'none': 'None',
         'GLib.Quark': 'int', 'SharedMemory': '_SharedMemory', 'ShareableList': '_ShareableList'}
DEFAULTS = {'flags': '0', 'mode': '0o600', 'timeout': 'None'}
CANCELLABLE = 'cancellable: Gio.Cancellable | None'
CALLBACK = 'callback: Callable[..., object] | None'
ASYNC_CALL = '_AsyncCall['

# These classes have the rules of functions.py.
CLASSES_WITH_RULES = {'SharedMemory', 'ShareableList', 'Manager', 'Frames'}


def get_type(element):
    """Returns the type of a result or a property."""
    name = gir.get_type(element)
    if name.startswith('[]'):
        return f'list[{TYPES.get(name[2:], name[2:])}]'
    kind = TYPES.get(name, 'int' if name.startswith(('gint', 'guint')) else name)

    return f'{kind} | None' if element.get('nullable') == '1' else kind


def get_argument_type(parameter, has_rules):
    """Returns the type of an argument."""
    name, kind = parameter.get('name'), get_type(parameter)
    if not has_rules:
        return kind
    if name == 'flags':
        return f'{kind} | int'
    if name == 'timeout':
        return 'float | None'
    if kind == 'int':
        return 'SupportsIndex'
    if kind == 'GLib.Variant':
        return 'Iterable[Any] | GLib.Variant' if name == 'values' else '_Storable'

    return kind


def format_arguments(arguments, first):
    """Returns the source of arguments, from (name, type, default) with None for no default."""
    texts = [f'{name}: {kind}' + ('' if default is None else f' = {default}')
             for name, kind, default in arguments]

    return ', '.join([first, *texts])


def get_arguments(function, has_rules):
    arguments, is_optional = [], True
    for parameter in reversed(gir.get_parameters(function)):
        name = parameter.get('name')
        if parameter.get('direction') == 'out':
            continue
        default = DEFAULTS.get(name) if has_rules else None
        if default is None and parameter.get('nullable') == '1':
            default = 'None'
        is_optional = is_optional and default is not None
        arguments.append((name, get_argument_type(parameter, has_rules),
                          default if is_optional else None))

    return arguments[::-1]


def get_result(function, has_rules):
    """Returns the type of the result. Output parameters follow the result of the C function."""
    element = function.find(gir.CORE + 'return-value')
    kind = get_type(element)
    if has_rules and kind == 'GLib.Variant':
        kind = 'list[_Value]' if function.get('name').startswith('copy_values') else '_Value'
    outputs = [get_type(parameter) for parameter in gir.get_parameters(function)
               if parameter.get('direction') == 'out']

    return f'tuple[{", ".join([kind, *outputs])}]' if outputs else kind


def write_function(name, first, arguments, result, decorator=None, docstring=None):
    """Returns the lines of a function, and of its forms with a callback if it is asynchronous."""
    def define(arguments, result, last=''):
        line = f'def {name}({format_arguments(arguments, first)}{last}) -> {result}: ...'.replace(
            '(, ', '(')
        return [*([decorator] if decorator else []), line]

    if not result.startswith(ASYNC_CALL):
        lines = define(arguments, result)
        if docstring:
            lines[-1] = lines[-1].removesuffix(' ...')
            lines += indent(format_docstring(docstring))
        return lines

    without_defaults = [(name, kind, None) for name, kind, _ in arguments]
    forms = [define(arguments, result),
             define(without_defaults, 'None', f', {CALLBACK}, /, *user_data: object'),
             define(arguments, 'None', f', *, {CALLBACK}')]
    if docstring:
        forms[0][-1] = forms[0][-1].removesuffix(' ...')
        forms[0] += indent(format_docstring(docstring))

    return [line for form in forms for line in ['@overload', *form]]


def indent(lines):
    return ['    ' + line if line else line for line in lines]


def format_docstring(text):
    lines = text.replace('\\', '\\\\').replace('"""', "'''").split('\n')

    return ([f'"""{lines[0]}"""'] if len(lines) == 1 else
            [f'"""{lines[0]}', *lines[1:], '"""'])


def get_doc(element):
    return '\n'.join(gir.get_summary(element, KEYWORDS))


def get_finish_result(function, siblings, has_rules):
    name = function.get('name').replace('_async', '_finish')

    return get_result(siblings[name], has_rules)


def make_function(function, siblings, owner=None, has_rules=False):
    """Returns the lines of a function of the GIR."""
    name = function.get('name')
    is_throwing = function.get('throws') == '1' or name.endswith('_async') or name == 'new'
    has_rules = has_rules and (is_throwing or owner is None)
    arguments = get_arguments(function, has_rules)
    decorator, first = None, 'self'
    is_static = function.tag == gir.CORE + 'function'
    if owner is None:
        first = ''
    elif function.tag == gir.CORE + 'constructor' or has_rules and is_static:
        decorator, first = '@classmethod', 'cls'
    elif is_static:
        decorator, first = '@staticmethod', ''
    if name.endswith('_async'):
        result = f'{ASYNC_CALL}{get_finish_result(function, siblings, has_rules)}]'
    else:
        result = get_result(function, has_rules)

    return write_function(name, first, arguments, result, decorator, get_doc(function))


def get_property_type(element, kind):
    """Returns the type of a property. GIR says of its getter whether it can be NULL."""
    for method in gir.find_all(kind, [gir.CORE + 'method']):
        if method.get('name') == element.get('getter'):
            return get_type(method.find(gir.CORE + 'return-value'))

    return get_type(element)


def make_properties(kind, has_init):
    """Returns the lines of the properties of a class, and of its constructor."""
    lines, settable = [], []
    for element in gir.find_all(kind, [gir.CORE + 'property']):
        name, value = element.get('name').replace('-', '_'), get_property_type(element, kind)
        if element.get('writable') == '1':
            settable.append(f'{name}: {value} = ...')
        if element.get('readable') != '0':
            lines += ['@property', f'def {name}(self) -> {value}: ...']
            if element.get('writable') == '1' and element.get('construct-only') != '1':
                lines += [f'@{name}.setter', f'def {name}(self, value: {value}) -> None: ...']
    if not lines:
        return []

    init = [] if has_init else [
        f'def __init__(self{", *, " if settable else ""}{", ".join(settable)}) -> None: ...']

    return ['class Props(GObject.Object.Props):', *indent(lines),
            '@property', 'def props(self) -> Props: ...', *init]


def make_enumeration(element):
    base = 'IntFlag' if element.tag == gir.CORE + 'bitfield' else 'IntEnum'
    lines = [f'class {element.get("name")}({base}):', *indent(format_docstring(get_doc(element)))]
    for member in element.findall(gir.CORE + 'member'):
        lines.append(f'    {member.get("name").upper()} = {member.get("value")}')
    for function in gir.find_all(element, [gir.CORE + 'function']):
        lines += indent(make_function(function, {}, owner=element.get('name')))

    return lines


# What OVERRIDE.PYI contains

def find_docstrings(folder):
    """Returns the docstrings of the override, by the class and the name of the member. Functions
    outside of classes are methods of several classes."""
    found = {}
    for path in sorted(Path(folder).glob('*.py')):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                found[None, node.name] = ast.get_docstring(node)
            if not isinstance(node, ast.ClassDef):
                continue
            owner = {'InterpretedBlock': 'SharedMemory',
                     'InterpretedList': 'ShareableList'}.get(node.name, node.name)
            if owner == node.name:
                found[owner, None] = ast.get_docstring(node)
            for member in node.body:
                if isinstance(member, ast.FunctionDef):
                    found[owner, member.name] = ast.get_docstring(member)
                elif isinstance(member, ast.Assign) and isinstance(member.value, ast.Call):
                    for keyword in member.value.keywords:
                        if keyword.arg == 'doc':
                            found[owner, member.targets[0].id] = ast.literal_eval(keyword.value)

    return found


def get_argument_list(arguments):
    """Returns the arguments of an asynchronous function in OVERRIDE.PYI."""
    given = arguments.args[1:]
    defaults = [None] * (len(given) - len(arguments.defaults)) + [*map(ast.unparse,
                                                                       arguments.defaults)]

    return [(each.arg, ast.unparse(each.annotation), default)
            for each, default in zip(given, defaults)]


def write_member(member, docstring):
    """Returns the lines of a member of a class in OVERRIDE.PYI."""
    if not isinstance(member, ast.FunctionDef):
        return ast.unparse(member).split('\n')
    result = ast.unparse(member.returns)
    if result.startswith(ASYNC_CALL):
        return write_function(member.name, 'self', get_argument_list(member.args), result,
                              docstring=docstring)
    lines = ast.unparse(member).split('\n')
    is_setter = any(ast.unparse(each).endswith('.setter') for each in member.decorator_list)
    if not docstring or is_setter:
        return [*lines[:-2], lines[-2] + ' ...']

    return [*lines[:-1], *indent(format_docstring(docstring))]


def get_name(member):
    return member.name if isinstance(member, ast.FunctionDef) else member.target.id


def make_class(kind, node, docstrings):
    """Returns the lines of a class, from the GIR and from OVERRIDE.PYI; node can be None."""
    name = kind.get('name')
    has_rules = name in CLASSES_WITH_RULES
    if node is None:
        parent = kind.get('parent')
        head = f'class {name}({"GObject.Object" if parent else "GObject.GBoxed"}):'
        members, docstring = [], None
    else:
        bases = ', '.join(map(ast.unparse, [*node.bases, *node.keywords]))
        head = f'class {name}({bases}):'
        members = [member for member in node.body if not isinstance(member, ast.Expr)]
        docstring = docstrings.get((name, None))

    own = {get_name(member) for member in members}
    lines = format_docstring(docstring or get_doc(kind))
    lines += make_properties(kind, '__init__' in own)
    for member in members:
        text = (docstrings.get((name, get_name(member))) or
                (docstrings.get((None, get_name(member))) if 'lock' in get_name(member) else None))
        lines += write_member(member, text)
    functions = gir.find_all(kind, gir.CALLABLES)
    siblings = {function.get('name'): function for function in functions}
    for function in functions:
        if function.get('name') not in own and function.get('name') not in ('ref', 'unref', 'free'):
            lines += make_function(function, siblings, name, has_rules)

    return [head, *indent(lines)]


def main(gir_path, override_path, override_folder, output):
    namespace = gir.read_namespace(gir_path)
    source = Path(override_path).read_text()
    docstrings = find_docstrings(override_folder)
    kinds = {kind.get('name'): kind for kind in gir.find_all(namespace, gir.CLASSES)}
    functions = gir.find_all(namespace, [gir.CORE + 'function'])
    siblings = {function.get('name'): function for function in functions}
    lines = ['# SPDX-FileCopyrightText: 2026 The shmobj contributors',
             '# SPDX-License-Identifier: LGPL-2.1-or-later', '']

    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and node.name in kinds:
            lines += ['', *make_class(kinds.pop(node.name), node, docstrings)]
        else:
            lines += ast.unparse(node).split('\n')
    for kind in kinds.values():
        lines += ['', *make_class(kind, None, docstrings)]
    for element in gir.find_all(namespace, gir.ENUMERATIONS):
        lines += ['', *make_enumeration(element)]
    lines.append('')
    for element in gir.find_all(namespace, [gir.CORE + 'constant']):
        lines.append(f'{element.get("name")}: Final = {element.get("value")}')
    for function in functions:
        lines += make_function(function, siblings, has_rules=True)

    Path(output).write_text('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main(*sys.argv[1:])
