# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Prints a shell script that sets the variables with which programs find the installed library:
make-environment.py VARIABLE=FOLDER...

Each variable is one of those in VARIABLES, and its folder one in which Meson installs files for the
programs that use the variable. The script sets only the variables whose folder is not searched
anyway. If there are none, this program prints nothing."""

import glob
import os
import re
import site
import subprocess
import sys
from pathlib import Path

DATA_DIRS = '/usr/local/share:/usr/share'


def pkg_config_variable(variable, package):
    try:
        return subprocess.run(['pkg-config', f'--variable={variable}', package],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding='utf-8',
                              check=False).stdout.strip()
    except OSError:
        return ''


def loader_folders(configuration='/etc/ld.so.conf'):
    """Yields the folders in which ldconfig looks."""
    try:
        lines = Path(configuration).read_text(encoding='utf-8').splitlines()
    except OSError:
        return
    for line in lines:
        words = line.partition('#')[0].split()
        if words[:1] == ['include']:
            for pattern in words[1:]:
                for path in sorted(glob.glob(os.path.join(os.path.dirname(configuration), pattern))):
                    yield from loader_folders(path)
        else:
            yield from words


# The folders that programs search if the variable is not set.
VARIABLES = {
    'PATH': lambda: ['/usr/local/bin', '/usr/bin'],
    'LD_LIBRARY_PATH': lambda: ['/lib', '/usr/lib', *loader_folders()],
    'PKG_CONFIG_PATH': lambda: pkg_config_variable('pc_path', 'pkg-config').split(':'),
    'GI_TYPELIB_PATH': lambda: [pkg_config_variable('typelibdir', 'gobject-introspection-1.0')],
    'PYTHONPATH': lambda: [*sys.path, site.getusersitepackages()],
    'XDG_DATA_DIRS': lambda: DATA_DIRS.split(':'),
}


def is_searched(variable, folder):
    return os.path.realpath(folder) in map(os.path.realpath, filter(None, VARIABLES[variable]()))


def export_line(variable, folder):
    quoted = re.sub(r'(["$`\\])', r'\\\1', folder)
    if variable == 'XDG_DATA_DIRS':
        rest = f':${{XDG_DATA_DIRS:-{DATA_DIRS}}}'
    else:
        rest = f'${{{variable}:+:${variable}}}'
    return f'export {variable}="{quoted}{rest}"'


def main():
    pairs = [argument.split('=', 1) for argument in sys.argv[1:]]
    lines = [export_line(*pair) for pair in pairs if not is_searched(*pair)]
    if lines:
        print('# Programs find shmobj if a shell that starts them has read this file:', *lines, sep='\n')


if __name__ == '__main__':
    main()
