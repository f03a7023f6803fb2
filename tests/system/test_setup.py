# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests under which conditions docs/try-it.sh, tests/run.sh and tests/cross.sh install packages.
Programs in PATH replace the tools of Debian, so that the tests install nothing."""

import os
import pty
import subprocess

import pytest

from support import SOURCE, TIMEOUT_SECONDS, run

SCRIPTS = ['docs/try-it.sh', 'tests/run.sh']
# A shell script that includes docs/setup.sh in the same way as both scripts, so that the tests need
# no build.
REQUIRE = '''set -eu
source_dir=$1
install=$2
. "$source_dir/docs/setup.sh"
require_packages tour
echo done
'''
COMMAND = '  sudo apt-get install --no-install-recommends gjs\n'


class Machine:
    """A simulated machine whose tools record their calls."""

    def __init__(self, folder):
        self.bin = folder / 'bin'
        self.work = folder / 'work'
        self.record = folder / 'record'
        self.bin.mkdir()
        self.record.touch()
        self.add('dpkg-query', 'case $3 in gjs) exit 1 ;; *) echo "install ok installed" ;; esac')
        self.add('apt-get', f'echo "apt-get $*" >>{self.record}')
        self.set_user(1000)

    def add(self, name, script):
        path = self.bin / name
        path.write_text(f'#!/bin/sh\n{script}\n')
        path.chmod(0o755)

    def add_sudo(self):
        self.add('sudo', f'echo "sudo $*" >>{self.record}\nexec "$@"')

    def set_user(self, uid):
        self.add('id', f'echo {uid}')

    def environment(self):
        return {**os.environ, 'LC_ALL': 'C.UTF-8', 'SHMOBJ_WORK_DIR': str(self.work),
                'PATH': f'{self.bin}:{os.environ["PATH"]}'}

    def run(self, *command):
        return run(command, env=self.environment())

    def require(self, install='no'):
        return self.run('sh', '-c', REQUIRE, 'sh', SOURCE, install)

    def require_at_terminal(self, answer):
        """Runs the script at a terminal and answers its question. Returns its exit status and its
        output."""
        controller, terminal = pty.openpty()
        with subprocess.Popen(['sh', '-c', REQUIRE, 'sh', SOURCE, 'no'], env=self.environment(),
                              stdin=terminal, stdout=terminal, stderr=terminal) as process:
            os.close(terminal)
            os.write(controller, f'{answer}\n'.encode())
            output = b''
            try:
                while chunk := os.read(controller, 4096):
                    output += chunk
            except OSError:  # Linux reports EIO after the terminal was closed.
                pass
            os.close(controller)
            return process.wait(TIMEOUT_SECONDS), output.decode().replace('\r\n', '\n')

    def calls(self):
        return self.record.read_text().splitlines()


UPDATE = 'apt-get update -qq'
INSTALL = 'apt-get install -qq -y --no-install-recommends gjs'
WITH_SUDO = [f'sudo {UPDATE}', UPDATE,
             f'sudo env DEBIAN_FRONTEND=noninteractive {INSTALL}', INSTALL]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_nothing_is_missing(machine):
    machine.add('dpkg-query', 'echo "install ok installed"')
    result = machine.require()
    assert (result.returncode, result.stdout, result.stderr) == (0, 'done\n', '')
    assert machine.calls() == []


def test_root_installs(machine):
    machine.set_user(0)
    machine.add_sudo()
    result = machine.require()
    assert (result.returncode, result.stdout) == (0, 'done\n')
    assert 'Missing packages: gjs\n' in result.stderr
    assert machine.calls() == [UPDATE, INSTALL]


def test_command_is_printed_for_user(machine):
    machine.add_sudo()
    result = machine.require()
    assert (result.returncode, result.stdout) == (1, '')
    assert 'Missing packages: gjs\n' in result.stderr
    assert COMMAND in result.stderr
    assert machine.calls() == []


def test_user_installs_with_option(machine):
    machine.add_sudo()
    result = machine.require(install='yes')
    assert (result.returncode, result.stdout) == (0, 'done\n')
    assert machine.calls() == WITH_SUDO


@pytest.mark.parametrize('answer', ['y', 'Y', 'yes'])
def test_user_agrees_at_terminal(machine, answer):
    machine.add_sudo()
    status, output = machine.require_at_terminal(answer)
    assert status == 0
    assert 'Install these packages now with sudo? [y/N]' in output
    assert output.endswith('done\n')
    assert machine.calls() == WITH_SUDO


@pytest.mark.parametrize('answer', ['', 'n', 'no', 'maybe', '\x04'])
def test_user_refuses_at_terminal(machine, answer):
    machine.add_sudo()
    status, output = machine.require_at_terminal(answer)
    assert status == 1
    assert COMMAND in output
    assert 'done' not in output
    assert machine.calls() == []


def test_failing_installation(machine):
    machine.set_user(0)
    machine.add('apt-get', 'echo "no network"; exit 100')
    result = machine.require()
    assert (result.returncode, result.stdout) == (1, '')
    assert 'no network' in result.stderr


@pytest.mark.parametrize('script', SCRIPTS)
def test_scripts_do_not_install(machine, script):
    machine.add_sudo()
    result = machine.run('sh', SOURCE / script)
    assert (result.returncode, result.stdout) == (1, '')
    assert COMMAND in result.stderr
    assert machine.calls() == []
    assert not machine.work.exists()


@pytest.mark.parametrize('script', SCRIPTS)
def test_scripts_install_with_option(machine, script):
    """The simulated installation fails, so that the script ends before the build."""
    machine.add('sudo', f'echo "sudo $*" >>{machine.record}\nexit 1')
    result = machine.run('sh', SOURCE / script, '--install')
    assert (result.returncode, result.stdout) == (1, '')
    assert machine.calls() == [f'sudo {UPDATE}']


def test_cross_script_names_compiler(machine):
    machine.add('dpkg-query',
                'case $3 in gcc-s390x*) exit 1 ;; *) echo "install ok installed" ;; esac')
    result = machine.run('sh', SOURCE / 'tests/cross.sh', 's390x')
    assert (result.returncode, result.stdout) == (1, '')
    assert '  sudo apt-get install --no-install-recommends gcc-s390x-linux-gnu\n' in result.stderr
    assert machine.calls() == []
    assert not machine.work.exists()


def test_cross_script_lists_processors(machine):
    result = machine.run('sh', SOURCE / 'tests/cross.sh', 'armel')
    assert (result.returncode, result.stdout) == (2, '')
    assert 'ARCH is i386, s390x, armhf, arm64 or ppc64el.' in result.stderr
    assert machine.calls() == []


def test_distributions_script_needs_root(machine):
    result = machine.run('sh', SOURCE / 'tests/distributions.sh', 'sid')
    assert (result.returncode, result.stdout) == (1, '')
    assert 'needs the rights of root' in result.stderr
    assert machine.calls() == []
    assert not machine.work.exists()


def test_distributions_script_explains_itself(machine):
    result = machine.run('sh', SOURCE / 'tests/distributions.sh', '--help')
    assert (result.returncode, result.stdout) == (2, '')
    first, *_, last = result.stderr.strip().splitlines()
    assert first == 'Builds the library and runs all tests in other releases of Debian, and prints a table of the'
    assert last == '(default: the one from which apt-get gets the packages of this machine).'


MIRROR = '. "$0/docs/setup.sh"; debian_mirror'


def test_mirror_is_that_of_apt(machine):
    machine.add('apt-get', '[ "$1" = indextargets ] && echo http://mirror.test/debian/')
    assert machine.run('sh', '-ec', MIRROR, SOURCE).stdout == 'http://mirror.test/debian/\n'
    machine.add('apt-get', 'exit 0')
    result = machine.run('sh', '-ec', MIRROR, SOURCE)
    assert result.returncode == 1 and 'SHMOBJ_DEBIAN_MIRROR' in result.stderr
    result = machine.run('sh', '-ec', f'SHMOBJ_DEBIAN_MIRROR=file:/other; {MIRROR}', SOURCE)
    assert result.stdout == 'file:/other\n'
