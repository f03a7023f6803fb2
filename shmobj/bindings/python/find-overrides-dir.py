# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Prints the folder in which PyGObject finds overrides: find-overrides-dir.py PREFIX FOLDER.

FOLDER is the folder in which Meson would install Python modules. If Python does not search it, the
program looks for another folder below PREFIX that Python searches. If there is none, it prints
nothing."""

import os
import site
import sys


def main():
    prefix, folder = sys.argv[1:]
    searched = [*site.getsitepackages(), site.getusersitepackages()]
    if folder not in searched:
        found = [path for path in searched if path.startswith(os.path.join(prefix, 'lib'))]
        if found:
            print(os.path.join(found[0], 'gi', 'overrides'))


if __name__ == '__main__':
    main()
