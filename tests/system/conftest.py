# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

import pytest

from support import isolate, make_file, remove_files, unique_name

isolate()


@pytest.fixture(autouse=True)
def clean_up():
    """Removes the files of the test after the test."""
    yield
    remove_files()


@pytest.fixture
def name():
    """Returns an unused name for a block."""
    return unique_name('block')


@pytest.fixture
def block():
    """Creates a block of the current user, and returns its name."""
    name = unique_name('block')
    make_file(name)
    return name
