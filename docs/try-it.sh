#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A tour on real data: sh docs/try-it.sh [FILE]
#
# Installs what is missing, builds, and lets programs in four languages and stock CPython share
# one file in memory, and then a list.

set -eu

source_dir=$(cd "$(dirname "$0")/.." && pwd)
work_dir=${SHMOBJ_WORK_DIR:-$source_dir/_build}
build=$work_dir/tour
name=shmobj-tour-$$
list=$name-list
tab=$(printf '\t')

# The programs speak UTF-8, whatever language the terminal is in.
export LC_ALL=C.UTF-8

. "$source_dir/docs/setup.sh"

# The largest text that the set-up has installed, wherever this release puts it.
default_file () {
    find /usr/share/gir-1.0 /usr/lib/*/gir-1.0 -name GLib-2.0.gir 2>/dev/null | head -n 1
}

inside () {
    meson devenv -C "$build" "$@"
}

# A row for each thing that a process said: who, how, sum and what it saw, between tabs.
row () {
    echo "$1" | {
        IFS=$tab read -r who how sum saw
        # printf counts bytes, and “ and ” have three each.
        pad "$who" 16; pad "$how" 33; pad "$(printf %.12s "$sum")" 14
        printf '%s\n' "$saw"
    }
}

# A row of the second half: who did what, and what the list holds then.
list_row () {
    printf '%s\n' "$1" | {
        IFS=$tab read -r who how saw
        pad "$who" 16; pad "$how" 33
        printf '%s\n' "$saw"
    }
}

pad () {
    printf '%s%*s' "$1" $(($2 - $(printf %s "$1" | wc -m))) ''
}

sum_of () {
    echo "$1" | cut -f 3
}

# show ROW: prints it, and insists that its sum is the one that all have.
show () {
    row "$1"
    [ "$(sum_of "$1")" = "$expected" ] || {
        echo "That sum should have been $expected" >&2
        exit 1
    }
}

# What the program in C says next.
hear () {
    IFS= read -r heard <&4 || { echo 'The program in C ended early' >&2; exit 1; }
}

everybody () {
    show "$(inside ./docs/tour/tour-look "$name")"
    show "$(inside /usr/bin/python3 "$source_dir/docs/tour/look.py" "$name")"
    show "$(inside gjs "$source_dir/docs/tour/look.js" "$name")"
    show "$(/usr/bin/python3 -I "$source_dir/docs/tour/stock.py" "$name")"
}

clean_up () {
    [ -z "${running:-}" ] || kill "$running" 2>/dev/null || :
    rm -rf "$pipes"
    rm -f "/dev/shm/$name" "/dev/shm/$list"
}

# Runs a program in C that waits for lines, between two pipes.
start () {
    inside "$@" <"$pipes/to" >"$pipes/from" &
    running=$!
    exec 3>"$pipes/to" 4<"$pipes/from"
}

finish () {
    exec 3>&-
    wait "$running"
    running=
    exec 4<&-
}

install_packages tour
[ -f "$build/build.ninja" ] || echo "Building in $build"
build_in "$build" -Dtests=disabled -Dintrospection=enabled -Dvapi=enabled

file=${1:-$(default_file)}
[ -f "$file" ] && [ -r "$file" ] && [ -s "$file" ] ||
    { echo "There is nothing to read in “$file”" >&2; exit 1; }
file=$(realpath "$file")

pipes=$(mktemp -d)
trap clean_up EXIT
trap 'exit 130' INT TERM
mkfifo "$pipes/to" "$pipes/from"
start ./docs/tour/tour-load "$file" "$name"

printf '\n%s in block “%s”\n\n' "$(basename "$file")" "$name"
row "who${tab}how${tab}SHA-256${tab}what it saw"
hear
expected=$(sum_of "$heard")
show "$heard"
everybody

printf '\nNow Python changes the first bytes, and all the others see it:\n\n'
changed=$(inside /usr/bin/python3 "$source_dir/docs/tour/look.py" "$name" 'Hello from Python!')
expected=$(sum_of "$changed")
show "$changed"
echo >&3
hear
show "$heard"
everybody

printf '\nJavaScript removes the name, and the creator in C is told:\n\n'
show "$(inside gjs "$source_dir/docs/tour/look.js" "$name" unlink)"
hear
show "$heard"
finish

printf '\nA list with a value of each kind, in block “%s”. Each language changes one:\n\n' "$list"
list_row "who${tab}what it does${tab}the list then"
start ./docs/tour/tour-list "$list"
hear
list_row "$heard"
inside sh -ec '
    ./docs/tour/tour-list-vala "$1"
    /usr/bin/python3 "$0/list.py" "$1"
    gjs "$0/list.js" "$1"
    /usr/bin/python3 -I "$0/stock-list.py" "$1"
' "$source_dir/docs/tour" "$list" | while IFS= read -r said; do
    list_row "$said"
done
echo >&3
hear
list_row "$heard"
[ "$(echo "$heard" | cut -f 3)" = '43, 0.25, false, “Tschüs”, 61 62 00 00, nothing' ] || {
    echo 'C should have seen all four changes, and nothing else' >&2
    exit 1
}
finish
echo
echo 'Stock CPython does not see the zeros at the end of the bytes. They are there for all others.'

for left in "$name" "$list"; do
    if [ -e "/dev/shm/$left" ]; then
        echo "“$left” is still in /dev/shm" >&2
        exit 1
    fi
done
printf '\nNothing is left in /dev/shm.\n'
