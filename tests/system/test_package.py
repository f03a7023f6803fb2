# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests the tarball of `meson dist`: as the source of Debian packages, and as a subproject of another
project. Also runs the installed tests. The tarball contains the files of the source folder, also
those that are not committed."""

import json
import os
import re
import shutil
import sys
import tarfile
from pathlib import Path

import pytest

from support import BUILD, SOURCE, bare_environment, run, run_checked

HERE = Path(__file__).parent
NAME = 'shmobj-1.0.0'


def source_files():
    """Returns the paths of the files of the project below the source folder."""
    command = ['git', '-C', str(SOURCE), 'ls-files', '-z', '--cached', '--others', '--exclude-standard']
    result = run(command, env=bare_environment()) if shutil.which('git') else None
    if result and result.returncode == 0:
        return [name for name in result.stdout.split('\0') if name and (SOURCE / name).is_file()]
    return [str(path.relative_to(SOURCE)) for path in SOURCE.rglob('*') if path.is_file()
            and path.relative_to(SOURCE).parts[0] not in {'.git', '_build', 'build'}
            and '__pycache__' not in path.parts]


@pytest.fixture(scope='module')
def tarball(tmp_path_factory):
    """Makes a tarball with `meson dist`, which needs a repository."""
    if not shutil.which('git'):
        pytest.skip('the package git is not installed')
    folder = tmp_path_factory.mktemp('dist')
    source = folder / 'source'
    for name in source_files():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SOURCE / name, source / name)
    git = ['git', '-C', source, '-c', 'user.name=test', '-c', 'user.email=test@localhost']
    for command in (['init', '--quiet'], ['add', '--all', '--force'], ['commit', '--quiet', '--message=test']):
        run_checked([*git, *command], env=bare_environment(HOME=str(folder)))
    environment = bare_environment(HOME=str(folder))
    run_checked(['meson', 'setup', folder / 'build', source, '-Dtests=disabled',
                 '-Dintrospection=disabled', '-Dvapi=disabled'], env=environment)
    run_checked(['meson', 'dist', '-C', folder / 'build', '--no-tests', '--formats=xztar'],
                env=environment)
    return folder / 'build/meson-dist' / f'{NAME}.tar.xz'


def test_tarball_is_complete(tarball):
    with tarfile.open(tarball) as archive:
        files = {member.name.partition('/')[2] for member in archive if member.isfile()}
    assert files == set(source_files())


# A Meson subproject


@pytest.fixture(scope='module')
def subproject(tarball, tmp_path_factory):
    """Builds the example, which contains the library as a subproject."""
    folder = tmp_path_factory.mktemp('subproject')
    source, build = folder / 'source', folder / 'build'
    shutil.copytree(SOURCE / 'docs/examples/subproject', source)
    (source / 'subprojects/packagefiles').mkdir()
    shutil.copy(tarball, source / 'subprojects/packagefiles')
    environment = bare_environment(HOME=str(folder))
    run_checked(['meson', 'setup', build, source, '--wrap-mode=forcefallback', '-Doptimization=0',
                 '--force-fallback-for=shmobj', '-Dshmobj:introspection=enabled',
                 '-Dshmobj:vapi=enabled', '-Dshmobj:python_extension=disabled',
                 '-Dshmobj:tool=disabled'], env=environment)
    run_checked(['ninja', '-C', build], env=environment)
    return build


def test_subproject_in_meson_test(subproject):
    """The program finds the server of managers, which is not installed."""
    output = run_checked(['meson', 'test', '-C', subproject, '--no-rebuild', '--verbose'],
                         env=bare_environment())
    assert re.search(r'\bHello\b', output)
    # The library has no tests in a subproject.
    assert re.search(r'^Ok: +1\b', output, re.MULTILINE)


@pytest.mark.parametrize('command', [
    ['./greeter'], ['./greeter-vala'], [sys.executable, 'greeter.py'],
], ids=['c', 'vala', 'python'])
def test_subproject_in_devenv(subproject, command):
    command = [*command[:-1], command[-1].replace(
        'greeter.py', str(SOURCE / 'docs/examples/subproject/greeter.py'))]
    output = run_checked(['meson', 'devenv', '-C', subproject, *command], env=bare_environment())
    assert output.splitlines()[-1] == 'Hello'


# The installed tests

# Runs the installed tests. $0 is a folder with the installed files, $1 the build folder, which the
# tests must not need.
INSTALLED_TESTS = '''
mount --bind "$0/usr/local" /usr/local
mount -t tmpfs tmpfs "$1"
cd /
/sbin/ldconfig -C "$0/cache"
mount --bind "$0/cache" /etc/ld.so.cache
shift
exec gnome-desktop-testing-runner "$@"
'''
# Tests that need the library, the helper programs and data.
SOME_TESTS = {'test-block', 'test-main-loop', 'test-manager', 'test-manager-protocol', 'test-program',
              'test-shared-memory'}


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can change the cache of the loader')
def test_installed_tests(tmp_path):
    """The tests work where they are installed, without the build folder."""
    options = {option['name']: option['value'] for option in json.loads(
        run_checked(['meson', 'introspect', '--buildoptions', BUILD], env=bare_environment()))}
    if options['installed_tests'] != 'enabled' or options['prefix'] != '/usr/local':
        pytest.skip('needs a build with -Dinstalled_tests=enabled and the prefix /usr/local')
    if not shutil.which('gnome-desktop-testing-runner'):
        pytest.skip('the package gnome-desktop-testing is not installed')
    run_checked(['meson', 'install', '-C', BUILD, '--no-rebuild', '--destdir', tmp_path],
                env=bare_environment())
    result = run(['unshare', '--mount', 'sh', '-ec', INSTALLED_TESTS, tmp_path, BUILD,
                  *(f'shmobj-1.0/{name}.test' for name in SOME_TESTS)],
                 env=bare_environment(PATH='/usr/sbin:/usr/bin:/sbin:/bin', HOME=str(tmp_path)))
    assert result.returncode == 0, result.stdout + result.stderr
    passed = re.findall(r'^PASS: shmobj-1.0/(.*)\.test$', result.stdout, re.MULTILINE)
    assert set(passed) == SOME_TESTS


# Debian packages

PACKAGES = {'gir1.2-shm-1.0', 'libshmobj-1.0-0', 'libshmobj-1.0-dev', 'python3-shmobj',
            'shmobj-tools'}


@pytest.fixture(scope='module')
def packages(tarball, tmp_path_factory):
    """Builds the packages without tests and documentation."""
    for program, package in {'dpkg-buildpackage': 'dpkg-dev', 'dh': 'debhelper',
                             'dh_python3': 'dh-python'}.items():
        if not shutil.which(program):
            pytest.skip(f'the package {package} is not installed')
    folder = tmp_path_factory.mktemp('debian')
    shutil.copy(tarball, folder / 'shmobj_1.0.0.orig.tar.xz')
    with tarfile.open(tarball) as archive:
        archive.extractall(folder)
    source = folder / NAME
    shutil.copytree(source / 'docs/packaging/debian', source / 'debian')
    wishes = 'nocheck nodoc'
    environment = bare_environment(
        DEB_BUILD_PROFILES=wishes, DEB_BUILD_OPTIONS=f'{wishes} noopt noautodbgsym parallel=2')
    missing = run(['dpkg-checkbuilddeps'], cwd=source, env=environment)
    if missing.returncode != 0:
        pytest.skip(missing.stderr.strip().rpartition('error: ')[2])
    run_checked(['dpkg-buildpackage', '--no-sign', '--build=full'], cwd=source, env=environment)
    return folder


def test_packages(packages):
    files = {path.name.partition('_')[0] for path in packages.glob('*.deb')}
    assert files == PACKAGES


def test_multiarch(packages):
    """Packages for several processors can be installed at once: files that differ by processor are in
    a folder of the processor."""
    for package in ('libshmobj-1.0-0', 'libshmobj-1.0-dev', 'gir1.2-shm-1.0'):
        path, = packages.glob(f'{package}_*.deb')
        assert run_checked(['dpkg-deb', '--field', path, 'Multi-Arch']) == 'same\n'
        files = [line.split()[5] for line in run_checked(['dpkg-deb', '--contents', path]).splitlines()]
        binaries = [name for name in files
                    if re.search(r'\.(so|typelib|pc)\b|shmobj-(manager|tracker)$', name)]
        triplet = run_checked(['dpkg-architecture', '-qDEB_HOST_MULTIARCH']).strip()
        assert all(f'/{triplet}/' in name for name in binaries), binaries


def test_lintian(packages):
    if not shutil.which('lintian'):
        pytest.skip('the package lintian is not installed')
    changes, = packages.glob('*.changes')
    is_old = run_checked(['lintian', '--print-version']).startswith('2.116')
    # Only packages in Debian close a bug report with their first version, and have a person as the
    # maintainer. Old versions of lintian do not know the second tag.
    ignored = ['initial-upload-closes-no-bugs'] + ['no-human-maintainers'] * (not is_old)
    result = run(['lintian', '--suppress-tags', ','.join(ignored), '--fail-on', 'error', changes],
                 env=bare_environment(HOME=str(packages)))
    assert result.returncode == 0, result.stdout
    # Newer versions of lintian have new warnings.
    if is_old:
        assert 'W: ' not in result.stdout, result.stdout


# Installs the packages in a copy of the system, uses them and purges them. The copy is an overlay: $0
# is a folder, and the overlay writes to a tmpfs.
IN_COPY = '''
mount -t tmpfs tmpfs "$0/layers"
mkdir "$0/layers/upper" "$0/layers/work"
mount -t overlay -o "lowerdir=/,upperdir=$0/layers/upper,workdir=$0/layers/work" overlay "$0/root"
mount --rbind /dev "$0/root/dev"
mount --rbind /proc "$0/root/proc"
mkdir "$0/root/packages"
mount --bind "$0/packages" "$0/root/packages"
in_copy () { chroot "$0/root" "$@"; }
in_copy sh -ec 'dpkg --no-triggers --install /packages/*.deb' >"$0/log" 2>&1 || { cat "$0/log"; exit 1; }
in_copy sh -ec 'cd /packages/programs
    cc -DSHM_TEST_ALONE consumer.c -o /root/consumer $(pkg-config --cflags --libs shmobj-1.0)
    /root/consumer
    gjs consumer.js
    gjs -m consumer-module.js
    /usr/bin/python3 consumer.py
    /usr/bin/python3 -c "from gi.repository import Shm; Shm.Manager().start(); print(\\"managed\\")"
    shmobj --version'
in_copy dpkg --verify "$@"
in_copy rm /root/consumer
in_copy dpkg --no-triggers --purge "$@" >"$0/log" 2>&1 || { cat "$0/log"; exit 1; }
umount "$0/root/packages"
rmdir "$0/root/packages"
echo left:
find "$0/layers/upper" -name '*[sS]hm*'
'''


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can install packages')
def test_install_and_purge(packages, tmp_path):
    """The packages work after dpkg has installed them, and leave nothing when they are purged."""
    for name in ('layers', 'root', 'packages'):
        (tmp_path / name).mkdir()
    if run(['unshare', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', tmp_path / 'layers']).returncode != 0:
        pytest.skip('no mount namespace')
    for path in packages.glob('*.deb'):
        shutil.copy(path, tmp_path / 'packages')
    shutil.copytree(HERE, tmp_path / 'packages/programs', ignore=shutil.ignore_patterns('test_*'))
    result = run(['unshare', '--mount', 'sh', '-ec', IN_COPY, tmp_path, *sorted(PACKAGES)],
                 env=bare_environment(PATH='/usr/sbin:/usr/bin:/sbin:/bin', HOME='/root'))
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.splitlines() == [
        'ok', 'ok', 'ok', '/usr/lib/python3/dist-packages/gi/overrides/Shm/__init__.py', 'managed',
        'shmobj 1.0.0', 'left:'], result.stdout + result.stderr
