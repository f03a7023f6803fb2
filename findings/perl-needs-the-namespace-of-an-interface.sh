#!/bin/sh
# SPDX-FileCopyrightText: 2026 The contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# In Perl, an object has the methods of an interface only if the program has loaded the namespace of
# the interface itself.
#
# A good guess: the typelib of a class names the namespaces that it depends on. So a program that
# loads the class also gets the interfaces that the class implements, as in Python and JavaScript.
#
# What happens: Glib::Object::Introspection makes a Perl package only for the namespaces that the
# program names. Without the namespace of the interface, perl knows no package with its methods, and
# there is neither a warning nor an error before the call. Here a GdkPixbuf.Pixbuf implements
# Gio.Icon, and so has a method equal().
#
# Software: libglib-object-introspection-perl 0.051-2+b1 (Debian 13). Recorded 2026-11-29.

. "$(dirname "$0")/common"

install trixie libglib-object-introspection-perl=0.051-2+b1 gir1.2-gdkpixbuf-2.0

cat >"$work/root/tmp/try.pl" <<'END'
use strict;
use warnings;
use Glib::Object::Introspection;

my ($when) = @ARGV;

sub load {
  my ($namespace, $package) = @_;
  Glib::Object::Introspection->setup (basename => $namespace, version => '2.0',
                                      package => $package);
}

load ('Gio', 'Icons') if $when eq 'before';
load ('GdkPixbuf', 'Pictures');
load ('Gio', 'Icons') if $when eq 'after';

my $picture = Pictures::Pixbuf->new ('rgb', 0, 8, 4, 4);
my $answer = eval { $picture->equal ($picture) ? 'yes' : 'no' };
$answer = $@ =~ /locate object method "equal"/ ? 'no such method' : $@ unless defined $answer;
print "Gio loaded $when: $answer\n";
END
cat >"$work/expected" <<'END'
Gio loaded never: no such method
Gio loaded before: yes
Gio loaded after: yes
END
for when in never before after; do
    inside perl /tmp/try.pl "$when"
done >"$work/seen" 2>"$work/log"
compare "$work/expected" "$work/seen"
