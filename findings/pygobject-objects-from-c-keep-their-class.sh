#!/bin/sh
# SPDX-FileCopyrightText: 2026 The contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# In PyGObject, each object that comes from C leaves one reference to its class behind.
#
# A good guess: when the last reference to a Python object is gone, so is its reference to its class.
# Whether Python or C has made the GObject makes no difference.
#
# What happens: an object that Python has made releases its class. An object that PyGObject has made
# for a GObject that C returned, such as the result of Gio.File.new_for_path(), does not: the count
# of references to the class grows by one for each object. So a test for leaked references finds
# one in each such call.
#
# Software: python3-gi 3.50.0-4+b1 with gir1.2-glib-2.0 2.84.4-3~deb13u5 and Python 3.13.5-2+deb13u5
# (Debian 13). Recorded 2026-11-29.

. "$(dirname "$0")/common"

install trixie python3-gi=3.50.0-4+b1 gir1.2-glib-2.0=2.84.4-3~deb13u5 \
    python3.13=3.13.5-2+deb13u5

cat >"$work/root/tmp/try.py" <<'END'
import gc, sys

from gi.repository import Gio

def count(make):
    kind = type(make())
    gc.collect()
    before = sys.getrefcount(kind)
    for _ in range(1000):
        make()
    gc.collect()
    return sys.getrefcount(kind) - before

print('References to the class after 1000 objects')
print('Gio.Cancellable(), made by Python:', count(Gio.Cancellable))
print('Gio.Cancellable.new(), made by C:', count(Gio.Cancellable.new))
print('Gio.File.new_for_path(), made by C:', count(lambda: Gio.File.new_for_path('/')))
END
cat >"$work/expected" <<'END'
References to the class after 1000 objects
Gio.Cancellable(), made by Python: 0
Gio.Cancellable.new(), made by C: 1000
Gio.File.new_for_path(), made by C: 1000
END
inside python3.13 /tmp/try.py >"$work/seen" 2>"$work/log"
compare "$work/expected" "$work/seen"
