# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Sourced by docs/try-it.sh and tests/run.sh: sees to it that what they need is installed.

# The packages of one purpose, of the list that stands beside this file.
packages_for () {
    sed -n "s/^$1  *//p" "$source_dir/docs/debian-packages.txt"
}

missing_packages () {
    for package in $(for purpose; do packages_for "$purpose"; done); do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
            printf '%s ' "$package"
    done
}

# install_packages PURPOSE...: says what is missing, and installs it.
install_packages () {
    if ! command -v apt-get >/dev/null; then
        echo "No apt-get here: the counterparts of these Debian packages are needed:" \
            $(for purpose; do packages_for "$purpose"; done) >&2
        return
    fi

    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0

    as_root=
    if [ "$(id -u)" != 0 ]; then
        as_root=sudo
        command -v sudo >/dev/null || {
            echo "Missing: $missing" >&2
            echo "There is no sudo here. Run as root: apt-get install $missing" >&2
            exit 1
        }
    fi

    echo "Missing, and installed now: $missing"
    log=$(mktemp)
    {
        $as_root apt-get update -qq &&
            $as_root env DEBIAN_FRONTEND=noninteractive \
                apt-get install -qq -y --no-install-recommends $missing
    } >"$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; exit 1; }
    rm -f "$log"
}

# build_in DIR [OPTION...]: configures, or brings what is there up to date, and compiles; speaks
# only when that fails.
build_in () {
    build=$1
    shift
    mkdir -p "$(dirname "$build")"
    {
        if [ -f "$build/build.ninja" ]; then
            meson configure "$build" "$@"
        else
            meson setup "$build" "$source_dir" "$@"
        fi && ninja -C "$build"
    } >"$build.log" 2>&1 || { cat "$build.log" >&2; exit 1; }
}
