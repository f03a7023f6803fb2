# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Compiles the installed override to bytecode: compile-overrides.py FOLDER.

Without bytecode, Python would compile the override at each import by a user who cannot write to the
folder, and that takes longer than the import. Meson runs this program when it installs."""

import compileall
import os
import sys


def main():
    root = os.environ.get('DESTDIR', '').rstrip('/')
    # The bytecode contains the paths of its sources without DESTDIR.
    options = {'stripdir': root} if root else {}
    if not compileall.compile_dir(root + sys.argv[1], maxlevels=0, quiet=1, **options):
        sys.exit(f'cannot compile {root + sys.argv[1]}')


if __name__ == '__main__':
    main()
