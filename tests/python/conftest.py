# SPDX-License-Identifier: LGPL-2.1-or-later

import pytest

from support import Blocks


@pytest.fixture(autouse=True)
def blocks():
    """Names for blocks. A test that leaves one of them behind has failed."""
    blocks = Blocks()
    yield blocks
    assert blocks.remove_left() == []
