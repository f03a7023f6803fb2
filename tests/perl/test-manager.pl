# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

# Tests Shm.Manager in Perl through Glib::Object::Introspection. Prints TAP.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Support;

my $key = Glib::Bytes->new("\0\1\xffkey");

sub start {
    my $manager = Shm::Manager->new(undef, $key, []);

    $manager->start(undef);
    return $manager;
}

test 'start, create, list, remove, shut down' => sub {
    my $manager = Shm::Manager->new(undef, $key, []);
    my $name = new_name;

    equal($manager->get_state, 'initial');
    check($manager->start(undef));
    equal($manager->get_state, 'started');
    check($manager->get_pid > 0);
    equal($manager->get_authkey->get_data, "\0\1\xffkey");

    my $shm = $manager->create_shared_memory($name, SIZE, MODE, [], undef);
    my $list = $manager->create_shareable_list(
        Glib::Variant->new('(xs)', [42, 'howdy']), undef, MODE, [], undef);
    my $list_name = $list->get_shared_memory->get_name;
    equal($shm->get_name, $name);
    equal($list->get_string(1), 'howdy');
    equal("@{$manager->list_blocks(undef)}", "$name $list_name");

    check($manager->remove($name, undef));
    check(!exists_block($name));
    check($manager->shutdown(undef));
    equal($manager->get_state, 'shut-down');
    check(!exists_block($list_name));
};

test 'connect_to_server and track' => sub {
    my $manager = start;
    my $other = Shm::Manager->new($manager->get_address, $key, []);
    my $shm = Shm::SharedMemory->create(new_name, SIZE, []);

    check($other->connect_to_server(undef));
    equal($other->get_state, 'connected');
    check($other->track($shm->get_name, undef));
    equal("@{$manager->list_blocks(undef)}", $shm->get_name);
    $manager->shutdown(undef);
    check(!exists_block($shm->get_name));
    fails('server-died', sub { $other->list_blocks(undef) });
};

test 'signals' => sub {
    my $manager = start;
    my @signals;

    $manager->signal_connect('block-tracked' => sub { push @signals, "+$_[1]" });
    $manager->signal_connect('block-removed' => sub { push @signals, "-$_[1]" });
    my $name = $manager->create_shared_memory(undef, SIZE, MODE, [], undef)->get_name;
    $manager->remove($name, undef);
    equal("@signals", "+$name -$name");
    $manager->shutdown(undef);
};

test 'asynchronous functions' => sub {
    my $manager = Shm::Manager->new(undef, $key, []);

    check($manager->start_finish(wait_for_result(sub { $manager->start_async(undef, $_[0]) })));
    my $name = new_name;
    my $result = wait_for_result(sub {
        $manager->create_shared_memory_async($name, SIZE, MODE, [], undef, $_[0]);
    });
    equal($manager->create_shared_memory_finish($result)->get_name, $name);
    $result = wait_for_result(sub { $manager->list_blocks_async(undef, $_[0]) });
    equal("@{$manager->list_blocks_finish($result)}", $name);
    $result = wait_for_result(sub { $manager->shutdown_async(undef, $_[0]) });
    check($manager->shutdown_finish($result));
    check(!exists_block($name));
};

test 'errors' => sub {
    my $manager = Shm::Manager->new(undef, $key, []);

    fails('not-started', sub { $manager->shutdown(undef) });
    fails('not-found',
        sub { Shm::Manager->new('@' . new_name, $key, [])->connect_to_server(undef) });
    $manager->start(undef);
    fails('already-started', sub { $manager->start(undef) });
    fails('authentication-failed', sub {
        Shm::Manager->new($manager->get_address, Glib::Bytes->new('another key'), [])
            ->connect_to_server(undef);
    });
    fails('not-found', sub { $manager->remove(new_name, undef) });
    $manager->shutdown(undef);
    fails('closed', sub { $manager->list_blocks(undef) });
};

run_tests;
