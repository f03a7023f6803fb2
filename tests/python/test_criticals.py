# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests that the warning about a wrong argument names the public function that was called.

Calls each function of the interface that takes a pointer in C, with NULL for all arguments.
"""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from support import TIMEOUT

BUILD = Path(os.environ['SHMOBJ_BUILD_ROOT']) / 'shmobj'
CORE = '{http://www.gtk.org/introspection/core/1.0}'
C = '{http://www.gtk.org/introspection/c/1.0}'

# Calls a function with zeros for all arguments.
SCRIPT = '''
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
function = getattr(library, sys.argv[2])
function.restype = None
function(*[ctypes.c_void_p(0)] * 12)
'''


def needs_pointer(function):
    """Returns whether NULL is not allowed for an argument of the function."""
    if function.find(f'{CORE}parameters/{CORE}instance-parameter') is not None:
        return True
    return any(parameter.find(f'{CORE}type') is not None
               and parameter.find(f'{CORE}type').get(f'{C}type', '').endswith('*')
               and parameter.get('nullable') != '1' and parameter.get('optional') != '1'
               and parameter.get('direction') != 'out'
               for parameter in function.iterfind(f'{CORE}parameters/{CORE}parameter'))


def find_functions(namespace):
    root = ElementTree.parse(BUILD / f'{namespace}-1.0.gir').getroot()
    for kind in 'constructor', 'function', 'method':
        for function in root.iter(f'{CORE}{kind}'):
            if needs_pointer(function):
                yield function.get(f'{C}identifier')


@pytest.mark.parametrize('name', [
    *sorted(set(find_functions('Shm'))), *sorted(set(find_functions('ShmPrivate')))])
def test_critical_names_function(name):
    library = next(BUILD.glob('libshmobj-1.0.so.?'))
    result = subprocess.run([sys.executable, '-c', SCRIPT, library, name], timeout=TIMEOUT,
                            env={**os.environ, 'G_DEBUG': ''}, stderr=subprocess.PIPE, text=True,
                            check=False)
    assert result.returncode == 0, result.stderr
    assert re.search(rf'Shm-CRITICAL \*\*: [\d:.]+: {name}: assertion ', result.stderr), result.stderr
    assert 'GLib' not in result.stderr, result.stderr
