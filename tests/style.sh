#!/bin/sh
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What a machine can see of the house style.

cd "$(dirname "$0")/.."
status=0

complain () {
    echo "$*" >&2
    status=1
}

# Later versions of clang-format break some lines in other places.
case $(clang-format --version 2>/dev/null) in
    *"version 14."*)
        find shmobj tests docs -name '*.[ch]' ! -path '*/_build/*' -exec \
            clang-format --dry-run -Werror {} + || complain "run clang-format -i on these" ;;
    *) echo "clang-format 14 is not here: the layout is not checked" ;;
esac

for file in $(find shmobj tests docs -name '*.[ch]' -o -name '*.py' -o -name '*.js' \
        -o -name '*.vala' -o -name '*.sh'); do
    head -n 3 "$file" | grep -q 'SPDX-License-Identifier: LGPL-2.1-or-later' ||
        complain "$file: no SPDX line"
done

grep -rnP '\t| +$' shmobj tests docs --include='*.[ch]' --include='*.py' --include='*.js' \
    --include='*.vala' --include='*.sh' --include='meson.build' &&
    complain "tabs, or blanks at the end of a line"

# The core includes no file of a higher floor.
grep -rnE '#include "(shm-|manager/)|g_object_|GObject' shmobj/core |
    grep -vE '"shm-(enums|error).h"' &&
    complain "the core reaches upwards"

# Managers know names, never mappings or classes; they share the error codes with those.
grep -rnE '#include "(shm-|core/shm-(block|mapping|list))' shmobj/manager |
    grep -v '"shm-error.h"' && complain "the manager reaches upwards or sideways"

exit $status
