# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

# Tests Shm.SharedMemory in Perl through Glib::Object::Introspection. Prints TAP.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Support;

test 'create, attach, read, write' => sub {
    my $shm = Shm::SharedMemory->create(new_name, SIZE, []);
    my $other = Shm::SharedMemory->attach($shm->get_name, []);

    equal($other->get_size, SIZE);
    equal($other->get_mode, MODE);
    check($shm->write(90, Glib::Bytes->new("\0\1\xffperl")));
    equal($other->read(90, 7)->get_data, "\0\1\xffperl");
    equal($other->read(SIZE, 0)->get_size, 0);
    check($other->close);
    check($other->is_closed);
    check($shm->unlink);
    check($shm->is_unlinked);
    check(!exists_block($shm->get_name));
};

test 'numbers' => sub {
    my $shm = Shm::SharedMemory->create(new_name, SIZE, []);
    my %values = (
        int8 => [-128, 127], uint8 => [0, 255], int16 => [-32768, 32767], uint16 => [0, 65535],
        int32 => [-2**31, 2**31 - 1], uint32 => [0, 2**32 - 1],
        int64 => ['-9223372036854775808', '9223372036854775807', '9007199254740993'],
        uint64 => [0, '18446744073709551615', '9007199254740993'],
        float => [-0.5], double => [0.1, 1e300],
    );

    for my $type (sort keys %values) {
        my ($get, $set) = ("get_$type", "set_$type");

        for my $value (@{$values{$type}}) {
            $shm->$set(3, $value =~ /^-?\d{10,}$/ ? $value + 0 : $value);
            equal($shm->$get(3), $value);
        }
    }
};

test 'list_blocks' => sub {
    my $shm = Shm::SharedMemory->create(new_name, SIZE, []);
    my $infos = Shm::list_blocks();
    my $info = find_info($infos, $shm->get_name);

    equal($info->size, SIZE);
    equal($info->mode, MODE);
    equal($info->owner_uid, $shm->get_owner_uid);
    check(Shm::remove_block($shm->get_name));
    undef $infos;
    equal(find_info(Shm::list_blocks(), $shm->get_name), undef);
    equal($info->name, $shm->get_name);
};

test 'asynchronous functions' => sub {
    my $name = new_name;
    my $result = wait_for_result(
        sub { Shm::SharedMemory::create_async($name, SIZE, MODE, [], undef, $_[0]) });
    my $shm = Shm::SharedMemory->create_finish($result);

    equal($shm->get_name, $name);
    $result = wait_for_result(
        sub { $shm->write_async(0, Glib::Bytes->new("\0perl"), undef, $_[0]) });
    check($shm->write_finish($result));
    $result = wait_for_result(sub { $shm->read_async(0, 5, undef, $_[0]) });
    equal($shm->read_finish($result)->get_data, "\0perl");
    $result = wait_for_result(
        sub { Shm::SharedMemory::attach_async(new_name, [], undef, $_[0]) });
    fails('not-found', sub { Shm::SharedMemory->attach_finish($result) });
    $result = wait_for_result(sub { Shm::list_blocks_async(undef, $_[0]) });
    equal(find_info(Shm::list_blocks_finish($result), $name)->size, SIZE);
};

test 'signals' => sub {
    my $shm = Shm::SharedMemory->create(new_name, SIZE, []);
    my @signals;

    $shm->signal_connect($_ => sub { push @signals, 'emitted' }) for qw(unlinked closed);
    $shm->unlink;
    $shm->close;
    equal(@signals, 2);
};

test 'anonymous blocks' => sub {
    my $shm = Shm::SharedMemory->create_anonymous(SIZE, []);
    my $other = Shm::SharedMemory->attach_fd($shm->get_fd, ['read-only']);

    equal($shm->get_name, undef);
    $shm->set_int32(0, 42);
    equal($other->get_int32(0), 42);
    fails('read-only', sub { $other->set_int32(0, 1) });
};

test 'errors' => sub {
    my $shm = Shm::SharedMemory->create(new_name, SIZE, []);

    fails('exists', sub { Shm::SharedMemory->create($shm->get_name, SIZE, []) });
    fails('not-found', sub { Shm::SharedMemory->attach(new_name, []) });
    fails('invalid-size', sub { Shm::SharedMemory->create(new_name, 0, []) });
    fails('out-of-range', sub { $shm->read(SIZE, 1) });
    fails('out-of-range', sub { $shm->set_int64(SIZE - 7, 1) });
    fails('not-found', sub { Shm::remove_block(new_name) });
    $shm->close;
    fails('closed', sub { $shm->read(0, 1) });
};

run_tests;
