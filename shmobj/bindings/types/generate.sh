#!/bin/sh
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   sh generate.sh GIR OUTPUT
#
# Writes the file generated.d.ts with ts-for-gir, which npm downloads. It is necessary after a
# change of the public interface: `ninja -C BUILD type-declarations`, with the build folder BUILD. A build uses the file as it is,
# and needs no npm.

set -eu

gir=$1
output=$2
version=5.4.0
girs=$(pkg-config --variable=girdir gobject-introspection-1.0)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

(
    cd "$folder" # npm and ts-for-gir search the folder for settings
    npx --yes --package="@ts-for-gir/cli@$version" ts-for-gir generate Shm-1.0 \
        -g "$(dirname "$gir")" -g "$girs" --outdir "$folder/out" --noComments \
        --ignoreVersionConflicts >"$folder/log" 2>&1
) || { cat "$folder/log" >&2; exit 1; }

{
    echo "// SPDX-FileCopyrightText: 2026 The shmobj contributors"
    echo "// SPDX-License-Identifier: LGPL-2.1-or-later"
    echo "//"
    echo "// Written by ts-for-gir $version: do not edit. See generate.sh."
    # The tool repeats some comments for each class.
    sed -e '/^ *\/\*\*$/,/^ *\*\/$/d' -e '/^ *$/d' -e '/^\/\/\//d' "$folder/out/shm-1.0.d.ts"
} >"$output"
