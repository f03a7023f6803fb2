# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The events in the life of a program, and what they do to its blocks.

Each function with the decorator `row` makes one event happen, and looks which blocks exist. It does
so with the classes of this library, and with those of each stock CPython. test_lifetimes.py compares
the result with the expected outcome. docs/reference/lifetimes.md has the same table.

With --tables, this file prints that table. Without arguments, it reads jobs as JSON, runs each of
them in a process of its own, and prints the results as JSON, one line for each job.
"""

import itertools
import json
import os
import re
import signal
import sys
import tempfile
import traceback

from lifetime_watch import Skipped, Watch, run_in_parallel

FORKS = ('os.fork', 'fork')

# Since gh-146313, a child of os.fork() drops the connection to the tracker, unless multiprocessing
# made it.
DROPS_TRACKER = [((8,), 'removed at the end'), ((13, 14), 'removed at once'),
                 ((14,), 'removed at the end'), ((14, 5), 'removed at once')]
SPAWNS = ('spawn', 'forkserver', 'preload')

def name_outcome(seen):
    """Returns the outcome of a row in words. The argument says whether the block existed while a
    process of the program ran ("lives"), after the last process of the program and its tracker had
    ended ("ended"), and after another program of the same user had run ("later")."""
    if 'later' in seen and seen['ended']:
        return 'stays for ever' if seen['later'] else 'removed by the next program'
    if seen['ended']:
        return 'stays'
    if 'lives' in seen:
        return 'removed at the end' if seen['lives'] else 'removed at once'
    return 'removed'


class Row:
    """An event: its name, its description in the documentation, and the expected outcomes.

    cpython is None if CPython has nothing to compare with. Otherwise it is an outcome, or a list of
    pairs. Each pair has a version, without the 3 at the beginning, and the outcome from this version on.
    """

    def __init__(self, function, args, event, ours, cpython):
        self.name = '-'.join([function.__name__, *args])
        self.function, self.args = function, args
        self.event, self.ours = event, ours
        self.cpython = [((8,), cpython)] if isinstance(cpython, str) else cpython

    def run(self, watch):
        self.function(watch, *self.args)

    def get_outcome(self, version):
        """Returns the expected outcome for a version of CPython, or for None, this library."""
        if version is None:
            return self.ours
        outcome = None
        for first, name in self.cpython or ():
            if version[1:] >= first:
                outcome = name
        return outcome


def row(event, ours, cpython, *args):
    """Declares a row. With arguments, the name of the row ends with them."""
    return rows(event, ours, cpython, *[[argument] for argument in args])


def rows(event, ours, cpython, *argument_lists):
    """Declares a row for each combination of arguments."""
    def declare(function):
        # Python applies the last decorator first.
        function.rows = [Row(function, args, event, ours, cpython)
                         for args in itertools.product(*argument_lists)
                         ] + getattr(function, 'rows', [])
        return function

    return declare


# One process


@row('the program ends after `unlink()`', 'removed', 'removed', 'unlink')
@row('the program ends without `unlink()`', 'removed', 'removed', 'exit')
@row('an exception ends the program', 'removed', 'removed', 'exception')
@row('the program calls `os._exit()`', 'removed', 'removed', '_exit')
def creator_ends(watch, end):
    watch.start('create_and_end', watch.name, end).wait()
    watch.look_after_end()


@row('SIGTERM or SIGKILL ends the program', 'removed', 'removed', 'SIGTERM')
@row('SIGTERM or SIGKILL ends the program', 'removed', 'removed', 'SIGKILL')
def creator_is_killed(watch, number):
    program = watch.start('create_and_wait', watch.name)
    watch.wait_for_point('created')
    program.kill(getattr(signal, number))
    watch.look_after_end()


@row('SIGKILL ends all processes of the process group, for example those of a job in a terminal',
     'removed', 'stays')
def process_group_is_killed(watch):
    program = watch.start('create_and_wait', watch.name, new_session=True)
    watch.wait_for_point('created')
    os.killpg(program.pid, signal.SIGKILL)
    program.wait()
    watch.look_after_end()


@row('the creator of a list ends, or is killed', 'removed', 'removed')
def list_creator_ends(watch):
    watch.start('create_list_and_end', watch.name).wait()
    watch.look_after_end()


@row('the creator of a list ends, or is killed', 'removed', 'removed')
def list_creator_is_killed(watch):
    program = watch.start('create_list_and_wait', watch.name)
    watch.wait_for_point('created')
    program.kill()
    watch.look_after_end()


@row('a thread creates the block and ends; the program lives',
     'removed at the end', 'removed at the end')
def thread_creates(watch):
    program = watch.start('create_in_a_thread', watch.name)
    watch.look_at_point('created')
    watch.pass_point('created')
    program.wait()
    watch.look_after_end()


@row('the program created 10,000 blocks and is killed', 'removed', 'removed')
def many_blocks(watch):
    # The tracker of CPython 3.13 needs a long time for each block.
    count = 10000 if watch.is_ours() else 1000
    program = watch.start('create_many', watch.name, str(count))
    watch.wait_for_point('created')
    program.kill()
    watch.look_after_end(f'{watch.name}-0', f'{watch.name}-{count - 1}')


@row('the creator calls `exec()`: the new program is another program; the new program runs',
     'removed at once', 'removed at once')
def creator_calls_exec(watch):
    program = watch.start('create_and_exec', watch.name)
    watch.look_at_point('running')
    watch.pass_point('running')
    program.wait()
    watch.look_after_end()


@row('two programs with blocks: one program ends, and only its block is removed',
     'removed at the end', 'removed at the end')
def two_programs(watch):
    first = watch.start('create_and_wait', f'{watch.name}-first', 'first')
    second = watch.start('create_and_wait', watch.name, 'second')
    watch.wait_for_point('first')
    watch.wait_for_point('second')
    watch.pass_point('first')
    first.wait()
    watch.settle()
    assert not watch.exists(f'{watch.name}-first')
    watch.look('lives')
    watch.pass_point('second')
    second.wait()
    watch.look_after_end()


# Several processes


@rows('a forked child creates the first block of the program and ends; its parent lives',
      'removed at the end', 'removed at once', FORKS, ['cold'])
@row('a child by `os.fork()` creates a later block of the program and ends; its parent lives',
     'removed at the end', DROPS_TRACKER, 'os.fork', 'warm')
@row('the same with a forked child of `multiprocessing`', 'removed at the end',
     'removed at the end', 'fork', 'warm')
@rows('a child by spawn or forkserver creates a block and ends; its parent lives',
      'removed at the end', 'removed at the end', SPAWNS,
      ['cold', 'warm'])
@rows('a program that was started by `subprocess` creates a block and ends; its parent lives: this '
      'is another program',
      'removed at once', 'removed at once', ['subprocess'],
      ['cold', 'warm'])
def child_ends(watch, kind, state):
    program = watch.start('child_creates_and_ends', watch.name, kind, state)
    watch.look_at_point('child has ended')
    watch.pass_point('child has ended')
    program.wait()
    watch.look_after_end()


@row('a thread forks a child, which creates a block and ends; the thread ends; the program lives',
     'removed at the end', 'removed at once')
def thread_forks(watch):
    program = watch.start('use_forks_of_threads', watch.name)
    watch.look_at_point('child has ended')
    watch.pass_point('child has ended')
    program.wait()
    watch.look_after_end()


@rows('a child creates a block; its parent is killed; the child lives',
      'removed at the end', 'removed at the end', FORKS + SPAWNS,
      ['cold', 'warm'])
def parent_is_killed(watch, kind, state):
    program = watch.start('child_creates_and_waits', watch.name, kind, state)
    watch.wait_for_point('created')
    program.kill()
    watch.look_when_settled()
    watch.pass_point('created')
    watch.look_after_end()


@row('the creator is killed; its child by `os.fork()` lives', 'removed at the end', DROPS_TRACKER,
     'os.fork', 'warm')
@rows('the creator is killed; its child of `multiprocessing` lives', 'removed at the end',
      'removed at the end', ('fork', *SPAWNS), ['warm'])
@rows('the creator is killed; its forked child, which is older than the first block of the program, '
      'lives', 'removed at the end', 'removed at once', FORKS, ['cold'])
@rows('the same with a child by spawn or forkserver', 'removed at the end', 'removed at the end', SPAWNS, ['cold'])
def creator_with_child_is_killed(watch, kind, state):
    program = watch.start('parent_creates_and_waits', watch.name, kind, state)
    watch.wait_for_point('child runs')
    watch.wait_for_point('created')
    program.kill()
    watch.look_when_settled()
    watch.pass_point('child runs')
    watch.look_after_end()


@rows('a child creates the first block of the program and ends; its parent is killed; another child '
      'lives', 'removed at the end', 'removed at once', FORKS,
      ['cold'])
@row('the same with a later block, and children by `os.fork()`', 'removed at the end', DROPS_TRACKER,
     'os.fork', 'warm')
@row('the same with a later block and forked children of `multiprocessing`, or with spawn or '
     'forkserver', 'removed at the end', 'removed at the end', 'fork', 'warm')
@rows('the same with a later block and forked children of `multiprocessing`, or with spawn or '
      'forkserver', 'removed at the end', 'removed at the end', SPAWNS,
      ['cold', 'warm'])
def sibling_lives(watch, kind, state):
    program = watch.start('two_children', watch.name, kind, state)
    watch.wait_for_point('sibling runs')
    watch.wait_for_point('sibling was started')
    watch.pass_point('sibling was started')
    watch.wait_for_point('child has ended')
    program.kill()
    watch.look_when_settled()
    watch.pass_point('sibling runs')
    watch.look_after_end()


@row('the creator becomes a daemon: it forks twice, and its first two processes end',
     'removed at the end', DROPS_TRACKER)
@row('the creator becomes a daemon, and also closes all its descriptors', 'removed at the end',
     'removed at once', 'close all')
def daemon(watch, *options):
    watch.start('become_daemon', watch.name, *options).wait()
    watch.look_at_point('daemon runs')
    watch.pass_point('daemon runs')
    watch.look_after_end()


@row('the creator calls `exec()`; its child by `os.fork()` lives', 'removed at the end', DROPS_TRACKER)
def child_outlives_exec(watch):
    program = watch.start('child_and_exec', watch.name)
    watch.wait_for_point('child runs')
    watch.wait_for_point('running')
    watch.pass_point('running')
    program.wait()
    watch.look_when_settled()
    watch.pass_point('child runs')
    watch.look_after_end()


# Names


@row('the name belongs to a new block of another program; the old program gets SIGTERM; the other '
     'program lives', 'removed at the end', 'removed at once')
def name_is_reused(watch):
    old = watch.start('create_and_wait', watch.name, 'old')
    watch.wait_for_point('old')
    watch.unlink()
    new = watch.start('create_and_wait', watch.name, 'new')
    watch.wait_for_point('new')
    inode = watch.get_inode()
    old.kill(signal.SIGTERM)
    watch.look_when_settled()
    assert watch.get_inode() in (inode, None)
    watch.pass_point('new')
    new.wait()
    watch.look_after_end()


@row('the name belongs to a new block of a program without tracking; the old program ends',
     'stays', 'removed')
def name_is_reused_by_others(watch):
    old = watch.start('create_and_wait', watch.name)
    watch.wait_for_point('created')
    watch.unlink()
    watch.make_block()
    watch.pass_point('created')
    old.wait()
    watch.look_after_end()


@row('the name belongs to a new block of a manager; the old program gets SIGTERM; the manager lives',
     'removed at the end', None)
def name_is_reused_by_a_manager(watch):
    old = watch.start('create_and_wait', watch.name, 'old')
    watch.wait_for_point('old')
    watch.unlink()
    new = watch.start('serve_block', watch.name, watch.address)
    watch.wait_for_point('created')
    old.kill(signal.SIGTERM)
    watch.look_when_settled()
    watch.pass_point('created')
    new.wait()
    watch.look_after_end()


@row('the program unlinks its block, and creates another one with the same name',
     'removed', 'removed')
def name_is_reused_by_creator(watch):
    program = watch.start('create_unlink_and_create', watch.name)
    watch.wait_for_point('created')
    program.kill()
    watch.look_after_end()


# Attaching


@row('a program only attaches to the block, and ends', 'stays', 'removed')
@row('a program only attaches to the block, with `track=False`, and ends', 'stays', [((13,), 'stays')],
     'track=False')
def attached_program_ends(watch, *options):
    watch.make_block()
    watch.start('attach_and_end', watch.name, *options).wait()
    watch.look_after_end()


@row('a child by `os.fork()` attaches to a block of another program and ends; its parent, whose '
     'tracker runs, lives and ends', 'stays', DROPS_TRACKER, 'os.fork', 'warm')
@rows('the same with a child of `multiprocessing`', 'stays', 'removed at the end',
      ('fork', *SPAWNS), ['warm'])
def attached_child_ends(watch, kind, state):
    watch.make_block()
    program = watch.start('child_attaches_and_ends', watch.name, kind, state)
    watch.look_at_point('child has ended')
    watch.pass_point('child has ended')
    program.wait()
    watch.look_after_end()


@row('a program attaches, calls `resource_tracker.unregister(shm._name, \'shared_memory\')`, and '
     'ends', 'stays', 'stays', 'attach_and_unregister')
@row('a program creates the block, calls `resource_tracker.unregister(shm._name, '
     '\'shared_memory\')`, and ends', 'stays', 'stays', 'create_and_unregister')
def program_unregisters(watch, function):
    if function == 'attach_and_unregister':
        watch.make_block()
    watch.start(function, watch.name).wait()
    watch.look_after_end()
    assert watch.read_errors() == '', watch.read_errors()


@row('a program creates the block, attaches CPython\'s class to it too, and unlinks it with the '
     'creating object', 'removed', None)
def program_uses_both_classes(watch):
    watch.start('create_and_use_both_classes', watch.name).wait()
    watch.look_after_end()
    assert watch.read_errors() == '', watch.read_errors()


# The tracker


@row('the tracker is killed; the program creates nothing more, and ends',
     'removed by the next program', 'stays for ever')
def tracker_is_killed(watch):
    watch.needs_isolation()
    program = watch.start('create_and_wait', watch.name)
    watch.wait_for_point('created')
    watch.kill_tracker(signal.SIGKILL)
    watch.pass_point('created')
    program.wait()
    watch.look_after_end()
    watch.start('create_and_end', f'{watch.name}-other').wait()
    watch.look_after_end(moment='later')


@row('the tracker is killed; the program creates another block, and ends', 'removed', 'stays')
def tracker_is_killed_before_creation(watch):
    program = watch.start('create_two_and_wait', watch.name)
    watch.wait_for_point('created')
    watch.kill_tracker(signal.SIGKILL)
    watch.pass_point('created')
    watch.wait_for_point('created second')
    program.kill()
    watch.look_after_end()


@row('SIGKILL ends the program and the tracker', 'removed by the next program', 'stays for ever')
@row('SIGKILL ends the program and the tracker; then a process calls `Manager.remove_leftovers()`',
     'removed by the next program', None, 'remove_leftovers')
def all_are_killed(watch, *options):
    watch.needs_isolation()
    program = watch.start('create_and_wait', watch.name)
    watch.wait_for_point('created')
    # Kill the tracker first, so that it has no chance to remove the block.
    watch.kill_tracker(signal.SIGKILL)
    program.kill()
    watch.look_after_end()
    if options:
        watch.start('remove_leftovers').wait()
    else:
        watch.start('create_and_end', f'{watch.name}-other').wait()
    watch.look_after_end(moment='later')


@rows('the tracker gets SIGTERM or SIGINT; the program ends', 'removed', 'removed',
      ['SIGTERM', 'SIGINT'])
@rows('the tracker gets SIGHUP; the program ends', 'removed', 'stays', ['SIGHUP'])
def tracker_gets_signal(watch, number):
    program = watch.start('create_and_wait', watch.name)
    watch.wait_for_point('created')
    watch.settle()
    watch.signal_trackers(getattr(signal, number))
    watch.settle()
    program.kill()
    watch.look_after_end()


# Managers


@row('the program hands the block over to a manager with `track()`, and ends; the manager lives',
     'removed at the end', None)
def block_is_handed_over(watch):
    server = watch.start('serve', watch.address)
    watch.wait_for_point('serving')
    watch.start('create_and_hand_over', watch.name, watch.address).wait()
    watch.look_when_settled()
    watch.pass_point('serving')
    server.wait()
    watch.look_after_end()


# Users and namespaces


@row('a program of root changes to another user, then creates its first block, and ends',
     'removed', 'removed', 'change_user_and_create')
@row('a program of root creates a block, changes to another user, creates another block, and ends: '
     'both blocks', 'removed', 'removed', 'create_change_user_and_create')
def root_changes_user(watch, function):
    watch.needs_root()
    program = watch.start(function, watch.name)
    watch.wait_for_point('created')
    watch.pass_point('created')
    program.wait()
    watch.look_after_end(watch.name, f'{watch.name}-2')


@row('the program runs in a PID namespace, which ends: the kernel kills the program and the tracker '
     '(unless the tracker is faster)',
     'removed by the next program', 'stays for ever')
def pid_namespace_ends(watch):
    watch.needs_namespaces()
    program = watch.start('create_and_wait', watch.name, pid_namespace=True)
    watch.wait_for_point('created')
    # The tracker of a program outside must see that the program in the namespace lives.
    watch.start('create_and_end', f'{watch.name}-other').wait()
    watch.settle()
    assert watch.exists()
    # The kernel releases the lock of the program before it kills the tracker. Stop the tracker, so
    # that it does not remove the block in between.
    watch.signal_trackers(signal.SIGSTOP)
    program.kill_children()
    watch.look_after_end()
    watch.start('create_and_end', f'{watch.name}-other').wait()
    watch.look_after_end(moment='later')


# Peers with CPython's classes. The stock CPython of the job runs only the peer.

def peer(event, cpython, *args):
    return row(event, None, cpython, *args)


@peer('a program with CPython\'s classes attaches to our block, and ends; our program lives',
      [((8,), 'removed at once')])
@peer('a program with CPython\'s classes attaches to our block with `track=False`, and ends; our '
      'program lives', [((13,), 'removed at the end')], 'track=False')
@peer('a program with CPython\'s classes attaches to our block, unregisters it, and ends; our '
      'program lives', [((8,), 'removed at the end')], 'unregister')
def stock_peer_attaches(watch, *options):
    creator = watch.start('create_and_wait', watch.name, classes='ours')
    watch.wait_for_point('created')
    if 'unregister' in options:
        watch.start('attach_and_unregister', watch.name).wait()
    else:
        watch.start('attach_and_end', watch.name, *options).wait()
    watch.look_when_settled()
    watch.pass_point('created')
    creator.wait()
    watch.look_after_end()


_found = [row for function in list(globals().values()) for row in getattr(function, 'rows', ())]
ROWS = {row.name: row for row in _found if row.ours}
PEERS = {row.name: row for row in _found if not row.ours}
assert len(ROWS) + len(PEERS) == len(_found)


# The tables in the documentation


def format_version(version):
    return '.'.join(map(str, (3, *version)))


def describe(cpython):
    """Describes what the versions of CPython do. None means that there is nothing to compare."""
    if cpython is None:
        return ''
    (first, outcome), *later = cpython
    words = outcome if first == (8,) else f'from {format_version(first)} on: {outcome}'
    since = [format_version(version) for version, other in later if other != outcome]
    if since:
        words += f'; since {" and ".join(since)}: {later[-1][1]}'

    return words



def make_table(header, found, *getters):
    """Returns the lines of a table with one line for each event."""
    lines = [header, re.sub('[^|]+', ' --- ', header)]
    for found_row in found:
        line = f'| {found_row.event} | ' + ' | '.join(get(found_row) for get in getters) + ' |'
        if line not in lines:
            lines.append(line)
    events = [line.split(' | ')[0] for line in lines]
    assert len(set(events)) == len(events), 'the rows of an event have different outcomes'

    return lines


def make_tables():
    """Returns the tables for lifetimes.md."""
    return [
        make_table('| Event | These classes | CPython\'s classes |', ROWS.values(),
                   lambda row: row.ours, lambda row: describe(row.cpython)),
        make_table('| Event | The block |', PEERS.values(), lambda row: describe(row.cpython)),
    ]


def run_job(job):
    """Runs a row in a new process. Prints the result."""
    row = {**ROWS, **PEERS}[job['row']]
    with tempfile.TemporaryDirectory(prefix='shmobj-lifetimes-') as folder:
        watch = Watch(job, folder)
        try:
            row.run(watch)
            watch.check_leftovers()
        except Skipped as reason:
            watch.skip = str(reason)
        except BaseException:
            watch.error = traceback.format_exc()
        watch.clear()
    result = {**job, 'seen': watch.seen, 'error': watch.error, 'skip': watch.skip,
              'stderr': watch.errors}
    os.write(1, json.dumps(result).encode() + b'\n')


def main():
    if sys.argv[1:] == ['--tables']:
        print('\n\n'.join('\n'.join(lines) for lines in make_tables()))
        return

    run_in_parallel(run_job, json.load(sys.stdin))


if __name__ == '__main__':
    main()
