// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tests Shm.SharedMemory in JavaScript. Prints TAP.

imports.gi.versions.Shm = '1.0';

// With this argument, the override works as in versions of GJS that copy the memory of bytes.
if (ARGV.includes('copies'))
    imports.overrides.Shm.showsMemoryOfBytes = () => false;

const {Gio, GLib, GObject, Shm} = imports.gi;

imports.searchPath.unshift(GLib.path_get_dirname(imports.system.programPath));

const {check, checkCancelled, equal, equalBytes, exists, fails, fileOf} = imports.support;
const {newName, rejectedError, rejects, runTests} = imports.support;
const {thrownError, throws, throwsRangeError, withTimeout} = imports.support;

const SIZE = 1000; // not a multiple of the page size

// Whether the override can access memory without a copy. The code that finds this out does not use
// the override under test.
const IS_LIVE = !ARGV.includes('copies') && (() => {
    const bytes = new GLib.Bytes(new Uint8Array([1]));

    bytes.toArray()[0] = 2;
    return bytes.toArray()[0] === 2;
})();

// Returns a test that creates a block of SIZE bytes, and removes the block at the end.
function withBlock(test) {
    return async () => {
        const shm = Shm.SharedMemory.create(newName(), SIZE);

        try {
            await test(shm);
        } finally {
            shm.close();
            if (exists(shm.get_name()))
                shm.unlink();
        }
    };
}

// Returns a promise that is resolved when the object emits the signal.
function waitForSignal(object, signal) {
    return withTimeout(new Promise(resolve => {
        const id = object.connect(signal, () => {
            object.disconnect(id);
            resolve();
        });
    }), signal);
}

function removeFromAnotherProcess(name) {
    const process = Gio.Subprocess.new(['rm', fileOf(name).get_path()], Gio.SubprocessFlags.NONE);

    process.wait_check(null);
}

const tests = {};

// In C, is_closed() and is_unlinked() are functions. In JavaScript, properties with the same names
// hide these functions, so the tests use the properties.

// Creating and attaching

tests['create and attach, with defaults'] = () => {
    const name = newName();
    const shm = Shm.SharedMemory.create(name, SIZE);
    const other = Shm.SharedMemory.attach(name);

    for (const each of [shm, other]) {
        equal(each.get_name(), name);
        equal(each.name, name);
        equal(each.get_size(), SIZE);
        equal(each.size, SIZE);
        equal(each.get_mode(), 0o600);
        equal(each.is_closed, false);
        equal(each.is_read_only(), false);
    }
    equal(shm.get_origin(), Shm.Origin.CREATE);
    equal(other.get_origin(), Shm.Origin.ATTACH);
    shm.write(0, [5]);
    equalBytes(other.read(0, 1), [5]);
    other.close();
    check(exists(name));
    shm.unlink();
    check(!exists(name));
};

tests['a generated name'] = () => {
    for (const name of [null, undefined]) {
        const shm = Shm.SharedMemory.create(name, SIZE);

        check(/^psm_[0-9a-f]{8}$/.test(shm.get_name()), shm.get_name());
        check(exists(shm.get_name()));
        shm.unlink();
    }
};

tests['create with flags'] = () => {
    const name = newName();
    const shm = Shm.SharedMemory.create(name, SIZE,
        Shm.CreateFlags.SPARSE | Shm.CreateFlags.UNLINK_ON_CLOSE);

    equalBytes(shm.read(0, 3), [0, 0, 0]);
    shm.close();
    check(!exists(name));
};

tests['create_full, with defaults and without'] = () => {
    const first = Shm.SharedMemory.create_full(newName(), SIZE);
    const second = Shm.SharedMemory.create_full(newName(), SIZE, 0o640, Shm.CreateFlags.SPARSE,
        new Gio.Cancellable());

    equal(first.get_mode(), 0o600);
    equal(second.get_mode(), 0o640);
    first.unlink();
    second.unlink();
};

tests['create_full, cancelled'] = () => {
    const cancellable = new Gio.Cancellable();

    cancellable.cancel();
    checkCancelled(thrownError(
        () => Shm.SharedMemory.create_full(newName(), SIZE, 0o600, 0, cancellable)));
};

tests['open_or_create'] = () => {
    const name = newName();
    const first = Shm.SharedMemory.open_or_create(name, SIZE);
    const second = Shm.SharedMemory.open_or_create(name, 10);

    equal(first.get_origin(), Shm.Origin.OPEN_OR_CREATE);
    equal(first.is_creator, true);
    equal(second.is_creator, false);
    equal(second.get_size(), SIZE);
    fails(Shm.Error.INVALID_SIZE, () => Shm.SharedMemory.open_or_create(name, SIZE + 1));
    first.unlink();
};

tests['attach read-only'] = withBlock(shm => {
    const other = Shm.SharedMemory.attach(shm.get_name(), Shm.AttachFlags.READ_ONLY);

    equal(other.is_read_only(), true);
    equal(other.read_only, true);
    fails(Shm.Error.READ_ONLY, () => other.write(0, [1]));
    fails(Shm.Error.READ_ONLY, () => other.set_int8(0, 1));
    fails(IS_LIVE ? Shm.Error.READ_ONLY : Shm.Error.NOT_SUPPORTED, () => other.buf);
    if (IS_LIVE) {
        fails(Shm.Error.READ_ONLY, () => other.get_live_bytes());
        fails(Shm.Error.READ_ONLY, () => other.get_live_region(0, 1));
    }
    shm.write(0, [7]);
    equalBytes(other.read(0, 1), [7]);
});

tests['errors of create and attach'] = withBlock(shm => {
    fails(Shm.Error.EXISTS, () => Shm.SharedMemory.create(shm.get_name(), SIZE));
    fails(Shm.Error.NOT_FOUND, () => Shm.SharedMemory.attach(newName()));
    fails(Shm.Error.INVALID_SIZE, () => Shm.SharedMemory.create(newName(), 0));
    fails(Shm.Error.INVALID_NAME, () => Shm.SharedMemory.create('a/b', SIZE));
    fails(Shm.Error.INVALID_NAME, () => Shm.SharedMemory.attach(''));
    fails(Shm.Error.NOT_SUPPORTED, () => Shm.SharedMemory.create_full(newName(), SIZE, 0o4600));
    throws(Error, () => Shm.SharedMemory.attach(null));
    throws(Error, () => Shm.SharedMemory.attach());
    const error = thrownError(() => Shm.SharedMemory.attach(newName()));
    equal(error.matches(Shm.Error, Shm.Error.EXISTS), false);
    equal(error.code, Shm.Error.NOT_FOUND);
});

// The library rejects a name that contains a NUL. The part before the NUL could be the name of
// another block.
tests['NUL in names'] = withBlock(shm => {
    for (const name of [`${shm.get_name()}\0more`, `${newName()}\0more`]) {
        fails(Shm.Error.INVALID_NAME, () => Shm.SharedMemory.attach(name));
        fails(Shm.Error.INVALID_NAME, () => Shm.SharedMemory.create(name, SIZE));
        fails(Shm.Error.INVALID_NAME, () => Shm.SharedMemory.create_full(name, SIZE));
        fails(Shm.Error.INVALID_NAME, () => Shm.SharedMemory.open_or_create(name, SIZE));
        fails(Shm.Error.INVALID_NAME, () => new Shm.SharedMemory({name}));
    }
    check(exists(shm.get_name()));
});

tests['remove_block: NUL in the name'] = withBlock(shm => {
    fails(Shm.Error.INVALID_NAME, () => Shm.remove_block(`${shm.get_name()}\0more`));
    check(exists(shm.get_name()));
});

tests['new opens the block'] = withBlock(shm => {
    const other = new Shm.SharedMemory({name: shm.get_name()});
    const name = newName();
    const created = new Shm.SharedMemory({
        name, size: 10, mode: 0o640, origin: Shm.Origin.CREATE,
    });

    equal(other.get_size(), SIZE);
    other.write(0, [3]);
    equalBytes(shm.read(0, 1), [3]);
    equal(created.get_mode(), 0o640);
    equalBytes(created.read(), new Uint8Array(10));
    created.unlink();
});

tests['errors of new'] = withBlock(shm => {
    fails(Shm.Error.NOT_FOUND, () => new Shm.SharedMemory({name: newName()}));
    fails(Shm.Error.EXISTS, () => new Shm.SharedMemory({
        name: shm.get_name(), size: 10, origin: Shm.Origin.CREATE,
    }));
    fails(Shm.Error.INVALID_NAME, () => new Shm.SharedMemory());
    fails(Shm.Error.INVALID_NAME, () => new Shm.SharedMemory({}));
});

const Counter = GObject.registerClass({
    GTypeName: 'TestCounterSharedMemory',
    Properties: {
        step: GObject.ParamSpec.int('step', '', '', GObject.ParamFlags.READWRITE, 0, 100, 2),
    },
}, class Counter extends Shm.SharedMemory {
    _init(params = {}) {
        this._step = 0;
        super._init(params);
        this.wasOpen = !this.is_closed;
    }

    get step() {
        return this._step;
    }

    set step(value) {
        this._step = value;
    }

    count() {
        this.set_int32(0, this.get_int32(0) + this.step);
        return this.get_int32(0);
    }
});

tests['a subclass'] = withBlock(shm => {
    const counter = new Counter({name: shm.get_name(), step: 5});

    check(counter instanceof Shm.SharedMemory);
    equal(counter.wasOpen, true);
    equal(counter.count(), 5);
    equal(counter.count(), 10);
    equal(shm.get_int32(0), 10);
    fails(Shm.Error.NOT_FOUND, () => new Counter({name: newName()}));
});

// Memory

if (IS_LIVE) {
    tests['buf is live and writable'] = withBlock(shm => {
        const other = Shm.SharedMemory.attach(shm.get_name());
        const {buf} = shm;

        check(buf instanceof Uint8Array);
        equal(buf.length, SIZE);
        buf[0] = 1;
        other.buf[1] = 2;
        other.buf.set([3, 4], SIZE - 2);
        equalBytes(other.buf.subarray(0, 2), [1, 2]);
        equalBytes(buf.subarray(SIZE - 2), [3, 4]);
        equalBytes(shm.buf.subarray(0, 2), [1, 2]);
        equalBytes(other.read(0, 2), [1, 2]);
        new DataView(buf.buffer, buf.byteOffset).setInt16(4, -2, true);
        equal(shm.get_int16(4), -2);
        other.close();
    });

    tests['buf is valid after close'] = withBlock(shm => {
        const other = Shm.SharedMemory.attach(shm.get_name());
        const {buf} = other;

        other.close();
        imports.system.gc();
        shm.write(5, [9]);
        equal(buf[5], 9);
        buf[6] = 10;
        equalBytes(shm.read(6, 1), [10]);
        fails(Shm.Error.CLOSED, () => other.buf);
    });
} else {
    tests['buf fails instead of returning a copy'] = withBlock(shm => {
        fails(Shm.Error.NOT_SUPPORTED, () => shm.buf);
    });
}

tests['read'] = withBlock(shm => {
    const numbers = Uint8Array.from({length: SIZE}, (_, i) => i % 251);

    shm.write(0, numbers);
    equalBytes(shm.read(), numbers);
    equalBytes(shm.read(990), numbers.subarray(990));
    equalBytes(shm.read(10, 3), [10, 11, 12]);
    equalBytes(shm.read(0, 0), []);
    equalBytes(shm.read(SIZE), []);
});

tests['read returns a copy'] = withBlock(shm => {
    const copy = shm.read(0, 2);

    shm.write(0, [1]);
    equalBytes(copy, [0, 0]);
    copy[1] = 1;
    equalBytes(shm.read(0, 2), [1, 0]);
});

tests['write'] = withBlock(shm => {
    const many = Uint8Array.from([9, 1, 2, 3, 9]);
    const kinds = [
        Uint8Array.from([1, 2, 3]),
        Uint8Array.from([1, 2, 3]).buffer,
        [1, 2, 3],
        [1n, 2, 3n],
        new GLib.Bytes([1, 2, 3]),
        many.subarray(1, 4),
        new DataView(many.buffer, 1, 3),
        Int8Array.from([1, 2, 3]),
    ];

    for (const data of kinds) {
        shm.write(10, new Uint8Array(3));
        shm.write(10, data);
        equalBytes(shm.read(9, 5), [0, 1, 2, 3, 0]);
    }
    shm.write(SIZE, []);
    shm.write(0, new ArrayBuffer(0));
    shm.write(0, Uint16Array.from([0x0101, 0xfefe]));
    equalBytes(shm.read(0, 4), [1, 1, 0xfe, 0xfe]);
});

tests['write: values that are not bytes'] = withBlock(shm => {
    for (const data of ['text', 5, null, undefined, {}, ['1'], [null], [1, , 2], [true], [[1]]])
        throws(TypeError, () => shm.write(0, data));
    for (const byte of [256, -1, 0.5, NaN, Infinity, 256n])
        throwsRangeError(() => shm.write(0, [1, byte]));
    equalBytes(shm.read(), new Uint8Array(SIZE));
});

tests['out of range'] = withBlock(shm => {
    fails(Shm.Error.OUT_OF_RANGE, () => shm.read(0, SIZE + 1));
    fails(Shm.Error.OUT_OF_RANGE, () => shm.read(SIZE, 1));
    fails(Shm.Error.OUT_OF_RANGE, () => shm.read(SIZE + 1, 0));
    fails(Shm.Error.OUT_OF_RANGE, () => shm.write(SIZE - 1, [1, 2]));
    fails(Shm.Error.OUT_OF_RANGE, () => shm.write(SIZE + 1, []));
    throwsRangeError(() => shm.read(-1));
    throwsRangeError(() => shm.read(0, -1));
    throwsRangeError(() => shm.write(-1, [1]));
    equalBytes(shm.read(), new Uint8Array(SIZE));
});

tests['read: offset beyond the end'] = withBlock(shm => {
    fails(Shm.Error.OUT_OF_RANGE, () => shm.read(SIZE + 1));
});

tests['a live region'] = withBlock(shm => {
    const region = shm.get_live_region(10, 5);

    equal(region.get_size(), 5);
    fails(Shm.Error.OUT_OF_RANGE, () => shm.get_live_region(SIZE, 1));
});

// Numbers

const NUMBERS = {
    int8: [1, [0, 1, -1, 127, -128]],
    uint8: [1, [0, 1, 255]],
    int16: [2, [0, -2, 32767, -32768]],
    uint16: [2, [0, 2, 65535]],
    int32: [4, [0, -3, 2147483647, -2147483648]],
    uint32: [4, [0, 3, 4294967295]],
    int64: [8, [0, -4, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]],
    uint64: [8, [0, 4, Number.MAX_SAFE_INTEGER]],
    float: [4, [0, -0.5, 1.5, Infinity, NaN]],
    double: [8, [0, -0.1, 1e300, -Infinity, NaN, Number.MIN_VALUE]],
};

for (const [type, [width, values]] of Object.entries(NUMBERS)) {
    tests[`numbers: ${type}`] = withBlock(shm => {
        const [get, set] = [`get_${type}`, `set_${type}`];

        for (const value of values) {
            for (const offset of [0, 3, SIZE - width]) {
                shm[set](offset, value);
                equal(shm[get](offset), value);
                shm[set](offset, 0);
            }
        }
        for (const offset of [SIZE - width + 1, SIZE, 2 ** 40]) {
            fails(Shm.Error.OUT_OF_RANGE, () => shm[get](offset));
            fails(Shm.Error.OUT_OF_RANGE, () => shm[set](offset, 0));
        }
        equalBytes(shm.read(), new Uint8Array(SIZE));
        throwsRangeError(() => shm[get](-1));
    });
}

const INVALID_NUMBERS = {
    int8: [128, -129, 2 ** 32, 128n],
    uint8: [256, -1, 2 ** 32],
    int16: [2 ** 15, -(2 ** 15) - 1, 2 ** 32],
    uint16: [2 ** 16, -1],
    int32: [2 ** 31, -(2 ** 31) - 1, 2 ** 32, 1e300],
    uint32: [2 ** 32, -1, 2n ** 32n],
    int64: [2 ** 63, -(2 ** 63) - 2 ** 12, 2n ** 63n, -(2n ** 63n) - 1n],
    uint64: [2 ** 64, -1, 2n ** 64n, -1n],
};

tests['numbers that a type cannot hold'] = withBlock(shm => {
    for (const [type, values] of Object.entries(INVALID_NUMBERS)) {
        for (const value of [...values, 0.5, NaN, Infinity, -Infinity])
            throwsRangeError(() => shm[`set_${type}`](0, value));
        for (const value of ['5', null, undefined, true, {}])
            throws(TypeError, () => shm[`set_${type}`](0, value));
    }
    for (const value of [1e39, -1e300])
        throwsRangeError(() => shm.set_float(0, value));
    for (const type of ['float', 'double']) {
        for (const value of ['5', null, undefined, true, 5n])
            throws(TypeError, () => shm[`set_${type}`](0, value));
    }
    equalBytes(shm.read(), new Uint8Array(SIZE));
});

tests['BigInts for all integer types'] = withBlock(shm => {
    for (const type of Object.keys(INVALID_NUMBERS)) {
        shm[`set_${type}`](0, 100n);
        equal(shm[`get_${type}`](0), 100);
    }
});

tests['numbers have the byte order of the machine'] = withBlock(shm => {
    const bytes = new Uint8Array(40);
    const view = bytes.buffer;

    new Int32Array(view, 0, 1)[0] = -123456789;
    new BigUint64Array(view, 8, 1)[0] = 0x0123456789abcdefn;
    new Float64Array(view, 16, 1)[0] = Math.PI;
    new Float32Array(view, 24, 1)[0] = 0.5;
    new Int16Array(view, 28, 1)[0] = -2;
    shm.write(0, bytes);
    equal(shm.get_int32(0), -123456789);
    equal(shm.get_uint64(8), 0x0123456789abcdefn);
    equal(shm.get_double(16), Math.PI);
    equal(shm.get_float(24), 0.5);
    equal(shm.get_int16(28), -2);
});

tests['64-bit integers are exact'] = withBlock(shm => {
    const least = -(2n ** 63n);
    const most = 2n ** 63n - 1n;

    for (const value of [2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, least, least + 1n, most]) {
        shm.set_int64(8, value);
        equal(shm.get_int64(8), value);
    }
    for (const value of [2n ** 53n, 2n ** 53n + 1n, most + 1n, 2n ** 64n - 1n]) {
        shm.set_uint64(8, value);
        equal(shm.get_uint64(8), value);
    }
    for (const value of [0n, 5n, 2n ** 53n - 1n]) {
        shm.set_int64(8, value);
        equal(shm.get_int64(8), Number(value));
        shm.set_uint64(8, value);
        equal(shm.get_uint64(8), Number(value));
    }
});

// The C function that get_int64() calls returns rounded integers. Its results cannot be told apart
// from each other around the largest safe integers.
tests['64-bit integers at the limit of Numbers'] = withBlock(shm => {
    const limit = 2n ** 53n;

    for (let integer = limit - 3n; integer <= limit + 3n; integer++) {
        const wanted = integer < limit ? Number(integer) : integer;

        shm.set_int64(8, integer);
        equal(shm.get_int64(8), wanted);
        equal(shm.get_uint64(8), wanted);
        shm.set_int64(8, -integer);
        equal(shm.get_int64(8), -wanted);
        equal(shm.get_uint64(8), 2n ** 64n - integer);
    }
});

// What each operation stores, without a limit of bits.
const OPERATIONS = {
    add: (before, value) => before + value,
    sub: (before, value) => before - value,
    and: (before, value) => before & value,
    or: (before, value) => before | value,
    xor: (before, value) => before ^ value,
    exchange: (before, value) => value,
};

function checkAtomics(shm, type, bits, integers) {
    const toResult = integer => Number.isSafeInteger(Number(integer)) ? Number(integer) : integer;
    const load = () => shm[`atomic_load_${type}`](8);
    const store = integer => equal(shm[`atomic_store_${type}`](8, integer), true);

    for (const before of integers) {
        for (const value of integers) {
            for (const [name, compute] of Object.entries(OPERATIONS)) {
                store(before);
                equal(load(), toResult(before));
                equal(shm[`atomic_${name}_${type}`](8, value), toResult(before));
                equal(load(), toResult(BigInt.asIntN(bits, compute(before, value))));
            }

            store(before);
            equal(shm[`atomic_compare_exchange_${type}`](8, value, 77), toResult(before));
            equal(load(), before === value ? 77 : toResult(before));
        }
    }
}

tests['atomic operations'] = withBlock(shm => {
    checkAtomics(shm, 'int32', 32, [0n, 1n, -1n, 0x55aan, -(2n ** 31n), 2n ** 31n - 1n]);
    checkAtomics(shm, 'int64', 64, [0n, 1n, -1n, 2n ** 32n, -(2n ** 32n), 2n ** 53n + 1n,
        -(2n ** 63n), 2n ** 63n - 1n]);
});

tests['atomic operations with wrong arguments'] = withBlock(shm => {
    const {MISALIGNED, OUT_OF_RANGE} = Shm.Error;

    fails(MISALIGNED, () => shm.atomic_load_int32(2));
    fails(MISALIGNED, () => shm.atomic_add_int64(4, 1));
    fails(OUT_OF_RANGE, () => shm.atomic_load_int64(SIZE));
    throwsRangeError(() => shm.atomic_add_int32(0, 2 ** 31));
    throwsRangeError(() => shm.atomic_exchange_int64(0, 2n ** 63n));
    throwsRangeError(() => shm.atomic_add_int64(0, 1.5));
    for (const name of ['add', 'sub', 'and', 'or', 'xor', 'exchange', 'store']) {
        throws(TypeError, () => shm[`atomic_${name}_int32`](0));
        throws(TypeError, () => shm[`atomic_${name}_int64`](0));
    }
    throws(TypeError, () => shm.atomic_compare_exchange_int64(0, 0));
    equal(shm.atomic_load_int64(0), 0);
});

tests['waiting'] = withBlock(shm => {
    const cancellable = new Gio.Cancellable();

    equal(shm.wait(8, 1), true);
    equal(shm.event_advance(16), 1);
    equal(shm.event_wait(16, 0), 1);
    equal(shm.event_get(16), 1);
    equal(shm.wake(8, 2 ** 32 - 1), 0);
    fails(Shm.Error.TIMED_OUT, () => shm.wait(8, 0, 0));
    fails(Shm.Error.TIMED_OUT, () => shm.wait(8, 0, 1000));
    fails(Shm.Error.TIMED_OUT, () => shm.event_wait(16, 1, 0));
    cancellable.cancel();
    checkCancelled(thrownError(() => shm.wait(8, 0, -1, cancellable)));
    checkCancelled(thrownError(() => shm.event_wait(16, 1, -1, cancellable)));

    fails(Shm.Error.MISALIGNED, () => shm.wait(2, 0));
    fails(Shm.Error.MISALIGNED, () => shm.event_wait(4, 0));
    throwsRangeError(() => shm.wait(8, 2 ** 31));
    throwsRangeError(() => shm.wait(8, 0, 0.5));
    throwsRangeError(() => shm.wake(8, -1));
    throwsRangeError(() => shm.event_wait(16, -1));
    throws(TypeError, () => shm.wait(8));
    throws(TypeError, () => shm.wait(8, 0, '1'));
});

function isLocked(shm) {
    try {
        shm.lock(Shm.LockMode.SHARED, 0).release();
        return false;
    } catch (error) {
        check(error.matches(Shm.Error, Shm.Error.TIMED_OUT), `${error}`);
        return true;
    }
}

tests['locks'] = withBlock(shm => {
    const guard = shm.lock();
    const other = Shm.SharedMemory.attach(shm.name);

    equal(guard.is_held(), true);
    equal(guard.get_previous_died(), false);
    equal(isLocked(shm), true);
    equal(isLocked(other), true);
    fails(Shm.Error.TIMED_OUT, () => other.lock(Shm.LockMode.EXCLUSIVE, 2000));
    equal(guard.release(), true);
    equal(guard.is_held(), false);
    equal(guard.release(), true);

    const range = shm.lock_range(10, 20, Shm.LockMode.SHARED);

    equal(isLocked(shm), false);
    fails(Shm.Error.TIMED_OUT, () => other.lock_range(29, 1, Shm.LockMode.EXCLUSIVE, 0));
    other.lock_range(30, 1).release();
    range.release();
    other.close();
});

tests['withLock'] = withBlock(shm => {
    equal(shm.withLock(guard => {
        check(guard.is_held() && isLocked(shm), 'the lock is held');
        return 5;
    }), 5);
    equal(shm.withLock(() => isLocked(shm), {shared: true}), false);
    throws(SyntaxError, () => shm.withLock(() => {
        throw new SyntaxError('an error of the function');
    }));
    equal(isLocked(shm), false);
    shm.withLock(() => fails(Shm.Error.TIMED_OUT, () => shm.withLock(() => {
        throw new Error('not called');
    }, {shared: true, timeout: 1000})));

    // The lock would not be held until the end.
    throws(TypeError, () => shm.withLock(async () => {}));
    equal(isLocked(shm), false);

    const cancellable = new Gio.Cancellable();

    cancellable.cancel();
    checkCancelled(thrownError(() => shm.withLock(() => {}, {cancellable})));
});

tests['withLockAsync'] = withBlock(async shm => {
    const order = [];
    const work = name => async () => {
        order.push(`${name} begins`);
        await shm.read_async(0, 1);
        check(isLocked(shm), 'the lock is held');
        order.push(`${name} ends`);
        return name;
    };
    const promises = ['a', 'b', 'c'].map(name => shm.withLockAsync(work(name)));

    equal((await withTimeout(Promise.all(promises), 'the locks')).join(), 'a,b,c');
    equal(order.length, 6);
    for (let i = 0; i < 6; i += 2)
        equal(order[i].slice(0, 1), order[i + 1].slice(0, 1));
});

tests['locks of promises'] = withBlock(async shm => {
    const guard = await withTimeout(shm.lock_async(), 'the lock');
    const cancellable = new Gio.Cancellable();

    await rejects(Shm.Error.TIMED_OUT, shm.lock_async(Shm.LockMode.SHARED, 2000));
    await rejects(Shm.Error.TIMED_OUT, shm.lock_range_async(0, 1, Shm.LockMode.SHARED, 0));

    const cancelled = rejectedError(shm.lock_async(Shm.LockMode.SHARED, -1, cancellable));
    const waiting = shm.lock_range_async(5, 5);

    cancellable.cancel();
    checkCancelled(await cancelled);
    guard.release();
    (await withTimeout(waiting, 'the lock of bytes')).release();
    equal(isLocked(shm), false);
});

const HOLDER = `
imports.gi.versions.Shm = '1.0';
const {GLib, Shm} = imports.gi;
const shm = Shm.SharedMemory.attach(ARGV[0]);
shm.lock();
shm.event_advance(16);
new GLib.MainLoop(null, false).run();
`;

tests['another process holds a lock and is killed'] = withBlock(async shm => {
    const gjs = GLib.file_read_link('/proc/self/exe');
    const process = Gio.Subprocess.new([gjs, '-c', HOLDER, shm.name], Gio.SubprocessFlags.NONE);

    equal(shm.event_wait(16, 0), 1);
    equal(isLocked(shm), true);

    const waiting = shm.withLockAsync(() => 'locked');

    process.force_exit();
    equal(await withTimeout(waiting, 'the lock of the killed process'), 'locked');
    process.wait(null);
});

tests['locks with wrong arguments'] = withBlock(shm => {
    throwsRangeError(() => shm.lock(2));
    throwsRangeError(() => shm.lock('shared'));
    throwsRangeError(() => shm.lock(0, 0.5));
    throws(TypeError, () => shm.lock(0, '1'));
    throwsRangeError(() => shm.lock_range(-1, 1));
    fails(Shm.Error.OUT_OF_RANGE, () => shm.lock_range(0, 0));
    fails(Shm.Error.OUT_OF_RANGE, () => shm.lock_range(SIZE, 1));
    equal(isLocked(shm), false);
});

const WAKER = `
imports.gi.versions.Shm = '1.0';
const {Shm} = imports.gi;
const shm = Shm.SharedMemory.attach(ARGV[0]);
shm.atomic_store_int32(8, 5);
shm.wake(8, 1);
shm.event_advance(16);
shm.close();
`;

tests['another process wakes'] = withBlock(shm => {
    const gjs = GLib.file_read_link('/proc/self/exe');
    const process = Gio.Subprocess.new([gjs, '-c', WAKER, shm.name], Gio.SubprocessFlags.NONE);

    equal(shm.wait(8, 0), true);
    equal(shm.atomic_load_int32(8), 5);
    equal(shm.event_wait(16, 0), 1);
    process.wait_check(null);
});

tests['waiting in a main loop'] = withBlock(async shm => {
    const cancellable = new Gio.Cancellable();

    equal(await shm.wait_async(8, 1), true);
    shm.event_advance(16);
    equal(await shm.event_wait_async(16, 0), 1);
    await rejects(Shm.Error.TIMED_OUT, shm.wait_async(8, 0, 0));
    await rejects(Shm.Error.TIMED_OUT, shm.event_wait_async(16, 1, 1000));
    await rejects(Shm.Error.MISALIGNED, shm.event_wait_async(4, 0));
    throwsRangeError(() => shm.wait_async(8, 2 ** 31, -1, null, () => {}));

    const waits = [shm.wait_async(8, 0, -1, cancellable),
        shm.event_wait_async(16, 1, -1, cancellable)];
    cancellable.cancel();
    for (const wait of waits)
        checkCancelled(await rejectedError(wait));

    const result = await withTimeout(new Promise(resolve => {
        shm.event_wait_async(16, 0, -1, null, (_, asyncResult) => resolve(asyncResult));
    }), 'the event');
    equal(shm.event_wait_finish(result), 1);

    const other = Shm.SharedMemory.attach(shm.name);
    const closed = [other.wait_async(8, 0), other.event_wait_async(16, 1)];
    other.close();
    for (const wait of closed)
        await rejects(Shm.Error.CLOSED, wait);
});

tests['another process wakes the main loop'] = withBlock(async shm => {
    const gjs = GLib.file_read_link('/proc/self/exe');
    const process = Gio.Subprocess.new([gjs, '-c', WAKER, shm.name], Gio.SubprocessFlags.NONE);
    const waits = [shm.wait_async(8, 0), shm.event_wait_async(16, 0)];

    equal(await withTimeout(waits[0], 'the word'), true);
    equal(await withTimeout(waits[1], 'the event'), 1);
    process.wait_check(null);
});

// Calls a function when a descriptor is readable. GLib's function has moved to another namespace,
// which older versions do not have, and newer versions of GJS warn about the old name.
function watchDescriptor(fd, callback) {
    let add;

    try {
        add = imports.gi.GLibUnix.fd_add_full;
    } catch {
        add = GLib.unix_fd_add_full;
    }
    return add(GLib.PRIORITY_DEFAULT, fd, GLib.IOCondition.IN, callback);
}

// The main loop of GJS is GLib's. Here it stands for another one: it knows only the descriptor.
tests['a waker'] = withBlock(async shm => {
    const waker = Shm.Waker.new();
    const gjs = GLib.file_read_link('/proc/self/exe');
    const source = watchDescriptor(waker.get_fd(), () => {
        waker.dispatch();
        return GLib.SOURCE_CONTINUE;
    });
    const withWaker = wait => {
        waker.get_context().push_thread_default();
        try {
            return wait();
        } finally {
            waker.get_context().pop_thread_default();
        }
    };
    const cancellable = new Gio.Cancellable();
    const waits = withWaker(() => [shm.wait_async(8, 0), shm.event_wait_async(16, 0)]);
    const process = Gio.Subprocess.new([gjs, '-c', WAKER, shm.name], Gio.SubprocessFlags.NONE);

    equal(await withTimeout(waits[0], 'the word'), true);
    equal(await withTimeout(waits[1], 'the event'), 1);
    process.wait_check(null);
    await rejects(Shm.Error.TIMED_OUT, withWaker(() => shm.event_wait_async(16, 1, 1000)));

    const cancelled = withWaker(() => shm.wait_async(8, 5, -1, cancellable));

    cancellable.cancel();
    checkCancelled(await rejectedError(cancelled));
    GLib.source_remove(source);
});

tests['sources'] = withBlock(async shm => {
    const cancellable = new Gio.Cancellable();
    const source = shm.create_event_source(16, 0, cancellable);
    const seen = [];
    const done = new Promise(resolve => {
        source.set_callback(() => {
            seen.push(shm.event_get(16));
            if (seen.length === 3)
                resolve();
            else
                shm.event_advance(16);
            return GLib.SOURCE_CONTINUE;
        });
    });

    source.attach(null);
    shm.event_advance(16);
    await withTimeout(done, 'the events');
    equal(seen.join(), '1,2,3');
    check(!source.is_destroyed());
    source.destroy();

    const word = shm.create_wait_source(8, 1);
    const changed = new Promise(resolve => {
        word.set_callback(() => {
            resolve();
            return GLib.SOURCE_REMOVE;
        });
    });

    word.attach(null);
    await withTimeout(changed, 'the word');
    fails(Shm.Error.MISALIGNED, () => shm.create_wait_source(2, 0));
    throwsRangeError(() => shm.create_event_source(16, -1));
});

// GJS before 1.80 takes the bits of such a NaN for a pointer if the library returns them.
tests['NaNs with any bits'] = withBlock(shm => {
    for (let byte = 0xf1; byte <= 0xff; byte++) {
        shm.write(0, Uint8Array.of(byte, byte, byte, 0xff, 255, 255, byte, 0xff));
        equal(shm.get_double(0), NaN);
        equal(shm.get_float(0), NaN);
        equal(shm.get_float(4), NaN);
    }
});

// Closing and unlinking

tests['close and unlink'] = () => {
    const shm = Shm.SharedMemory.create(newName(), SIZE);
    const name = shm.get_name();

    equal(shm.unlink(), true);
    check(!exists(name));
    equal(shm.is_unlinked, true);
    shm.write(0, [1]);
    fails(Shm.Error.NOT_FOUND, () => shm.unlink());
    fails(Shm.Error.NOT_FOUND, () => Shm.SharedMemory.attach(name));
    equal(shm.close(), true);
    equal(shm.close(), true);
    equal(shm.is_closed, true);
    equal(shm.get_name(), name);
    equal(shm.get_size(), SIZE);
    fails(Shm.Error.CLOSED, () => shm.read());
    fails(Shm.Error.CLOSED, () => shm.read(0, 1));
    fails(Shm.Error.CLOSED, () => shm.write(0, [1]));
    fails(Shm.Error.CLOSED, () => shm.get_int32(0));
    fails(Shm.Error.CLOSED, () => shm.get_uint64(0));
    fails(Shm.Error.CLOSED, () => shm.set_double(0, 1));
    fails(IS_LIVE ? Shm.Error.CLOSED : Shm.Error.NOT_SUPPORTED, () => shm.buf);
};

tests['signals'] = withBlock(shm => {
    const seen = [];

    shm.connect('closed', () => seen.push('closed'));
    shm.connect('unlinked', () => seen.push('unlinked'));
    shm.connect('notify::is-closed', () => seen.push(`is-closed ${shm.is_closed}`));
    shm.connect('notify::is-unlinked', () => seen.push(`is-unlinked ${shm.is_unlinked}`));
    shm.unlink();
    shm.close();
    shm.close();
    equal(seen.join(', '), 'is-unlinked true, unlinked, is-closed true, closed');
});

tests['watch'] = withBlock(async shm => {
    const watching = Shm.SharedMemory.attach(shm.get_name());
    const unlinked = waitForSignal(watching, 'unlinked');

    equal(watching.watch(), true);
    removeFromAnotherProcess(shm.get_name());
    await unlinked;
    equal(watching.is_unlinked, true);
    equal(shm.is_unlinked, false);
    watching.unwatch();
});

tests['errors of watch'] = () => {
    const shm = Shm.SharedMemory.create_anonymous(SIZE);

    fails(Shm.Error.NOT_SUPPORTED, () => shm.watch());
    shm.close();
};

// Promises

tests['create_async resolves'] = async () => {
    const name = newName();
    const promise = Shm.SharedMemory.create_async(name, SIZE);

    check(promise instanceof Promise);
    const shm = await withTimeout(promise, 'a block');
    check(shm instanceof Shm.SharedMemory);
    equal(shm.get_name(), name);
    equal(shm.get_size(), SIZE);
    equal(shm.get_mode(), 0o600);
    shm.unlink();

    const other = await withTimeout(Shm.SharedMemory.create_async(null, 10, 0o640,
        Shm.CreateFlags.SPARSE, new Gio.Cancellable()), 'a block');
    equal(other.get_mode(), 0o640);
    equal(other.get_size(), 10);
    other.unlink();
};

tests['create_async rejects'] = withBlock(async shm => {
    const cancellable = new Gio.Cancellable();

    await rejects(Shm.Error.EXISTS, Shm.SharedMemory.create_async(shm.get_name(), SIZE));
    cancellable.cancel();
    checkCancelled(await rejectedError(Shm.SharedMemory.create_async(newName(), SIZE, 0o600,
        Shm.CreateFlags.NONE, cancellable)));
});

tests['create_async rejects a NUL'] = async () => {
    await rejects(Shm.Error.INVALID_NAME,
        Shm.SharedMemory.create_async(`${newName()}\0more`, SIZE));
};

tests['create_async with a callback'] = async () => {
    const name = newName();
    const shm = await withTimeout(new Promise((resolve, reject) => {
        const nothing = Shm.SharedMemory.create_async(name, SIZE, 0o600, Shm.CreateFlags.NONE,
            null, (_, result) => {
                try {
                    resolve(Shm.SharedMemory.create_finish(result));
                } catch (error) {
                    reject(error);
                }
            });

        equal(nothing, undefined);
    }), 'the callback');

    equal(shm.get_name(), name);
    shm.unlink();
};

tests['promises of all functions'] = withBlock(async shm => {
    const attached = await withTimeout(Shm.SharedMemory.attach_async(shm.get_name()), 'the block');
    const reader = await Shm.SharedMemory.attach_async(shm.get_name(), Shm.AttachFlags.READ_ONLY);
    const opened = await Shm.SharedMemory.open_or_create_async(shm.get_name(), SIZE);
    const name = newName();
    const created = await Shm.SharedMemory.open_or_create_async(name, SIZE, 0o640,
        Shm.CreateFlags.SPARSE, new Gio.Cancellable());
    const anonymous = await Shm.SharedMemory.create_anonymous_async(SIZE);

    for (const each of [attached, reader, opened, created, anonymous])
        check(each instanceof Shm.SharedMemory);
    equal(created.get_mode(), 0o640);
    equal(created.is_creator, true);
    equal(opened.is_creator, false);
    equal(anonymous.get_name(), null);
    equal(await attached.write_async(SIZE - 3, [1, 2, 3]), true);
    equalBytes(await shm.read_async(SIZE - 3), [1, 2, 3]);
    equalBytes(await shm.read_async(SIZE - 3, 2), [1, 2]);
    equal((await shm.read_async()).length, SIZE);
    await rejects(Shm.Error.OUT_OF_RANGE, shm.read_async(0, SIZE + 1));
    await rejects(Shm.Error.READ_ONLY, reader.write_async(0, [1]));
    check(await rejectedError(shm.write_async(0, 'text')) instanceof TypeError);
    await rejects(Shm.Error.NOT_FOUND, Shm.SharedMemory.attach_async(newName()));
    await rejects(Shm.Error.INVALID_NAME, Shm.SharedMemory.attach_async('a\0'));
    await rejects(Shm.Error.INVALID_NAME, Shm.SharedMemory.open_or_create_async('a\0', SIZE));
    created.unlink();
});

tests['promises: cancelled'] = withBlock(async shm => {
    const cancellable = new Gio.Cancellable();
    const name = newName();
    const {NONE} = Shm.CreateFlags;

    cancellable.cancel();
    for (const call of [
        () => Shm.SharedMemory.create_async(name, SIZE, 0o600, NONE, cancellable),
        () => Shm.SharedMemory.open_or_create_async(name, SIZE, 0o600, NONE, cancellable),
        () => Shm.SharedMemory.attach_async(shm.get_name(), Shm.AttachFlags.NONE, cancellable),
        () => Shm.SharedMemory.create_anonymous_async(SIZE, NONE, cancellable),
        () => shm.read_async(0, 1, cancellable),
        () => shm.write_async(0, [1], cancellable),
        () => Shm.list_blocks_async(cancellable),
    ])
        checkCancelled(await rejectedError(call()));
    check(!exists(name));
});

// Functions of the namespace

tests['list_blocks'] = withBlock(shm => {
    const infos = Shm.list_blocks();
    const info = infos.find(each => each.get_name() === shm.get_name());

    check(info, 'list_blocks() does not list the block');
    equal(info.get_size(), SIZE);
    equal(info.get_mode(), 0o600);
    equal(info.get_owner_uid(), shm.get_owner_uid());
    equal(info.name, shm.get_name());
    equal(info.size, SIZE);
    equal(info.mode, 0o600);
    equal(info.owner_uid, shm.get_owner_uid());
});

tests['list_blocks_async'] = withBlock(async shm => {
    const infos = await withTimeout(Shm.list_blocks_async(), 'the blocks');

    check(infos.some(each => each.get_name() === shm.get_name()));
});

tests['remove_block'] = () => {
    const shm = Shm.SharedMemory.create(newName(), SIZE);

    equal(Shm.remove_block(shm.get_name()), true);
    check(!exists(shm.get_name()));
    fails(Shm.Error.NOT_FOUND, () => Shm.remove_block(shm.get_name()));
};

// Anonymous blocks

tests['anonymous blocks'] = () => {
    const shm = Shm.SharedMemory.create_anonymous(SIZE);
    const other = Shm.SharedMemory.attach_fd(shm.get_fd());
    const reader = Shm.SharedMemory.attach_fd(shm.get_fd(), Shm.AttachFlags.READ_ONLY);

    equal(shm.get_name(), null);
    other.write(0, [1, 2]);
    shm.close();
    equalBytes(reader.read(0, 2), [1, 2]);
    equal(reader.is_read_only(), true);
    fails(Shm.Error.NOT_SUPPORTED, () => other.unlink());
    other.close();
    reader.close();
};

tests['seal'] = () => {
    const shm = Shm.SharedMemory.create_anonymous(SIZE);

    equal(shm.get_seals(), Shm.SealFlags.NONE);
    shm.write(0, [8]);
    shm.seal(Shm.SealFlags.RESIZE);
    equal(shm.get_seals(), Shm.SealFlags.RESIZE);
    shm.write(1, [9]);
    shm.seal(Shm.SealFlags.WRITE);
    fails(Shm.Error.READ_ONLY, () => shm.write(0, [1]));
    equalBytes(shm.read(0, 2), [8, 9]);
    shm.close();
};

tests['seal: shrinking and growing are told apart'] = () => {
    const shm = Shm.SharedMemory.create_anonymous(10);

    shm.seal(Shm.SealFlags.SHRINK);
    equal(shm.get_seals(), Shm.SealFlags.SHRINK);
    shm.seal(Shm.SealFlags.GROW);
    equal(shm.get_seals(), Shm.SealFlags.RESIZE);
    shm.close();
};

tests['seal_async'] = async () => {
    const shm = Shm.SharedMemory.create_anonymous(10);

    shm.write(0, [1, 2, 3]);
    equal(await shm.seal_async(Shm.SealFlags.WRITE), true);
    equal(shm.get_seals(), Shm.SealFlags.RESIZE | Shm.SealFlags.WRITE);
    equalBytes(shm.read(0, 3), [1, 2, 3]);
    shm.close();
    await rejects(Shm.Error.CLOSED, shm.seal_async(Shm.SealFlags.WRITE));
};

tests['seal: not for named blocks'] = withBlock(shm => {
    fails(Shm.Error.NOT_SUPPORTED, () => shm.seal(Shm.SealFlags.RESIZE));
});

runTests(tests);
