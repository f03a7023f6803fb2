# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Frames, whose memory Python programs use through memoryviews."""

import contextlib
import operator

from . import errors, functions, values
from .class_type import ClassType
from .errors import Shm

_get_block_size = Shm.Frames.get_block_size


class Frame(Shm.Frame):
    """A frame in use, from Frames.acquire(). At the end of a `with` block it is released."""

    number = property(Shm.Frame.get_number, doc="The number of the frame.")
    offset = property(Shm.Frame.get_offset, doc="Where the frame begins in the block.")

    @property
    def view(self):
        """A read-only memoryview of the frame. After release() its content can change."""
        return self.get_frames()._shm_get_view(self.offset).toreadonly()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.release()


class Frames(Shm.Frames, metaclass=ClassType):
    """Frames that one writer gives to any number of readers, in a block."""

    shared_memory = property(Shm.Frames.get_shared_memory, doc="The block.")
    frame_size = property(Shm.Frames.get_frame_size, doc="The size of a frame in bytes.")
    n_slots = property(Shm.Frames.get_n_slots, doc="The number of slots.")
    number = property(lambda self: self.get_number(), doc="The number of the latest frame, or 0.")

    @staticmethod
    def get_block_size(frame_size, n_slots):
        """Returns the size of a block for frames in bytes, or 0 if there cannot be such frames."""
        return _get_block_size(operator.index(frame_size), operator.index(n_slots))

    def _shm_get_view(self, offset):
        return self.shared_memory.buf[offset:offset + self.frame_size]

    def _shm_translate(self, gerror, name=None, exceptions=None):
        block = self.shared_memory

        return errors.translate(gerror, block.get_name() if block else name,
                                exceptions or errors.LIST_EXCEPTIONS)

    def begin(self):
        """Begins the next frame, and returns its offset in the block."""
        return self._shm_begin()[1]

    def write(self, frame):
        """Copies a bytes-like object as a frame into the block, and returns its number."""
        return self._shm_write(values.to_glib_bytes(frame))

    def read(self):
        """Copies the latest frame, and returns it as bytes."""
        return self._shm_read()[0].get_data()

    _shm_begin, _shm_write, _shm_read = (
        functions.Unused(getattr(Shm.Frames, name)) for name in ('begin', 'write', 'read'))

    @contextlib.contextmanager
    def draw(self):
        """Begins the next frame. The `with` block gets a writable memoryview of it. At the end of
        the `with` block the frame is published, or discarded after an exception."""
        offset = self.begin()
        try:
            yield self._shm_get_view(offset)
        except BaseException:
            self.discard()
            raise
        self.publish()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


functions.add_to(Frames)
