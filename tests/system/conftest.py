# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

import pytest

from support import isolate, make_file, tidy_up, unique_name

isolate()


@pytest.fixture(autouse=True)
def tidy():
    yield
    tidy_up()


@pytest.fixture
def name():
    """A name that no file has."""
    return unique_name('block')


@pytest.fixture
def block():
    """The name of a block of the current user."""
    name = unique_name('block')
    make_file(name)
    return name
