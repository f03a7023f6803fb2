#!/bin/sh
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A tour on real data: sh docs/try-it.sh [--install] [FILE]
#
# Builds the library. Then programs in four languages and stock CPython share a file in memory, a
# list, and a manager. Installs missing packages if you are root, with --install, or after a
# question at a terminal.

set -eu

source_dir=$(cd "$(dirname "$0")/.." && pwd)
work_dir=${SHMOBJ_WORK_DIR:-$source_dir/_build}
build=$work_dir/tour
name=shmobj-tour-$$
list=$name-list
blocks=
tab=$(printf '\t')

# The programs print UTF-8 in every locale.
export LC_ALL=C.UTF-8

. "$source_dir/docs/setup.sh"

install=no
if [ "${1:-}" = --install ]; then
    install=yes
    shift
fi

# Prints the path of the largest text file that the packages contain.
default_file () {
    find /usr/share/gir-1.0 /usr/lib/*/gir-1.0 -name GLib-2.0.gir 2>/dev/null | head -n 1
}

# Runs a command in an environment in which all programs find the library of the build folder.
inside () {
    meson devenv -C "$build" "$@"
}

# row LINE: prints a row of the first table. The fields of the line are separated by tabs: program,
# access, checksum, observation.
row () {
    echo "$1" | {
        IFS=$tab read -r program access sum observation
        pad "$program" 16; pad "$access" 33; pad "$(printf %.12s "$sum")" 14
        printf '%s\n' "$observation"
    }
}

# list_row LINE: prints a row of the other tables: program, action, result.
list_row () {
    printf '%s\n' "$1" | {
        IFS=$tab read -r program action result _
        pad "$program" 16; pad "$action" 33
        printf '%s\n' "$result"
    }
}

# pad TEXT WIDTH: prints the text, and spaces up to the width. Counts characters; printf would count
# bytes.
pad () {
    printf '%s%*s' "$1" $(($2 - $(printf %s "$1" | wc -m))) ''
}

# sum_of LINE: prints the checksum of a row of the first table.
sum_of () {
    echo "$1" | cut -f 3
}

# show LINE: prints a row. Exits if its checksum is not the expected one.
show () {
    row "$1"
    [ "$(sum_of "$1")" = "$expected" ] || {
        echo "The checksum should have been $expected" >&2
        exit 1
    }
}

# expect LINE RESULT: prints a row. Exits if its result is not the given one.
expect () {
    list_row "$1"
    [ "$(printf '%s\n' "$1" | cut -f 3)" = "$2" ] || {
        echo "The result should have been: $2" >&2
        exit 1
    }
}

# Reads the next line of the program in C into $line.
read_line () {
    IFS= read -r line <&4 || { echo 'The program in C ended early' >&2; exit 1; }
}

look_from_each_language () {
    show "$(inside ./docs/tour/tour-look "$name")"
    show "$(inside /usr/bin/python3 "$source_dir/docs/tour/look.py" "$name")"
    show "$(inside gjs "$source_dir/docs/tour/look.js" "$name")"
    show "$(/usr/bin/python3 -I "$source_dir/docs/tour/stock.py" "$name")"
}

# Prints how many blocks of the manager exist.
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

# Starts a program in C between two pipes. The program waits for lines on its standard input.
start () {
    inside "$@" <"$pipes/to" >"$pipes/from" &
    running=$!
    exec 3>"$pipes/to" 4<"$pipes/from"
}

# Ends the standard input of the program in C, and waits for the end of the program.
finish () {
    exec 3>&-
    wait "$running"
    running=
    exec 4<&-
}

require_packages tour
[ -f "$build/build.ninja" ] || echo "Building in $build"
build_in "$build" tour -Dtests=disabled -Dintrospection=enabled -Dvapi=enabled \
    -Dpython_extension=enabled

file=${1:-$(default_file)}
[ -f "$file" ] && [ -r "$file" ] && [ -s "$file" ] ||
    { echo "“$file” is not a readable file with contents" >&2; exit 1; }
file=$(realpath "$file")

pipes=$(mktemp -d)
trap clean_up EXIT
trap 'exit 130' INT TERM
mkfifo "$pipes/to" "$pipes/from"
start ./docs/tour/tour-load "$file" "$name"

printf '\n%s in block “%s”\n\n' "$(basename "$file")" "$name"
row "program${tab}access${tab}SHA-256${tab}observation"
read_line
expected=$(sum_of "$line")
show "$line"
look_from_each_language

printf '\nPython changes the first bytes, and all other programs see the change:\n\n'
changed=$(inside /usr/bin/python3 "$source_dir/docs/tour/look.py" "$name" 'Hello from Python!')
expected=$(sum_of "$changed")
show "$changed"
echo >&3
read_line
show "$line"
look_from_each_language

printf '\nJavaScript removes the name, and the creator in C gets a signal:\n\n'
show "$(inside gjs "$source_dir/docs/tour/look.js" "$name" unlink)"
read_line
show "$line"
finish

printf '\nA list with a value of each kind in block “%s”. Each language changes a value:\n\n' "$list"
list_row "program${tab}action${tab}list afterwards"
start ./docs/tour/tour-list "$list"
read_line
list_row "$line"
inside sh -ec '
    ./docs/tour/tour-list-vala "$1"
    /usr/bin/python3 "$0/list.py" "$1"
    gjs "$0/list.js" "$1"
    /usr/bin/python3 -I "$0/stock-list.py" "$1"
' "$source_dir/docs/tour" "$list" | while IFS= read -r reply; do
    list_row "$reply"
done
echo >&3
read_line
list_row "$line"
[ "$(echo "$line" | cut -f 3)" = '43, 0.25, false, “Tschüs”, 61 62 00 00, nothing' ] || {
    echo 'The program in C should see the four changes, and no other' >&2
    exit 1
}
finish
echo
echo 'Stock CPython drops the zeros at the end of bytes. All other programs see them.'

printf '\nC starts a manager. The blocks of other programs stay when those programs end:\n\n'
list_row "program${tab}action${tab}result"
head -c 32 /dev/urandom >"$pipes/key"
set -- "$pipes/manager" "$pipes/key"
start ./docs/tour/tour-manager "$@"
read_line
expect "$line" '0 blocks (0 added, 0 removed)'
starter=$(echo "$line" | cut -f 4)
expect "$(inside gjs "$source_dir/docs/tour/manager.js" "$@")" \
    '“Hello from JavaScript”, [42,"Grüße aus Köln"]'
python=$(/usr/bin/python3 -I "$source_dir/docs/tour/stock-manager.py" "$@")
expect "$(echo "$python" | sed -n 1p)" "“Hello from JavaScript”, [42, 'Grüße aus Köln']"
expect "$(echo "$python" | sed -n 2p)" "“Hello from CPython”, [2.5, 'Tschüs', True]"
expect "$(inside gjs "$source_dir/docs/tour/manager.js" "$@" look)" \
    '“Hello from CPython”, [2.5,"Tschüs",true]'
echo >&3
read_line
expect "$line" '4 blocks (4 added, 0 removed)'
blocks=$(echo "$line" | cut -f 5)
expect "$(inside ./docs/tour/tour-manager-vala "$@")" '3 blocks'
echo >&3
read_line
expect "$line" '3 blocks (4 added, 1 removed)'
[ "$(count_blocks)" = 3 ] || { echo 'A block of the manager is missing in /dev/shm' >&2; exit 1; }

# The killed process removes nothing. The server of the manager removes the blocks, and needs a
# moment.
kill -KILL "$starter"
finish 2>/dev/null || :
tries=50
while [ "$(count_blocks)" != 0 ] && [ "$tries" != 0 ]; do
    tries=$((tries - 1))
    sleep 0.1
done
expect "kill -KILL${tab}kills the program in C${tab}$(count_blocks) blocks are left" \
    '0 blocks are left'

for left in "$name" "$list" $blocks; do
    if [ -e "/dev/shm/$left" ]; then
        echo "Block “$left” was left behind in /dev/shm" >&2
        exit 1
    fi
done
printf '\nNothing is left in /dev/shm.\n'
