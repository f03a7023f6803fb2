#!/bin/sh
# SPDX-FileCopyrightText: 2026 The contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# gi-docgen writes a dead link if the finish function of an asynchronous function is a constructor.
#
# A good guess: the page of an asynchronous function links to the page of its finish function. The
# GIR names that function in the attribute glib:finish-func, and GIO has this pattern too:
# g_dbus_proxy_new() ends with the constructor g_dbus_proxy_new_finish().
#
# What happens: gi-docgen finds the finish function among the constructors, and the text of the link
# is right. But the address of the link is always "type_func.CLASS.FINISH.html", and the page of a
# constructor has the name "ctor.CLASS.FINISH.html". The link is dead, and --fatal-warnings reports
# nothing.
#
# Software: gi-docgen 2025.3-1 (Debian 13). Recorded 2026-11-28.

. "$(dirname "$0")/common"

install trixie gi-docgen=2025.3-1 gir1.2-glib-2.0-dev libgirepository1.0-dev

cat >"$work/root/tmp/Demo-1.0.gir" <<'END'
<?xml version="1.0"?>
<repository version="1.2" xmlns="http://www.gtk.org/introspection/core/1.0"
            xmlns:c="http://www.gtk.org/introspection/c/1.0"
            xmlns:glib="http://www.gtk.org/introspection/glib/1.0">
  <include name="Gio" version="2.0"/>
  <namespace name="Demo" version="1.0" shared-library="libdemo.so.0"
             c:identifier-prefixes="Demo" c:symbol-prefixes="demo">
    <class name="Thing" c:symbol-prefix="thing" c:type="DemoThing" parent="GObject.Object"
           glib:type-name="DemoThing" glib:get-type="demo_thing_get_type">
      <doc filename="demo.c" line="1">A thing.</doc>
      <constructor name="new_finish" c:identifier="demo_thing_new_finish" throws="1">
        <doc filename="demo.c" line="1">Finishes.</doc>
        <return-value transfer-ownership="full">
          <doc filename="demo.c" line="1">a thing</doc>
          <type name="Thing" c:type="DemoThing*"/>
        </return-value>
        <parameters>
          <parameter name="result" transfer-ownership="none">
            <doc filename="demo.c" line="1">a result</doc>
            <type name="Gio.AsyncResult" c:type="GAsyncResult*"/>
          </parameter>
        </parameters>
      </constructor>
      <function name="new_async" c:identifier="demo_thing_new_async"
                glib:finish-func="new_finish">
        <doc filename="demo.c" line="1">Starts.</doc>
        <return-value transfer-ownership="none"><type name="none" c:type="void"/></return-value>
      </function>
    </class>
  </namespace>
</repository>
END
cat >"$work/root/tmp/demo.toml" <<'END'
[library]
version = "1.0"
END
inside gi-docgen generate --quiet --fatal-warnings --no-namespace-dir --config=/tmp/demo.toml \
    --output-dir=/tmp/html /tmp/Demo-1.0.gir >"$work/log" 2>&1
cat >"$work/expected" <<'END'
href="type_func.Thing.new_finish.html"><code>demo_thing_new_finish()
ctor.Thing.new_finish.html
END
{
    grep -o 'href="[a-z_]*.Thing.new_finish.html"><code>[A-Za-z_]*()' \
        "$work/root/tmp/html/type_func.Thing.new_async.html"
    (cd "$work/root/tmp/html" && ls | grep 'Thing.new_finish')
} >"$work/seen"
compare "$work/expected" "$work/seen"
