# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests access to blocks of other users, and to files that are not regular files."""

import os
import socket
import stat

import pytest

from support import BLOCKS, CONTENT, SIZE, make_file, probe, unique_name

# Two user IDs that own no files.
ALICE, BOB = 65533, 65534


def outcome(*arguments, **options):
    report = probe(*arguments, **options)
    assert report.outcome != 'died', report.text
    report.assert_clean()
    return report.outcome


if os.geteuid() == 0:
    def as_user(user, *arguments):
        return outcome('--user', user, *arguments)

    def make_file_of(user, mode):
        name = unique_name('of-user')
        os.chown(make_file(name, mode=mode), user, user)
        return name

    def assert_untouched(name):
        assert (BLOCKS / name).read_bytes() == CONTENT

    @pytest.mark.parametrize('operation', ['attach', 'attach-read-only', 'open-or-create',
                                           'attach-fd'])
    @pytest.mark.parametrize('user', [BOB, 0])
    def test_untrusted_owner(operation, user):
        """The library does not trust the blocks of another ordinary user. This also protects root:
        the owner of a block could truncate the block while root has mapped it."""
        name = make_file_of(ALICE, 0o666)
        report = probe('--user', user, operation, name, SIZE)
        assert report.outcome == 'untrusted-owner', report.text
        assert str(ALICE) in report.message
        assert 'the flag ANY_OWNER' in report.message
        report.assert_clean()
        assert_untouched(name)

    @pytest.mark.parametrize('operation', ['attach', 'attach-read-only', 'attach-fd'])
    @pytest.mark.parametrize('user', [BOB, 0])
    def test_any_owner(operation, user):
        name = make_file_of(ALICE, 0o666)
        assert as_user(user, '--any-owner', operation, name) == 'ok'
        assert_untouched(name)

    @pytest.mark.parametrize('operation', ['attach', 'attach-read-only', 'open-or-create', 'map'])
    def test_root_is_trusted(operation):
        name = make_file_of(0, 0o666)
        assert as_user(BOB, operation, name, SIZE) == 'ok'
        assert_untouched(name)

    @pytest.mark.parametrize('owner', [0, ALICE])
    @pytest.mark.parametrize('operation', ['attach', 'attach-read-only', 'open-or-create'])
    @pytest.mark.parametrize('options', [(), ('--any-owner',)])
    def test_no_permission(owner, operation, options):
        name = make_file_of(owner, 0o600)
        assert as_user(BOB, *options, operation, name, SIZE) == 'permission-denied'
        assert_untouched(name)

    def test_permission_to_read_only(name):
        name = make_file_of(0, 0o644)
        assert as_user(BOB, 'attach', name) == 'permission-denied'
        assert as_user(BOB, 'attach-read-only', name) == 'ok'
        assert as_user(BOB, 'map-read-only', name) == 'ok'
        assert_untouched(name)

    def test_unlink_of_another_user():
        """The sticky bit of /dev/shm prevents one user from unlinking a file of another user."""
        name = make_file_of(ALICE, 0o666)
        assert as_user(BOB, '--any-owner', 'unlink', name) == 'permission-denied'
        assert as_user(BOB, 'remove', name) == 'permission-denied'
        assert_untouched(name)
        assert as_user(ALICE, 'unlink', name) == 'ok'
        assert not (BLOCKS / name).exists()

    def test_name_of_another_user():
        name = make_file_of(ALICE, 0o600)
        assert as_user(BOB, 'create', name, SIZE) == 'exists'
        assert_untouched(name)

    @pytest.mark.parametrize('operation', ['create', 'create-sparse', 'create-populate',
                                           'open-or-create'])
    def test_create_without_privileges(name, operation):
        assert as_user(BOB, operation, name, SIZE) == 'ok'
        found = (BLOCKS / name).stat()
        assert (found.st_uid, found.st_gid) == (BOB, BOB)
        assert stat.S_IMODE(found.st_mode) == 0o600
        assert found.st_size == SIZE

    def test_between_users(name):
        assert as_user(ALICE, 'create-for-all', name, SIZE) == 'ok'
        assert stat.S_IMODE((BLOCKS / name).stat().st_mode) == 0o666
        assert as_user(ALICE, 'attach', name) == 'ok'
        assert as_user(BOB, 'attach', name) == 'untrusted-owner'
        assert as_user(BOB, '--any-owner', 'write', name) == 'ok'

    def test_list_all():
        """The list also contains blocks that the user has no permission to open."""
        make_file_of(ALICE, 0o600)
        assert as_user(BOB, 'list', '-') == 'ok'


# Files of other types

def make_link(path):
    target = unique_name('target')
    path.symlink_to(make_file(target))


def make_broken_link(path):
    path.symlink_to(BLOCKS / unique_name('nowhere'))


def make_circular_link(path):
    path.symlink_to(path)


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


NOT_BLOCKS = [make_link, make_broken_link, make_circular_link, make_socket, os.mkfifo, os.mkdir]


@pytest.fixture(params=NOT_BLOCKS, ids=lambda make: make.__name__)
def not_block(request, name):
    path = BLOCKS / name
    request.param(path)
    before = os.lstat(path)
    pointed = os.readlink(path) if path.is_symlink() else None
    yield name
    after = os.lstat(path)
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    if pointed is None:
        return
    if request.param is make_link:
        assert (BLOCKS / pointed).read_bytes() == CONTENT
    elif request.param is make_broken_link:
        assert not os.path.lexists(pointed)


@pytest.mark.parametrize('options', [(), ('--any-owner',)])
@pytest.mark.parametrize('operation', ['attach', 'attach-read-only', 'open-or-create', 'remove'])
def test_not_block(not_block, operation, options):
    """An operation on a file of another type fails. The library does not follow links, does not
    block, and does not remove the file."""
    report = probe(*options, operation, not_block, SIZE)
    assert report.outcome == 'type-mismatch', report.text
    assert not_block in report.message
    report.assert_clean()


@pytest.mark.parametrize('operation', ['create', 'create-sparse'])
def test_name_of_not_block(not_block, operation):
    assert outcome(operation, not_block, SIZE) == 'exists'


def test_name_with_path(tmp_path, name):
    """A name cannot lead to another folder."""
    for wrong in (f'../shm/{name}', f'{name}/..', '..', '.', '', '/', 'a/b'):
        for operation in ('create', 'attach', 'open-or-create', 'remove'):
            assert outcome(operation, wrong, SIZE) == 'invalid-name'
    assert not (BLOCKS / name).exists()


def test_own_block(block):
    for operation in ('attach', 'attach-read-only', 'attach-fd', 'map', 'read', 'open-or-create'):
        assert outcome(operation, block, SIZE) == 'ok'
    assert (BLOCKS / block).read_bytes() == CONTENT
    assert outcome('unlink', block) == 'ok'
    assert not (BLOCKS / block).exists()
