#!/bin/sh
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A tour on real data: sh docs/try-it.sh [FILE]
#
# Installs what is missing, builds, and lets programs in four languages and stock CPython share
# one file in memory, then a list, and then a manager.

set -eu

source_dir=$(cd "$(dirname "$0")/.." && pwd)
work_dir=${SHMOBJ_WORK_DIR:-$source_dir/_build}
build=$work_dir/tour
name=shmobj-tour-$$
list=$name-list
blocks=
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

# A row of the other parts: who did what, and what came of it.
list_row () {
    printf '%s\n' "$1" | {
        IFS=$tab read -r who how saw _
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

# expect ROW RESULT: prints it, and insists on what came of it.
expect () {
    list_row "$1"
    [ "$(printf '%s\n' "$1" | cut -f 3)" = "$2" ] || {
        echo "That should have been: $2" >&2
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

# How many of the manager's there are.
count_blocks () {
    for block in $blocks; do
        [ ! -e "/dev/shm/$block" ] || echo "$block"
    done | wc -l
}

clean_up () {
    [ -z "${running:-}" ] || kill "$running" 2>/dev/null || :
    rm -rf "$pipes"
    for left in "$name" "$list" $blocks; do
        rm -f "/dev/shm/$left"
    done
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


printf '\nA manager that C starts. What others create in it stays when they end:\n\n'
list_row "who${tab}what it does${tab}what came of it"
head -c 32 /dev/urandom >"$pipes/key"
set -- "$pipes/manager" "$pipes/key"
start ./docs/tour/tour-manager "$@"
hear
expect "$heard" 'it has 0 blocks: 0 came, 0 went'
starter=$(echo "$heard" | cut -f 4)
expect "$(inside gjs "$source_dir/docs/tour/manager.js" "$@")" \
    '“Hello from JavaScript”, [42,"Grüße aus Köln"]'
python=$(/usr/bin/python3 -I "$source_dir/docs/tour/stock-manager.py" "$@")
expect "$(echo "$python" | sed -n 1p)" "“Hello from JavaScript”, [42, 'Grüße aus Köln']"
expect "$(echo "$python" | sed -n 2p)" "“Hello from CPython”, [2.5, 'Tschüs', True]"
expect "$(inside gjs "$source_dir/docs/tour/manager.js" "$@" look)" \
    '“Hello from CPython”, [2.5,"Tschüs",true]'
echo >&3
hear
expect "$heard" 'it has 4 blocks: 4 came, 0 went'
blocks=$(echo "$heard" | cut -f 5)
expect "$(inside ./docs/tour/tour-manager-vala "$@")" 'it has 3 blocks'
echo >&3
hear
expect "$heard" 'it has 3 blocks: 4 came, 1 went'
[ "$(count_blocks)" = 3 ] || { echo 'Not all of them are in /dev/shm' >&2; exit 1; }

# It can clean up nothing; its manager can, and needs a moment.
kill -KILL "$starter"
finish 2>/dev/null || :
tries=50
while [ "$(count_blocks)" != 0 ] && [ "$tries" != 0 ]; do
    tries=$((tries - 1))
    sleep 0.1
done
expect "kill -KILL${tab}ends the program in C${tab}$(count_blocks) of the blocks are left" \
    '0 of the blocks are left'

for left in "$name" "$list" $blocks; do
    if [ -e "/dev/shm/$left" ]; then
        echo "“$left” is still in /dev/shm" >&2
        exit 1
    fi
done
printf '\nNothing is left in /dev/shm.\n'
