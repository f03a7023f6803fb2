# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Finds the compiled extension of this package, the module _shm. Without it, the package works too,
but lists are much slower.

A program that uses a build of the library that is not installed finds the extension through the
environment variable SHMOBJ_PYTHON_EXTENSION, which contains its path. An empty path means that the
extension must not be used.
"""

import os


def _load(path):
    import importlib.machinery
    import importlib.util

    name = __package__ + '._shm'
    loader = importlib.machinery.ExtensionFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)

    return module


def _find():
    """Returns the extension, or None if there is none for this library and this Python."""
    path = os.environ.get('SHMOBJ_PYTHON_EXTENSION')
    try:
        if path is None:
            from . import _shm
            return _shm
        return _load(path) if path else None
    except ImportError:
        return None


module = _find()
