# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The TypeScript declarations have the members of the module in GJS, and tsc finds errors in
programs with them."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TYPES = HERE.parents[1] / 'shmobj/bindings/types'
PAGE = HERE.parents[1] / 'docs/reference/types.md'
DECLARATIONS = Path(os.environ['SHMOBJ_BUILD_ROOT'], 'shmobj/bindings/shm-1.0.d.ts')
OPTIONS = {'strict': True, 'target': 'es2022', 'module': 'es2022', 'lib': ['es2022'], 'types': []}

# Members of all classes, and those that programs do not need.
INTERNAL = {
    'static': {'$gtype', 'prototype', 'length', 'name', 'valueOf'},
    'instance': {'$signals', 'constructor', 'toString', '_init', 'connect', 'connect_after', 'ref',
                 'unref', 'free', 'leftover', 'owned_name', 'manager_address'},
}
# Members of each error.
OF_ERRORS = {'message', 'code', 'domain', 'stack', 'fileName', 'lineNumber'}


def import_program(name):
    sys.path.insert(0, str(TYPES))
    spec = importlib.util.spec_from_file_location(name.replace('-', '_'), TYPES / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    return module


make_declarations = import_program('make-declarations')


def run_gjs(*program):
    gjs = shutil.which('gjs')
    if gjs is None:
        pytest.skip('there is no gjs (package gjs)')

    return subprocess.run([gjs, *program], stdout=subprocess.PIPE, text=True, check=True,
                          timeout=600).stdout


def find_real_members():
    classes = json.loads(run_gjs('-m', HERE / 'list-members.js'))
    # Structures of classes, such as FramesClass, are for C.
    classes['']['static'] = {name: kind for name, kind in classes['']['static'].items()
                             if kind != 'undefined' and not name.startswith('__')}

    return classes


def find_declared_members():
    """Returns the classes, flags, enumerations and functions: {class: {static: {name: member}}}."""
    module = make_declarations.parse(DECLARATIONS.read_text()).children[0]
    namespace = module.find('namespace', 'Shm')
    classes = {}
    for block in namespace.children:
        if isinstance(block, make_declarations.Block) and block.kind in ('class', 'enum'):
            members = {'static': {}, 'instance': {}}
            for member in block.members():
                kind = 'static' if member.is_static or block.kind == 'enum' else 'instance'
                # Of two overloads, the first one returns a promise.
                members[kind].setdefault(member.name, member)
            classes[block.name] = members
    functions = {}
    for member in namespace.members():
        if not member.line.startswith('type '):
            functions.setdefault(member.name, member)
    classes[''] = {'static': {**functions, **dict.fromkeys(classes)}, 'instance': {}}

    return classes


@pytest.fixture(scope='module')
def members():
    return find_real_members(), find_declared_members()


def drop_other_spellings(names):
    """Drops the names in camel case of properties, which GJS does not list."""
    return {name for name in names if re.sub(
        '[A-Z]', lambda match: '_' + match[0].lower(), name) not in names or name.islower()}


def test_classes(members):
    real, declared = members
    assert set(declared) == set(real)


@pytest.mark.parametrize('kind', ['static', 'instance'])
def test_members(members, kind):
    real, declared = members
    for owner in declared:
        ignored = INTERNAL[kind] | (OF_ERRORS if owner == 'Error' else set())
        expected = {'Symbol.iterator' if name == 'Symbol(Symbol.iterator)' else name
                    for name in real[owner][kind]} - ignored
        expected = {name for name in expected if not name.startswith('Symbol(')}
        found = {name for name in drop_other_spellings(declared[owner][kind])
                 if not name.startswith('vfunc_')} - ignored
        assert found == expected, f'in {owner or "the namespace"}: run "ninja type-declarations"'


def test_values_of_flags_and_enumerations(members):
    values = json.loads(run_gjs('--command=print(JSON.stringify(imports.gi.Shm))'))
    enums = [name for name in members[1] if isinstance(values.get(name), dict)]
    assert 'CreateFlags' in enums
    for name in enums:
        written = {member.name: int(re.search(r'= (\d+),', member.line)[1])
                   for member in members[1][name]['static'].values()}
        assert written == values[name]


def test_parameters(members):
    """The parameters have the names and the order that the GIR says."""
    gir = make_declarations.gir
    namespace = gir.read_namespace(DECLARATIONS.parents[1] / 'Shm-1.0.gir')
    owners = [(None, namespace)] + [(kind.get('name'), kind) for kind in
                                    gir.find_all(namespace, gir.CLASSES)]
    n_functions = 0
    for owner, element in owners:
        for function in gir.find_all(element, gir.CALLABLES):
            name = function.get('name')
            kind = 'instance' if function.tag == gir.CORE + 'method' else 'static'
            if name in INTERNAL[kind] or name == 'error_quark':
                continue
            line = members[1][owner or ''][kind][name].line
            if line.startswith('get '):
                continue  # GJS finds the property of this name, and not the method
            match = make_declarations.FUNCTION.match(line)
            found = [re.match(r'\w+', each)[0]
                     for each in make_declarations.split_parameters(match[3])]
            assert found == [each.get('name') for each in gir.get_parameters(function)
                             if each.get('direction') != 'out'], line
            n_functions += 1
    assert n_functions > 200


def test_only_functions_of_the_override_have_optional_arguments(members):
    """GJS requires all arguments of the functions of the typelib."""
    real, declared = members
    for owner, kinds in declared.items():
        for kind, functions in kinds.items():
            for name, member in functions.items():
                if member and '?:' in member.line.split('=>')[0] and name != 'constructor':
                    assert real[owner][kind][name] == 'function', (owner, name)


def test_asynchronous_functions_return_promises(members):
    real, declared = members
    for owner, kinds in declared.items():
        for kind, functions in kinds.items():
            for name, member in functions.items():
                if name.endswith('_async'):
                    assert re.search(r'\): Promise<.*>;$', member.line), (owner, name)
                    assert real[owner][kind][name] == 'function', (owner, name)


# What tsc says

def run_tsc(folder, *programs, **options):
    """Compiles programs into a folder, and returns what tsc prints."""
    tsc = shutil.which('tsc')
    if tsc is None:
        pytest.skip('there is no tsc (package node-typescript)')
    config = folder / 'tsconfig.json'
    config.write_text(json.dumps({
        'compilerOptions': {**OPTIONS, 'outDir': str(folder / 'out'), **options},
        'files': [str(file) for file in (DECLARATIONS, HERE / 'gi.d.ts', *programs)]}))

    return subprocess.run([tsc, '-p', config], stdout=subprocess.PIPE, text=True,
                          timeout=600).stdout


def test_tsc_finds_the_errors_of_the_sample_which_runs(tmp_path):
    program = shutil.copy(HERE / 'sample.ts', tmp_path)
    assert run_tsc(tmp_path, program) == ''
    assert run_gjs('-m', tmp_path / 'out/sample.js') == 'done\n'


def test_sample_of_the_page(tmp_path):
    program, = re.findall(r'^```js\n(.*?)^```$', PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / 'page.js').write_text(program)
    options = {'allowJs': True, 'checkJs': True}
    assert run_tsc(tmp_path, tmp_path / 'page.js', **options) == ''
    (tmp_path / 'page.js').write_text(program.replace("Uint8Array.of(1, 2)", "'text'"))
    assert ("Argument of type 'string' is not assignable to parameter of type 'BytesLike'"
            in run_tsc(tmp_path, tmp_path / 'page.js', **options))


def test_declarations_with_those_of_gjs(tmp_path):
    """Checks the declarations together with the complete declarations of GLib, if npm has installed
    them for all programs: npm install --global @girs/gjs @girs/gio-2.0 typescript."""
    npm = shutil.which('npm')
    root = npm and Path(subprocess.run([npm, 'root', '--global'], stdout=subprocess.PIPE, text=True,
                                       check=True, timeout=600).stdout.strip())
    if not npm or not all((root / name).exists() for name in (
            '@girs/gjs', '@girs/gio-2.0', '@girs/glib-2.0', '@girs/gobject-2.0', 'typescript')):
        pytest.skip('there are no declarations of GJS (npm packages typescript, @girs/gjs, '
                    '@girs/gio-2.0, @girs/glib-2.0 and @girs/gobject-2.0)')
    (tmp_path / 'node_modules').symlink_to(root)
    imports = [f"import '@girs/{name}';" for name in (
        'gjs', 'gjs/dom', 'gio-2.0', 'glib-2.0', 'gobject-2.0')]
    (tmp_path / 'sample.ts').write_text('\n'.join([*imports, (HERE / 'sample.ts').read_text()]))
    (tmp_path / 'tsconfig.json').write_text(json.dumps({
        'compilerOptions': {**OPTIONS, 'moduleResolution': 'bundler', 'noEmit': True},
        'files': ['sample.ts', str(DECLARATIONS)]}))
    result = subprocess.run([root / 'typescript/bin/tsc', '-p', tmp_path], stdout=subprocess.PIPE,
                            text=True, timeout=600)
    assert result.stdout == ''
