# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Sourced by docs/try-it.sh and tests/run.sh: checks that the packages that these scripts need are
# installed, and builds. The caller sets source_dir, and sets install=yes if it was called with
# --install.

# Prints the packages for one purpose, from the list beside this file. A package whose name contains
# the version of Python is left out as long as there is no Python.
packages_for () {
    version=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || :)
    sed -n "s/^$1  *//p" "$source_dir/docs/debian-packages.txt" |
        if [ -n "$version" ]; then sed "s/@python@/$version/"; else grep -v @python@; fi
}

missing_packages () {
    for package in $(for purpose; do packages_for "$purpose"; done); do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
            printf ' %s' "$package"
    done
}

# Asks whether to install. Returns 1 if the answer is not yes, or if there is no terminal to ask at.
ask_to_install () {
    [ -t 0 ] && [ -t 2 ] && command -v sudo >/dev/null || return 1
    printf 'Install these packages now with sudo? [y/N] ' >&2
    read -r answer || return 1
    case $answer in
        y|Y|yes|Yes|YES) ;;
        *) return 1 ;;
    esac
}

# require_packages PURPOSE...: prints the missing packages. Installs them if the user is root, has
# given --install, or agrees. Otherwise prints the command that installs them, and exits.
require_packages () {
    if ! command -v apt-get >/dev/null; then
        echo "There is no apt-get here. Make sure that you have what these Debian packages contain:" \
            $(for purpose; do packages_for "$purpose"; done) >&2
        return
    fi

    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    echo "Missing packages:$missing" >&2

    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif [ "${install:-no}" = yes ] || ask_to_install; then
        as_root=sudo
    else
        echo "Install them with this command, or run this script again with --install:" >&2
        echo "  sudo apt-get install --no-install-recommends$missing" >&2
        exit 1
    fi

    echo "Installing them" >&2
    log=$(mktemp)
    {
        $as_root apt-get update -qq &&
            $as_root env DEBIAN_FRONTEND=noninteractive \
                apt-get install -qq -y --no-install-recommends $missing
    } >"$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; exit 1; }
    rm -f "$log"
}

# build_in DIR TARGET [OPTION...]: configures a new build folder or updates an existing one, and
# compiles the target. Prints the output only if that fails.
build_in () {
    build=$1
    target=$2
    shift 2
    mkdir -p "$(dirname "$build")"
    {
        if [ -f "$build/build.ninja" ]; then
            # `meson configure` fails if an option is newer than the build folder.
            meson configure "$build" "$@" || meson setup --reconfigure "$build" "$source_dir" "$@"
        else
            meson setup "$build" "$source_dir" "$@"
        fi && ninja -C "$build" "$target"
    } >"$build.log" 2>&1 || { cat "$build.log" >&2; exit 1; }
}

# Prints the address of the Debian archive from which apt-get gets the packages of this machine.
debian_mirror () {
    [ -z "${SHMOBJ_DEBIAN_MIRROR:-}" ] || { echo "$SHMOBJ_DEBIAN_MIRROR"; return; }
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' \
        'Label: Debian' 'Component: main' | head -n 1)
    [ -n "$mirror" ] || {
        echo "apt-get knows no archive of Debian. Set SHMOBJ_DEBIAN_MIRROR to the address of one" >&2
        return 1
    }
    echo "$mirror"
}
