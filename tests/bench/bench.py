#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The groups "python", "memory", "interpreters" and "start": this library beside CPython's classes.

    bench.py [GROUP...]

Each contender is a process of its own, which measures statements when this program asks for it. The
contenders take turns, so that a slow phase of the machine affects all of them. The times are the
CPU time of the contender's process, and include a loop of timeit, which takes a few nanoseconds."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS_MIN, ROUNDS_MAX = 5, 21
ROW_SECONDS = 2.5  # a row has fewer rounds if it would take longer than this

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'python'))
from interpreters import bare_environment, find_interpreters  # noqa: E402

# A contender. It reads a line of JSON and prints a line of JSON for each task.
WORKER = '''
import gc, json, sys, time, timeit
names, timers = {}, {}
gc.disable()
for line in sys.stdin:
    task, text, n = json.loads(line)
    answer = None
    if task == 'run':
        exec(text, names)
    elif task == 'value':
        answer = eval(text, names)
    else:
        timer = timers.setdefault(text, timeit.Timer(text, timer=time.process_time, globals=names))
        if task == 'count':  # finds how many calls take long enough
            answer = 1
            while timer.timeit(answer) < 0.0015:
                answer *= 2
        else:
            answer = timer.timeit(n) / n * 1e9
    print(json.dumps(answer), flush=True)
'''

# Definitions that each contender runs first. make() makes a list, and remove() removes it.
OURS = '''
import gi
gi.require_version('Shm', '1.0')
from gi.repository.Shm import SharedMemory, ShareableList
assert hasattr(SharedMemory, 'buf'), 'The overrides of Shm were not found'
def create_untracked(size):
    shm = SharedMemory(create=True, size=size, track=False)
    shm.buf[0] = 1
    shm.close()
    shm.unlink()
'''
STOCK = '''
from multiprocessing.shared_memory import SharedMemory, ShareableList
'''
LISTS = '''
make = ShareableList
def remove(values):
    values.shm.close()
    values.shm.unlink()
def create(size):
    shm = SharedMemory(create=True, size=size)
    shm.buf[0] = 1
    shm.close()
    shm.unlink()
def attach(name):
    shm = SharedMemory(name)
    shm.buf[0]
    shm.close()
def attach_list(name):
    values = ShareableList(name=name)
    values[0]
    values.shm.close()
'''
PLAIN = '''
make = list
def remove(values):
    pass
'''
VIEW = STOCK + '''
import array
def make(values):
    global shm, view
    shm = SharedMemory(create=True, size=8 * len(values))
    view = shm.buf[:8 * len(values)].cast('q')
    view[:] = array.array('q', values)
    return view
def remove(values):
    values.release()
    shm.close()
    shm.unlink()
'''
NUMPY = STOCK + '''
import numpy
def make(values):
    global shm, numbers
    shm = SharedMemory(create=True, size=8 * len(values))
    numbers = numpy.frombuffer(shm.buf, dtype='q', count=len(values))
    numbers[:] = values
    return numbers
def remove(values):
    global numbers, l
    numbers = l = values = None  # The block cannot be closed while the array exists.
    shm.close()
    shm.unlink()
'''


class Worker:
    def __init__(self, name, definitions, executable=None, **variables):
        """Starts a contender in the given interpreter without site-packages, or in this one with
        the given environment variables."""
        if executable:
            command, environment = [executable, '-I', '-S'], bare_environment()
        else:
            command, environment = [sys.executable], {**os.environ, **variables}
        self.name = name
        self.process = subprocess.Popen([*command, '-c', WORKER], env=environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.run(definitions)

    def ask(self, task, text, n=0):
        self.process.stdin.write(json.dumps([task, text, n]) + '\n')
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f'{self.name} failed at: {text}')
        return json.loads(answer)

    def run(self, text):
        self.ask('run', text)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def print_row(group, title, times, unit='ns'):
    print(json.dumps({'group': group, 'row': title, 'unit': unit, 'contenders': times}), flush=True)


def skip(group, contender, reason):
    print(json.dumps({'group': group, 'skipped': contender, 'reason': reason}), flush=True)


def compare(group, title, workers, statement, prepare='', finish='', per_call=1):
    """Measures the statement in all contenders, and prints a line. The statement is a text, or a
    dictionary with the statement for each contender that takes part."""
    statements = statement if isinstance(statement, dict) else dict.fromkeys(workers, statement)
    contenders = [workers[name] for name in statements if name in workers]
    counts = {}
    for worker in contenders:
        worker.run(prepare)
        counts[worker] = worker.ask('count', statements[worker.name])

    times = {worker.name: [] for worker in contenders}
    begin = time.monotonic()
    for round_number in range(ROUNDS_MAX):
        if round_number >= ROUNDS_MIN and time.monotonic() - begin > ROW_SECONDS:
            break
        turn = round_number % len(contenders)
        for worker in contenders[turn:] + contenders[:turn]:
            nanoseconds = worker.ask('time', statements[worker.name], counts[worker])
            times[worker.name].append(nanoseconds / per_call)
    print_row(group, title, times)
    for worker in contenders:
        worker.run(finish)


# Lists

KINDS = {'int': 100, 'float': -273.154, 'bool': True, 'None': None, 'str of 5': 'howdy',
         'bytes of 5': b'HoWdY', 'str of 40': 'a text of the length of an error message'}

LARGE = 100000
MIXED = '[i, i + 0.5, f"text {i}", i % 4 == 1, b"%d bytes" % i, None][i % 6]'
CREATIONS = {
    'small ints': 'i % 256', 'ints': 'i', 'large ints': 'i << 40', 'floats': 'i + 0.5',
    'str': 'f"text {i}"', 'mixed values': MIXED,
}


def measure_values(workers):
    prepare, finish = f'values = {list(KINDS.values())!r}\nl = make(values)', 'remove(l)'
    lists = [name for name in workers if 'on a block' not in name]
    for i, kind in enumerate(KINDS):
        chosen = workers if kind == 'int' else lists
        ints = prepare if kind != 'int' else 'values = [100] * 7\nl = make(values)'
        compare('python', f'get {kind}', workers, dict.fromkeys(chosen, f'l[{i}]'), ints, finish)
        compare('python', f'set {kind}', workers, dict.fromkeys(chosen, f'l[{i}] = v'),
                f'{ints}\nv = values[{i}]', finish)


def measure_all(workers, title, values, length):
    last = 'values[-1] = "the last"' if values == MIXED else ''
    prepare = '\n'.join([f'values = [{values} for i in range({length})]', last, 'last = values[-1]',
                         'l = make(values)'])

    def measure(operation, statement, names):
        compare('python', f'{operation}, {length:,} {title}, per value', workers,
                dict.fromkeys(names, statement), prepare, 'remove(l)', length)

    lists = [name for name in workers if 'on a block' not in name]
    measure('list()', 'list(l)', lists)
    measure('for', 'for _ in l: pass', lists)
    if length > 7:
        measure('index(last)', 'l.index(last)', lists)
        measure('count(last)', 'l.count(last)', lists)
        measure('missing in', '"missing" in l', lists)


def measure_creation(group, workers, length, kinds):
    for title, values in kinds.items():
        compare(group, f'create, close, unlink a list of {length:,} {title}', workers,
                'remove(ShareableList(values))',
                f'values = [{values} for i in range({length})]')


def measure_attaching(group, workers, length):
    compare(group, f'attach, get one, close a list of {length:,}', workers, 'attach_list(name)',
            f'l = ShareableList(list(range({length})))\nname = l.shm.name', 'remove(l)')


def measure_blocks(group, workers):
    compare(group, 'create, touch, close, unlink a block of 4 KiB', workers, 'create(4096)')
    compare(group, 'attach, touch, close', workers, 'attach(name)',
            'shm = SharedMemory(create=True, size=4096)\nname = shm.name',
            'shm.close()\nshm.unlink()')


def measure_bulk(workers, stock):
    for size, text in (64, '64 bytes'), (1 << 20, '1 MiB'), (16 << 20, '16 MiB'):
        prepare = (f'data = b"x" * {size}\nshm = SharedMemory(create=True, size={size})\n'
                   f'shm.buf[:] = data\nview = shm.buf[:{size}]')
        finish = 'view.release()\nshm.close()\nshm.unlink()'
        compare('python', f'read() of {text} / bytes(buf)', workers,
                {'shmobj': 'shm.read()', stock: 'bytes(view)'}, prepare, finish)
        compare('python', f'write() of {text} / buf[:] = bytes', workers,
                {'shmobj': 'shm.write(0, data)', stock: 'view[:] = data'}, prepare, finish)


def stock_name(version=sys.version_info):
    return 'CPython ' + '.'.join(map(str, version[:3]))


def measure_python():
    stock = stock_name()
    workers = [Worker('shmobj', OURS + LISTS), Worker(stock, STOCK + LISTS, sys.executable),
               Worker('memoryview on a block', VIEW), Worker('NumPy on a block', NUMPY),
               Worker('limit: plain list', PLAIN)]
    if os.environ.get('SHMOBJ_PYTHON_EXTENSION'):  # the extension of the build folder is used
        workers.insert(2, Worker('shmobj without its extension', OURS + LISTS,
                                 SHMOBJ_PYTHON_EXTENSION=''))
    by_name = {worker.name: worker for worker in workers}
    shared = {name: by_name[name] for name in ('shmobj', stock)}

    measure_blocks('python', shared)
    compare('python', 'create and so on, with track=False', shared,
            {'shmobj': 'create_untracked(4096)', stock: 'create(4096)'})
    measure_values(by_name)
    for title, values, length in (('ints', 'i', 7), ('ints', 'i', LARGE),
                                  ('mixed values', MIXED, LARGE)):
        measure_all(by_name, title, values, length)
    measure_creation('python', shared, 8, {'ints': 'i'})
    measure_creation('python', shared, LARGE, CREATIONS)
    for length in 7, LARGE:
        measure_attaching('python', shared, length)
    measure_bulk(shared, stock)
    for worker in workers:
        worker.end()


def measure_interpreters():
    """A few rows, with each CPython that was found."""
    workers = {'shmobj': Worker('shmobj', OURS + LISTS)}
    for version, executable in sorted(find_interpreters().items()):
        workers[stock_name(version)] = Worker(stock_name(version), STOCK + LISTS, executable)

    measure_blocks('interpreters', workers)
    for statement, title, length, per_call in (
            ('l[6]', 'get int', 7, 1), ('l[6] = v', 'set int', 7, 1),
            ('for _ in l: pass', 'for, 1,000 ints, per value', 1000, 1000)):
        compare('interpreters', title, workers, statement,
                f'values = list(range({length}))\nv = values[6]\nl = make(values)', 'remove(l)',
                per_call)
    measure_creation('interpreters', workers, LARGE, {'ints': 'i'})
    for worker in workers.values():
        worker.end()


# Memory

# A program that measures how many bytes its process holds for itself: the pages that it has changed,
# without those of blocks.
HOLD = '''
import gc, re
def count_own_bytes():
    gc.collect()
    with open('/proc/self/smaps') as file:
        mappings = re.split('^(?=[0-9a-f]+-)', file.read(), flags=re.MULTILINE)
    return sum(1024 * int(re.search('^Private_Dirty: +([0-9]+)', mapping, re.MULTILINE)[1])
               for mapping in mappings[1:] if '/dev/shm/' not in mapping)
def use(name):
    values = make_attached(name)
    for value in values:
        pass
    return values, values[0], values[len(values) - 1]
def hold(name, n):
    use(small.shm.name)
    before = count_own_bytes()
    held = [use(name) for _ in range(n)]
    return (count_own_bytes() - before) / n
def make_attached(name):
    values = ShareableList(name=name)
    if name != small.shm.name:
        forget(values)
    return values
small = ShareableList([1, 'text'])
'''


# CPython's resource tracker removes each list that the process has attached to. This is for a version
# without the parameter track.
FORGET = '''
from multiprocessing import resource_tracker
def forget(values):
    resource_tracker.unregister('/' + values.shm.name, 'shared_memory')
'''
FORGET_NOTHING = 'forget = id'


def measure_memory():
    """Each round attaches to several lists in a new process, because a process uses again what it
    has freed."""
    stock = stock_name()
    creator = Worker('creator', STOCK + LISTS, sys.executable)
    for title, values in ('ints', 'i'), ('mixed values', MIXED):
        creator.run(f'l = make([{values} for i in range({LARGE})])')
        name = creator.ask('value', 'l.shm.name')
        bytes_held = {'shmobj': [], stock: []}
        for _ in range(ROUNDS_MIN):
            for worker in (Worker('shmobj', OURS + LISTS + FORGET_NOTHING + HOLD),
                           Worker(stock, STOCK + LISTS + FORGET + HOLD, sys.executable)):
                bytes_held[worker.name].append(worker.ask('value', f'hold({name!r}, 4)'))
                worker.run('remove(small)')
                worker.end()
        print_row('memory', f'an attached and used list of {LARGE:,} {title}', bytes_held, 'B')
        creator.run('remove(l)')
    creator.end()


# Starting a program

# A program that prints how long its first creation of a block takes, in nanoseconds. The program
# may use all processors, like other programs. On a single one it competes with its tracker.
FIRST = '''
import os
import time
os.sched_setaffinity(0, range(os.cpu_count()))
begin = time.perf_counter_ns()
shm = SharedMemory(create=True, size=100)
print(time.perf_counter_ns() - begin)
shm.close()
shm.unlink()
'''


def make_environment(bytecode):
    """Returns an environment in which Python writes byte code into the folder, and loads it again.
    So no program compiles modules when it is measured, as if the override was installed."""
    variables = os.environ | {'PYTHONPYCACHEPREFIX': bytecode}
    variables.pop('PYTHONDONTWRITEBYTECODE', None)
    return variables


def get_cpu_time(command, environment):
    """Returns the CPU time of a program in nanoseconds."""
    pid = os.posix_spawnp(command[0], command, environment)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f'{command} failed')
    return (usage.ru_utime + usage.ru_stime) * 1e9


def get_first_time(command, environment):
    """Returns the median of a few runs, because the time on the clock varies much."""
    return statistics.median(float(subprocess.check_output(command, env=environment))
                             for _ in range(5))


def compare_programs(title, commands, measure, rounds=15):
    times = {name: [] for name in commands}
    names = list(commands)
    with tempfile.TemporaryDirectory() as bytecode:
        environment = make_environment(bytecode)
        for command in commands.values():
            measure(command, environment)
        for turn in range(rounds):
            for name in names[turn % len(names):] + names[:turn % len(names)]:
                times[name].append(measure(commands[name], environment))
    print_row('start', title, times)


def measure_start():
    def python(program):
        return [sys.executable, '-c', program]

    stock = stock_name()
    compare_programs('import, CPU time of the whole program', {
        'shmobj': python(OURS), stock: python(STOCK),
        'gi with Gio': python('from gi.repository import Gio'),
        'limit: pass': python('pass')}, get_cpu_time)
    compare_programs('the first creation of a block, which starts a tracker, time on the clock', {
        'shmobj': python(OURS + FIRST), stock: python(STOCK + FIRST)}, get_first_time)
    try:
        compare_programs('gjs, CPU time of the whole program', {
            'shmobj': ['gjs', '-c', 'imports.gi.Shm'],
            'limit: Gio': ['gjs', '-c', 'imports.gi.Gio']}, get_cpu_time)
    except FileNotFoundError:
        skip('start', 'gjs', 'it was not found')


def main():
    groups = {'python': measure_python, 'memory': measure_memory,
              'interpreters': measure_interpreters, 'start': measure_start}
    for group in sys.argv[1:] or groups:
        groups[group]()


if __name__ == '__main__':
    main()
