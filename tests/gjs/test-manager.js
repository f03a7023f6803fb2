// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tests Shm.Manager in JavaScript, also together with other GJS processes, and with CPython if it
// is installed. Prints TAP.

imports.gi.versions.Shm = '1.0';

const {Gio, GLib, GObject, Shm} = imports.gi;
const {gc} = imports.system;

imports.searchPath.unshift(GLib.path_get_dirname(imports.system.programPath));

const {check, checkCancelled, checkRangeError, checkShmError, equal, equalBytes} = imports.support;
const {exists, fails, newName, rejectedError, rejects, runTests, skip} = imports.support;
const {thrownError, throws, throwsRangeError, withTimeout} = imports.support;

const SIZE = 1000;
const KEY = Uint8Array.of(0, 1, 255, 254, 10, 0);
const MIXED = [42, 2.5, 'howdy', true, Uint8Array.of(1, 0, 2, 0), null, -7];
const VARIANT = new GLib.Variant('(xb)', [5, true]);
const {INITIAL, STARTED, CONNECTED, SHUT_DOWN, SERVER_DIED} = Shm.ManagerState;
const GJS = GLib.file_read_link('/proc/self/exe');
const PYTHON = GLib.find_program_in_path('python3');

// Helpers

function newAddress() {
    return `@${newName()}`;
}

// Returns a test that starts a manager, and shuts it down at the end.
function withManager(test) {
    return async () => {
        const manager = new Shm.Manager({authkey: KEY});

        manager.start();
        try {
            await test(manager);
        } finally {
            if (manager.state === STARTED)
                manager.shutdown();
        }
    };
}

// Returns another manager that is connected to the same server.
function connectClient(manager) {
    const other = new Shm.Manager({address: manager.address, authkey: KEY});

    other.connect_to_server();
    return other;
}

function equalList(found, wanted) {
    equal(found.join(' '), wanted.join(' '));
}

function equalValues(list, values) {
    equal(list.length, values.length);
    [...list].forEach((value, i) => {
        if (values[i] instanceof Uint8Array)
            equalBytes(value, values[i]);
        else
            equal(value, values[i]);
    });
}

function sleep(milliseconds) {
    return new Promise(resolve => {
        GLib.timeout_add(GLib.PRIORITY_DEFAULT, milliseconds, () => {
            resolve();
            return GLib.SOURCE_REMOVE;
        });
    });
}

// Runs the main loop until no event is pending.
function dispatchPending() {
    return new Promise(resolve => {
        GLib.idle_add(GLib.PRIORITY_LOW, () => {
            resolve();
            return GLib.SOURCE_REMOVE;
        });
    });
}

// Runs the main loop until the condition is true.
async function waitUntil(condition, what) {
    let isLate = false;

    await withTimeout((async () => {
        while (!isLate && !condition())
            await sleep(10);
    })(), what).finally(() => {
        isLate = true;
    });
}

// Returns whether a process is running. A zombie, whose parent has not collected its status yet,
// counts as not running.
// Returns false when no thread of the process is left, except a main thread that is a zombie. Only
// then has the process released its locks.
function isRunning(pid) {
    try {
        const [, status] = GLib.file_get_contents(`/proc/${pid}/stat`);
        const fields = new TextDecoder().decode(status).split(') ').pop().split(' ');

        return !'ZX'.includes(fields[0]) || Number(fields[17]) > 1;
    } catch (error) {
        return false;
    }
}

function kill(...pids) {
    spawn('sh', '-c', 'kill -KILL "$@"', 'sh', ...pids.map(String)).wait_check(null);
}

// Returns an array to which each signal of the manager adds a text: +NAME when a block is tracked,
// -NAME when a block is removed, and exited when the server has exited.
function record(manager) {
    const signals = [];

    manager.connect('block-tracked', (_, name) => signals.push(`+${name}`));
    manager.connect('block-removed', (_, name) => signals.push(`-${name}`));
    manager.connect('server-exited', () => signals.push('exited'));
    return signals;
}

// Starts another program. readOutput() and readFirstLine() return promises for the text that the
// program prints.
function spawn(...command) {
    return Gio.Subprocess.new(command, Gio.SubprocessFlags.STDIN_PIPE |
        Gio.SubprocessFlags.STDOUT_PIPE | Gio.SubprocessFlags.STDERR_PIPE);
}

function readOutput(process) {
    return withTimeout(new Promise((resolve, reject) => {
        process.communicate_utf8_async(null, null, (_, result) => {
            try {
                const [, said, problem] = process.communicate_utf8_finish(result);

                if (!process.get_successful())
                    throw new Error(`another process failed: ${problem}`);
                resolve(said.trim());
            } catch (error) {
                reject(error);
            }
        });
    }), 'another process');
}

function readFirstLine(process) {
    const stream = Gio.DataInputStream.new(process.get_stdout_pipe());

    return withTimeout(new Promise((resolve, reject) => {
        stream.read_line_async(GLib.PRIORITY_DEFAULT, null, (_, result) => {
            try {
                const [line] = stream.read_line_finish_utf8(result);

                resolve(line ?? '');
            } catch (error) {
                reject(error);
            }
        });
    }), 'the output of another process');
}

function hex(bytes) {
    return [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('');
}

const tests = {};

// Construction

tests['new'] = () => {
    const manager = new Shm.Manager();

    check(manager instanceof Shm.Manager);
    equal(manager.state, INITIAL);
    equal(manager.get_state(), INITIAL);
    equal(manager.pid, 0);
    equal(manager.address, null);
    equal(manager.get_address(), null);
    equal(manager.get_authkey().get_size(), 32);
    equal(manager.flags, Shm.ManagerFlags.NONE);
};

tests['new with an address and a key'] = () => {
    const address = newAddress();
    const {REFUSE_MD5} = Shm.ManagerFlags;
    const made = [
        new Shm.Manager({address, authkey: KEY}),
        new Shm.Manager({address, authkey: new GLib.Bytes(KEY)}),
        new Shm.Manager({address, authkey: KEY.buffer, flags: REFUSE_MD5}),
        Shm.Manager.new(address, KEY),
        Shm.Manager.new(address, new GLib.Bytes(KEY), REFUSE_MD5),
    ];

    for (const manager of made) {
        equal(manager.address, address);
        equalBytes(manager.get_authkey().toArray(), KEY);
        equalBytes(manager.authkey.toArray(), KEY);
    }
    equal(made[2].flags, REFUSE_MD5);
    equal(made[3].flags, Shm.ManagerFlags.NONE);
    equal(made[4].flags, REFUSE_MD5);
    for (const manager of [Shm.Manager.new(), Shm.Manager.new(null, null),
        new Shm.Manager({address: null, authkey: null})]) {
        equal(manager.address, null);
        equal(manager.get_authkey().get_size(), 32);
    }
    equal(Shm.Manager.new(null, Uint8Array.of()).get_authkey().get_size(), 0);
};

tests['new: invalid addresses and keys'] = () => {
    for (const address of ['a\0b', '\0abstract'])
        fails(Shm.Error.INVALID_NAME, () => new Shm.Manager({address}));
    fails(Shm.Error.INVALID_NAME, () => Shm.Manager.new('a\0b', KEY));
    for (const authkey of ['text', 5, {}]) {
        throws(TypeError, () => new Shm.Manager({authkey}));
        throws(TypeError, () => Shm.Manager.new(null, authkey));
    }
};

// Life of a server

tests['start, create, list, remove, shut down'] = () => {
    const manager = new Shm.Manager();
    const name = newName();

    equal(manager.start(), true);
    equal(manager.state, STARTED);
    check(isRunning(manager.pid));
    equal(manager.get_address(), manager.address);
    equalList(manager.list_blocks(), []);

    const shm = manager.create_shared_memory(name, SIZE);
    const other = manager.create_shared_memory(null, 10);
    check(shm instanceof Shm.SharedMemory);
    equal(shm.name, name);
    equal(shm.size, SIZE);
    equalBytes(shm.read(0, 2), [0, 0]);
    check(/^psm_[0-9a-f]{8}$/.test(other.name), other.name);
    equalList(manager.list_blocks(), [name, other.name]);

    equal(manager.remove(name), true);
    check(!exists(name));
    shm.write(0, [1]);
    equalList(manager.list_blocks(), [other.name]);

    const {pid} = manager;
    equal(manager.shutdown(), true);
    equal(manager.state, SHUT_DOWN);
    check(!exists(other.name));
    check(!isRunning(pid));
    equal(manager.shutdown(), true);
};

tests['create_shareable_list'] = withManager(manager => {
    const name = newName();
    const list = manager.create_shareable_list(MIXED, name);
    const others = [
        [manager.create_shareable_list([2n ** 60n, 'a\0b', -0]), [2n ** 60n, 'a\0b', -0]],
        [manager.create_shareable_list(new Set(['a', 'b'])), ['a', 'b']],
        [manager.create_shareable_list(Float64Array.of(1, 2)), [1, 2]],
        [manager.create_shareable_list(VARIANT), [5, true]],
        [manager.create_shareable_list([]), []],
    ];

    check(list instanceof Shm.ShareableList);
    equal(list.name, name);
    equalValues(list, MIXED);
    equal(list.at(-1), -7);
    list.setAt(0, 'text');
    equal(Shm.ShareableList.attach(name).at(0), 'text');
    for (const [each, values] of others) {
        equalValues(each, values);
        check(exists(each.name));
    }
    equal(others[2][0].get_format(), 'dd');
    equalList(manager.list_blocks(), [name, ...others.map(([each]) => each.name)]);

    throws(TypeError, () => manager.create_shareable_list([{}]));
    throws(TypeError, () => manager.create_shareable_list(5));
    throwsRangeError(() => manager.create_shareable_list([2n ** 63n]));
    fails(Shm.Error.EXISTS, () => manager.create_shareable_list([1], name));
    fails(Shm.Error.TYPE_MISMATCH, () => manager.create_shareable_list(new GLib.Variant('x', 5)));
    equal(manager.list_blocks().length, 1 + others.length);
});

tests['flags'] = withManager(async manager => {
    const flags = Shm.CreateFlags.UNLINK_ON_CLOSE;
    const blocks = [
        manager.create_shared_memory(newName(), SIZE, 0o600, flags),
        await manager.create_shared_memory_async(newName(), SIZE, 0o600, flags),
        manager.create_shareable_list([1], newName(), 0o600, flags).shm,
        manager.create_shareable_list(VARIANT, newName(), 0o600, flags).shm,
        (await manager.create_shareable_list_async([1], newName(), 0o600, flags)).shm,
        (await manager.create_shareable_list_async(VARIANT, newName(), 0o600, flags)).shm,
    ];

    for (const shm of blocks) {
        check(exists(shm.name));
        shm.close();
        check(!exists(shm.name));
    }
});

tests['modes'] = withManager(async manager => {
    const made = [
        manager.create_shared_memory(null, SIZE, 0o640),
        await manager.create_shared_memory_async(null, SIZE, 0o640),
        manager.create_shareable_list([1], null, 0o640).shm,
        (await manager.create_shareable_list_async(VARIANT, null, 0o640)).shm,
        (await manager.create_shareable_list_async([1], null, 0o640)).shm,
    ];

    for (const shm of made)
        equal(shm.get_mode(), 0o640);
    equal(manager.create_shared_memory(null, SIZE).get_mode(), 0o600);
    equal(manager.create_shareable_list([1]).shm.get_mode(), 0o600);
});

tests['connect_to_server'] = withManager(manager => {
    const other = new Shm.Manager({address: manager.get_address(), authkey: manager.get_authkey()});

    equal(other.connect_to_server(), true);
    equal(other.state, CONNECTED);
    equal(other.pid, 0);
    const shm = other.create_shared_memory(null, SIZE);
    equalList(manager.list_blocks(), [shm.name]);
    equal(manager.remove(shm.name), true);
    equalList(other.list_blocks(), []);
});

tests['track'] = withManager(manager => {
    const shm = Shm.SharedMemory.create(newName(), SIZE);

    equal(manager.track(shm.name), true);
    equalList(manager.list_blocks(), [shm.name]);
    manager.shutdown();
    check(!exists(shm.name));
});

tests['a subclass'] = () => {
    const Pool = GObject.registerClass({
        GTypeName: 'TestPoolManager',
    }, class Pool extends Shm.Manager {
        _init(params = {}) {
            super._init({...params, authkey: KEY});
            this.count = 0;
        }

        take() {
            this.count++;
            return this.create_shared_memory(null, SIZE);
        }
    });
    const pool = new Pool({address: newAddress()});

    pool.start();
    const name = pool.take().name;
    equal(pool.count, 1);
    equalList(connectClient(pool).list_blocks(), [name]);
    pool.shutdown();
    check(!exists(name));
};

// Errors

tests['errors before start and after shutdown'] = async () => {
    const manager = new Shm.Manager();
    const uses = [
        () => manager.create_shared_memory(null, SIZE), () => manager.create_shareable_list([1]),
        () => manager.create_shareable_list(VARIANT),
        () => manager.track('a'), () => manager.remove('a'), () => manager.list_blocks(),
    ];
    const promises = [
        () => manager.create_shared_memory_async(null, SIZE),
        () => manager.create_shareable_list_async([1]),
        () => manager.track_async('a'), () => manager.remove_async('a'),
        () => manager.list_blocks_async(),
    ];

    for (const use of [...uses, () => manager.shutdown()])
        fails(Shm.Error.NOT_STARTED, use);
    for (const use of [...promises, () => manager.shutdown_async()])
        await rejects(Shm.Error.NOT_STARTED, use());

    manager.start();
    fails(Shm.Error.ALREADY_STARTED, () => manager.start());
    fails(Shm.Error.ALREADY_STARTED, () => manager.connect_to_server());
    await rejects(Shm.Error.ALREADY_STARTED, manager.start_async());

    manager.shutdown();
    for (const use of [...uses, () => manager.start(), () => manager.connect_to_server()])
        fails(Shm.Error.CLOSED, use);
    for (const use of promises)
        await rejects(Shm.Error.CLOSED, use());
};

tests['errors of connect_to_server'] = withManager(async manager => {
    const absent = new Shm.Manager({address: newAddress(), authkey: KEY});
    const stranger = new Shm.Manager({
        address: manager.address, authkey: KEY.slice(1),
    });

    fails(Shm.Error.NOT_FOUND, () => absent.connect_to_server());
    await rejects(Shm.Error.NOT_FOUND, absent.connect_to_server_async());
    fails(Shm.Error.AUTHENTICATION_FAILED, () => stranger.connect_to_server());
    await rejects(Shm.Error.AUTHENTICATION_FAILED, stranger.connect_to_server_async());
    fails(Shm.Error.INVALID_NAME, () => new Shm.Manager().connect_to_server());
    fails(Shm.Error.EXISTS, () => Shm.Manager.new(manager.address, KEY).start());
    fails(Shm.Error.PERMISSION_DENIED, () => Shm.Manager.new('0.0.0.0:0', KEY).start());
    equal(absent.state, INITIAL);
    equal(stranger.state, INITIAL);
    check(thrownError(() => absent.connect_to_server()).message.includes(absent.address));
});

tests['errors of blocks'] = withManager(manager => {
    const shm = manager.create_shared_memory(newName(), SIZE);

    fails(Shm.Error.EXISTS, () => manager.create_shared_memory(shm.name, SIZE));
    fails(Shm.Error.INVALID_SIZE, () => manager.create_shared_memory(null, 0));
    fails(Shm.Error.INVALID_NAME, () => manager.create_shared_memory('a/b', SIZE));
    fails(Shm.Error.NOT_FOUND, () => manager.track(newName()));
    fails(Shm.Error.NOT_FOUND, () => manager.remove(newName()));
    throws(Error, () => manager.track(null));
    throws(Error, () => manager.remove());
    equalList(manager.list_blocks(), [shm.name]);
});

// The library rejects a name that contains a NUL. The part before the NUL could be the name of
// another block.
tests['NUL in names'] = withManager(async manager => {
    const shm = manager.create_shared_memory(newName(), SIZE);

    for (const name of [`${shm.name}\0more`, `${newName()}\0more`]) {
        fails(Shm.Error.INVALID_NAME, () => manager.create_shared_memory(name, SIZE));
        fails(Shm.Error.INVALID_NAME, () => manager.create_shareable_list([1], name));
        fails(Shm.Error.INVALID_NAME, () => manager.create_shareable_list(VARIANT, name));
        fails(Shm.Error.INVALID_NAME, () => manager.track(name));
        fails(Shm.Error.INVALID_NAME, () => manager.remove(name));
        await rejects(Shm.Error.INVALID_NAME, manager.create_shared_memory_async(name, SIZE));
        await rejects(Shm.Error.INVALID_NAME, manager.create_shareable_list_async([1], name));
        await rejects(Shm.Error.INVALID_NAME, manager.create_shareable_list_async(VARIANT, name));
        await rejects(Shm.Error.INVALID_NAME, manager.track_async(name));
        await rejects(Shm.Error.INVALID_NAME, manager.remove_async(name));
    }
    equalList(manager.list_blocks(), [shm.name]);
    check(exists(shm.name));
});

// Promises

tests['promises'] = async () => {
    const manager = new Shm.Manager({authkey: KEY});
    const promise = manager.start_async();

    check(promise instanceof Promise);
    equal(await withTimeout(promise, 'a server'), true);
    equal(manager.state, STARTED);

    const other = Shm.Manager.new(manager.address, KEY);
    equal(await withTimeout(other.connect_to_server_async(null), 'the server'), true);
    equal(other.state, CONNECTED);

    const first = await withTimeout(manager.create_shared_memory_async(newName(), SIZE), 'a block');
    const second = await withTimeout(other.create_shared_memory_async(null, 10, 0o600,
        Shm.CreateFlags.SPARSE,
        new Gio.Cancellable()), 'a block');
    check(first instanceof Shm.SharedMemory);
    equal(first.size, SIZE);
    first.write(0, [1]);
    equalList(await withTimeout(manager.list_blocks_async(), 'names'), [first.name, second.name]);

    const tracked = Shm.SharedMemory.create(newName(), SIZE);
    equal(await withTimeout(other.track_async(tracked.name), 'the server'), true);
    equal(await withTimeout(manager.remove_async(second.name, null), 'the server'), true);
    equalList(await withTimeout(other.list_blocks_async(null), 'names'),
        [first.name, tracked.name]);

    equal(await withTimeout(manager.shutdown_async(), 'the shutdown'), true);
    equal(manager.state, SHUT_DOWN);
    for (const {name} of [first, second, tracked])
        check(!exists(name));
};

tests['promises of lists'] = withManager(async manager => {
    const values = [
        ...MIXED, 2n ** 60n, -(2n ** 63n), 2n ** 63n - 1n, 2 ** 53, -0, 5e-324, Infinity, NaN, '',
        'é', 'a\0b', '\0', '😀', Uint8Array.of(),
    ];
    const list = await withTimeout(manager.create_shareable_list_async(values, newName()),
        'a list');
    const same = Shm.ShareableList.from(values, newName());

    equalValues(list, values);
    equal(list.get_format(), same.get_format());
    same.shm.unlink();

    const others = [
        [[], []],
        [[undefined, , 1], [null, null, 1]],
        [new Set(['a', 'b']), ['a', 'b']],
        [[Uint8Array.of(1).buffer, new GLib.Bytes([3])], [Uint8Array.of(1), Uint8Array.of(3)]],
        [VARIANT, [5, true]],
    ];
    for (const [given, wanted] of others) {
        equalValues(await withTimeout(manager.create_shareable_list_async(given), 'a list'),
            wanted);
    }

    const doubles = await withTimeout(
        manager.create_shareable_list_async(Float64Array.of(1, 0, -0)), 'a list');
    equal(doubles.get_format(), 'ddd');
    equalValues(doubles, [1, 0, -0]);

    for (const wrong of [[{}], [[1]], [Symbol('a')], 5, undefined]) {
        const error = await rejectedError(manager.create_shareable_list_async(wrong));

        check(error instanceof TypeError, `found ${error}`);
    }
    checkRangeError(await rejectedError(manager.create_shareable_list_async([2n ** 63n])));
    await rejects(Shm.Error.TYPE_MISMATCH, manager.create_shareable_list_async(['\ud800']));
    await rejects(Shm.Error.EXISTS, manager.create_shareable_list_async([1], list.name));
    equal(manager.list_blocks().length, 2 + others.length);
});

// Calls each asynchronous function with all arguments and a callback.
tests['callbacks'] = async () => {
    const manager = new Shm.Manager();

    function call(name, ...args) {
        return withTimeout(new Promise((resolve, reject) => {
            const nothing = manager[`${name}_async`](...args, null, (source, result) => {
                try {
                    equal(source, manager);
                    resolve(manager[`${name}_finish`](result));
                } catch (error) {
                    reject(error);
                }
            });

            equal(nothing, undefined);
        }), 'the callback');
    }

    equal(await call('start'), true);
    const shm = await call('create_shared_memory', newName(), SIZE, 0o600, Shm.CreateFlags.NONE);
    const lists = [
        await call('create_shareable_list', [5, true], newName(), 0o600, Shm.CreateFlags.NONE),
        await call('create_shareable_list', VARIANT, newName(), 0o600, Shm.CreateFlags.NONE),
    ];
    const tracked = Shm.SharedMemory.create(newName(), SIZE);

    for (const list of lists)
        equalValues(list, [5, true]);
    equal(await call('track', tracked.name), true);
    equalList(await call('list_blocks'),
        [shm.name, ...lists.map(list => list.name), tracked.name]);
    equal(await call('remove', shm.name), true);
    checkShmError(await rejectedError(call('remove', shm.name)), Shm.Error.NOT_FOUND);
    checkShmError(await rejectedError(call('create_shareable_list', [1], lists[0].name, 0o600, 0)),
        Shm.Error.EXISTS);
    checkShmError(await rejectedError(call('connect_to_server')), Shm.Error.ALREADY_STARTED);
    fails(Shm.Error.INVALID_NAME, () => manager.track_async('a\0', null, () => {}));
    equal(await call('shutdown'), true);
    check(!exists(tracked.name));
};

tests['cancelled before the call'] = withManager(async manager => {
    const other = new Shm.Manager();
    const cancellable = new Gio.Cancellable();
    const name = newName();

    cancellable.cancel();
    checkCancelled(thrownError(() => other.start(cancellable)));
    checkCancelled(await rejectedError(other.start_async(cancellable)));
    equal(other.state, INITIAL);
    checkCancelled(await rejectedError(connectClient(manager).list_blocks_async(cancellable)));
    checkCancelled(await rejectedError(
        manager.create_shared_memory_async(name, SIZE, 0o600, 0, cancellable)));
    checkCancelled(await rejectedError(
        manager.create_shareable_list_async([1], name, 0o600, 0, cancellable)));
    check(!exists(name));
    equalList(manager.list_blocks(), []);
});

// In this test, the server listens for connections but never answers.
tests['cancelled during the call'] = async () => {
    const manager = new Shm.Manager({address: newAddress(), authkey: KEY});
    const silent = Gio.Socket.new(Gio.SocketFamily.UNIX, Gio.SocketType.STREAM,
        Gio.SocketProtocol.DEFAULT);
    const cancellable = new Gio.Cancellable();
    let isOver = false;

    silent.bind(Gio.UnixSocketAddress.new_with_type(
        [...manager.address.slice(1)].map(letter => letter.charCodeAt(0)),
        Gio.UnixSocketAddressType.ABSTRACT), true);
    silent.listen();
    const promise = rejectedError(manager.connect_to_server_async(cancellable)).finally(() => {
        isOver = true;
    });
    await waitUntil(() => silent.condition_check(GLib.IOCondition.IN) !== 0, 'a connection');
    check(!isOver);
    cancellable.cancel();
    checkCancelled(await promise);
    equal(manager.state, INITIAL);
    silent.close();
};

// Signals

tests['signals about its own calls'] = async () => {
    const manager = new Shm.Manager();
    const signals = record(manager);
    const states = [];

    manager.connect('notify::state', () => states.push(manager.state));
    manager.start();
    const {name} = manager.create_shared_memory(null, SIZE);
    equalList(signals, [`+${name}`]);
    const list = await manager.create_shareable_list_async([1]);
    equalList(signals, [`+${name}`, `+${list.name}`]);
    manager.remove(name);
    equalList(signals, [`+${name}`, `+${list.name}`, `-${name}`]);
    thrownError(() => manager.remove(name));
    manager.shutdown();
    await dispatchPending();
    equal(signals.length, 3);
    equalList(states, [STARTED, SHUT_DOWN]);
};

const PEER = `
imports.gi.versions.Shm = '1.0';
const {Shm} = imports.gi;
const [address, key, name] = ARGV;
const manager = Shm.Manager.new(address, key.match(/../g).map(byte => parseInt(byte, 16)));
manager.connect_to_server();
manager.track(name);
const list = manager.create_shareable_list([1, 'from another process']);
manager.remove(name);
print(list.name);
`;

tests['signals about another process'] = withManager(async manager => {
    const shm = Shm.SharedMemory.create(newName(), SIZE);
    const signals = record(manager);
    const process = spawn(GJS, '-c', PEER, manager.address, hex(KEY), shm.name);
    const name = await readOutput(process);

    await waitUntil(() => signals.length >= 3, 'three signals');
    equalList(signals, [`+${shm.name}`, `+${name}`, `-${shm.name}`]);
    check(!exists(shm.name));
    // The list stays when the process that created the list ends.
    equalValues(Shm.ShareableList.attach(name), [1, 'from another process']);
    equalList(manager.list_blocks(), [name]);
});

// The script disables CPython's resource tracker, which would remove the list when the script ends.
const PYTHON_PEER = `
import sys
from multiprocessing import resource_tracker
from multiprocessing.managers import SharedMemoryManager, dispatch
from multiprocessing.shared_memory import ShareableList
resource_tracker.register = lambda *args: None
manager = SharedMemoryManager(sys.argv[1], authkey=bytes.fromhex(sys.argv[2]))
manager.connect()
print(manager.ShareableList([1, 'from CPython']).shm.name, *ShareableList(name=sys.argv[3]))
dispatch(manager._Client(sys.argv[1], authkey=bytes.fromhex(sys.argv[2])), None,
         'release_segment', (sys.argv[3],))
`;

tests['CPython is a client'] = withManager(async manager => {
    if (PYTHON === null)
        skip('python3 is not installed');

    const ours = manager.create_shareable_list([2.5, 'from GJS'], newName());
    const signals = record(manager);
    const [name, ...values] = (await readOutput(spawn(PYTHON, '-c', PYTHON_PEER,
        manager.address, hex(KEY), ours.name))).split(' ');

    equalList(values, ['2.5', 'from', 'GJS']);
    await waitUntil(() => signals.length >= 2, 'two signals');
    equalList(signals, [`+${name}`, `-${ours.name}`]);
    equalValues(Shm.ShareableList.attach(name), [1, 'from CPython']);
});

const PYTHON_SERVER = `
import sys
from multiprocessing.managers import SharedMemoryManager
if __name__ == '__main__':
    with SharedMemoryManager(authkey=bytes.fromhex(sys.argv[1])) as manager:
        print(manager.address, flush=True)
        sys.stdin.read()
`;

tests['CPython is the server'] = async () => {
    if (PYTHON === null)
        skip('python3 is not installed');

    const process = spawn(PYTHON, '-c', PYTHON_SERVER, hex(KEY));
    const manager = Shm.Manager.new(await readFirstLine(process), KEY);

    await withTimeout(manager.connect_to_server_async(), 'CPython');
    const list = await withTimeout(manager.create_shareable_list_async(MIXED, newName()), 'a list');
    const shm = manager.create_shared_memory(newName(), SIZE);
    equalValues(list, MIXED);
    equalList(manager.list_blocks(), [list.name, shm.name]);
    equal(manager.remove(shm.name), true);
    process.get_stdin_pipe().close(null);
    await waitUntil(() => process.get_identifier() === null, 'the end of the server');
    check(!exists(list.name));
    fails(Shm.Error.SERVER_DIED, () => manager.list_blocks());
    equal(manager.state, SERVER_DIED);
};

// Ends of processes

tests['the server is killed'] = async () => {
    const manager = new Shm.Manager({authkey: KEY});
    const signals = record(manager);
    const states = [];

    manager.connect('notify::state', () => states.push(manager.state));
    manager.start();
    const other = connectClient(manager);
    const names = [
        manager.create_shared_memory(newName(), SIZE).name,
        other.create_shareable_list([1], newName()).name,
    ];
    await waitUntil(() => signals.length === 2, 'two signals');

    kill(manager.pid);
    await waitUntil(() => signals.length > 2, 'server-exited');
    equal(signals[2], 'exited');
    equal(manager.state, SERVER_DIED);
    equalList(states, [STARTED, SERVER_DIED]);
    for (const name of names)
        check(!exists(name));
    fails(Shm.Error.SERVER_DIED, () => manager.create_shared_memory(newName(), SIZE));
    fails(Shm.Error.SERVER_DIED, () => manager.create_shareable_list([1], newName()));
    await rejects(Shm.Error.SERVER_DIED, manager.list_blocks_async());
    fails(Shm.Error.SERVER_DIED, () => other.list_blocks());
    equal(other.state, SERVER_DIED);
    equal(manager.shutdown(), true);
    equal(signals.length, 3);
};

// This is a separate function, so that no value on the stack of the test keeps the manager alive.
function startAndForget(name) {
    const manager = new Shm.Manager();

    manager.start();
    manager.connect('block-tracked', () => manager.state);
    manager.create_shared_memory(name, SIZE);
    return manager.pid;
}

tests['the server ends with the last reference'] = async () => {
    const name = newName();
    const pid = startAndForget(name);

    check(exists(name));
    await waitUntil(() => {
        gc();
        return !isRunning(pid);
    }, 'the end of the server');
    check(!exists(name));
};

const STARTER = `
imports.gi.versions.Shm = '1.0';
const {Shm} = imports.gi;
const manager = new Shm.Manager();
manager.start();
manager.create_shared_memory(ARGV[0], 1000);
print(manager.pid);
if (ARGV[1] === 'wait')
    while (true)
        imports.gi.GLib.usleep(1000000);
`;

tests['the server ends with its starter'] = async () => {
    const name = newName();
    const pid = await readOutput(spawn(GJS, '-c', STARTER, name, 'end'));

    await waitUntil(() => !isRunning(pid), 'the end of the server');
    check(!exists(name));
};

tests['the server ends when its starter is killed'] = async () => {
    const name = newName();
    const process = spawn(GJS, '-c', STARTER, name, 'wait');
    const pid = await readFirstLine(process);

    check(exists(name));
    check(isRunning(pid));
    process.force_exit();
    await waitUntil(() => !isRunning(pid), 'the end of the server');
    check(!exists(name));
};

tests['remove_leftovers'] = withManager(async manager => {
    const kept = manager.create_shared_memory(newName(), SIZE).name;
    const left = newName();
    const process = spawn(GJS, '-c', STARTER, left, 'wait');
    const pid = await readFirstLine(process);

    kill(pid, process.get_identifier());
    await waitUntil(() => !isRunning(pid) && process.get_identifier() === null,
        'the end of both processes');
    const owned = Shm.list_owned_blocks();
    equal(owned.find(info => info.name === kept).is_leftover(), false);
    equal(owned.find(info => info.name === kept).get_manager_address(), manager.address);
    // Another program may have removed the leftovers first.
    check((await Shm.list_owned_blocks_async()).every(
        info => info.name !== left || info.is_leftover()));
    const [isDone, count] = await Shm.Manager.remove_leftovers_async();

    // Another program may have removed the leftovers first, so the count may be 0.
    equal(isDone, true);
    check(Number.isInteger(count));
    check(!exists(left));
    check(exists(kept));
    equal(Shm.Manager.remove_leftovers()[0], true);

    const cancellable = new Gio.Cancellable();
    cancellable.cancel();
    checkCancelled(await rejectedError(Shm.Manager.remove_leftovers_async(cancellable)));
});

runTests(tests);
