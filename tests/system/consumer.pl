# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

# A program that uses the installed library from Perl.

use strict;
use warnings;
use Glib::Object::Introspection;

Glib::Object::Introspection->setup(basename => 'Shm', version => '1.0', package => 'Shm');

my $shm = Shm::SharedMemory->create(undef, 16, ['unlink-on-close']);
my $other = Shm::SharedMemory->attach($shm->get_name, []);

$other->set_int64(8, -42);
die 'wrong value' unless $shm->get_int64(8) == -42;

$shm->close;
print "ok\n";
