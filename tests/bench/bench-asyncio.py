# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The group "asyncio": two processes, each with a loop of asyncio, wake each other in turns. The
times are times on the clock, for one turn there and back. The limit is an eventfd with add_reader(),
whose callback sets the result of a future that the program awaits.
"""

import asyncio
import ctypes
import json
import os
import time

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Shm

ROUNDS, TURNS = 15, 300
PLACES = 64, 128


class EventFd:
    """A future for each wake-up."""

    def __init__(self, own, other):
        self.own, self.other = own, other
        self.woken = None

    def begin(self):
        asyncio.get_running_loop().add_reader(self.own, self._read)

    def end(self):
        asyncio.get_running_loop().remove_reader(self.own)

    def _read(self):
        os.eventfd_read(self.own)
        self.woken.set_result(True)

    def prepare(self):
        self.woken = asyncio.get_running_loop().create_future()

    def wake(self):
        os.eventfd_write(self.other, 1)

    async def wait(self, _):
        await self.woken


class Event:
    def __init__(self, block, own, other):
        self.block, self.own, self.other = block, own, other

    def begin(self):
        pass

    end = prepare = begin

    def wake(self):
        self.block.event_advance(self.other)

    async def wait(self, seen):
        await self.block.event_wait_async(self.own, seen)


async def play(kind, is_first):
    kind.begin()
    kind.prepare()
    if is_first:
        kind.wake()
    for i in range(TURNS):
        await kind.wait(i)
        kind.prepare()
        if not is_first or i < TURNS - 1:
            kind.wake()
    kind.end()


def main():
    block = Shm.SharedMemory.create_anonymous(4096)
    eventfds = [os.eventfd(0, os.EFD_NONBLOCK) for _ in range(2)]
    child = os.fork()
    me = int(child == 0)
    if me:
        ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
    kinds = {'shmobj': Event(block, PLACES[me], PLACES[1 - me]),
             'limit: eventfd and add_reader': EventFd(eventfds[me], eventfds[1 - me])}
    times = {name: [] for name in kinds}

    def meet():
        own = block.atomic_add_int32(256 + 4 * me, 1) + 1
        while block.atomic_load_int32(256 + 4 * (1 - me)) < own:
            time.sleep(0.0002)

    async def run():
        for _ in range(ROUNDS):
            for name, kind in kinds.items():
                meet()
                if not me:
                    for place in PLACES:
                        block.set_uint32(place, 0)
                meet()
                began = time.perf_counter()
                await play(kind, not me)
                times[name].append((time.perf_counter() - began) / TURNS * 1e9)

    asyncio.run(run())
    meet()
    if me:
        os._exit(0)
    os.waitpid(child, 0)
    print(json.dumps({'group': 'asyncio', 'row': 'loops of asyncio wake each other with event_wait_async()',
                      'contenders': times}))


main()
