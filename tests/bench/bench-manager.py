#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Measures the time to create managed blocks, with clients and servers of this library and of
CPython.

    bench-manager.py [PROGRAM]      PROGRAM is bench-manager, for the client in C

A client creates managed blocks of 4 KiB, and may remove them. There is one client, or there are
sixteen processes at once. The time of a call is the time of the round divided by the number of all
calls. The pairs of client and server take turns, so that a change of the speed of the machine
affects all."""

import os
import secrets
import statistics
import subprocess
import sys
import time
from multiprocessing import managers, resource_tracker

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Shm  # noqa: E402

SIZE = 4096
ROUNDS = 11
CALLS = 320  # of all clients of a round
WARM_UP = 3
COUNTS = 1, 16

assert hasattr(Shm.Manager, 'SharedMemory'), 'the override was not found'


# Clients

class StockClient:
    def __init__(self, address, authkey):
        self.manager = managers.SharedMemoryManager(address=address, authkey=authkey)
        self.manager.connect()

    def create(self):
        shm = self.manager.SharedMemory(SIZE)
        shm.close()
        return shm.name

    def remove(self, name):
        # CPython has no public function for this.
        connection = self.manager._Client(self.manager.address, authkey=self.manager._authkey)
        with connection:
            managers.dispatch(connection, None, 'release_segment', (name,))


class OurClient:
    def __init__(self, address, authkey):
        self.manager = Shm.Manager(address, authkey)
        self.manager.connect()

    def create(self):
        shm = self.manager.SharedMemory(SIZE)
        shm.close()
        return shm.name

    def remove(self, name):
        self.manager.remove(name)


class StockClientOfOurs(StockClient):
    def forget(self, name):
        # The server has removed the block. The tracker of this process must not look for it.
        resource_tracker.unregister('/' + name, 'shared_memory')


# A round

def start_stock_server(authkey):
    manager = managers.SharedMemoryManager(authkey=authkey)
    manager.start()
    return manager


def start_our_server(authkey):
    manager = Shm.Manager(None, authkey)
    manager.start()
    return manager


def run_client(client_class, address, authkey, calls, removes, begin, report):
    """Runs a client. Reports when it is ready, starts when the other end of `begin` is closed, and
    reports when it is done."""
    client = client_class(address, authkey)
    names = []

    def call():
        name = client.create()
        if removes:
            client.remove(name)
        names.append(name)

    for _ in range(WARM_UP):
        call()
    os.write(report, b'r')
    os.read(begin, 1)
    for _ in range(calls):
        call()
    os.write(report, b'd')

    if hasattr(client, 'forget'):
        for name in names:
            client.forget(name)


def fork_client(begin_end, report, *args):
    pid = os.fork()
    if pid != 0:
        return pid

    try:
        os.close(begin_end)
        run_client(*args, report)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os.write(report, b'f')  # Without a report the parent would wait for ever.
    finally:
        os._exit(0)


def wait_for_all(report, count):
    for _ in range(count):
        if os.read(report, 1) not in b'rd':
            sys.exit('A client has failed.')


def measure_clients(address, authkey, client_class, count, removes):
    """Returns the time of a call in microseconds."""
    calls = CALLS // count
    begin, begin_end = os.pipe()
    report, report_end = os.pipe()
    clients = [fork_client(begin_end, report_end, client_class, address, authkey, calls, removes,
                           begin) for _ in range(count)]
    os.close(report_end)

    wait_for_all(report, count)
    start = time.perf_counter_ns()
    os.close(begin_end)
    wait_for_all(report, count)
    end = time.perf_counter_ns()

    for pid in clients:
        os.waitpid(pid, 0)
    os.close(begin)
    os.close(report)

    return (end - start) / 1000 / (calls * count)


def measure(start_server, client_class, count):
    """Returns the times of creating, and of creating and removing. Each is measured with a new
    server, whose end removes the blocks."""
    figures = []
    for removes in False, True:
        authkey = secrets.token_bytes(32)
        server = start_server(authkey)
        try:
            figures.append(measure_clients(server.address, authkey, client_class, count, removes))
        finally:
            server.shutdown()

    return figures


def measure_program(program, count):
    done = subprocess.run([program, str(count)], capture_output=True, text=True, check=True)
    return [float(figure) for figure in done.stdout.split()]


def print_figures(title, a, b):
    print(f'{title:44} {a:10.2f} {b:10.2f} {a / b:8.2f} {b / a:8.2f}', flush=True)


def print_head(title):
    print(f'{title:44} {"ours":>10} {"CPython":>10} {"ratio":>8} {"inverse":>8}')


def main():
    pairs = {
        'stock client, stock server': lambda count: measure(start_stock_server, StockClient, count),
        'client in C, our server': lambda count: measure_program(sys.argv[1], count),
        'our client in Python, our server':
            lambda count: measure(start_our_server, OurClient, count),
        'stock client, our server':
            lambda count: measure(start_our_server, StockClientOfOurs, count),
        'our client in Python, stock server':
            lambda count: measure(start_stock_server, OurClient, count),
    }
    if len(sys.argv) < 2:
        del pairs['client in C, our server']
    stock, *others = pairs

    # Start the tracker before the first fork, so that all processes share it.
    resource_tracker.ensure_running()

    for count in COUNTS:
        rounds = {pair: [] for pair in pairs}
        for _ in range(ROUNDS):
            for pair, run in pairs.items():
                rounds[pair].append(run(count))

        for i, title in enumerate(('create a block of 4 KiB', 'create, close, release')):
            medians = {pair: statistics.median(figures[i] for figures in rounds[pair])
                       for pair in pairs}
            print_head(f'{title}, {count} at once, microseconds' if count > 1
                       else f'{title}, microseconds (medians)')
            for pair in others:
                print_figures(f'  {pair}', medians[pair], medians[stock])


if __name__ == '__main__':
    main()
