#!/bin/sh
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Checks the part of the house style that a program can check.

cd "$(dirname "$0")/.."
status=0

# Prints a problem. The script then fails.
report () {
    echo "$*" >&2
    status=1
}

# Later versions of clang-format break some lines differently.
case $(clang-format --version 2>/dev/null) in
    *"version 14."*)
        find shmobj tests docs -name '*.[ch]' ! -path '*/_build/*' -exec \
            clang-format --dry-run -Werror {} + || report "run clang-format -i on these files" ;;
    *) echo "clang-format 14 is not installed: skipping the layout" ;;
esac

for file in $(find shmobj tests docs -name '*.[ch]' -o -name '*.py' -o -name '*.js' \
        -o -name '*.vala' -o -name '*.sh'); do
    head -n 3 "$file" | grep -q 'SPDX-License-Identifier: LGPL-2.1-or-later' ||
        report "$file: no SPDX line"
done

grep -rnP '\t| +$' shmobj tests docs --include='*.[ch]' --include='*.py' --include='*.js' \
    --include='*.vala' --include='*.sh' --include='meson.build' &&
    report "tabs, or spaces at the end of a line"

# clang-format does not wrap comments. Tables in comments may be longer.
grep -rnP '^(?!.*(https?:| \* \|)).{101,}' shmobj tests docs --include='*.[ch]' &&
    report "lines of more than 100 columns"

# A program in the C locale cannot print these characters. Comments may contain them.
grep -rnP '^(?!\s*(/?\*|//|#)).*[“”‘’…]' shmobj --include='*.c' --include='*.py' --include='*.js' &&
    report "quotation marks in messages must be ASCII characters"

for file in shmobj/bindings/python/gi/overrides/Shm/*.py; do
    grep -q "'${file#shmobj/bindings/}'" shmobj/bindings/meson.build ||
        report "$file: shmobj/bindings/meson.build does not install it"
done

python3 tests/check-structure.py ||
    report "the structure does not follow docs/reference/internals.md"

exit $status
