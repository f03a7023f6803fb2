# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Sets of weak references. Unlike a weakref.WeakSet, such a set may change while another thread
iterates over the references."""

import weakref


def add(references, referent):
    """Adds a weak reference. The set drops the reference when its referent is deleted."""
    references.add(weakref.ref(referent, references.discard))


def get_live(references):
    """Returns a list of all referents that still exist."""
    referents = [reference() for reference in tuple(references)]

    return [referent for referent in referents if referent is not None]
