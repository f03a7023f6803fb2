# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests that programs in all languages find the library below /usr, /usr/local and a home folder, as
docs/reference/building.md says. The programs are outside the source folder. For /usr and /usr/local
they run in a mount namespace, so that the machine does not change."""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from support import SOURCE, bare_environment, run, run_checked

HERE = Path(__file__).parent
PAGE = (SOURCE / 'docs/reference/building.md').read_text(encoding='utf-8')
MAKE_ENVIRONMENT = SOURCE / 'shmobj/make-environment.py'
MULTIARCH = run(['gcc', '-print-multiarch']).stdout.strip()

# Each program prints "ok", or the path of the Python override. $PROGRAMS is a copy of this folder, and
# $OUT an empty folder.
PROGRAMS = {
    'c': 'cc -DSHM_TEST_ALONE "$PROGRAMS/consumer.c" -o "$OUT/c" '
         '$(pkg-config --cflags --libs shmobj-1.0) && "$OUT/c"',
    'cmake': 'cmake -DCMAKE_C_FLAGS=-DSHM_TEST_ALONE -S "$PROGRAMS/consumer-cmake" -B "$OUT/cmake" '
             '>"$OUT/log" && cmake --build "$OUT/cmake" >"$OUT/log" && "$OUT/cmake/consumer"',
    'vala': 'valac --pkg=shmobj-1.0 --directory="$OUT" -o vala "$PROGRAMS/consumer.vala" && '
            '"$OUT/vala"',
    'python': f'{sys.executable} "$PROGRAMS/consumer.py"',
    'gjs': 'gjs "$PROGRAMS/consumer.js"',
    'gjs-module': 'gjs -m "$PROGRAMS/consumer-module.js"',
    'lua': 'lua5.3 "$PROGRAMS/consumer.lua"',
    'ruby': 'ruby "$PROGRAMS/consumer.rb"',
    'perl': 'perl "$PROGRAMS/consumer.pl"',
    'command': 'shmobj --version',
}

# A command that fails if the machine lacks what a program needs, and the package with it.
NEEDS = {
    'cmake': ('cmake --version', 'cmake'),
    'lua': ('lua5.3 -e "require [[lgi]]"', 'lua-lgi'),
    'ruby': ('ruby -e "require %q(gobject-introspection)"', 'ruby-gobject-introspection'),
    'perl': ('perl -MGlib::Object::Introspection -e 1', 'libglib-object-introspection-perl'),
}

# For each variable: a program that fails without it, and the message of the program.
WITHOUT = {
    # The second message appears if the user must not search another folder of PATH.
    'PATH': ('command', 'shmobj: .*(not found|Permission denied)'),
    'LD_LIBRARY_PATH': ('command', 'libshmobj-1.0.so.0: cannot open shared object file'),
    'PKG_CONFIG_PATH': ('c', 'shmobj-1.0.pc'),
    'GI_TYPELIB_PATH': ('gjs', "Typelib file for namespace 'Shm', version '1.0' not found"),
    'PYTHONPATH': ('python', "doesn't support property `create'"),
    'XDG_DATA_DIRS': ('vala', 'Package `shmobj-1.0.* not found'),
}

# Starts a command in a mount namespace. Users other than root need a user namespace for this.
NAMESPACE = ['unshare', '--mount', *['--user', '--map-root-user'] * (os.geteuid() != 0)]
# Adds the files below $0/usr to /usr with a read-only overlay.
OVER_USR = 'mount -t overlay -o "lowerdir=$0/usr:/usr" overlay /usr && exec "$@"'
# Uses the folder $0/local instead of /usr/local, and, if it exists, the cache of the loader.
OVER_USR_LOCAL = '''mount --bind "$0/local" /usr/local
[ ! -e "$0/cache" ] || mount --bind "$0/cache" /etc/ld.so.cache
exec "$@"'''


def needs_namespace(script, folder):
    result = run([*NAMESPACE, 'sh', '-ec', script, folder, 'true'])
    if result.returncode != 0:
        pytest.skip(f'no mount namespace: {result.stderr.strip()}')


class Place:
    """An installed library, and how a program there is run."""

    def __init__(self, folder, environment, prefix=()):
        self.folder, self.prefix = folder, prefix
        self.environment = {**environment, 'PROGRAMS': str(folder / 'programs'),
                            'PYTHONDONTWRITEBYTECODE': '1'}
        shutil.copytree(HERE, folder / 'programs', ignore=shutil.ignore_patterns('*.py[co]', 'test_*'))

    def run(self, name, without=()):
        out = self.folder / f'out-{name}'
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        environment = {key: value for key, value in self.environment.items() if key not in without}
        environment = {**bare_environment(), **environment} if without else environment
        return run([*self.prefix, 'sh', '-c', PROGRAMS[name]], cwd=out,
                   env={**environment, 'OUT': str(out)})

    def check(self, name):
        command, package = NEEDS.get(name, ('true', ''))
        if run(['sh', '-c', command], env=bare_environment()).returncode != 0:
            pytest.skip(f'the package {package} is not installed')
        result = self.run(name)
        assert result.returncode == 0, result.stdout + result.stderr
        if name == 'python':
            return result.stdout.strip()
        assert result.stdout in {'ok\n', 'shmobj 1.0.0\n'}, result.stdout + result.stderr
        return None


def set_up(build, *options):
    """Configures a build, or changes its options, and compiles it. Returns the output of Meson."""
    reconfigure = ['--reconfigure'] * (build / 'build.ninja').exists()
    output = run_checked(['meson', 'setup', *reconfigure, build, SOURCE, '-Dtests=disabled',
                          '-Dintrospection=enabled', '-Dvapi=enabled', '-Doptimization=0',
                          *options],
                         env=bare_environment())
    run_checked(['ninja', '-C', build], env=bare_environment())
    return output


def exported(script, environment):
    """Returns the variables that a script of a shell sets."""
    after = run_checked(['sh', '-ec', f'{script}\nenv -0'], env=environment).split('\0')
    variables = dict(entry.split('=', 1) for entry in after if entry)
    return {name: value for name, value in variables.items()
            if environment.get(name) != value and name not in ('_', 'PWD', 'OLDPWD', 'SHLVL')}


def line_for_profile(output):
    """Returns the line for ~/.profile that `meson setup` prints."""
    line, = re.findall(r'^ *Add to ~/.profile *: (.*)$', output, re.MULTILINE)
    return line


@pytest.fixture(scope='module')
def build(tmp_path_factory):
    return tmp_path_factory.mktemp('build')


# A home folder


@pytest.fixture(scope='module')
def home(build, tmp_path_factory):
    """Installs in a home folder, and does what `meson setup` prints."""
    folder = tmp_path_factory.mktemp('home')
    environment = bare_environment(HOME=str(folder))
    output = set_up(build, f'--prefix={folder}/shmobj')
    assert 'ldconfig' not in output
    run_checked(['meson', 'install', '-C', build, '--no-rebuild'], env=environment)
    variables = exported(line_for_profile(output), environment)
    place = Place(folder, {**environment, **variables})
    place.variables = variables
    return place


@pytest.mark.parametrize('name', PROGRAMS)
def test_home(home, name):
    override = home.check(name)
    assert override is None or override.startswith(str(home.folder))


def table_of_page():
    """Returns the table of variables on the page."""
    return dict(re.findall(r'^\| `([A-Z_]+)` \| `([^`]+)` \|', PAGE, re.MULTILINE))


def test_page_lists_the_variables(home):
    """The table on the page contains what the installed script sets, for another prefix."""
    table = table_of_page()
    assert set(table) == set(home.variables) == set(WITHOUT)
    library = f'lib/{MULTIARCH}' if MULTIARCH else None
    for name, value in home.variables.items():
        expected = table[name].replace('/opt/shmobj', f'{home.folder}/shmobj')
        if 'lib/ARCH' in expected and not library:
            continue
        expected = expected.replace('lib/ARCH', library or '').replace('$PATH', os.environ['PATH'])
        assert value == expected, name


@pytest.mark.parametrize('variable', WITHOUT)
def test_each_variable_is_necessary(home, variable):
    name, message = WITHOUT[variable]
    result = home.run(name, without=[variable])
    assert result.returncode != 0
    assert re.search(message, result.stdout + result.stderr), result.stdout + result.stderr


# The default prefix


@pytest.fixture(scope='module')
def usr_local(build, tmp_path_factory):
    """Installs in /usr/local of a mount namespace, and does what `meson setup` prints."""
    if not (shutil.which('meson') or '').startswith('/usr/bin/'):
        pytest.skip('Meson must be in /usr/bin')
    folder = tmp_path_factory.mktemp('usr-local')
    (folder / 'local').mkdir()
    needs_namespace(OVER_USR_LOCAL, folder)
    prefix = [*NAMESPACE, 'sh', '-ec', OVER_USR_LOCAL, folder]
    environment = bare_environment(PATH='/usr/local/bin:/usr/bin:/bin', HOME=str(folder))
    output = set_up(build, '--prefix=/usr/local')
    run_checked([*prefix, 'meson', 'install', '-C', build, '--no-rebuild'], env=environment)
    assert re.search(r'^ *Run as root *: ldconfig$', output, re.MULTILINE), output
    run_checked([*prefix, '/sbin/ldconfig', '-C', folder / 'cache'], env=environment)
    line = line_for_profile(output).replace('/usr/local', f'{folder}/local')
    variables = exported(line, environment)
    place = Place(folder, {**environment, **variables}, prefix)
    place.variables = variables
    return place


@pytest.mark.parametrize('name', PROGRAMS)
def test_usr_local(usr_local, name):
    override = usr_local.check(name)
    assert override is None or override.startswith('/usr/local/')


def test_page_says_the_same_about_usr_local(usr_local):
    section = PAGE.partition('## Installing under /usr/local')[2].partition('\n## ')[0]
    assert '`ldconfig`' in section
    lines = '\n'.join(re.findall('^export .*', section, re.MULTILINE))
    environment = bare_environment()
    if MULTIARCH:
        assert exported(lines, environment) == usr_local.variables


# The prefix of distributions


@pytest.fixture(scope='module')
def usr(build, tmp_path_factory):
    folder = tmp_path_factory.mktemp('usr')
    needs_namespace('exec "$@"', folder)
    set_up(build, '--prefix=/usr')
    run_checked(['meson', 'install', '-C', build, '--no-rebuild', '--destdir', folder],
                env=bare_environment())
    assert not list(folder.rglob('environment.sh'))
    needs_namespace(OVER_USR, folder)
    return Place(folder, bare_environment(PATH='/usr/bin:/bin', HOME=str(folder)),
                 [*NAMESPACE, 'sh', '-ec', OVER_USR, folder])


@pytest.mark.parametrize('name', PROGRAMS)
def test_usr(usr, name):
    """Programs work after the installation without further steps."""
    override = usr.check(name)
    assert override is None or override.startswith('/usr/')


# The installed script


def make_environment(**folders):
    return run_checked([sys.executable, MAKE_ENVIRONMENT,
                        *(f'{name}={value}' for name, value in folders.items())],
                       env=bare_environment())


def test_script_is_empty_for_usr():
    assert make_environment(
        PATH='/usr/bin', LD_LIBRARY_PATH=f'/usr/lib/{MULTIARCH}', XDG_DATA_DIRS='/usr/share',
        PKG_CONFIG_PATH=f'/usr/lib/{MULTIARCH}/pkgconfig', PYTHONPATH=os.path.dirname(os.__file__),
    ) == ''


def test_script_quotes_folders(tmp_path):
    folder = f'{tmp_path}/a "folder" of $HOME, `x` and \\'
    environment = bare_environment()
    script = make_environment(LD_LIBRARY_PATH=folder, XDG_DATA_DIRS=folder)
    assert exported(script, environment) == {
        'LD_LIBRARY_PATH': folder, 'XDG_DATA_DIRS': f'{folder}:/usr/local/share:/usr/share'}


def test_script_keeps_the_folders_of_the_user():
    environment = bare_environment(XDG_DATA_DIRS='/one:/two', PYTHONPATH='/three')
    script = make_environment(LD_LIBRARY_PATH='/a', XDG_DATA_DIRS='/b', PYTHONPATH='/c')
    assert exported(script, environment) == {
        'LD_LIBRARY_PATH': '/a', 'XDG_DATA_DIRS': '/b:/one:/two', 'PYTHONPATH': '/c:/three'}


def test_home_folder_of_python(tmp_path):
    """With the prefix ~/.local, the override is in a folder that Python searches."""
    environment = bare_environment(HOME=str(tmp_path))
    run_checked(['meson', 'setup', tmp_path / 'build', SOURCE, f'--prefix={tmp_path}/.local'],
                env=environment)
    plan = run_checked(['meson', 'introspect', '--installed', tmp_path / 'build'], env=environment)
    folder, = set(re.findall('"([^"]*)/gi/overrides/Shm/__init__.py"', plan)) - {
        str(SOURCE / 'shmobj/bindings/python')}
    user_site = run_checked([sys.executable, '-c', 'import site; print(site.getusersitepackages())'],
                            env=environment).strip()
    assert folder == user_site
    script = (tmp_path / 'build/shmobj/environment.sh').read_text()
    assert 'GI_TYPELIB_PATH' in script and 'PYTHONPATH' not in script
