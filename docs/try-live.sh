#!/bin/sh
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A window on shared memory: sh docs/try-live.sh [--install] [OPTION...]
#
# Builds the library and opens a window of GTK 4. The window shows a shared list and a shared picture
# while programs in Python, JavaScript and C change them. The options are those of the window:
# --dark and --screenshot=FILE. Installs missing packages if you are root, with --install, or after a
# question at a terminal.

set -eu

source_dir=$(cd "$(dirname "$0")/.." && pwd)
work_dir=${SHMOBJ_WORK_DIR:-$source_dir/_build}
build=$work_dir/live

. "$source_dir/docs/setup.sh"

install=no
if [ "${1:-}" = --install ]; then
    install=yes
    shift
fi

require_packages tour live
[ -f "$build/build.ninja" ] || echo "Building in $build"
build_in "$build" live -Dtests=disabled -Dintrospection=enabled -Dpython_extension=enabled

exec meson devenv -C "$build" ./docs/examples/example-live-viewer "$@" \
    "$source_dir/docs/examples/live"
