# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests an installed library. The programs find the library only through pkg-config and environment
variables."""

import importlib.util
import json
import marshal
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from support import SOURCE, bare_environment, run, run_checked

HERE = Path(__file__).parent
# A warning is an error only if it is one in the build that runs this test: newer compilers have new
# warnings, also about the headers of GLib.
WERROR = os.environ.get('SHMOBJ_WERROR') == 'true'
STRICT = ['-Wall', '-Wextra', *['-Werror'] * WERROR, '-pedantic']


@pytest.fixture(scope='session')
def prefix(tmp_path_factory):
    """Builds and installs the library, and returns the prefix."""
    build, prefix = tmp_path_factory.mktemp('build'), tmp_path_factory.mktemp('prefix')
    run_checked(['meson', 'setup', build, SOURCE, f'--prefix={prefix}', '-Dlibdir=lib',
              '-Dintrospection=enabled', '-Dvapi=enabled', '-Dtests=disabled', '-Doptimization=0',
              f'-Dwerror={str(WERROR).lower()}'],
             env=bare_environment())
    run_checked(['meson', 'install', '-C', build], env=bare_environment())
    return prefix


def user_environment(prefix):
    overrides, = prefix.glob('**/gi/overrides')
    return bare_environment(
        LD_LIBRARY_PATH=f'{prefix}/lib',
        PKG_CONFIG_PATH=f'{prefix}/lib/pkgconfig',
        GI_TYPELIB_PATH=f'{prefix}/lib/girepository-1.0',
        XDG_DATA_DIRS=f'{prefix}/share:/usr/local/share:/usr/share',
        PYTHONPATH=str(overrides.parent.parent),
        PYTHONDONTWRITEBYTECODE='1')


def compiler_options(prefix):
    return run_checked(['pkg-config', '--cflags', '--libs', 'shmobj-1.0'],
                    env=user_environment(prefix)).split()


def installed_headers(prefix):
    return {path.name: path.read_text()
            for path in (prefix / 'include').rglob('*') if path.is_file()}


def without_comments(text):
    return re.sub(r'/\*.*?\*/', '', text, flags=re.DOTALL)


def public_functions(prefix):
    names = set()
    for text in installed_headers(prefix).values():
        text = without_comments(text)
        text = re.sub(r'^ *#.*(\\\n.*)*', '', text, flags=re.MULTILINE)
        names.update(re.findall(r'\b(shm_\w+) \(', text))
        names.update(f'{name}_get_type'
                     for name in re.findall(r'G_DECLARE_\w+_TYPE \(\w+,\s*(\w+),', text))
    return names


def annotated_functions(prefix):
    """Returns the functions that have an SHM_AVAILABLE_IN_x_y macro."""
    text = '\n'.join(map(without_comments, installed_headers(prefix).values()))
    return {name + ('_get_type' if declared else '') for declared, name in re.findall(
        r'SHM_AVAILABLE_IN_\d+_\d+\s+(?:(G_DECLARE_\w+_TYPE \(\w+,\s*)|[^;(]*?)\b(shm_\w+)', text)}


def test_nothing_private_is_installed(prefix):
    headers = installed_headers(prefix)
    included = re.findall(r'#include <shmobj/([\w-]+\.h)>', headers['shmobj.h'])
    assert set(headers) == {'shmobj.h', *included}


def test_installed_files(prefix):
    found = {str(path.relative_to(prefix)) for path in prefix.rglob('*') if path.is_file()}
    assert {'lib/libshmobj-1.0.so.0.0.0', 'lib/pkgconfig/shmobj-1.0.pc',
            'lib/girepository-1.0/Shm-1.0.typelib', 'share/gir-1.0/Shm-1.0.gir',
            'lib/girepository-1.0/ShmPrivate-1.0.typelib',
            'share/vala/vapi/shmobj-1.0.vapi', 'share/vala/vapi/shmobj-1.0.deps',
            'share/gjs-1.0/overrides/Shm.js', 'share/shmobj/types/shm-1.0.d.ts', 'bin/shmobj', 'share/man/man1/shmobj.1',
            'share/bash-completion/completions/shmobj', 'share/zsh/site-functions/_shmobj',
            'share/fish/vendor_completions.d/shmobj.fish'} <= found
    assert [name for name in found if name.endswith('/gi-stubs/repository/Shm.pyi')]
    assert not [name for name in found if 'ShmPrivate' in name and not name.endswith('.typelib')]
    # Installed files must not contain paths of the build machine.
    for name in found:
        if name.endswith(('.pc', '.gir', '.vapi', '.deps', '.h')):
            assert f'{SOURCE}/' not in (prefix / name).read_text(), name


def test_exported_symbols(prefix):
    lines = run_checked(['nm', '-D', '--defined-only', prefix / 'lib' / 'libshmobj-1.0.so'])
    exported = {line.split()[-1] for line in lines.splitlines()}
    private = {name for name in exported if name.startswith('shm_private_')}
    assert 'shm_private_list_try_read' in private
    exported -= private
    assert exported == public_functions(prefix)
    assert exported == annotated_functions(prefix)
    assert 'shm_shared_memory_create' in exported
    assert 'shm_error_get_type' in exported


def test_command(prefix):
    """The installed command finds the installed library."""
    output = run_checked([prefix / 'bin' / 'shmobj', '--version'],
                         env=user_environment(prefix))
    assert re.fullmatch(r'shmobj \d+\.\d+\.\d+\n', output)


def test_pkg_config(prefix):
    environment = user_environment(prefix)
    assert run_checked(['pkg-config', '--validate', 'shmobj-1.0'], env=environment) == ''
    version = run_checked(['pkg-config', '--modversion', 'shmobj-1.0'], env=environment).strip()
    build = (SOURCE / 'meson.build').read_text()
    assert version == re.search(r"^  version: '(.*)'", build, re.MULTILINE)[1]


def build_and_run(prefix, folder, compiler):
    program = folder / 'consumer'
    run_checked([*compiler, HERE / 'consumer.c', '-o', program, *compiler_options(prefix)],
             env=user_environment(prefix))
    assert run_checked([program], env=user_environment(prefix)) == 'ok\n'


@pytest.mark.parametrize('standard', ['c99', 'gnu11', 'c17'])
@pytest.mark.parametrize('order', ['ALONE', 'BEFORE', 'AFTER'])
def test_c(prefix, tmp_path, standard, order):
    """The header of the library works without <sys/shm.h>, before <sys/shm.h> and after
    <sys/shm.h>. The header <sys/shm.h> also defines names that begin with SHM_."""
    build_and_run(prefix, tmp_path, ['cc', f'-std={standard}', *STRICT, f'-DSHM_TEST_{order}'])


if shutil.which('g++'):
    @pytest.mark.parametrize('order', ['ALONE', 'BEFORE', 'AFTER'])
    def test_cxx(prefix, tmp_path, order):
        build_and_run(prefix, tmp_path,
                      ['g++', '-x', 'c++', '-std=c++17', *STRICT, f'-DSHM_TEST_{order}'])


def test_only_one_header_can_be_included(prefix, tmp_path):
    for name in set(installed_headers(prefix)) - {'shmobj.h'}:
        source = tmp_path / 'direct.c'
        source.write_text(f'#include <shmobj/{name}>\n')
        result = run(['cc', '-fsyntax-only', source, *compiler_options(prefix)],
                     env=user_environment(prefix))
        assert result.returncode != 0, name
        assert 'Only <shmobj/shmobj.h> can be included directly.' in result.stderr


def test_vala(prefix, tmp_path):
    program = tmp_path / 'consumer'
    run_checked(['valac', *['--fatal-warnings'] * WERROR, f'--vapidir={prefix}/share/vala/vapi',
              '--pkg=shmobj-1.0', f'--directory={tmp_path}', f'--output={program}',
              HERE / 'consumer.vala'], env=user_environment(prefix))
    assert run_checked([program], env=user_environment(prefix)) == 'ok\n'


def test_python(prefix):
    """Python uses the installed override and not the override in the source tree."""
    output = run_checked([sys.executable, HERE / 'consumer.py'], env=user_environment(prefix))
    assert output.startswith(str(prefix)), output


def test_python_bytecode(prefix):
    """Python uses the bytecode that was installed, and does not compile the override."""
    folder, = {path.parent for path in prefix.rglob('gi/overrides/Shm/*.py')}
    result = run([sys.executable, '-v', HERE / 'consumer.py'], env=user_environment(prefix))
    assert result.returncode == 0, result.stderr
    for source in folder.glob('*.py'):
        cached = importlib.util.cache_from_source(source)
        assert os.path.exists(cached), source
        # The code knows the path of its source.
        code = marshal.loads(Path(cached).read_bytes()[16:])
        assert code.co_filename == str(source)
    used = re.findall(f"^# code object from '?({folder}/[^']*)'?$", result.stderr, re.MULTILINE)
    assert len(used) > 10 and all(path.endswith('.pyc') for path in used), used


def test_gjs(prefix):
    assert run_checked(['gjs', HERE / 'consumer.js'], env=user_environment(prefix)) == 'ok\n'


# What a build without options contains


def introspect(build, what):
    return json.loads(run_checked(['meson', 'introspect', build, f'--{what}']))


def targets_of_tests(build):
    """Returns the programs and libraries of the tests and of the tour that `ninja` builds."""
    return {target['name'] for target in introspect(build, 'targets') if target['build_by_default']
            and re.search('/(tests|docs/tour)/', target['defined_in'])}


def test_plain_build_contains_no_tests(tmp_path):
    """Only `meson test` builds the tests, unless the option asks for them."""
    run_checked(['meson', 'setup', tmp_path, SOURCE], env=bare_environment())
    assert not targets_of_tests(tmp_path)
    tests = introspect(tmp_path, 'tests')
    assert tests
    # A test that Meson runs depends on the programs that it needs.
    ids = {target['id'] for target in introspect(tmp_path, 'targets')}
    assert all(set(test['depends']) <= ids for test in tests)
    assert [test for test in tests if test['name'] == 'block'][0]['depends']
    run_checked(['meson', 'configure', tmp_path, '-Dtests=enabled'], env=bare_environment())
    run_checked(['ninja', '-C', tmp_path, 'build.ninja'], env=bare_environment())
    assert {'test-block', 'tour-load', 'probe'} <= targets_of_tests(tmp_path)


def test_subproject_contains_no_tests(tmp_path):
    (tmp_path / 'subprojects').mkdir()
    (tmp_path / 'subprojects' / 'shmobj').symlink_to(SOURCE)
    (tmp_path / 'consumer.c').write_text((HERE / 'consumer.c').read_text())
    (tmp_path / 'meson.build').write_text("""
project('consumer', 'c')
executable('consumer', 'consumer.c', dependencies: dependency('shmobj-1.0', fallback: 'shmobj'),
  c_args: '-DSHM_TEST_ALONE')
""")
    build = tmp_path / 'build'
    run_checked(['meson', 'setup', build, tmp_path], env=bare_environment())
    assert not introspect(build, 'tests')
    assert {target['name'] for target in introspect(build, 'targets')
            if re.search('/(tests|docs)/', target['defined_in'])} == set()


SITE_PACKAGES = 'import site; print(*site.getsitepackages(), sep="\\n")'


def test_python_searches_usr_local(tmp_path):
    """With Meson's default prefix, the override is in a folder that Python searches, if Python
    searches a folder below this prefix."""
    searched = run_checked([sys.executable, '-I', '-c', SITE_PACKAGES]).splitlines()
    if not [folder for folder in searched if folder.startswith('/usr/local/lib')]:
        pytest.skip('Python searches no folder below /usr/local')
    run_checked(['meson', 'setup', tmp_path, SOURCE, '--prefix=/usr/local'], env=bare_environment())
    folder, = {str(Path(path).parent) for path in introspect(tmp_path, 'installed').values()
               if path.endswith('/gi/overrides/Shm/__init__.py')}
    assert folder.removesuffix('/gi/overrides/Shm') in searched
