# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The stub of the Python module has the names, parameters and defaults of the module, and mypy
finds errors in programs with it."""

import ast
import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import gi
import pytest

gi.require_version('Shm', '1.0')
from gi.repository import GObject, Shm  # noqa: E402
from gi.overrides.Shm import functions  # noqa: E402

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / 'docs/reference/types.md'
STUB = Path(os.environ['SHMOBJ_BUILD_ROOT'], 'shmobj/bindings/Shm.pyi')

OVERRIDE = HERE.parents[1] / 'shmobj/bindings/types/override.pyi'
FUNCTION = type(functions.Shm.list_blocks)  # a function of the typelib

# Members of the typelib that programs do not need.
INTERNAL = {'ref', 'unref', 'free', 'props', 'parent_instance', 'leftover', 'owned_name'}


def is_public(name):
    return not name.startswith('_') and name not in INTERNAL


def is_special(name):
    return name.startswith('__') and name.endswith('__')


def has_decorator(node, end):
    return any(ast.unparse(each).endswith(end) for each in node.decorator_list)


def get_definitions(nodes):
    """Returns the definitions by their names. Of the forms of an asynchronous function, returns the
    first one, which has no callback. Of other overloads, returns the last one, which accepts the
    most."""
    found = {}
    for node in nodes:
        if isinstance(node, ast.FunctionDef) and not has_decorator(node, '.setter'):
            if not node.name.endswith('_async') or node.name not in found:
                found[node.name] = node
        elif isinstance(node, ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.AnnAssign):
            found[node.target.id] = node
        elif isinstance(node, ast.Assign):
            found[node.targets[0].id] = node

    return {name: node for name, node in found.items() if is_public(name) or is_special(name)}


MODULE = get_definitions(ast.parse(STUB.read_text()).body)
KINDS = {name: getattr(Shm, name) for name, node in MODULE.items()
         if isinstance(node, ast.ClassDef)}
NUMBERS = [name for name, kind in KINDS.items() if issubclass(kind, int)]
CLASSES = [name for name in KINDS if name not in NUMBERS and name != 'ClassType']
DEFINITIONS = {name: get_definitions(MODULE[name].body) for name in CLASSES}


def get_own_classes(name):
    """Returns the classes of this library from which a class is derived, in their order."""
    return [kind for kind in KINDS[name].__mro__
            if kind.__module__ in ('gi.repository.Shm', '_shm',
                                   'gi.overrides.Shm.interpreted_block',
                                   'gi.overrides.Shm.interpreted_list')]


def find_members(name):
    """Returns the members of a class that are not those of GObject, as they are in the classes."""
    members = {}
    for kind in get_own_classes(name):
        for key, member in vars(kind).items():
            members.setdefault(key, member)

    return members


def test_module_and_stub_have_the_same_names():
    # Structures of classes, such as FramesClass, are for C.
    assert {name for name in MODULE} == {
        name for name in dir(Shm) if is_public(name)
        and (not name.endswith('Class') or not hasattr(getattr(Shm, name), 'parent_class'))}


@pytest.mark.parametrize('name', NUMBERS)
def test_flags_and_enumerations(name):
    written = {key: ast.literal_eval(node.value)
               for key, node in get_definitions(MODULE[name].body).items()
               if isinstance(node, ast.Assign)}
    # Since PyGObject 3.51, these are classes of the module enum.
    members = getattr(KINDS[name], '__members__', vars(KINDS[name]))
    assert written == {key: int(value) for key, value in members.items()
                       if isinstance(value, KINDS[name])}


@pytest.mark.parametrize('name', CLASSES)
def test_class_and_stub_have_the_same_members(name):
    members = find_members(name)
    assert ({key for key in DEFINITIONS[name] if is_public(key)} - {'Props'}
            == {key for key in members if is_public(key)})
    # All classes have special methods. The stub has those that only classes of this library have.
    assert {key for key in DEFINITIONS[name] if is_special(key)} <= set(members) | {'__init__'}
    assert ({key for key in members if is_special(key) and not hasattr(GObject.Object, key)}
            <= set(DEFINITIONS[name]) | {'__weakref__', '__slots__', '__abstractmethods__',
                                         '__class_getitem__', '__delitem__',
                                         '__orig_bases__', '__parameters__'})


@pytest.mark.parametrize('name', [name for name in CLASSES if 'Props' in DEFINITIONS[name]])
def test_properties(name):
    assert set(get_definitions(DEFINITIONS[name]['Props'].body)) == {
        spec.name.replace('-', '_') for spec in KINDS[name].list_properties()
        if spec.flags & GObject.ParamFlags.READABLE}


@pytest.mark.parametrize('name', CLASSES)
def test_result_types_of_the_override_are_written_by_hand(name):
    nodes = {node.name: node for node in ast.parse(OVERRIDE.read_text()).body
             if isinstance(node, ast.ClassDef)}
    by_hand = set(get_definitions(nodes[name].body)) if name in nodes else set()
    for key in DEFINITIONS[name]:
        if is_public(key) and key != 'Props':
            function = getattr(find_members(name)[key], '__func__', find_members(name)[key])
            follows_from_typelib = isinstance(function, (functions.Unused, FUNCTION))
            assert follows_from_typelib != (key in by_hand), key


def get_typelib_parameters(function, owner=None, has_rules=True):
    """Returns the parameters that a function has according to the typelib, and their defaults."""
    info = functions._Function(function, owner)
    defaults = {key: value for key, value in info.defaults.items()
                if has_rules or key not in functions._DEFAULTS}

    return [(key, repr(defaults[key]) if key in defaults else None) for key in info.parameters]


def get_python_parameters(function, is_bound):
    parameters = [*inspect.signature(function).parameters.values()]

    return [(each.name, None if each.default is each.empty else repr(each.default))
            for each in parameters[is_bound:]
            if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]


def get_stub_parameters(node, is_bound):
    given = node.args
    positional = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(positional) - len(given.defaults)) + given.defaults

    return [(each.arg, None if default is None else repr(ast.literal_eval(default)))
            for each, default in [*[*zip(positional, defaults)][is_bound:],
                                  *zip(given.kwonlyargs, given.kw_defaults)]]


def get_real_parameters(name, key, member):
    if isinstance(member, functions.Unused):
        return get_typelib_parameters(member._function, KINDS[name])
    function = getattr(member, '__func__', member)
    if isinstance(function, FUNCTION):
        return get_typelib_parameters(function, KINDS[name], has_rules=False)
    parameters = get_python_parameters(function, not isinstance(member, staticmethod))
    if key.endswith('_async'):
        # The override passes on all other arguments.
        parameters.append(('cancellable', 'None'))

    return parameters


# The parameters of these functions are not compared. connect() and __init__() decide by the number of
# the arguments, CPython does not say what __reversed__() has, and no program calls __exit__() itself.
WITHOUT_PARAMETERS = {'connect', '__reversed__', '__exit__', '__init__'}


@pytest.mark.parametrize('name, key', [(name, key) for name in CLASSES
                                       for key in DEFINITIONS[name]])
def test_parameters(name, key):
    node, member = DEFINITIONS[name][key], find_members(name).get(key)
    if isinstance(node, ast.FunctionDef) and has_decorator(node, 'property'):
        assert not callable(getattr(KINDS[name], key)) or key == 'props'
        is_settable = any(has_decorator(each, '.setter') for each in MODULE[name].body
                          if getattr(each, 'name', None) == key)
        assert is_settable == bool(getattr(member, 'fset', None))
    elif isinstance(node, ast.FunctionDef) and key not in WITHOUT_PARAMETERS:
        assert (get_stub_parameters(node, not has_decorator(node, 'staticmethod'))
                == get_real_parameters(name, key, member))


@pytest.mark.parametrize('name', ['SharedMemory', 'ShareableList', 'Manager'])
def test_parameters_of_constructors(name):
    written = get_stub_parameters(DEFINITIONS[name]['__init__'], True)
    real = get_python_parameters(KINDS[name].__init__, True)
    assert written == [(key, '0' if key == 'flags' else default) for key, default in real]


@pytest.mark.parametrize('name', [name for name, node in MODULE.items()
                                  if isinstance(node, ast.FunctionDef)])
def test_parameters_of_functions(name):
    assert (get_stub_parameters(MODULE[name], False)
            == get_typelib_parameters(getattr(functions.Shm, name)))


def run_mypy(folder, *programs):
    """Returns what mypy prints about programs."""
    mypy = shutil.which('mypy')
    if mypy is None:
        pytest.skip('there is no mypy (package mypy)')
    result = subprocess.run(
        [mypy, '--strict', '--no-error-summary', '--cache-dir', folder / 'cache', *programs],
        env={**os.environ, 'MYPYPATH': str(folder)}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=600)

    return result.stdout


def copy_stubs(folder):
    shutil.copytree(HERE / 'gi', folder / 'gi')
    shutil.copy(STUB, folder / 'gi/repository')


def test_mypy_finds_the_errors_of_the_sample(tmp_path):
    copy_stubs(tmp_path)
    assert run_mypy(tmp_path, HERE / 'sample.py') == ''


def test_sample_of_the_page(tmp_path):
    copy_stubs(tmp_path)
    program, = re.findall(r'^```python\n(.*?)^```$', PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / 'page.py').write_text(program)
    assert run_mypy(tmp_path, tmp_path / 'page.py') == ''
    (tmp_path / 'page.py').write_text(program.replace("b'text'", "'text'"))
    assert 'has incompatible type "str"; expected' in run_mypy(tmp_path, tmp_path / 'page.py')


def test_stub_itself_is_correct(tmp_path):
    copy_stubs(tmp_path)
    assert run_mypy(tmp_path, tmp_path / 'gi/repository/Shm.pyi') == ''


def test_sample_runs():
    subprocess.run([sys.executable, HERE / 'sample.py'], check=True, timeout=600)
