# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

# Functions for the tests in Perl. They use the typelib, without an override.

package Support;

use strict;
use warnings;
use Carp;
use Exporter 'import';
use Glib;
use Glib::Object::Introspection;

our @EXPORT = qw(new_name exists_block check equal fails find_info wait_for_result test run_tests
    MODE SIZE);

use constant {MODE => 0600, SIZE => 100};

Glib::Object::Introspection->setup(basename => 'Shm', version => '1.0', package => 'Shm');

my $count = 0;
my @names;

# Returns an unused name. The block with this name is removed at the end of the test.
sub new_name {
    push @names, "shmobj-perl-$$-" . $count++;
    return $names[-1];
}

sub exists_block {
    return -e "/dev/shm/$_[0]";
}

sub check {
    my ($condition) = @_;

    croak('the condition is false') unless $condition;
}

sub equal {
    my ($found, $wanted) = map { $_ // 'undef' } @_;

    croak("found $found instead of $wanted") unless $found eq $wanted;
}

# Checks that a function fails with this error code.
sub fails {
    my ($code, $function) = @_;

    eval { $function->() };
    croak('found ' . ($@ || 'no error') . " instead of $code")
        unless Glib::Error::matches($@, 'Shm::Error', $code);
}

# Returns the information about a block.
sub find_info {
    my ($infos, $name) = @_;
    my ($info) = grep { $_->name eq $name } @$infos;

    return $info;
}

# Calls an asynchronous function, and returns the GAsyncResult for its _finish function.
sub wait_for_result {
    my ($start) = @_;
    my $loop = Glib::MainLoop->new(undef, 0);
    my $result;

    $start->(sub {
        $result = $_[1];
        $loop->quit;
    });
    $loop->run unless defined $result;
    return $result;
}

my @tests;

sub test {
    my ($title, $function) = @_;

    push @tests, [$title, $function];
}

# Runs the tests and prints TAP.
sub run_tests {
    my ($number, $failures) = (0, 0);

    print '1..', scalar @tests, "\n";
    for (@tests) {
        my ($title, $function) = @$_;
        my $problem = eval { $function->(); 1 } ? undef : $@;

        unlink "/dev/shm/$_" for @names;
        @names = ();
        print defined $problem ? 'not ok ' : 'ok ', ++$number, " - $title\n";
        next unless defined $problem;

        $failures++;
        print "# $_\n" for split /\n/, $problem;
    }
    exit($failures > 0);
}

1;
