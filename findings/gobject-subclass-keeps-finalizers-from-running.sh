#!/bin/sh
# SPDX-FileCopyrightText: 2026 The contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A program that defines a subclass of GObject.Object with a method runs no finalizer of any of its
# global objects at its end.
#
# A good guess: at the end of a program, Python deletes the names of __main__ and then collects cycles,
# so that __del__() of a global object runs. A class that nobody uses does not change this.
#
# What happens: PyGObject registers a GType for the class, and this type holds a reference to the class
# that the garbage collector does not see. The class refers to its method, the method refers to the
# globals of __main__, and so all global objects stay alive, without a warning. A plain class with the
# same method has no such effect.
#
# Software: python3-gi 3.50.0-4+b1 with Python 3.13.5 (Debian 13). Recorded 2026-11-29.

. "$(dirname "$0")/common"

install trixie python3-gi=3.50.0-4+b1 gir1.2-glib-2.0

cat >"$work/root/tmp/try.py" <<'END'
import sys
from gi.repository import GObject

class Observer:
    def __del__(self):
        print('the finalizer runs')

class Unused(object if sys.argv[1] == 'plain' else GObject.Object):
    def method(self):
        pass

observer = Observer()
print(sys.argv[1])
END
cat >"$work/expected" <<'END'
plain
the finalizer runs
GObject
END
for base in plain GObject; do
    inside python3 /tmp/try.py "$base"
done >"$work/seen" 2>"$work/log"
compare "$work/expected" "$work/seen"
