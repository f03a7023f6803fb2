# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests the library when /dev/shm is full, read-only or missing, and at the limits of a process.

Each test that needs a special /dev/shm runs a script in a separate mount namespace.
"""

import os
import resource
import signal
import subprocess

import pytest

from support import BLOCKS, CONTENT, PROBE, SIZE, make_file, probe, read_report, run, unique_name

KIB = 1024
MIB = 1024 * KIB

NAMESPACE = ['unshare', '--mount']
if os.geteuid() != 0:
    NAMESPACE.append('--map-root-user')

# The beginning of each script. The shell function probe prints a line before and after each run of
# the program probe.
PRELUDE = '''
set -e
mount -t tmpfs -o size=1M none /dev/shm
probe () { echo "== $*"; "$PROBE" "$@" && status=0 || status=$?; echo "-- $status"; }
used () { df --output=used --block-size=1 /dev/shm | tail -n 1 | tr -d " "; }
'''


def can_have_namespace():
    return subprocess.run([*NAMESPACE, 'true'], stderr=subprocess.DEVNULL).returncode == 0


class Script:
    """Runs a script. `reports` maps the arguments of each probe to its report, and `lines` contains
    the other output."""

    def __init__(self, commands):
        result = run([*NAMESPACE, 'sh', '-c', PRELUDE + commands],
                     env={**os.environ, 'LC_ALL': 'C', 'PROBE': PROBE})
        assert result.returncode == 0, result.stdout + result.stderr
        self.reports, self.statuses, self.lines = {}, {}, []
        arguments, text = None, ''
        for line in result.stdout.splitlines():
            if line.startswith('== '):
                arguments, text = line[3:], ''
            elif line.startswith('-- '):
                self.add(arguments, text, int(line[3:]))
                arguments = None
            elif arguments is not None:
                text += f'{line}\n'
            else:
                self.lines.append(line)

    def add(self, arguments, text, status):
        self.statuses[arguments] = status
        self.reports[arguments] = read_report(
            subprocess.CompletedProcess(arguments, status, text, ''))

    def outcome(self, arguments):
        report = self.reports[arguments]
        if report.outcome != 'died':
            report.assert_clean()
        return report.outcome


if can_have_namespace():
    @pytest.mark.parametrize('operation', ['create', 'create-populate', 'create-sparse-populate',
                                           'create-huge', 'open-or-create'])
    def test_too_little_space(operation):
        script = Script(f'''
            used
            probe {operation} large {2 * MIB}
            used
            ls -A /dev/shm
            probe {operation} small {4 * KIB}
            ls -A /dev/shm
        ''')
        assert script.outcome(f'{operation} large {2 * MIB}') == 'no-space'
        assert '"large"' in script.reports[f'{operation} large {2 * MIB}'].message
        assert script.outcome(f'{operation} small {4 * KIB}') == 'ok'
        assert script.lines == ['0', '0', 'small']

    def test_filled_exactly():
        script = Script(f'''
            probe create all {MIB}
            used
            probe create more 1
            probe unlink all
            used
            probe create again {MIB}
            ls -A /dev/shm
        ''')
        assert script.outcome(f'create all {MIB}') == 'ok'
        assert script.outcome('create more 1') == 'no-space'
        assert script.outcome('unlink all') == 'ok'
        assert script.outcome(f'create again {MIB}') == 'ok'
        assert script.lines == [str(MIB), '0', 'again']

    def test_full_for_hidden_drafts():
        """If /dev/shm is full, the library leaves no hidden draft behind. strace simulates a file
        system that cannot link unnamed files."""
        script = Script(f'''
            inject () {{ strace -o /dev/null -e inject=linkat:error=EPERM "$PROBE" "$@"; }}
            inject create large {2 * MIB} | grep ^error
            ls -A /dev/shm
            used
        ''')
        assert len(script.lines) == 2
        assert script.lines[0].startswith('error no-space: ')
        assert script.lines[1] == '0'

    def test_out_of_inodes():
        script = Script('''
            mount -t tmpfs -o nr_inodes=2 none /dev/shm
            probe create first 1
            probe create second 1
            ls -A /dev/shm
        ''')
        assert script.outcome('create first 1') == 'ok'
        assert script.outcome('create second 1') == 'no-space'
        assert 'inode' in script.reports['create second 1'].message
        assert script.lines == ['first']

    def test_sparse():
        """Creating a sparse block succeeds without enough space. SIGBUS kills a process that
        accesses a page for which there is no memory."""
        script = Script(f'''
            probe create-sparse sparse {2 * MIB}
            used
            probe touch sparse
            used
            probe write sparse
            probe read sparse
            probe attach sparse
            rm /dev/shm/sparse
            probe create-sparse small {64 * KIB}
            probe write small
            probe touch small
        ''')
        assert script.outcome(f'create-sparse sparse {2 * MIB}') == 'ok'
        assert script.statuses['touch sparse'] == 128 + signal.SIGBUS
        assert script.outcome('write sparse') == 'no-space'
        assert script.outcome('read sparse') == 'ok'
        assert script.outcome('attach sparse') == 'ok'
        assert script.outcome('write small') == 'ok'
        assert script.outcome('touch small') == 'ok'
        assert script.lines == ['0', str(MIB)]

    def test_reserved_pages():
        """A block stays usable when other files fill /dev/shm later."""
        script = Script(f'''
            probe create mine {256 * KIB}
            dd if=/dev/zero of=/dev/shm/filler bs=64K 2>/dev/null || true
            probe touch mine
            probe write mine
        ''')
        assert script.outcome(f'create mine {256 * KIB}') == 'ok'
        assert script.outcome('touch mine') == 'ok'
        assert script.outcome('write mine') == 'ok'

    def test_read_only():
        script = Script(f'''
            probe create block {64 * KIB}
            mount -o remount,ro none /dev/shm
            probe create new 1
            probe open-or-create other 1
            probe attach block
            probe attach-read-only block
            probe map-read-only block
            probe remove block
            ls -A /dev/shm
        ''')
        assert script.outcome(f'create block {64 * KIB}') == 'ok'
        assert script.outcome('create new 1') == 'folder-read-only'
        assert script.outcome('open-or-create other 1') == 'folder-read-only'
        assert script.outcome('attach block') == 'folder-read-only'
        assert script.outcome('attach-read-only block') == 'ok'
        assert script.outcome('map-read-only block') == 'ok'
        assert script.outcome('remove block') == 'folder-read-only'
        assert script.lines == ['block']

    def test_no_folder():
        script = Script('''
            mount -t tmpfs none /dev
            probe create block 1
            probe open-or-create block 1
            probe attach block
            probe remove block
            probe list -
            probe anonymous - 1
            ls -A /dev
        ''')
        assert script.outcome('create block 1') == 'folder-missing'
        assert '/dev/shm' in script.reports['create block 1'].message
        assert script.outcome('open-or-create block 1') == 'folder-missing'
        assert script.outcome('attach block') == 'folder-missing'
        assert script.outcome('remove block') == 'folder-missing'
        assert script.outcome('list -') == 'folder-missing'
        assert script.outcome('anonymous - 1') == 'ok'
        assert script.lines == []

    def test_no_proc():
        script = Script('''
            mount -t tmpfs none /proc
            probe create block 1000
            probe attach block
            probe unlink block
            probe anonymous - 1000
            ls -A /dev/shm
        ''')
        for arguments in ('create block 1000', 'attach block', 'unlink block', 'anonymous - 1000'):
            assert script.outcome(arguments) == 'ok'
        assert script.lines == []

    def test_no_proc_and_no_link_of_descriptors():
        """The kernel refuses to link a descriptor directly, and the library cannot use /proc. An
        ordinary user of an older kernel has this situation in a sandbox without /proc."""
        script = Script('''
            mount -t tmpfs none /proc
            strace -o /dev/null -e inject=linkat:error=ENOENT:when=1 "$PROBE" create block 1000
            ls -A /dev/shm
        ''')
        assert 'ok' in script.lines
        assert script.lines[-1] == 'block'


# The limits of a process

def limited(which, limit):
    return lambda: resource.setrlimit(which, (limit, limit))


@pytest.mark.parametrize('operation', ['create', 'create-sparse', 'create-populate', 'create-huge',
                                       'open-or-create', 'anonymous'])
def test_file_limit(name, operation):
    """The library itself checks the limit for the size of a file. Otherwise the kernel would send
    SIGXFSZ, which kills the process."""
    report = probe(operation, name, 4097, preexec_fn=limited(resource.RLIMIT_FSIZE, 4096))
    assert report.outcome == 'too-large', report.text
    assert '4096' in report.message
    report.assert_clean()
    assert not (BLOCKS / name).exists()

    report = probe(operation, name, 4096, preexec_fn=limited(resource.RLIMIT_FSIZE, 4096))
    assert report.outcome == 'ok', report.text


def test_file_limit_when_writing(block):
    report = probe('write', block, preexec_fn=limited(resource.RLIMIT_FSIZE, 4096))
    assert report.outcome == 'too-large', report.text
    assert (BLOCKS / block).read_bytes() == CONTENT


def test_descriptor_limit(block, name):
    for operation in ('attach', 'attach-read-only', 'create', 'open-or-create', 'anonymous',
                      'watch'):
        subject = name if operation == 'create' else block
        report = probe('--no-descriptors', operation, subject, SIZE)
        assert report.outcome == 'too-many-files', report.text
        assert 'RLIMIT_NOFILE' in report.message
        report.assert_clean()
    assert not (BLOCKS / name).exists()
    assert (BLOCKS / block).read_bytes() == CONTENT


def test_memory_limit(name):
    """Attaching needs no address space. A failure to map a block does not change the block."""
    huge = 1 << 36
    limit = limited(resource.RLIMIT_AS, 1 << 30)
    path = make_file(name)
    os.truncate(path, huge)
    inode = path.stat().st_ino

    assert probe('attach', name, preexec_fn=limit).outcome == 'ok'
    for operation in ('map', 'map-read-only', 'read'):
        report = probe(operation, name, preexec_fn=limit)
        assert report.outcome == 'no-space', report.text
        assert name in report.message
        report.assert_clean()
    assert path.stat().st_ino == inode
    assert path.stat().st_size == huge


def test_memory_limit_when_populating(name):
    report = probe('create-populate', name, 64 * MIB,
                   preexec_fn=limited(resource.RLIMIT_AS, 48 * MIB))
    assert report.outcome == 'no-space', report.text
    report.assert_clean()
    assert not (BLOCKS / name).exists()
