#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The group "manager": clients and servers of this library and of CPython.

    bench-manager.py PROGRAM      PROGRAM is bench-manager, for the client in C

A client creates managed blocks of 4 KiB. In some rounds it also removes each block. A round has one
client, or sixteen clients at once, each in its own process. The time of a call is the time of the
round divided by the number of all calls. The pairs of client and server take turns, so that a slow
phase of the machine affects all pairs."""

import json
import os
import secrets
import subprocess
import sys
import time
from multiprocessing import managers, resource_tracker

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Shm  # noqa: E402

SIZE = 4096
ROUNDS = 11
CALLS = 320  # the number of calls in a round, of all clients together
WARM_UP = 3
COUNTS = 1, 16

assert hasattr(Shm.Manager, 'SharedMemory'), 'The overrides of Shm were not found'


# Clients

class CPythonClient:
    def __init__(self, address, authkey):
        self.manager = managers.SharedMemoryManager(address=address, authkey=authkey)
        self.manager.connect()

    def create(self):
        shm = self.manager.SharedMemory(SIZE)
        shm.close()
        return shm.name

    def remove(self, name):
        # CPython has no public function that removes a block.
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


class CPythonClientOfOurServer(CPythonClient):
    def forget(self, name):
        # The server has removed the block, so the resource tracker must not try to remove the
        # block.
        resource_tracker.unregister('/' + name, 'shared_memory')


# A round

def start_cpython_server(authkey):
    manager = managers.SharedMemoryManager(authkey=authkey)
    manager.start()
    return manager


def start_our_server(authkey):
    manager = Shm.Manager(None, authkey)
    manager.start()
    return manager


def run_client(client_class, address, authkey, calls, removes, begin, report):
    """Runs a client. Reports to the parent process when the client is ready. Starts the calls when
    the parent closes the other end of `begin`. Reports again when the calls are done."""
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
        os.write(report, b'f')  # Without a report, the parent process would wait for ever.
    finally:
        os._exit(0)


def wait_for_all(report, count):
    for _ in range(count):
        if os.read(report, 1) not in b'rd':
            sys.exit('A client failed.')


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
    """Returns the time of creating a block, and the time of creating and removing a block. Measures
    each with a new server. The end of the server removes the blocks."""
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


def measure_start(start_server):
    """Returns the time of starting a server, and the time of shutting it down, in microseconds."""
    begin = time.perf_counter_ns()
    server = start_server(secrets.token_bytes(32))
    started = time.perf_counter_ns()
    server.shutdown()
    return [(started - begin) / 1000, (time.perf_counter_ns() - started) / 1000]


def print_rows(titles, rounds):
    """Prints a line for each title. `rounds` maps a contender to its figures, in microseconds: in
    each round one figure for each title."""
    for i, title in enumerate(titles):
        times = {name: [1000 * figures[i] for figures in results]
                 for name, results in rounds.items()}
        print(json.dumps({'group': 'manager', 'row': title, 'contenders': times}), flush=True)


def compare(titles, contenders, *args):
    """Measures each contender in turn, in each round in another order."""
    names = list(contenders)
    rounds = {name: [] for name in names}
    for turn in range(ROUNDS):
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            rounds[name].append(contenders[name](*args))
    print_rows(titles, rounds)


def main():
    program = sys.argv[1]
    stock = 'CPython ' + '.'.join(map(str, sys.version_info[:3]))
    clients = {
        'shmobj in C': lambda count: measure_program(program, count),
        'shmobj in Python': lambda count: measure(start_our_server, OurClient, count),
        f'{stock}, server of shmobj':
            lambda count: measure(start_our_server, CPythonClientOfOurServer, count),
        f'shmobj in Python, server of {stock}':
            lambda count: measure(start_cpython_server, OurClient, count),
        stock: lambda count: measure(start_cpython_server, CPythonClient, count),
    }
    # Start the tracker before the first fork, so that all processes share it.
    resource_tracker.ensure_running()

    compare(['start a server', 'shut it down'], {
        'shmobj in Python': lambda: measure_start(start_our_server),
        stock: lambda: measure_start(start_cpython_server)})
    for count in COUNTS:
        suffix = f', {count} clients at once' if count > 1 else ''
        compare([f'create a block of 4 KiB{suffix}', f'create, close, remove{suffix}'], clients,
                count)
    subprocess.run([program], check=True)


if __name__ == '__main__':
    main()
