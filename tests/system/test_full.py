# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""When there is no room: /dev/shm full, read-only or missing, and this process' limits.

Each scene with an own /dev/shm plays in a mount namespace of its own.
"""

import os
import resource
import signal
import subprocess

import pytest

from support import BLOCKS, CONTENT, PROBE, SIZE, make_file, probe, read_report, run, unique_name

KIB = 1024
MIB = 1024 * KIB

NAMESPACE = ['unshare', '--mount'] if os.geteuid() == 0 else ['unshare', '--map-root-user', '--mount']

# What a scene is told in. Each run of the probe is a part of the output.
PRELUDE = '''
set -e
mount -t tmpfs -o size=1M none /dev/shm
probe () { echo "== $*"; "$PROBE" "$@" && status=0 || status=$?; echo "-- $status"; }
used () { df --output=used --block-size=1 /dev/shm | tail -n 1 | tr -d " "; }
'''


def can_have_namespace():
    return subprocess.run([*NAMESPACE, 'true'], stderr=subprocess.DEVNULL).returncode == 0


class Scene:
    """The reports of the probes in it by their arguments, and the other lines."""

    def __init__(self, script):
        result = run([*NAMESPACE, 'sh', '-c', PRELUDE + script],
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
    @pytest.mark.parametrize('operation', ['create', 'create-populate', 'open-or-create'])
    def test_too_little_space(operation):
        scene = Scene(f'''
            used
            probe {operation} large {2 * MIB}
            used
            ls -A /dev/shm
            probe {operation} small {4 * KIB}
            ls -A /dev/shm
        ''')
        assert scene.outcome(f'{operation} large {2 * MIB}') == 'no-space'
        assert '“large”' in scene.reports[f'{operation} large {2 * MIB}'].message
        assert scene.outcome(f'{operation} small {4 * KIB}') == 'ok'
        assert scene.lines == ['0', '0', 'small']

    def test_filled_exactly():
        scene = Scene(f'''
            probe create all {MIB}
            used
            probe create more 1
            probe unlink all
            used
            probe create again {MIB}
            ls -A /dev/shm
        ''')
        assert scene.outcome(f'create all {MIB}') == 'ok'
        assert scene.outcome('create more 1') == 'no-space'
        assert scene.outcome('unlink all') == 'ok'
        assert scene.outcome(f'create again {MIB}') == 'ok'
        assert scene.lines == [str(MIB), '0', 'again']

    def test_full_for_hidden_drafts():
        """No file system without unnamed files is at hand, but strace can play one."""
        scene = Scene(f'''
            inject () {{ strace -o /dev/null -e inject=linkat:error=EPERM "$PROBE" "$@"; }}
            inject create large {2 * MIB} | grep ^error
            ls -A /dev/shm
            used
        ''')
        assert len(scene.lines) == 2
        assert scene.lines[0].startswith('error no-space: ')
        assert scene.lines[1] == '0'

    def test_no_inode_left():
        scene = Scene('''
            mount -t tmpfs -o nr_inodes=2 none /dev/shm
            probe create first 1
            probe create second 1
            ls -A /dev/shm
        ''')
        assert scene.outcome('create first 1') == 'ok'
        assert scene.outcome('create second 1') == 'no-space'
        assert scene.lines == ['first']

    def test_sparse():
        """As documented: it is made, and costs the process that touches what can't be had."""
        scene = Scene(f'''
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
        assert scene.outcome(f'create-sparse sparse {2 * MIB}') == 'ok'
        assert scene.statuses['touch sparse'] == 128 + signal.SIGBUS
        assert scene.outcome('write sparse') == 'no-space'
        assert scene.outcome('read sparse') == 'ok'
        assert scene.outcome('attach sparse') == 'ok'
        assert scene.outcome('write small') == 'ok'
        assert scene.outcome('touch small') == 'ok'
        assert scene.lines == ['0', str(MIB)]

    def test_reserved_pages_are_there():
        """A block that was made can be used, however full it has become since."""
        scene = Scene(f'''
            probe create mine {256 * KIB}
            dd if=/dev/zero of=/dev/shm/filler bs=64K 2>/dev/null || true
            probe touch mine
            probe write mine
        ''')
        assert scene.outcome(f'create mine {256 * KIB}') == 'ok'
        assert scene.outcome('touch mine') == 'ok'
        assert scene.outcome('write mine') == 'ok'

    def test_read_only():
        scene = Scene(f'''
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
        assert scene.outcome(f'create block {64 * KIB}') == 'ok'
        assert scene.outcome('create new 1') == 'permission-denied'
        assert scene.outcome('open-or-create other 1') == 'permission-denied'
        assert scene.outcome('attach block') == 'permission-denied'
        assert scene.outcome('attach-read-only block') == 'ok'
        assert scene.outcome('map-read-only block') == 'ok'
        assert scene.outcome('remove block') == 'permission-denied'
        assert scene.lines == ['block']

    def test_no_folder():
        scene = Scene('''
            mount -t tmpfs none /dev
            probe create block 1
            probe open-or-create block 1
            probe attach block
            probe remove block
            probe list -
            probe anonymous - 1
            ls -A /dev
        ''')
        assert scene.outcome('create block 1') == 'not-supported'
        assert '/dev/shm' in scene.reports['create block 1'].message
        assert scene.outcome('open-or-create block 1') == 'not-supported'
        assert scene.outcome('attach block') == 'not-found'
        assert scene.outcome('remove block') == 'not-found'
        assert scene.outcome('list -') == 'not-supported'
        assert scene.outcome('anonymous - 1') == 'ok'
        assert scene.lines == []

    def test_no_proc():
        scene = Scene('''
            mount -t tmpfs none /proc
            probe create block 1000
            probe attach block
            probe unlink block
            probe anonymous - 1000
            ls -A /dev/shm
        ''')
        for arguments in ('create block 1000', 'attach block', 'unlink block', 'anonymous - 1000'):
            assert scene.outcome(arguments) == 'ok'
        assert scene.lines == []

    def test_no_proc_and_no_link_of_descriptors():
        """As an ordinary user has it on an older kernel in a bare sandbox."""
        scene = Scene('''
            mount -t tmpfs none /proc
            strace -o /dev/null -e inject=linkat:error=ENOENT:when=1 "$PROBE" create block 1000
            ls -A /dev/shm
        ''')
        assert 'ok' in scene.lines
        assert scene.lines[-1] == 'block'


# The limits of a process

def limited(which, limit):
    return lambda: resource.setrlimit(which, (limit, limit))


@pytest.mark.parametrize('operation', ['create', 'create-sparse', 'create-populate',
                                       'open-or-create', 'anonymous'])
def test_file_limit(name, operation):
    """The system would answer with SIGXFSZ, which kills."""
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
    for operation in ('attach', 'attach-read-only', 'create', 'open-or-create', 'anonymous', 'watch'):
        subject = name if operation == 'create' else block
        report = probe('--no-descriptors', operation, subject, SIZE)
        assert report.outcome == 'failed', report.text
        assert 'RLIMIT_NOFILE' in report.message
        report.assert_clean()
    assert not (BLOCKS / name).exists()
    assert (BLOCKS / block).read_bytes() == CONTENT


def test_memory_limit(name):
    """Too large to be mapped; attaching takes no address space, and costs the owner nothing."""
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
