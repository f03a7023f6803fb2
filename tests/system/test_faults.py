# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Makes each system call of each operation fail, with the fault injection of strace.

After each failure, the operation either succeeds by another method or fails with an error that
names the block. It leaves no descriptor, mapping, name or draft behind. An operation that fails to
attach does not remove or change the block.
"""

import functools
import os
import re
import stat
from dataclasses import dataclass

import pytest

from support import BLOCKS, CONTENT, PROBE, SIZE, make_file, read_report, run, unique_name

# The kinds of system calls. The first pattern that matches a line in the output of strace decides
# the kind. Most calls have several names, depending on the C library and the kernel.
KINDS = (
    ('open unnamed', r'^open.*O_TMPFILE'),
    ('open draft', r'^open.*O_CREAT'),
    ('open folder', r'^open.*O_DIRECTORY'),
    ('test descriptor', r'^open.*"/", O_'),
    ('open block', r'^open'),
    ('stat name', r'^(newfstatat|fstatat64)\((AT_FDCWD|\d+, "[^"])|^lstat'),
    ('stat', r'^(newfstatat|fstatat64|fstat|fstat64|statx)\('),
    ('statfs', r'^fstatfs'),
    ('size', r'^ioctl\(.*FIONREAD'),
    ('limit', r'^(prlimit64|u?getrlimit)\('),
    ('chmod', r'^fchmod'),
    ('reserve', r'^fallocate'),
    ('set size', r'^ftruncate'),
    ('populate', r'^madvise\(.*MADV_POPULATE_WRITE'),
    ('advise', r'^madvise\(.*MADV_HUGEPAGE'),
    ('map', r'^mmap2?\(.*MAP_SHARED'),
    ('lock', r'^flock'),
    ('rename', r'^renameat2'),
    ('link', r'^link'),
    ('unlink', r'^unlink'),
    ('memory', r'^memfd_create'),
    ('get flags', r'^fcntl(64)?\(.*F_GETFL'),
    ('get seals', r'^fcntl(64)?\(.*F_GET_SEALS'),
    ('duplicate', r'^fcntl(64)?\(.*F_DUPFD'),
    ('lock number', r'^fcntl(64)?\(.*F_OFD_SETLK'),
    ('read text', r'^read\('),
    ('read', r'^pread'),
    ('write', r'^pwrite'),
    ('entries', r'^getdents'),
    ('random', r'^getrandom'),
    ('inotify', r'^inotify_init1'),
    ('watch', r'^inotify_add_watch'),
    # Calls that cannot fail, and calls whose failure the library cannot handle.
    (None, r'^(brk|mmap2?|munmap|close|futex|get[a-z]+id|write|clock_gettime|mremap'
           r'|rt_sigprocmask|readlinkat|(clock_)?nanosleep(_time64)?)\('),
)

# A kind of system call that does not occur on all systems. With glibc 2.41 or later and a new
# kernel, the library gets random numbers without a system call.
OPTIONAL_KIND = 'random'

NO_DESCRIPTOR = {'EMFILE': 'too-many-files', 'ENFILE': 'too-many-files'}
NO_SPACE = dict.fromkeys(('ENOSPC', 'ENOMEM', 'EDQUOT'), 'no-space')
REFUSED = {'EACCES': 'permission-denied', 'EPERM': 'refused', 'EROFS': 'folder-read-only'}
REMOVAL_REFUSED = {**REFUSED, 'EPERM': 'permission-denied'}
BROKEN = {'EIO': 'failed', 'ENOMEM': 'no-space'}
IGNORED = {'EPERM': 'ok', 'EINVAL': 'ok', 'ENOSYS': 'ok'}

# If the library cannot create or link an unnamed file, it uses a draft with a hidden name.
OPEN_UNNAMED = {**NO_DESCRIPTOR, **NO_SPACE, 'EROFS': 'folder-read-only', 'EIO': 'failed',
                **dict.fromkeys(('EOPNOTSUPP', 'EISDIR', 'EINVAL', 'EACCES', 'ENOENT'), 'ok')}
LINK = {**NO_SPACE, 'EEXIST': 'exists', 'EROFS': 'folder-read-only', 'EMLINK': 'failed',
        'EIO': 'failed', 'ELOOP': 'failed',
        **dict.fromkeys(('ENOENT', 'EPERM', 'EACCES', 'ENOSYS', 'EXDEV', 'EINVAL'), 'ok')}
RESERVE = {**NO_SPACE, 'EFBIG': 'too-large', 'EIO': 'failed', 'EPERM': 'refused',
           **dict.fromkeys(('EINTR', 'EOPNOTSUPP', 'ENOSYS'), 'ok')}
SET_SIZE = {**NO_SPACE, 'EFBIG': 'too-large', 'EINVAL': 'failed', 'EPERM': 'refused'}
# EFAULT: an access to the memory would raise SIGBUS. EINVAL: kernels before 5.14 do not populate.
POPULATE = {**NO_SPACE, 'EFAULT': 'no-space', 'EIO': 'failed',
            **dict.fromkeys(('EINTR', 'EINVAL', 'ENOSYS', 'EPERM'), 'ok')}
MAP = {'ENOMEM': 'no-space', 'EAGAIN': 'failed', 'EPERM': 'refused',
       'EACCES': 'permission-denied'}
OPEN_BLOCK = {**NO_DESCRIPTOR, **NO_SPACE, 'EACCES': 'permission-denied', 'EIO': 'failed',
              'ENOENT': 'not-found', 'ELOOP': 'type-mismatch', 'ENXIO': 'type-mismatch',
              # Another process has a lease on the file: the library opens it again.
              'EAGAIN': 'ok'}

CREATE = {'limit': IGNORED, 'open unnamed': OPEN_UNNAMED, 'stat': BROKEN, 'chmod': REFUSED,
          'reserve': RESERVE, 'link': LINK}

CREATE_SPARSE = {**{kind: CREATE[kind] for kind in CREATE if kind != 'reserve'},
                 'set size': SET_SIZE}

# The library publishes a hidden draft by a rename. It ignores errors in its search for the drafts
# of dead creators.
HIDDEN = {**CREATE, 'link': {},
          'random': {'EAGAIN': 'ok', 'ENOSYS': 'ok'},
          'open folder': {'EMFILE': 'ok', 'EACCES': 'ok'},
          'stat folder': {'EIO': 'ok'},
          'entries': {'EIO': 'ok', 'ENOENT': 'ok'},
          'open draft': {**NO_DESCRIPTOR, **NO_SPACE, **REFUSED, 'EIO': 'failed'},
          'lock': {'EAGAIN': 'ok', 'ENOLCK': 'ok', 'ENOSYS': 'ok'},
          'rename': {**NO_SPACE, **REFUSED, 'EEXIST': 'exists', 'EIO': 'failed',
                     # EINVAL, ENOSYS: the library uses link() and unlink() instead.
                     # ENOENT: the library makes another draft.
                     'EINVAL': 'ok', 'ENOSYS': 'ok', 'ENOENT': 'ok'}}

# The outcome of each operation if one of its system calls fails with an errno value.
CASES = {
    'create': CREATE,
    'create generated': {**CREATE, 'random': {'EAGAIN': 'ok', 'ENOSYS': 'ok'},
                         'link': {**LINK, 'EEXIST': 'ok'}},
    'create hidden': HIDDEN,
    'create-sparse': CREATE_SPARSE,
    'create-populate': {**CREATE, 'map': MAP, 'populate': POPULATE},
    'create-huge': {**CREATE_SPARSE, 'map': MAP, 'populate': POPULATE, 'advise': {'EINVAL': 'ok'}},
    'open-or-create': {**CREATE, 'open block': {**OPEN_BLOCK, 'ENOENT': 'ok'},
                       # If the name does not exist, the library checks whether the folder does.
                       'stat name': {'EIO': 'ok', 'ENOENT': 'folder-missing'},
                       'link': {**LINK, 'EEXIST': 'ok'}},
    'open-or-create existing': {'open block': {**OPEN_BLOCK, 'ENOENT': 'ok'}, 'stat': BROKEN},
    'anonymous': {'limit': IGNORED, 'stat': BROKEN, 'chmod': REFUSED, 'reserve': RESERVE,
                  # EINVAL: before Linux 6.3, the kernel does not have the seal against executing.
                  'memory': {**NO_DESCRIPTOR, 'ENOMEM': 'no-space', 'ENOSYS': 'not-supported',
                             'EPERM': 'refused', 'EINVAL': 'ok'}},
    'attach': {'open block': OPEN_BLOCK, 'stat': BROKEN},
    'attach-read-only': {'open block': OPEN_BLOCK, 'stat': BROKEN},
    'attach-fd': {'get flags': {'EBADF': 'bad-descriptor'},
                  'statfs': {'EIO': 'failed', 'ENOSYS': 'not-supported', **BROKEN},
                  'get seals': {'EINVAL': 'ok', 'EBADF': 'ok'},
                  'duplicate': {'EMFILE': 'too-many-files', 'EINVAL': 'failed', 'EBADF': 'failed'},
                  'stat': BROKEN},
    'unlink': {'stat name': {**BROKEN, 'EACCES': 'permission-denied', 'ENOENT': 'not-found'},
               'unlink': {**REMOVAL_REFUSED, **BROKEN, 'EBUSY': 'failed', 'ENOENT': 'not-found'}},
    'remove': {'stat name': {**BROKEN, 'EACCES': 'permission-denied', 'ENOENT': 'not-found'},
               'unlink': {**REMOVAL_REFUSED, **BROKEN, 'EBUSY': 'failed', 'ENOENT': 'not-found'}},
    'read': {'read': {'EINTR': 'ok', **BROKEN}},
    'write': {'limit': IGNORED, 'size': {'ENOTTY': 'ok', **IGNORED}, 'get flags': {'EBADF': 'ok'},
              'write': {'EINTR': 'ok', **BROKEN, **NO_SPACE}},
    'write slowly': {'limit': {}, 'size': {}, 'stat': BROKEN, 'get flags': {}, 'write': BROKEN},
    'map': {'map': MAP},
    # Before Linux 6.7, mapping sealed memory with MAP_SHARED fails with EPERM.
    'map-read-only': {'get flags': {'EBADF': 'ok'}, 'map': {**MAP, 'EPERM': 'ok'}},
    'watch': {'test descriptor': {'EMFILE': 'too-many-files'},
              'inotify': {**NO_DESCRIPTOR, 'ENOMEM': 'no-space'},
              # ENOENT: another process has removed the name. The main loop emits the signal.
              'watch': {'ENOSPC': 'no-space', 'ENOMEM': 'no-space', 'EACCES': 'permission-denied',
                        'ENOENT': 'ok'},
              'stat name': {'ENOENT': 'ok', 'EACCES': 'ok', 'ENOMEM': 'ok'}},
    # The list does not contain a block that is removed while the list is made.
    'list': {'open folder': {**NO_DESCRIPTOR, 'EACCES': 'permission-denied',
                             'ENOENT': 'folder-missing'},
             'stat folder': BROKEN, 'entries': {'EIO': 'failed'},
             'stat name': {'ENOENT': 'ok'}},
    # ENOENT, EACCES: the other process has ended, or has closed the file, or it is not a registry of
    # this user. EAGAIN: the program has ended.
    'join': {'open folder': {**NO_DESCRIPTOR, 'EACCES': 'permission-denied', 'ENOENT': 'not-found'},
             'stat folder': BROKEN, 'entries': {'ENOENT': 'not-found'},
             'open block': {**NO_DESCRIPTOR, 'ENOMEM': 'no-space', 'EACCES': 'not-found',
                            'ENOENT': 'not-found'},
             'stat': {}, 'get flags': {}, 'read': {}, 'statfs': {'ENOSYS': 'ok'},
             'read text': {'ENOMEM': 'no-space', 'ENOENT': 'not-found'},
             'lock number': {'ENOLCK': 'no-space', 'EINVAL': 'not-supported', 'EAGAIN': 'not-found'},
             'map': {**MAP, 'EPERM': 'ok'}, 'stat name': {'ENOENT': 'not-found'}},
}

CREATING = {'create', 'create generated', 'create hidden', 'create-sparse', 'create-populate',
            'create-huge', 'open-or-create'}
REMOVING = {'unlink', 'remove'}
WITHOUT_BLOCK = {'anonymous', 'list', 'join'}

# The faults that every run of an operation injects, in addition to the fault of the test.
PERMANENT_FAULTS = {'create hidden': ('linkat:error=EPERM',),
                    'write slowly': ('ioctl:error=ENOTTY',)}


@dataclass(frozen=True)
class Call:
    kind: str
    syscall: str
    when: int   # the number of the call among all calls of this name in the process
    line: str


@dataclass
class Trace:
    calls: list
    report: object
    log: str


def kind_of(line, last_kind):
    for kind, pattern in KINDS:
        if re.search(pattern, line):
            # The C library calls fstat() for a folder that it has opened.
            return 'stat folder' if (kind, last_kind) == ('stat', 'open folder') else kind
    raise AssertionError(f'unknown system call: {line}')


def read_calls(log):
    """Returns the system calls of the operation that can fail. In the log, these calls are between
    two lines that the probe writes."""
    calls, counts, inside, kind = [], {}, False, None
    for line in log.splitlines():
        syscall = line.partition('(')[0]
        counts[syscall] = counts.get(syscall, 0) + 1
        if '"probe: ' in line:
            inside = '"probe: start' in line
        elif inside:
            kind = kind_of(line, kind)
            if kind is not None:
                calls.append(Call(kind, syscall, counts[syscall], line))
    return calls


def trace(folder, operation, name, faults):
    log = folder / 'log'
    log.unlink(missing_ok=True)
    command = ['strace', '-o', log, '-s', '300']
    for fault in (*PERMANENT_FAULTS.get(operation, ()), *faults):
        command += ['-e', f'inject={fault}']
    command += [PROBE, operation.partition(' ')[0], name, str(SIZE)]
    # With this umask, a new file has the wrong mode unless the library sets the mode itself.
    result = run(command, preexec_fn=lambda: os.umask(0o277))
    assert log.exists(), result.stderr
    text = log.read_text()
    return Trace(read_calls(text), read_report(result), text)


@pytest.fixture(scope='session')
def dry_runs(tmp_path_factory):
    """Returns a function that runs an operation without faults and returns its calls."""
    @functools.lru_cache(maxsize=None)
    def calls_of(operation):
        subject = Subject(operation)
        done = trace(tmp_path_factory.mktemp('dry-run'), operation, subject.name, ())
        subject.assert_outcome(done, 'ok')
        return done.calls
    return calls_of


class Subject:
    """The block that an operation uses, and assertions about the block after the operation."""

    def __init__(self, operation):
        self.operation = operation
        self.name = '-' if operation == 'create generated' else unique_name('fault')
        self.path = BLOCKS / self.name
        self.is_given = operation not in CREATING | WITHOUT_BLOCK
        if self.is_given:
            make_file(self.name)
            self.inode = self.path.stat().st_ino

    def assert_outcome(self, trace, outcome):
        report = trace.report
        try:
            assert report.outcome == outcome, f'{report.text}\n{trace.log}'
            self.assert_clean(report)
            self.assert_message(report)
            self.assert_drafts_are_gone(trace.log)
            if self.operation in CREATING:
                self.assert_created(report)
            elif self.is_given:
                self.assert_kept(report)
        finally:
            remove_generated(report)

    def assert_clean(self, report):
        # A process keeps the life line of its program.
        has_joined = self.operation == 'join' and report.outcome == 'ok'
        # The first watch opens an inotify descriptor, which all later watches share.
        report.assert_clean(more_descriptors=1 if self.operation == 'watch' or has_joined else 0,
                            more_mappings=1 if has_joined else 0)

    def assert_message(self, report):
        if report.outcome == 'ok':
            assert report.message == ''
        elif self.operation == 'list':
            assert report.message != ''
        elif self.operation == 'join':
            assert 'the program of process' in report.message
        elif report.message.startswith('Descriptor '):
            assert self.operation == 'attach-fd'
        elif self.operation == 'create generated':
            assert 'Block with a generated name' in report.message
        elif self.operation in ('anonymous', 'attach-fd'):
            assert 'without a name' in report.message
        else:
            assert f'"{self.name}"' in report.message

    def assert_created(self, report):
        path = BLOCKS / (report.name or self.name)
        assert path.exists() == (report.outcome == 'ok')
        if report.outcome != 'ok':
            return
        found = path.stat()
        assert stat.S_IMODE(found.st_mode) == 0o600
        assert found.st_size == SIZE
        assert found.st_nlink == 1
        assert self.operation == 'create-sparse' or found.st_blocks * 512 >= SIZE

    def assert_kept(self, report):
        if self.operation in REMOVING and report.outcome == 'ok':
            assert not self.path.exists()
            return
        assert self.path.stat().st_ino == self.inode
        content = self.path.read_bytes()
        assert content == CONTENT or self.operation.startswith('write') and len(content) == SIZE

    def assert_drafts_are_gone(self, log):
        drafts = re.findall(r'^open.*"(/dev/shm/\.shmobj-draft-\w+)".*O_CREAT', log, re.MULTILINE)
        assert not any(map(os.path.lexists, drafts)), log


def remove_generated(report):
    """Removes a block with a generated name, because remove_files() does not know this name."""
    if report.name.startswith('psm_'):
        (BLOCKS / report.name).unlink()


def run_with_fault(folder, operation, call, fault):
    """Runs the operation with a fault in one call.

    The number of the call comes from an earlier run without faults. If other programs had drafts in
    /dev/shm during one of the two runs, the number is wrong, and the function repeats the run.
    """
    for _ in range(5):
        subject = Subject(operation)
        done = trace(folder, operation, subject.name,
                     [f'{call.syscall}:error={fault}:when={call.when}'])
        hit = [other for other in done.calls if other.when == call.when
               and other.syscall == call.syscall and '(INJECTED)' in other.line]
        if len(hit) == 1 and hit[0].kind == call.kind:
            return subject, done
        remove_generated(done.report)
    raise AssertionError(f'the fault did not affect the call: {call}\n{done.log}')


def all_cases():
    for operation, kinds in CASES.items():
        for kind, faults in kinds.items():
            for fault, outcome in faults.items():
                yield pytest.param(operation, kind, fault, outcome,
                                   id=f'{operation}-{kind}-{fault}'.replace(' ', '_'))


@pytest.mark.parametrize('operation, kind, fault, outcome', all_cases())
def test_fault(dry_runs, tmp_path, operation, kind, fault, outcome):
    calls = [call for call in dry_runs(operation) if call.kind == kind]
    assert calls or kind == OPTIONAL_KIND, f'{operation} makes no such call'
    for call in calls:
        subject, done = run_with_fault(tmp_path, operation, call, fault)
        subject.assert_outcome(done, outcome)


@pytest.mark.parametrize('operation', CASES)
def test_all_calls_are_covered(dry_runs, operation):
    found = {call.kind for call in dry_runs(operation)}
    assert found - {OPTIONAL_KIND} == set(CASES[operation]) - {OPTIONAL_KIND}


def run_with(folder, operation, *faults):
    subject = Subject(operation)
    return subject, trace(folder, operation, subject.name, faults)


def kinds_of(done):
    return [call.kind for call in done.calls]


def make_fault_without_unnamed_files(dry_runs):
    """Returns a fault that simulates a system without unnamed files."""
    call = next(call for call in dry_runs('create') if call.kind == 'open unnamed')
    return f'{call.syscall}:error=EOPNOTSUPP:when={call.when}'


@pytest.mark.parametrize('operation', ['create', 'create-populate', 'open-or-create'])
def test_links_unavailable(tmp_path, operation):
    """If unnamed files cannot be linked, the library uses hidden drafts."""
    subject, done = run_with(tmp_path, operation, 'linkat:error=EPERM')
    assert kinds_of(done).count('link') == 2
    assert 'rename' in kinds_of(done)
    subject.assert_outcome(done, 'ok')


def test_no_unnamed_files(dry_runs, tmp_path):
    subject, done = run_with(tmp_path, 'create', make_fault_without_unnamed_files(dry_runs))
    assert 'link' not in kinds_of(done)
    assert 'rename' in kinds_of(done)
    subject.assert_outcome(done, 'ok')


def test_neither_unnamed_files_nor_rename(dry_runs, tmp_path):
    """Without renameat2(), the library links the hidden draft under the name of the block, and
    removes the hidden name."""
    subject, done = run_with(tmp_path, 'create', make_fault_without_unnamed_files(dry_runs),
                             'renameat2:error=ENOSYS')
    assert kinds_of(done)[-4:] == ['rename', 'link', 'unlink', 'lock']
    subject.assert_outcome(done, 'ok')


def test_no_method_works(dry_runs, tmp_path):
    """The library removes a draft that it cannot publish."""
    subject, done = run_with(tmp_path, 'create', make_fault_without_unnamed_files(dry_runs),
                             'renameat2:error=ENOSYS', 'link,linkat:error=EPERM')
    assert 'unlink' in kinds_of(done)
    subject.assert_outcome(done, 'refused')


def test_every_second_write_is_interrupted(tmp_path):
    """If fallocate() is unavailable, the library reserves pages by writing. If a signal interrupts
    pwrite(), the library continues."""
    subject, done = run_with(tmp_path, 'create', 'fallocate:error=EOPNOTSUPP',
                             'pwrite64:error=EINTR:when=1+2')
    assert kinds_of(done).count('write') >= 8
    subject.assert_outcome(done, 'ok')


def test_no_space_when_writing(tmp_path):
    subject, done = run_with(tmp_path, 'create', 'fallocate:error=EOPNOTSUPP',
                             'pwrite64:error=ENOSPC:when=3')
    subject.assert_outcome(done, 'no-space')


@pytest.mark.parametrize('operation', ['create', 'create generated', 'open-or-create'])
def test_name_always_exists(tmp_path, operation):
    """If every name is taken, the creation of a block with a given name fails at once. The other
    operations fail after several attempts."""
    subject, done = run_with(tmp_path, operation, 'linkat:error=EEXIST')
    assert (kinds_of(done).count('link') > 1) == (operation != 'create')
    subject.assert_outcome(done, 'timed-out' if operation == 'open-or-create' else 'exists')
