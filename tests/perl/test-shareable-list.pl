# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

# Tests Shm.ShareableList in Perl through Glib::Object::Introspection. Prints TAP.

use strict;
use warnings;
use utf8;
use FindBin;
use lib $FindBin::Bin;
use Support;

use constant {LEAST => -9223372036854775807 - 1, MOST => 9223372036854775807};

sub mixed_values {
    return Glib::Variant->new('(xdsbx)', [42, 2.5, 'howdy', 1, -7]);
}

test 'values of each kind' => sub {
    my $list = Shm::ShareableList->create(mixed_values, new_name, []);
    my $other = Shm::ShareableList->attach($list->get_shared_memory->get_name, []);
    my @kinds = qw(int64 double string boolean int64);

    for my $each ($list, $other) {
        equal($each->get_length, 5);
        equal($each->get_value_kind($_), $kinds[$_]) for 0 .. 4;
        equal($each->get_int64(0), 42);
        equal($each->get_double(1), 2.5);
        equal($each->get_string(2), 'howdy');
        check($each->get_boolean(3));
        equal($each->get_int64(4), -7);
        equal($each->get_format, 'qd8sxxxxxxx?q');
    }
};

test 'writing' => sub {
    my $list = Shm::ShareableList->create(mixed_values, new_name, []);

    for my $number (LEAST, MOST, 9007199254740993) {
        check($list->set_int64(0, $number));
        equal($list->get_int64(0), $number);
    }
    $list->set_double(1, 0.25);
    equal($list->get_double(1), 0.25);
    $list->set_string(2, 'naïve');
    equal($list->get_string(2), 'naïve');
    $list->set_boolean(3, 0);
    check(!$list->get_boolean(3));
    $list->set_none(4);
    equal($list->get_value_kind(4), 'none');
    $list->set_value(4, Glib::Variant->new('s', 'text'));
    equal($list->get_value(4)->get('s'), 'text');
};

test 'bytes, and NULs in text' => sub {
    my $list = Shm::ShareableList->create(mixed_values, new_name, []);

    for my $data ("a\0b", "\0", "a\0\0", "\0\xff\0", '') {
        $list->set_bytes(2, Glib::Bytes->new($data));
        equal($list->get_bytes(2)->get_data // '', $data); # undef for no bytes
    }
    for my $text ("a\0b", "\0", "\xc3\xa9\0\0") {
        $list->set_text(2, Glib::Bytes->new($text));
        equal($list->get_text(2)->get_data, $text);
        fails('not-supported', sub { $list->get_string(2) });
    }
};

test 'values as variants' => sub {
    my $list = Shm::ShareableList->create(mixed_values, new_name, []);

    equal($list->get_value(0)->get('x'), 42);
    equal($list->get_value(2)->get('s'), 'howdy');
    equal($list->count(Glib::Variant->new('s', 'howdy')), 1);
    equal(join(' ', $list->find(Glib::Variant->new('b', 1))), '1 3');
    fails('value-not-found', sub { $list->find(Glib::Variant->new('s', 'none')) });
    equal($list->copy_values->print(0), "[<int64 42>, <2.5>, <'howdy'>, <true>, <int64 -7>]");
};

test 'asynchronous functions' => sub {
    my $name = new_name;
    my $result = wait_for_result(sub {
        Shm::ShareableList::create_async(mixed_values, $name, MODE, [], undef, $_[0]);
    });
    my $list = Shm::ShareableList->create_finish($result);

    $result = wait_for_result(sub {
        $list->set_value_async(2, Glib::Variant->new('s', 'text'), undef, $_[0]);
    });
    check($list->set_value_finish($result));
    $result = wait_for_result(sub { $list->get_value_async(2, undef, $_[0]) });
    equal($list->get_value_finish($result)->get('s'), 'text');
    $result = wait_for_result(
        sub { $list->find_async(Glib::Variant->new('s', 'none'), undef, $_[0]) });
    fails('value-not-found', sub { $list->find_finish($result) });
};

test 'errors' => sub {
    my $list = Shm::ShareableList->create(mixed_values, new_name, []);
    my $name = $list->get_shared_memory->get_name;
    my $reader = Shm::ShareableList->attach($name, ['read-only']);

    fails('out-of-range', sub { $list->get_int64(5) });
    fails('type-mismatch', sub { $list->get_int64(1) });
    fails('too-large', sub { $list->set_string(2, 'too long for it') });
    fails('read-only', sub { $reader->set_int64(0, 1) });
    fails('exists', sub { Shm::ShareableList->create(mixed_values, $name, []) });
    fails('not-found', sub { Shm::ShareableList->attach(new_name, []) });
    $list->get_shared_memory->close;
    fails('closed', sub { $list->get_int64(0) });
};

run_tests;
