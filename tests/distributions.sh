#!/bin/sh
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the library and runs all tests in other releases of Debian, and prints a table of the
# versions and the results.
#
#   sh tests/distributions.sh [--install] [RELEASE...]
#
# RELEASE is a name of Debian such as bookworm, trixie or sid; these three are the default. Each
# release gets its own root folder, made with debootstrap, in which tests/run.sh installs the
# packages that it needs and tests a clean copy of the source code. A later run uses the folder again
# and upgrades its packages. This needs root, for chroot and mount, and about 4 GB for each release.
# The mounts are in a mount namespace of the script, and end with it.
#
# The logs are beside the root folders. The script fails if a test of a release failed.
#
# Environment variables: SHMOBJ_WORK_DIR, the build folder (default _build); SHMOBJ_ROOTS, the folder
# of the root folders (default SHMOBJ_WORK_DIR/distributions); SHMOBJ_DEBIAN_MIRROR, the archive
# (default: the one from which apt-get gets the packages of this machine).

set -eu

source_dir=$(cd "$(dirname "$0")/.." && pwd)
work_dir=${SHMOBJ_WORK_DIR:-$source_dir/_build}
roots=${SHMOBJ_ROOTS:-$work_dir/distributions}

. "$source_dir/docs/setup.sh"

install=no
if [ "${1:-}" = --install ]; then
    install=yes
    shift
fi
case ${1:-} in
    -*)
        sed -n 's/^# \{0,1\}//p' "$0" | sed -n '5,20p' >&2
        exit 2
        ;;
esac
[ $# -gt 0 ] || set -- bookworm trixie sid
[ "$(id -u)" = 0 ] || { echo "$0 needs the rights of root, for chroot and mount" >&2; exit 1; }
require_packages distributions

# The Release file of a mirror can be older than its signature says.
make_root () {
    mirror=$(debian_mirror) &&
        rm -rf "$root.new" &&
        debootstrap --variant=minbase --include=ca-certificates "$release" "$root.new" "$mirror" &&
        echo 'Acquire::Check-Valid-Until "false";' >"$root.new/etc/apt/apt.conf.d/90shmobj" &&
        mv "$root.new" "$root"
}

# in_root COMMAND...: runs a command in the root folder, with its own /proc, /dev/shm and process
# numbers. All processes that the command leaves behind end with it.
in_root () {
    unshare --mount --pid --fork sh -ec '
        mount --bind "$0" "$0"
        mount -t proc proc "$0/proc"
        mount --rbind /dev "$0/dev"
        mount --make-rslave "$0/dev"
        mount -t tmpfs -o mode=1777 tmpfs "$0/dev/shm"
        mount -t sysfs sysfs "$0/sys"
        exec chroot "$0" "$@"
    ' "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
        LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} "$@"
}

# Installs all versions of Python that the release has: the tests compare with each of them.
install_pythons () {
    in_root sh -c 'apt-get install -qq -y --no-install-recommends \
        $(apt-cache pkgnames python3. | grep -xE "python3\.[0-9]+")'
}

copy_sources () {
    rm -rf "$root/srv/shmobj" && mkdir -p "$root/srv/shmobj" &&
    (cd "$source_dir" && tar cf - --exclude=./.git --exclude='./_build*' --exclude='./build*' .) |
        tar xf - -C "$root/srv/shmobj" --no-same-owner
}

# Prints the row of a release in the table. $1: the result of its tests.
print_row () {
    in_root sh -c '
        version () { pkg-config --modversion "$1" 2>/dev/null || echo "-"; }
        python=$(/usr/bin/python3 --version | cut -d " " -f 2)
        for other in /usr/bin/python3.*[0-9]; do
            other=$("$other" --version | cut -d " " -f 2)
            [ "$other" = "${python%%,*}" ] || python="$python, $other"
        done
        pygobject=$(/usr/bin/python3 -c "import gi; print(gi.__version__)" || :)
        gjs=$(gjs --version | cut -d " " -f 2)
        printf "| %s | %s | %s | %s | %s | %s | %s | %s |\n" "$0" "$(version glib-2.0)" \
            "${gjs:--}" "${pygobject:--}" "${python:--}" "$(version gtk4)" \
            "$(gcc -dumpfullversion)" "$1"
    ' "$release" "$1" 2>/dev/null
}

# Tests a release. Writes the row of the table to $root.row.
test_release () {
    release=$1
    root=$roots/$release
    rm -f "$root.row"
    echo "== $release, see $root.log"
    {
        { [ -d "$root" ] || make_root; } &&
            in_root apt-get update -qq &&
            in_root apt-get dist-upgrade -qq -y --no-install-recommends &&
            install_pythons &&
            copy_sources
    } >"$root.log" 2>&1 </dev/null || { tail -n 20 "$root.log"; return 1; }
    passed=true
    in_root sh /srv/shmobj/tests/run.sh >>"$root.log" 2>&1 </dev/null || passed=false
    sed -n '/^== Summary/,$p' "$root.log"
    print_row "$(tail -n 1 "$root.log")" >"$root.row"
    $passed
}

mkdir -p "$roots"
status=0
for name; do
    test_release "$name" || status=1
done

printf '\n| Debian | GLib | GJS | PyGObject | CPython | GTK | GCC | Tests |\n'
echo '| --- | --- | --- | --- | --- | --- | --- | --- |'
for name; do
    cat "$roots/$name.row" 2>/dev/null || echo "| $name | | | | | | | the build failed |"
done
exit $status
