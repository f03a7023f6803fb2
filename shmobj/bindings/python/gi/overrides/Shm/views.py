# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Views of the memory of a list. Through them, Python reads values without calls of the library,
because such a call would take most of the time of a read.

The page "What is in the memory" of the manual describes which loads a reader must do, and in which
order. Python has no memory barriers, so the views are used only on processors that execute loads in
the order of the program.
"""

import functools
import itertools
import operator
import os
import sys

from .errors import Shm

IS_POSSIBLE = os.uname().machine in ('x86_64', 'AMD64') and sys.maxsize > 1 << 32

_LARGEST_SLOT = 9999992
# The format entry of a larger slot has no space for a length mark.
_LARGEST_MARKED_SLOT = 999992


def _to_word(text):
    """Returns a format entry as an int, as an 8-byte load from the memory returns it."""
    return int.from_bytes(text.encode().ljust(8, b'\0'), sys.byteorder)


INT, FLOAT, BOOL, NONE = map(_to_word, ('q', 'd', 'xxxxxxx?', 'xxxxxx?x'))


class _PlainFormats(dict):
    """Maps the size of a slot to the format entry of text or bytes without a length mark.

    If no slot of this size has such an entry, the value is 0. No format entry is 0.
    """

    def __missing__(self, size):
        if size % 8 != 0 or not 0 < size <= _LARGEST_MARKED_SLOT:
            return 0

        self[size] = _to_word(f'{size}s')
        return self[size]


plain_formats = _PlainFormats()


def _read_slots(offsets, base, limit):
    """Returns three lists: the beginning, the end and the plain format entry of each slot. Returns
    None if the offsets are corrupt."""
    offsets = offsets.tolist()
    sizes = list(map(operator.sub, offsets[1:], offsets))
    if (offsets[0] & 7 or offsets[-1] > limit or min(sizes) <= 0 or max(sizes) > _LARGEST_SLOT
            or functools.reduce(operator.or_, sizes) & 7):
        return None

    positions = [base + offset for offset in offsets]

    return positions[:-1], positions[1:], list(map(plain_formats.__getitem__, sizes))


def make_views(shareable_list, memory, caches_slots):
    """Returns the tuple of views that ShareableList.__getitem__ reads from, or None if the list is
    corrupt.

    caches_slots: whether to check all offsets now and to cache them. This takes time but makes
        reading faster. Otherwise, a reader gets StopIteration after so many reads that the cache is
        worth the time.
    """
    view = memoryview(memory)
    length = len(shareable_list)
    slots_at, formats_at, codes_at, counter_at = Shm.ShareableList.get_layout(shareable_list)
    offsets = view[8:slots_at].cast('Q')
    limit = formats_at - slots_at
    if caches_slots:
        slots = _read_slots(offsets, slots_at, limit)
        if slots is None:
            return None
        slots += (None,)
    else:
        reads_left = itertools.repeat(None, length // 2)
        slots = offsets[:-1], offsets[1:], None, (reads_left, slots_at, limit)

    # A list that CPython made has no sequence counter.
    counter = view[counter_at:counter_at + 8] if counter_at != 0 else memoryview(bytes(8))
    words = view[:formats_at]

    return (counter.cast('Q'), view[formats_at:codes_at].cast('Q'),
            view[codes_at:codes_at + length], words.cast('q'), words.cast('d'), words[7::8],
            memory, *slots)
