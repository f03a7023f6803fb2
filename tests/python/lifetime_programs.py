# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The programs whose blocks lifetime_rows.py watches: lifetime_programs.py FUNCTION ARGUMENT...

A program uses the classes of this library or of stock CPython, as SHMOBJ_TEST_CLASSES says. It must
run with CPython 3.8. The programs and their watcher meet at named points. Each point is a pair of
FIFOs in a folder, because FIFOs work for all parents and children of a program, and after exec().

Many of these programs run in a test. So they import a module only where they need it.
"""

import errno
import os
import signal
import sys

FOLDER = os.environ['SHMOBJ_TEST_FOLDER']

# The command that starts this file with the same interpreter.
COMMAND = os.environ['SHMOBJ_TEST_COMMAND'].split('\n')

IS_STOCK = os.environ['SHMOBJ_TEST_CLASSES'] == 'stock'

SIZE = 64
NOBODY = 65534

if IS_STOCK:
    from multiprocessing.shared_memory import ShareableList, SharedMemory
    PRELOAD = 'multiprocessing.shared_memory'
else:
    import gi
    gi.require_version('Shm', '1.0')
    from gi.repository import Shm
    from gi.repository.Shm import ShareableList, SharedMemory
    PRELOAD = 'lifetime_preload'

# Keeps the objects until the end of the process.
_objects = []


def fifo(point, way):
    """Returns the path of a FIFO, and creates the FIFO if needed."""
    path = '{}/{}.{}'.format(FOLDER, point, way)
    try:
        os.mkfifo(path)
        os.chmod(path, 0o666)
    except OSError as error:
        if error.errno != errno.EEXIST:
            raise
    return path


def reach(point):
    """Tells the watcher that this process is at the point, and waits until it may continue."""
    with open(fifo(point, 'reached'), 'wb'):
        pass
    with open(fifo(point, 'continue'), 'rb') as file:
        file.read()


def create(name):
    shm = SharedMemory(name, create=True, size=SIZE)
    _objects.append(shm)
    return shm


def attach(name, **options):
    shm = SharedMemory(name, **options)
    _objects.append(shm)
    return shm


# Programs with one process


def create_and_end(name, end='exit'):
    shm = create(name)
    if end == 'unlink':
        shm.unlink()
    elif end == 'exception':
        raise RuntimeError('not caught')
    elif end == '_exit':
        os._exit(0)


def create_list_and_end(name):
    _objects.append(ShareableList([1, 'two'], name=name))


def create_and_wait(name, point='created'):
    create(name)
    reach(point)


def create_list_and_wait(name):
    create_list_and_end(name)
    reach('created')


def create_two_and_wait(name):
    """Creates two blocks. The watcher does something between the two creations."""
    create_and_wait(name, 'created')
    create_and_wait(name + '-2', 'created second')


def create_unlink_and_create(name):
    """Gives a name to two blocks, one after the other."""
    create(name).unlink()
    create_and_wait(name)


def create_many(name, count):
    for i in range(int(count)):
        SharedMemory('{}-{}'.format(name, i), create=True, size=1).close()
    reach('created')


def create_in_a_thread(name):
    import threading
    thread = threading.Thread(target=create, args=(name,))
    thread.start()
    thread.join()
    reach('created')


def create_and_exec(name, *point):
    """Creates a block and runs another program, which is only a shell."""
    create(name)
    exec_shell('running')


def exec_shell(point):
    script = 'echo >"$1"; read -r line <"$2"'
    os.execv('/bin/sh', ['sh', '-c', script, 'sh', fifo(point, 'reached'),
                         fifo(point, 'continue')])


def attach_and_end(name, *options):
    attach(name, **{'track': False} if 'track=False' in options else {})


def attach_and_unregister(name):
    """Does what many programs do, to keep CPython's tracker from removing the block."""
    from multiprocessing import resource_tracker
    resource_tracker.unregister(attach(name)._name, 'shared_memory')


def create_and_unregister(name):
    from multiprocessing import resource_tracker
    resource_tracker.unregister(create(name)._name, 'shared_memory')


def create_and_use_both_classes(name):
    """Creates a block, attaches CPython's class to it, and unlinks it."""
    from multiprocessing import shared_memory
    shm = create(name)
    stock = shared_memory.SharedMemory(name)
    stock.close()
    shm.unlink()


def change_user_and_create(name):
    """Changes from root to another user before the first creation."""
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    create_and_wait(name)


def create_change_user_and_create(name):
    """Changes the user between two creations."""
    create(name)
    change_user_and_create(name + '-2')


def remove_leftovers():
    Shm.Manager.remove_leftovers()


# Programs with several processes


def start_process(kind, function, *args):
    """Starts a child of this kind that calls a function. Returns a function that waits for its end."""
    if kind == 'os.fork':
        pid = os.fork()
        if pid == 0:
            run_and_exit(function, *args)
        return lambda: os.waitpid(pid, 0)

    if kind == 'subprocess':
        import subprocess
        return subprocess.Popen(COMMAND + [function.__name__, *args]).wait

    import multiprocessing
    context = multiprocessing.get_context('forkserver' if kind == 'preload' else kind)
    if kind == 'preload':
        context.set_forkserver_preload([PRELOAD])
    process = context.Process(target=function, args=args)
    process.start()

    return process.join


def run_and_exit(function, *args):
    """Calls a function in a forked process, and ends the process without Python's work at exit."""
    try:
        function(*args)
        os._exit(0)
    finally:
        os._exit(1)


def warm_up(name, state):
    """If the state is 'warm', creates a block first, so that the program already has a tracker."""
    if state == 'warm':
        create(name + '-warm')


def child_creates_and_ends(name, kind, state):
    warm_up(name, state)
    start_process(kind, create_and_end, name)()
    reach('child has ended')


def child_attaches_and_ends(name, kind, state):
    warm_up(name, state)
    start_process(kind, attach_and_end, name)()
    reach('child has ended')


def child_creates_and_waits(name, kind, state):
    warm_up(name, state)
    start_process(kind, create_and_wait, name)()


def parent_creates_and_waits(name, kind, state='cold'):
    """The child only runs, and outlives the parent."""
    warm_up(name, state)
    wait = start_process(kind, reach, 'child runs')
    create_and_wait(name)
    wait()


def two_children(name, kind, state):
    """One child creates a block and ends. The other child, which is older, only runs."""
    warm_up(name, state)
    wait = start_process(kind, reach, 'sibling runs')
    reach('sibling was started')
    start_process(kind, create_and_end, name)()
    reach('child has ended')
    wait()


def child_and_exec(name):
    """A forked child runs while its parent, the creator, becomes another program."""
    create(name)
    start_process('os.fork', reach, 'child runs')
    exec_shell('running')


def become_daemon(name, *options):
    """Creates a block, and continues as a daemon."""
    create(name)
    if os.fork() != 0:
        os._exit(0)
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
    if 'close all' in options:
        os.closerange(0, 4096)
    reach('daemon runs')


def use_forks_of_threads(name):
    """A thread forks a child that creates the block. The thread and the child end."""
    import threading
    thread = threading.Thread(target=child_creates_and_ends, args=(name, 'os.fork', 'cold'))
    thread.start()
    thread.join()


# Programs with a manager


def serve_block(name, address):
    """Starts a manager that creates a block with a chosen name. Only for this library."""
    with Shm.Manager(address, b'key') as manager:
        manager.SharedMemory(SIZE, name)
        reach('created')


def serve(address):
    with Shm.Manager(address, b'key'):
        reach('serving')


def create_and_hand_over(name, address):
    """Creates a block and makes a manager of another program its owner."""
    manager = Shm.Manager(address, b'key')
    manager.connect()
    create(name)
    manager.track(name)


if __name__ == '__main__':
    # A program that a test has started may have inherited that SIGINT is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    globals()[sys.argv[1]](*sys.argv[2:])
