# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Sets of weak references. Other than a weakref.WeakSet, they may change in another thread while
they are iterated over."""

import weakref


def add(references, referent):
    """Adds a weak reference, which leaves the set together with its referent."""
    references.add(weakref.ref(referent, references.discard))


def get_live(references):
    """Returns a list of all referents that still exist."""
    referents = [reference() for reference in tuple(references)]

    return [referent for referent in referents if referent is not None]
