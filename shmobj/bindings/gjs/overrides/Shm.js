// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Adds to the typelib what JavaScript needs: a live Uint8Array of a block, exact 64-bit integers,
// text with NULs, lists of JavaScript values, promises, and default arguments.

const {GLib} = imports.gi;

let Shm;
let ShmPrivate; // functions of the library that only overrides call

// Returns whether toArray() of a GLib.Bytes returns its memory, as in GJS up to 1.80. From 1.81.2
// on, it returns a copy.
function showsMemoryOfBytes() {
    const bytes = new GLib.Bytes(new Uint8Array(1));

    bytes.toArray()[0] = 1;

    return bytes.toArray()[0] === 1;
}

function fail(code, message) {
    throw new GLib.Error(Shm.Error, code, message);
}

function isShmError(error, code) {
    return error instanceof GLib.Error && error.matches(Shm.Error, code);
}

function showNuls(string) {
    return `${string}`.replaceAll('\0', '\\0');
}

// GJS passes a string to C only up to the first NUL. Without this check the rest would be lost, and
// the first part could be the name of another block.
function checkName(name) {
    if (name !== null && `${name}`.includes('\0')) {
        fail(Shm.Error.INVALID_NAME, `"${showNuls(name)}" is not a valid name for a block: ` +
            'names must not contain NULs');
    }
    return name;
}

function checkAddress(address) {
    if (address !== null && `${address}`.includes('\0')) {
        fail(Shm.Error.INVALID_NAME, `"${showNuls(address)}" is not a valid address for a ` +
            'manager: addresses must not contain NULs. Write the name of an abstract socket with ' +
            'a leading "@"');
    }
    return address;
}

function bytesOfNumbers(numbers) {
    const bytes = new Uint8Array(numbers.length);

    for (let i = 0; i < bytes.length; i++)
        bytes[i] = Number(checkByte(numbers[i]));
    return bytes;
}

function toBytes(data) {
    if (data instanceof GLib.Bytes)
        return data;
    if (data instanceof ArrayBuffer)
        return new GLib.Bytes(new Uint8Array(data));
    if (ArrayBuffer.isView(data))
        return new GLib.Bytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    if (Array.isArray(data))
        return new GLib.Bytes(bytesOfNumbers(data));
    throw new TypeError('Bytes must be a GLib.Bytes, an ArrayBuffer, a view of an ArrayBuffer, ' +
        'or an array of numbers');
}

function isInt64(integer) {
    return BigInt.asIntN(64, integer) === integer;
}

// Returns a Number if a Number can hold the integer exactly, and the BigInt otherwise.
function exactNumber(integer) {
    const number = Number(integer);

    return Number.isSafeInteger(number) ? number : integer;
}

// The smallest and the largest value of each integer type.
const INTEGER_RANGES = {
    int8: [-(2 ** 7), 2 ** 7 - 1],
    uint8: [0, 2 ** 8 - 1],
    int16: [-(2 ** 15), 2 ** 15 - 1],
    uint16: [0, 2 ** 16 - 1],
    int32: [-(2 ** 31), 2 ** 31 - 1],
    uint32: [0, 2 ** 32 - 1],
    int64: [-(2n ** 63n), 2n ** 63n - 1n],
    uint64: [0n, 2n ** 64n - 1n],
};

// The error for a number that the C function could not receive unchanged. It has the members of a
// GLib.Error, so that programs can handle it like the errors of the library.
class OutOfRangeError extends RangeError {
    constructor(message) {
        super(message);
        this.name = 'RangeError';
        this.domain = GLib.quark_from_string('shm-error-quark');
        this.code = Shm.Error.OUT_OF_RANGE;
    }

    matches(domain, code) {
        return (domain === Shm.Error || domain === this.domain) && code === this.code;
    }
}

function describeKind(value) {
    return value === null || value === undefined ? `${value}` : `a ${typeof value}`;
}

// GJS converts any value to an integer, and wraps or truncates many of them: without this check 1.5
// would become 1, and 2 ** 32, NaN or a text would become 0.
function checkInteger(type, value, what = 'The value') {
    const [least, most] = INTEGER_RANGES[type];

    if (typeof value !== 'number' && typeof value !== 'bigint')
        throw new TypeError(`${what} must be a Number or a BigInt, not ${describeKind(value)}`);
    if (typeof value === 'number' && !Number.isInteger(value) || value < least || value > most) {
        throw new OutOfRangeError(
            `${what} must be an integer from ${least} to ${most}, not ${value}`);
    }

    return exactNumber(BigInt(value));
}

// Returns a function that does the same as checkInteger(), and is faster for most Numbers.
function makeIntegerCheck(type, what) {
    const {Number} = globalThis;
    const [least, most] = INTEGER_RANGES[type].map(Number);

    function checkOther(value) {
        return Number.isSafeInteger(value) && value >= least && value <= most
            ? value : checkInteger(type, value, what);
    }

    // This test of a small integer takes a fraction of the time of Number.isSafeInteger().
    return value => typeof value === 'number' && (value | 0) === value &&
        value >= least && value <= most ? value : checkOther(value);
}

function checkDouble(value) {
    if (typeof value !== 'number')
        throw new TypeError(`The value must be a Number, not ${describeKind(value)}`);
    return value;
}

function checkFloat(value) {
    if (Number.isFinite(checkDouble(value)) && !Number.isFinite(Math.fround(value))) {
        throw new OutOfRangeError(
            `${value} is too large for a floating-point number of 32 bits`);
    }
    return value;
}

// Returns a function that does the same as checkFloat(), and is faster for most Numbers.
function makeFloatCheck() {
    const {Math, Number} = globalThis;

    return value => typeof value === 'number' && Number.isFinite(Math.fround(value))
        ? value : checkFloat(value);
}

const checkByte = makeIntegerCheck('uint8', 'A byte');
const checkMode = makeIntegerCheck('uint32', 'The mode');
const checkFlags = makeIntegerCheck('uint32', 'The flags');

const checkTimeout = makeIntegerCheck('int64', 'The timeout');

// The parameters of wrapped functions. Each function converts one argument. If the caller leaves
// out the argument, some of the functions return a default: for example, a timeout is then unlimited.
// Each parameter that is a number must be here, because GJS would convert invalid numbers to other
// numbers.
const parameters = {
    asGiven: value => value,
    name: checkName,
    optionalName: name => checkName(name ?? null),
    size: makeIntegerCheck('uint64', 'The size'),
    mode: (mode = 0o600) => checkMode(mode),
    createFlags: (flags = Shm.CreateFlags.NONE) => checkFlags(flags),
    attachFlags: (flags = Shm.AttachFlags.NONE) => checkFlags(flags),
    flags: checkFlags,
    fd: makeIntegerCheck('int32', 'The descriptor'),
    offset: makeIntegerCheck('uint64', 'The offset'),
    length: makeIntegerCheck('uint64', 'The length'),
    index: makeIntegerCheck('uint64', 'The index'),
    timeout: (microseconds = -1) => checkTimeout(microseconds),
    double: checkDouble,
    cancellable: (cancellable = null) => cancellable,
};

function convertArguments(converters, args) {
    return converters.map((convert, i) => convert(args[i]));
}

// Replaces target[name] by a function that converts its arguments first.
function wrapCall(target, name, ...converters) {
    const {[name]: call} = target;
    const [convertFirst, convertSecond, convertThird] = converters;

    // Most functions have up to three arguments. A function for their exact number is the fastest.
    if (converters.length === 1) {
        target[name] = function (first) {
            return call.call(this, convertFirst(first));
        };
    } else if (converters.length === 2) {
        target[name] = function (first, second) {
            return call.call(this, convertFirst(first), convertSecond(second));
        };
    } else if (converters.length === 3) {
        target[name] = function (first, second, third) {
            return call.call(this, convertFirst(first), convertSecond(second),
                convertThird(third));
        };
    } else {
        target[name] = function (...args) {
            return call.apply(this, convertArguments(converters, args));
        };
    }
}

// Replaces target[`${name}_async`]. The new function converts its arguments first. With a callback
// as its last argument it works as in C; without a callback it returns a promise for the result of
// target[`${name}_finish`].
function wrapAsyncCall(target, name, ...converters) {
    const {[`${name}_async`]: start} = target;

    target[`${name}_async`] = function (...args) {
        const {[converters.length]: callback = null} = args;

        if (callback !== null)
            return start.call(this, ...convertArguments(converters, args), callback);

        return new Promise((resolve, reject) => {
            start.call(this, ...convertArguments(converters, args), (_, result) => {
                try {
                    resolve(this[`${name}_finish`](result));
                } catch (error) {
                    reject(error);
                }
            });
        });
    };
}

// Wraps the synchronous and the asynchronous form of a function, if both have the same parameters.
function wrapBothCalls(target, name, ...converters) {
    wrapCall(target, name, ...converters);
    wrapAsyncCall(target, name, ...converters);
}

function overrideConstructors(SharedMemory) {
    const {name, optionalName, size, mode, createFlags, attachFlags} = parameters;
    const {fd, cancellable} = parameters;
    const createParameters = [optionalName, size, mode, createFlags, cancellable];

    wrapCall(SharedMemory, 'create', optionalName, size, createFlags);
    wrapCall(SharedMemory, 'create_full', ...createParameters);
    wrapAsyncCall(SharedMemory, 'create', ...createParameters);
    wrapCall(SharedMemory, 'create_anonymous', size, createFlags);
    wrapAsyncCall(SharedMemory, 'create_anonymous', size, createFlags, cancellable);
    wrapCall(SharedMemory, 'attach', name, attachFlags);
    wrapAsyncCall(SharedMemory, 'attach', name, attachFlags, cancellable);
    wrapCall(SharedMemory, 'attach_fd', fd, attachFlags);
    wrapBothCalls(SharedMemory, 'open_or_create', name, size, mode, createFlags, cancellable);
}

// The checks of properties that are numbers. GObject would replace an unknown value of an
// enumeration by the default, and remove unknown flags.

function checkFlagsProperty(flags, what, {NONE, ...known}) {
    const rest = checkInteger('uint32', flags, what) &
        ~Object.values(known).filter(Number.isInteger).reduce((all, flag) => all | flag, NONE);

    if (rest !== 0)
        throw new OutOfRangeError(`${what} must not have the undefined bits ${rest >>> 0}`);
    return flags;
}

function checkOrigin(origin, what) {
    if (!Object.values(Shm.Origin).includes(checkInteger('int32', origin, what)))
        throw new OutOfRangeError(`${what} must be a value of Shm.Origin, not ${origin}`);
    return origin;
}

const propertyChecks = {
    'size': (value, what) => checkInteger('uint64', value, what),
    'mode': (value, what) => checkInteger('uint32', value, what),
    'source-fd': (value, what) => checkInteger('int32', value, what),
    'origin': checkOrigin,
    'create-flags': (value, what) => checkFlagsProperty(value, what, Shm.CreateFlags),
    'attach-flags': (value, what) => checkFlagsProperty(value, what, Shm.AttachFlags),
};

function checkProperties(properties, checks) {
    const checked = {...properties};

    for (const [name, value] of Object.entries(checked)) {
        // A property has several spellings: source-fd, source_fd and sourceFd.
        const canonical = name.replace(/[A-Z]/g, letter => `-${letter}`).toLowerCase()
            .replaceAll('_', '-');

        if (canonical in checks)
            checked[name] = checks[canonical](value, `The property "${canonical}"`);
    }

    return checked;
}

// Makes construction from properties, by `new` and by subclasses, call init() as well. If
// takeColumns() returns the values of a new list, another function creates the list.
function overrideConstruction({prototype}, takeColumns = () => null) {
    const {_init} = prototype;

    prototype._init = function (properties, ...others) {
        checkName(properties?.name ?? null);

        const checked = checkProperties(properties, propertyChecks);
        const columns = takeColumns(checked);

        _init.call(this, checked, ...others);
        if (columns === null)
            this.init(null);
        else
            ShmPrivate.list_init_from_columns(this, columns);
    };
}

const SHORT_LENGTH = 64; // the greatest number of bytes that list_read_plain() stores

// Calls a function with the memory in which functions of ShmPrivate store a part of their results:
// two Numbers, and SHORT_LENGTH bytes. Returns its result. Returns null in versions of GJS that copy
// the memory.
function showPlainMemory(show) {
    if (!showsMemoryOfBytes())
        return null;

    const {buffer, byteOffset} = ShmPrivate.get_last_plain_value().toArray();
    return show(buffer, byteOffset);
}

// Live bytes become a Uint8Array, and JavaScript can write every Uint8Array. A write to a read-only
// mapping would end the process with SIGSEGV.
function checkWritable(shm) {
    if (showsMemoryOfBytes() && shm.is_read_only()) {
        fail(Shm.Error.READ_ONLY,
            `Block "${shm.get_name()}" is attached read-only, and a live Uint8Array would be ` +
            'writable. Use read() and the typed accessors');
    }
}

function overrideMemory(SharedMemory) {
    const {flags, offset, length, double, cancellable} = parameters;
    const {read, read_finish, get_live_bytes, get_live_region} = SharedMemory.prototype;
    const isLive = showsMemoryOfBytes();

    Object.defineProperty(SharedMemory.prototype, 'buf', {
        get() {
            if (!isLive) {
                fail(Shm.Error.NOT_SUPPORTED,
                    `Block "${this.get_name()}" has no live Uint8Array: this version of GJS copies ` +
                    'the memory. Use read(), write() and the typed accessors');
            }
            return this.get_live_bytes().toArray();
        },
        configurable: true,
    });

    SharedMemory.prototype.get_live_bytes = function () {
        checkWritable(this);
        return get_live_bytes.call(this);
    };
    SharedMemory.prototype.get_live_region = function (start, size) {
        checkWritable(this);
        return get_live_region.call(this, start, size);
    };
    wrapCall(SharedMemory.prototype, 'get_live_region', offset, length);

    function lengthFrom(shm, start) {
        return Math.max(shm.get_size() - Number(offset(start)), 0);
    }

    SharedMemory.prototype.read = function (start = 0, size = lengthFrom(this, start)) {
        return read.call(this, offset(start), length(size)).toArray();
    };
    SharedMemory.prototype.read_finish = function (result) {
        return read_finish.call(this, result).toArray();
    };
    wrapAsyncCall(SharedMemory.prototype, 'read', offset, length, cancellable);
    const {read_async} = SharedMemory.prototype;
    SharedMemory.prototype.read_async = function (start = 0, size = lengthFrom(this, start),
        ...others) {
        return read_async.call(this, start, size, ...others);
    };
    wrapCall(SharedMemory.prototype, 'write', offset, toBytes);
    wrapAsyncCall(SharedMemory.prototype, 'write', offset, toBytes, cancellable);
    wrapCall(SharedMemory.prototype, 'seal', flags);
    wrapAsyncCall(SharedMemory.prototype, 'seal', flags, cancellable);

    for (const type of Object.keys(INTEGER_RANGES)) {
        wrapCall(SharedMemory.prototype, `get_${type}`, offset);
        wrapCall(SharedMemory.prototype, `set_${type}`, offset, makeIntegerCheck(type));
    }
    wrapCall(SharedMemory.prototype, 'get_float', offset);
    wrapCall(SharedMemory.prototype, 'set_float', offset, makeFloatCheck());
    wrapCall(SharedMemory.prototype, 'get_double', offset);
    wrapCall(SharedMemory.prototype, 'set_double', offset, double);

    // GJS rounds 64-bit integers that C returns to Numbers. If the rounded result is a safe integer,
    // it is the exact one. Otherwise only the bytes count. If they are read by a second call, another
    // process may have written between the two calls.
    function wrapInt64(name, isSigned, Array64) {
        const {block_get_rounded} = ShmPrivate;
        const {Number} = globalThis;
        const exact = showPlainMemory((buffer, start) => new Array64(buffer, start + 16, 1));

        SharedMemory.prototype[name] = function (start) {
            const at = offset(start);
            const number = block_get_rounded(this, at, isSigned);

            if (Number.isSafeInteger(number))
                return number;
            return exact === null
                ? exactNumber(new Array64(this.read(at, 8).slice().buffer)[0]) : exact[0];
        };
    }

    wrapInt64('get_int64', true, BigInt64Array);
    wrapInt64('get_uint64', false, BigUint64Array);
    wrapAtomics(offset);
    wrapWaits(offset);
}

// How many values each atomic operation gets. The order is that of ShmPrivate.block_atomic().
const ATOMIC_OPERATIONS =
    {load: 0, add: 1, sub: 1, and: 1, or: 1, xor: 1, exchange: 1, compare_exchange: 2};

// GJS would round the 64-bit integers that the C functions return.
function wrapAtomics(offset) {
    const {block_atomic} = ShmPrivate;
    const {prototype} = Shm.SharedMemory;
    const int32 = makeIntegerCheck('int32');
    const int64 = makeIntegerCheck('int64');

    Object.entries(ATOMIC_OPERATIONS).forEach(([name, nValues], operation) => {
        wrapCall(prototype, `atomic_${name}_int32`, offset, ...Array(nValues).fill(int32));
        prototype[`atomic_${name}_int64`] = function (start, first, second) {
            const [, high, low] = block_atomic(this, offset(start), operation,
                nValues > 0 ? int64(first) : 0, nValues > 1 ? int64(second) : 0);

            return exactNumber(BigInt(high) << 32n | BigInt(low));
        };
    });
    wrapCall(prototype, 'atomic_store_int32', offset, int32);
    wrapCall(prototype, 'atomic_store_int64', offset, int64);
}

function wrapWaits(offset) {
    const {prototype} = Shm.SharedMemory;
    const {timeout, cancellable} = parameters;

    const int32 = makeIntegerCheck('int32');
    const uint32 = makeIntegerCheck('uint32');

    wrapBothCalls(prototype, 'wait', offset, int32, timeout, cancellable);
    wrapCall(prototype, 'create_wait_source', offset, int32, cancellable);
    wrapCall(prototype, 'wake', offset, makeIntegerCheck('uint32', 'The count'));
    wrapCall(prototype, 'event_get', offset);
    wrapCall(prototype, 'event_advance', offset);
    wrapBothCalls(prototype, 'event_wait', offset, uint32, timeout, cancellable);
    wrapCall(prototype, 'create_event_source', offset, uint32, cancellable);
}

// Returns the mode of a lock.
function checkLockMode(mode = Shm.LockMode.EXCLUSIVE) {
    if (mode !== Shm.LockMode.EXCLUSIVE && mode !== Shm.LockMode.SHARED)
        throw new OutOfRangeError(`The mode must be a value of Shm.LockMode, not ${mode}`);
    return mode;
}

// Runs a function of the program while a lock is held.
function runLocked(guard, run) {
    let isPromise = false;

    try {
        const result = run(guard);

        isPromise = typeof result?.then === 'function';
        if (!isPromise)
            return result;
    } finally {
        guard.release();
    }
    throw new TypeError('The function of withLock() has returned a promise, and the lock would be ' +
        'released before its end: use withLockAsync()');
}

// Adds the methods that blocks and lists have in common.
function overrideLocks({prototype}) {
    const {timeout, cancellable} = parameters;

    function getMode({shared = false}) {
        return shared ? Shm.LockMode.SHARED : Shm.LockMode.EXCLUSIVE;
    }

    wrapBothCalls(prototype, 'lock', checkLockMode, timeout, cancellable);

    prototype.withLock = function (run, options = {}) {
        return runLocked(this.lock(getMode(options), options.timeout, options.cancellable), run);
    };
    prototype.withLockAsync = async function (run, options = {}) {
        const guard = await this.lock_async(
            getMode(options), options.timeout, options.cancellable);

        try {
            return await run(guard);
        } finally {
            guard.release();
        }
    };
}

function overrideRangeLocks({prototype}) {
    const {offset, length, timeout, cancellable} = parameters;

    wrapBothCalls(prototype, 'lock_range', offset, length, checkLockMode, timeout, cancellable);
}

function refuseInteger(integer) {
    throw new OutOfRangeError(
        `${integer} cannot be stored in a list: it needs more than 64 bits`);
}

function refuseSurrogate() {
    fail(Shm.Error.TYPE_MISMATCH,
        'A text with an unpaired surrogate cannot be stored in a list: UTF-8 cannot encode it');
}

function refuseObject(object) {
    const kind = Object.prototype.toString.call(object).slice(8, -1);

    throw new TypeError(`A value of type ${kind} cannot be stored in a list: use a Number, ` +
        'BigInt, Boolean, String, Uint8Array, ArrayBuffer, GLib.Bytes, or null');
}

// Converts values to columns and back. core/shm-list-columns.h describes the columns. All of this
// code is inside one function with local copies of the global objects: GJS looks up a global name
// at each use, and a local one once. The name "undefined" is also a global one.
function makeCodec() {
    const {Array, ArrayBuffer, BigInt64Array, Float32Array, Float64Array, Uint8Array} = globalThis;
    const {Bytes} = GLib;
    const {NONE, INT64, DOUBLE, BOOLEAN, STRING, BYTES} = Shm.ValueKind;

    const LARGE = 6; // the type of an integer that is not a safe integer
    const MARK = -1; // the first number of all columns
    const HEAD_LENGTH = 3; // how many numbers there are before the numbers of the values
    const SURROGATE = /[\ud800-\udfff]/;
    const UNPAIRED_SURROGATE = /\p{Surrogate}/u;

    const encoder = new TextEncoder();
    // Some versions of GJS interpret ignoreBOM the other way round. Choose the decoder that keeps a
    // byte order mark.
    const decoder = [true, false].map(ignoreBOM => new TextDecoder('utf-8', {ignoreBOM}))
        .find(each => each.decode(Uint8Array.of(0xef, 0xbb, 0xbf)) === '\ufeff');

    // Returns the bytes of a Uint8Array, an ArrayBuffer or a GLib.Bytes, and null for other values.
    function toUint8Array(data) {
        // Most values are not objects, and "instanceof Bytes" is slow.
        if (typeof data !== 'object' || data === null)
            return null;
        if (data instanceof Uint8Array)
            return data;
        if (data instanceof ArrayBuffer)
            return new Uint8Array(data);
        return data instanceof Bytes ? data.toArray() : null;
    }

    function encodeText(text) {
        if (UNPAIRED_SURROGATE.test(text))
            refuseSurrogate();
        return encoder.encode(text);
    }

    // Encoding all texts at once takes a fraction of the time of encoding each. Two halves of a
    // surrogate pair may meet where two texts meet.
    function encodeTexts(texts) {
        const text = texts.join('');

        if (SURROGATE.test(text) && texts.some(each => UNPAIRED_SURROGATE.test(each)))
            refuseSurrogate();
        return encoder.encode(text);
    }

    class Packer {
        constructor(count) {
            this._numbers = new Float64Array(HEAD_LENGTH + count);
            this._types = new Uint8Array(count);
            this._texts = [];
            this._byteArrays = [];
        }

        _putBigInt(i, integer) {
            if (!isInt64(integer))
                refuseInteger(integer);
            this._types[i] = LARGE;
            new BigInt64Array(this._numbers.buffer)[HEAD_LENGTH + i] = integer;
        }

        _putObject(i, object) {
            const bytes = toUint8Array(object);

            if (object === null) {
                this._types[i] = NONE;
                return;
            }
            if (bytes === null)
                refuseObject(object);
            this._types[i] = BYTES;
            this._numbers[HEAD_LENGTH + i] = bytes.length;
            this._byteArrays.push(bytes);
        }

        _put(i, value) {
            const numbers = this._numbers;
            const types = this._types;

            switch (typeof value) {
            case 'number':
                types[i] = INT64;
                numbers[HEAD_LENGTH + i] = value;
                break;
            case 'string':
                types[i] = STRING;
                numbers[HEAD_LENGTH + i] = value.length;
                this._texts.push(value);
                break;
            case 'boolean':
                types[i] = BOOLEAN;
                numbers[HEAD_LENGTH + i] = value ? 1 : 0;
                break;
            case 'bigint':
                this._putBigInt(i, value);
                break;
            case 'undefined':
                types[i] = NONE;
                break;
            default:
                this._putObject(i, value);
            }
        }

        putAll(values) {
            for (let i = 0; i < this._types.length; i++)
                this._put(i, values[i]);
        }

        // Stores all Numbers as floats, also those that are integers.
        putDoubles(numbers) {
            this._numbers.set(numbers, HEAD_LENGTH);
            this._types.fill(DOUBLE);
        }

        finish() {
            const text = encodeTexts(this._texts);

            this._numbers.set([MARK, this._types.length, text.length]);

            const parts = [new Uint8Array(this._numbers.buffer), this._types, text,
                ...this._byteArrays];
            const columns = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
            let at = 0;

            for (const part of parts) {
                columns.set(part, at);
                at += part.length;
            }
            return columns;
        }
    }

    function packList(values) {
        const areDoubles = values instanceof Float64Array || values instanceof Float32Array;
        const array = areDoubles || Array.isArray(values) ? values : [...values];
        const packer = new Packer(array.length);

        if (areDoubles)
            packer.putDoubles(array);
        else
            packer.putAll(array);
        return packer.finish();
    }

    function unpackText(bytes, start, end) {
        return decoder.decode(bytes.subarray(start, end));
    }

    // Unpacks the values that list_copy_columns() returns. Decoding all texts at once takes a
    // fraction of the time of decoding each.
    function unpackList(columns) {
        const {buffer, byteOffset} = columns;
        const [, count, textSize] = new Float64Array(buffer, byteOffset, HEAD_LENGTH);
        const numbersAt = byteOffset + 8 * HEAD_LENGTH;
        const numbers = new Float64Array(buffer, numbersAt, count);
        const types = new Uint8Array(buffer, numbersAt + 8 * count, count);
        const textsAt = 8 * HEAD_LENGTH + 9 * count;
        const texts = textSize > 0 ? unpackText(columns, textsAt, textsAt + textSize) : '';
        const values = new Array(count);
        let textAt = 0;
        let textEnd = 0;
        let bytesAt = textsAt + textSize;

        // The result of "| 0" is an integer for the compiler. With integers, slice() takes a fifth of
        // the time. No text in JavaScript is longer than 2 ** 30.
        for (let i = 0; i < count; i++) {
            const type = types[i];
            const number = numbers[i];

            switch (type) {
            case INT64:
            case DOUBLE:
                values[i] = number;
                break;
            case STRING:
                textEnd = textAt + number | 0;
                values[i] = texts.slice(textAt, textEnd);
                textAt = textEnd;
                break;
            case BOOLEAN:
                values[i] = number !== 0;
                break;
            case BYTES:
                values[i] = columns.slice(bytesAt, bytesAt + number);
                bytesAt += number;
                break;
            case LARGE:
                [values[i]] = new BigInt64Array(buffer, numbersAt + 8 * i, 1);
                break;
            default:
                values[i] = null;
            }
        }

        return values;
    }

    return {packList, unpackList, encodeText, unpackText, toUint8Array};
}

// Converts values to GVariants and back, for the asynchronous functions and for searches.
function makeVariantCodec({packList, unpackText}) {
    const {Array, DataView, Math, Number} = globalThis;
    const {Variant} = GLib;
    const {value_from_columns, values_from_columns} = ShmPrivate;

    const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

    // Most values are not objects, and "instanceof Variant" is slow.
    function isVariant(value) {
        return typeof value === 'object' && value instanceof Variant;
    }

    function toVariant(value) {
        return isVariant(value) ? value : value_from_columns(packList([value]));
    }

    function toListVariant(values) {
        return isVariant(values) ? values : values_from_columns(packList(values));
    }

    function toBytes(variant) {
        return variant.get_data_as_bytes().toArray();
    }

    // Reads a value of this type in the serialized form of GVariant.
    function readValue(type, bytes, start, end) {
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

        switch (type) {
        case 'x':
            return exactNumber(view.getBigInt64(start, IS_LITTLE_ENDIAN));
        case 'd':
            return view.getFloat64(start, IS_LITTLE_ENDIAN);
        case 'b':
            return bytes[start] !== 0;
        case 's':
            return unpackText(bytes, start, end - 1); // without the NUL at its end
        case '(ay)':
            return unpackText(bytes, start, end);
        case 'ay':
            return bytes.slice(start, end);
        default:
            return null;
        }
    }

    function fromVariant(variant) {
        const bytes = toBytes(variant);

        return readValue(variant.get_type_string(), bytes, 0, bytes.length);
    }

    // Reads the serialized form of "av": each element is a value, a NUL and the type of the value.
    // A table at the end of the array contains the end of each element.
    function fromListVariant(variant) {
        const bytes = toBytes(variant);
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        const width = [1, 2, 4].find(each => bytes.length < 2 ** (8 * each)) ?? 8;
        const values = new Array(variant.n_children());
        const table = bytes.length - width * values.length;
        let start = 0;

        function readEnd(at) {
            switch (width) {
            case 1:
                return bytes[at];
            case 2:
                return view.getUint16(at, IS_LITTLE_ENDIAN);
            case 4:
                return view.getUint32(at, IS_LITTLE_ENDIAN);
            default:
                return Number(view.getBigUint64(at, IS_LITTLE_ENDIAN));
            }
        }

        for (let i = 0; i < values.length; i++) {
            const end = readEnd(table + width * i);
            const separator = bytes.lastIndexOf(0, end - 1);
            const type = unpackText(bytes, separator + 1, end);

            values[i] = readValue(type, bytes, start, separator);
            start = Math.ceil(end / 8) * 8;
        }

        return values;
    }

    return {isVariant, toVariant, toListVariant, fromVariant, fromListVariant};
}

function overrideListConstructors(ShareableList, {packList}, {isVariant, toListVariant}) {
    const {asGiven, name, optionalName, mode} = parameters;
    const {createFlags, attachFlags, cancellable} = parameters;
    const createParameters = [toListVariant, optionalName, mode, createFlags, cancellable];
    const {list_from_columns} = ShmPrivate;

    wrapCall(ShareableList, 'create', toListVariant, optionalName, createFlags);
    wrapCall(ShareableList, 'create_full', ...createParameters);
    wrapAsyncCall(ShareableList, 'create', ...createParameters);
    wrapCall(ShareableList, 'create_anonymous', toListVariant, createFlags);
    wrapAsyncCall(ShareableList, 'create_anonymous', toListVariant, createFlags, cancellable);
    wrapCall(ShareableList, 'attach', name, attachFlags);
    wrapAsyncCall(ShareableList, 'attach', name, attachFlags, cancellable);
    wrapAsyncCall(ShareableList, 'new_for_shared_memory', asGiven, cancellable);

    // A safe integer becomes an integer, and any other Number a float. All numbers of a
    // Float64Array or Float32Array become floats.
    ShareableList.from = (values, givenName, flags) =>
        list_from_columns(packList(values), optionalName(givenName), createFlags(flags));

    overrideConstruction(ShareableList, properties => {
        const {values = null} = properties;

        if (values === null || isVariant(values))
            return null;

        delete properties.values;
        return packList(values);
    });
}

// Checks the index of a function that behaves like one of an Array: it is a Number, and may be
// negative. An Array would convert other values to an index.
function checkArrayIndex(index) {
    if (Number.isInteger(index))
        return index;
    if (typeof index === 'number')
        throw new OutOfRangeError(`The index must be an integer, not ${index}`);
    throw new TypeError(`The index must be a Number, not ${describeKind(index)}`);
}

// Returns the index from the beginning of the list; a negative index counts from the end. Throws
// for an index that no list can have.
function resolveIndex(list, index) {
    const length = list.get_length();
    const i = checkArrayIndex(index) < 0 ? index + length : index;

    if (!Number.isSafeInteger(i) || i < 0) {
        fail(Shm.Error.OUT_OF_RANGE,
            `The list in block "${list.name}" has no index ${index}: it has ${length} values`);
    }
    return i;
}

// What list_read_plain() stores instead of a kind.
const LARGE_INTEGER = -1; // an integer that a Number cannot hold
const NO_VALUE = -2; // the list has no value with this index

// Returns the function list_read_plain(), the array in which it stores the kind and the number of a
// value, and the arrays in which it stores short bytes and a large integer. The last two arrays can
// be null.
function makePlainReader() {
    const {list_read_plain, list_get_plain} = ShmPrivate;
    const reader = showPlainMemory((buffer, start) => [
        list_read_plain, new Float64Array(buffer, start, 2),
        new Uint8Array(buffer, start + 16, SHORT_LENGTH), new BigInt64Array(buffer, start + 16, 1),
    ]);

    if (reader !== null)
        return reader;

    // This function does the same in other versions of GJS, and takes longer.
    const plain = new Float64Array(2);
    function readPlain(list, index) {
        const [kind, number, text] = list_get_plain(list, index);

        plain[0] = kind;
        plain[1] = number;
        return text;
    }

    return [readPlain, plain, null, null];
}

// Returns a function that tells whether C receives all of a text unchanged.
function makeTextCheck() {
    // Code units that GJS cannot pass to C unchanged: NULs, which end a C string, and halves of
    // surrogate pairs, which UTF-8 cannot encode.
    const special = /[\0\ud800-\udfff]/;
    const SHORT_TEXT = 40; // up to this length a loop is faster than a regular expression

    return text => {
        const {length} = text;

        if (length > SHORT_TEXT)
            return !special.test(text);
        for (let i = 0; i < length; i++) {
            const unit = text.charCodeAt(i);

            if (unit === 0 || (unit & 0xf800) === 0xd800)
                return false;
        }
        return true;
    };
}

function overrideListValues({prototype}, {unpackList, encodeText, unpackText, toUint8Array}) {
    const {Number, Object} = globalThis;
    const {index: checkIndex, asGiven, double} = parameters;
    const {NONE, INT64, DOUBLE, BOOLEAN, BYTES} = Shm.ValueKind;
    const {get_length, get_int64, get_text} = prototype;
    const {set_int64, set_double, set_boolean, set_string} = prototype;
    const {set_text, set_bytes, set_none} = prototype;
    const {list_copy_bytes, list_copy_columns} = ShmPrivate;
    const [readPlain, plain, shortBytes, largeIntegers] = makePlainReader();
    const shortLength = shortBytes === null ? -1 : SHORT_LENGTH;
    const [largeInteger, noValue] = [LARGE_INTEGER, NO_VALUE];
    const isPlainText = makeTextCheck();

    // Returns a value of any kind. Unlike readPlain(), list_copy_columns() returns all values
    // exactly.
    function copyValue(list, index) {
        return unpackList(list_copy_columns(list, index, 1).toArray())[0];
    }

    // Returns the integer that readPlain() has read. In some versions of GJS this is a second call,
    // before which another process may have replaced the value.
    function copyLargeInteger(list, index) {
        return largeIntegers === null ? copyValue(list, index) : largeIntegers[0];
    }

    // The loop repeats if another process replaces the value between two calls.
    prototype.get_int64 = function (index) {
        checkIndex(index);
        for (;;) {
            readPlain(this, index);

            const kind = plain[0];

            if (kind === INT64)
                return plain[1];
            if (kind !== largeInteger)
                return get_int64.call(this, index); // throws

            const value = copyLargeInteger(this, index);
            if (typeof value === 'bigint')
                return value;
        }
    };

    // A C string ends at the first NUL, so readPlain() returns no text if the text contains NULs.
    prototype.get_string = function (index) {
        const text = readPlain(this, checkIndex(index));

        if (text !== null)
            return text;

        const bytes = get_text.call(this, index).toArray();
        return unpackText(bytes, 0, bytes.length);
    };

    function setSpecialText(list, index, text) {
        return set_text.call(list, index, encodeText(text));
    }

    prototype.set_string = function (index, text) {
        if (typeof text === 'string' && !isPlainText(text))
            return setSpecialText(this, checkIndex(index), text);
        return set_string.call(this, checkIndex(index), text);
    };

    for (const name of ['get_double', 'get_boolean', 'get_text', 'get_bytes', 'get_value_kind',
        'set_none'])
        wrapCall(prototype, name, checkIndex);
    wrapCall(prototype, 'set_int64', checkIndex, makeIntegerCheck('int64'));
    wrapCall(prototype, 'set_double', checkIndex, double);
    wrapCall(prototype, 'set_boolean', checkIndex, asGiven);
    wrapCall(prototype, 'set_text', checkIndex, toBytes);
    wrapCall(prototype, 'set_bytes', checkIndex, toBytes);

    // Returns an index that no list can have for a negative index before the beginning.
    function findArrayIndex(list, index) {
        const i = checkArrayIndex(index) < 0 ? index + get_length.call(list) : index;

        return i >= 0 && i <= Number.MAX_SAFE_INTEGER ? i : Number.MAX_SAFE_INTEGER;
    }

    // Another process may just have replaced the bytes by a value of another kind.
    function copyBytes(list, index) {
        try {
            return list_copy_bytes(list, index);
        } catch (error) {
            if (isShmError(error, Shm.Error.TYPE_MISMATCH))
                return copyValue(list, index);
            throw error;
        }
    }

    // Returns the value that readPlain() has read, unless it is a text.
    function finishValue(list, index) {
        const kind = plain[0];

        if (kind === INT64 || kind === DOUBLE)
            return plain[1];
        if (kind === BOOLEAN)
            return plain[1] !== 0;
        if (kind === NONE)
            return null;
        if (kind === noValue)
            return undefined;

        if (kind === BYTES)
            return plain[1] <= shortLength ? shortBytes.slice(0, plain[1]) : copyBytes(list, index);

        if (kind === largeInteger)
            return copyLargeInteger(list, index);

        // This is a text with NULs.
        return copyValue(list, index);
    }

    // The first test of at() and setAt() accepts most indexes and takes almost no time.
    prototype.at = function (index) {
        const i = typeof index === 'number' && (index | 0) === index && index >= 0
            ? index : findArrayIndex(this, index);
        const text = readPlain(this, i);

        return text === null ? finishValue(this, i) : text;
    };

    function setOtherNumber(list, index, number) {
        if (Number.isSafeInteger(number) && !Object.is(number, -0))
            set_int64.call(list, index, number);
        else
            set_double.call(list, index, number);
    }

    function setBigInt(list, index, integer) {
        if (!isInt64(integer))
            refuseInteger(integer);
        set_int64.call(list, index, integer);
    }

    function setObject(list, index, object) {
        const bytes = toUint8Array(object);

        if (bytes !== null)
            set_bytes.call(list, index, bytes);
        else if (object === null)
            set_none.call(list, index);
        else
            refuseObject(object);
    }

    prototype.setAt = function (index, value) {
        const i = typeof index === 'number' && (index | 0) === index && index >= 0
            ? index : resolveIndex(this, index);

        switch (typeof value) {
        case 'number':
            if ((value | 0) === value && (value !== 0 || 1 / value > 0))
                set_int64.call(this, i, value);
            else
                setOtherNumber(this, i, value);
            break;
        case 'boolean':
            set_boolean.call(this, i, value);
            break;
        case 'string':
            if (isPlainText(value))
                set_string.call(this, i, value);
            else
                setSpecialText(this, i, value);
            break;
        case 'bigint':
            setBigInt(this, i, value);
            break;
        case 'undefined':
            set_none.call(this, i);
            break;
        default:
            setObject(this, i, value);
        }
    };
}

function overrideListSearch({prototype}, {isVariant, toVariant}) {
    const {find, count} = prototype;

    // Returns null for a value that no list can contain, and for a GVariant.
    function toSearchedVariant(value) {
        try {
            return isVariant(value) ? null : toVariant(value);
        } catch (error) {
            return null;
        }
    }

    function indexAfterError(error) {
        if (isShmError(error, Shm.Error.VALUE_NOT_FOUND))
            return -1;
        throw error;
    }

    prototype.count = function (value) {
        const variant = isVariant(value) ? value : toSearchedVariant(value);

        return variant === null ? 0 : count.call(this, variant);
    };

    prototype.indexOf = function (value) {
        const variant = toSearchedVariant(value);
        try {
            return variant === null ? -1 : find.call(this, variant)[1];
        } catch (error) {
            return indexAfterError(error);
        }
    };

    prototype.indexOfAsync = async function (value, cancellable = null) {
        const variant = toSearchedVariant(value);

        if (variant === null)
            return -1;
        try {
            return (await this.find_async(variant, cancellable))[1];
        } catch (error) {
            return indexAfterError(error);
        }
    };

    // As in an Array, includes() finds NaN and indexOf() does not.
    prototype.includes = function (value) {
        if (Number.isNaN(value))
            return this.toArray().some(Number.isNaN);
        return this.indexOf(value) !== -1;
    };
}

// Makes the functions that have a GVariant in C take and return JavaScript values.
function overrideListVariants({prototype}, {toVariant, fromVariant, fromListVariant}) {
    const {index: checkIndex, cancellable} = parameters;

    function convertResult(name, convert) {
        const {[name]: call} = prototype;

        prototype[name] = function (...args) {
            return convert(call.apply(this, args));
        };
    }

    for (const suffix of ['', '_finish']) {
        convertResult(`get_value${suffix}`, fromVariant);
        convertResult(`copy_values${suffix}`, fromListVariant);
    }
    wrapCall(prototype, 'get_value', checkIndex);
    wrapAsyncCall(prototype, 'get_value', checkIndex, cancellable);
    wrapCall(prototype, 'set_value', checkIndex, toVariant);
    wrapAsyncCall(prototype, 'set_value', checkIndex, toVariant, cancellable);
    wrapCall(prototype, 'find', toVariant);
    wrapAsyncCall(prototype, 'find', toVariant, cancellable);
    wrapAsyncCall(prototype, 'count', toVariant, cancellable);
    wrapAsyncCall(prototype, 'copy_values', cancellable);
    wrapAsyncCall(prototype, 'get_format', cancellable);

    prototype.atAsync = async function (index, cancellable = null) {
        const i = checkArrayIndex(index);
        const length = this.get_length();

        if (i < -length || i >= length)
            return undefined;
        return this.get_value_async(i < 0 ? i + length : i, cancellable);
    };
    prototype.setAtAsync = async function (index, value, cancellable = null) {
        await this.set_value_async(resolveIndex(this, index), value, cancellable);
    };
    prototype.toArrayAsync = function (cancellable = null) {
        return this.copy_values_async(cancellable);
    };
}

function overrideListIteration({prototype}, {unpackList}) {
    const {Math} = globalThis;
    const {get_length} = prototype;
    const {list_copy_columns} = ShmPrivate;

    // Copies the values in chunks. The number of values in a chunk doubles while the chunks are
    // small, and halves when a chunk has 64 KiB or more. (A generator function would take several
    // times as long.)
    class ShareableListIterator {
        constructor(list) {
            this._list = list;
            this._left = get_length.call(list);
            this._first = 0;
            this._size = 16;
            this._chunk = [];
            this._at = 0;
        }

        _advance() {
            const count = Math.min(this._size, this._left);
            const columns = list_copy_columns(this._list, this._first, count).toArray();

            this._chunk = unpackList(columns);
            this._at = 0;
            this._first += count;
            this._left -= count;
            if (columns.length < 65536)
                this._size *= 2;
            else if (this._size > 1)
                this._size /= 2;
        }

        next() {
            if (this._at === this._chunk.length) {
                if (this._left === 0)
                    return {value: undefined, done: true};
                this._advance();
            }
            return {value: this._chunk[this._at++], done: false};
        }

        [Symbol.iterator]() {
            return this;
        }
    }

    prototype[Symbol.iterator] = function () {
        return new ShareableListIterator(this);
    };

    // Returns all values, copied as copy_values() copies them.
    prototype.toArray = function () {
        return unpackList(list_copy_columns(this, 0, get_length.call(this)).toArray());
    };
}

function overrideList(ShareableList, codec) {
    const variantCodec = makeVariantCodec(codec);

    overrideListConstructors(ShareableList, codec, variantCodec);
    overrideListValues(ShareableList, codec);
    overrideListSearch(ShareableList, variantCodec);
    overrideListVariants(ShareableList, variantCodec);
    overrideListIteration(ShareableList, codec);

    Object.defineProperty(ShareableList.prototype, 'shm', {
        get() {
            return this.get_shared_memory();
        },
        configurable: true,
    });
}

function overrideModels(ListModel, ModelItem, {fromVariant}) {
    const checkNumber = makeIntegerCheck('int64', 'The interval');

    wrapCall(ListModel.prototype, 'set_interval', interval => {
        if (checkNumber(interval) < 0 || interval >= 2 ** 62)
            throw new OutOfRangeError('The interval must be at least 0 and below 2 ** 62');
        return interval;
    });

    // Bindings of properties, as in GTK, use the property of the GObject, which is a GLib.Variant.
    Object.defineProperty(ModelItem.prototype, 'value', {
        get() {
            const variant = this.get_value();

            return variant === null ? null : fromVariant(variant);
        },
        configurable: true,
    });
}

function overrideFrames(Frames, Frame) {
    const {optionalName, name, createFlags, attachFlags} = parameters;
    const {timeout, cancellable} = parameters;
    const {prototype} = Frames;
    const {begin, read} = prototype;
    const {get_live_bytes} = Frame.prototype;
    const slots = makeIntegerCheck('uint32', 'The number of slots');
    const frameSize = makeIntegerCheck('uint64', 'The size of a frame');

    wrapCall(Frames, 'get_block_size', frameSize, slots);
    wrapCall(Frames, 'create', optionalName, frameSize, slots, createFlags);
    wrapCall(Frames, 'create_anonymous', frameSize, slots, createFlags);
    wrapCall(Frames, 'create_in', parameters.asGiven, frameSize, slots);
    wrapCall(Frames, 'attach', name, attachFlags);
    wrapCall(prototype, 'write', toBytes);
    wrapBothCalls(prototype, 'wait', makeIntegerCheck('uint64', 'The number of a frame'), timeout,
        cancellable);

    prototype.begin = function () {
        return begin.call(this)[1];
    };
    prototype.read = function () {
        return read.call(this)[0].toArray();
    };

    // Calls draw() with a Uint8Array of the next frame, and publishes the frame. If draw() throws an
    // error, discards the frame.
    const isLive = showsMemoryOfBytes();
    prototype.draw = function (draw) {
        const {shared_memory, frame_size} = this;
        const offset = this.begin();

        try {
            if (isLive) {
                draw(shared_memory.get_live_region(offset, frame_size).toArray());
            } else {
                const copy = new Uint8Array(frame_size);

                draw(copy);
                shared_memory.write(offset, copy);
            }
        } catch (error) {
            this.discard();
            throw error;
        }
        return this.publish();
    };

    Frame.prototype.get_live_bytes = function () {
        checkWritable(this.get_frames().shared_memory);
        return get_live_bytes.call(this);
    };
    Frame.prototype.toArray = function () {
        return this.get_frames().shared_memory.read(this.get_offset(),
            this.get_frames().frame_size);
    };
}

function overrideManagerConstructors(Manager) {
    const {_init} = Manager.prototype;

    function toKey(authkey) {
        return authkey === null || authkey === undefined ? null : toBytes(authkey);
    }

    wrapCall(Manager, 'new', address => checkAddress(address ?? null), toKey,
        (flags = Shm.ManagerFlags.NONE) => checkFlags(flags));

    Manager.prototype._init = function (properties, ...others) {
        const converted = checkProperties(properties, {
            'flags': (value, what) => checkFlagsProperty(value, what, Shm.ManagerFlags),
        });

        for (const [name, value] of Object.entries(converted)) {
            if (name === 'authkey')
                converted.authkey = toKey(value);
            else if (name === 'address')
                checkAddress(value ?? null);
        }
        _init.call(this, converted, ...others);
    };
}

function overrideManagerCalls({prototype}) {
    const {name, optionalName, size, mode, createFlags, cancellable} = parameters;

    for (const call of ['start', 'connect_to_server', 'shutdown', 'list_blocks'])
        wrapBothCalls(prototype, call, cancellable);
    for (const call of ['track', 'remove'])
        wrapBothCalls(prototype, call, name, cancellable);
    wrapBothCalls(prototype, 'create_shared_memory',
        optionalName, size, mode, createFlags, cancellable);
}

// Lets create_shareable_list() also take the values that ShareableList.from() takes.
function overrideManagerLists({prototype}, {packList}) {
    const {asGiven, optionalName, mode, createFlags, cancellable} = parameters;
    const {create_shareable_list, create_shareable_list_async} = prototype;
    const {create_shareable_list_finish} = prototype;
    const {manager_list_from_columns, manager_list_from_columns_async} = ShmPrivate;
    const {manager_list_from_columns_finish} = ShmPrivate;
    const {Variant} = GLib;
    const columnsResults = new WeakSet(); // results for manager_list_from_columns_finish()

    prototype.create_shareable_list = function (values, ...args) {
        return values instanceof Variant
            ? create_shareable_list.call(this, values, ...args)
            : manager_list_from_columns(this, packList(values), ...args);
    };
    prototype.create_shareable_list_async = function (values, ...args) {
        const callback = args.pop();

        if (values instanceof Variant) {
            create_shareable_list_async.call(this, values, ...args, callback);
            return;
        }
        manager_list_from_columns_async(this, packList(values), ...args, (source, result) => {
            columnsResults.add(result);
            callback(source, result);
        });
    };
    prototype.create_shareable_list_finish = function (result) {
        return columnsResults.has(result)
            ? manager_list_from_columns_finish(this, result)
            : create_shareable_list_finish.call(this, result);
    };
    wrapBothCalls(prototype, 'create_shareable_list',
        asGiven, optionalName, mode, createFlags, cancellable);
}

function overrideManager(Manager, codec) {
    overrideManagerConstructors(Manager);
    wrapAsyncCall(Manager, 'remove_leftovers', parameters.cancellable);
    overrideManagerCalls(Manager);
    overrideManagerLists(Manager, codec);
}

function _init() {
    Shm = this;
    imports.gi.versions.ShmPrivate = '1.0';
    ({ShmPrivate} = imports.gi);

    const codec = makeCodec();

    wrapCall(Shm, 'remove_block', checkName);
    wrapCall(Shm, 'check_version', ...['major', 'minor', 'micro'].map(part =>
        makeIntegerCheck('uint32', `The ${part} version`)));
    wrapCall(Shm, 'join_program', makeIntegerCheck('int32', 'The process ID'));
    wrapAsyncCall(Shm, 'list_blocks', parameters.cancellable);
    wrapAsyncCall(Shm, 'list_owned_blocks', parameters.cancellable);
    overrideConstructors(Shm.SharedMemory);
    overrideConstruction(Shm.SharedMemory);
    overrideMemory(Shm.SharedMemory);
    overrideLocks(Shm.SharedMemory);
    overrideRangeLocks(Shm.SharedMemory);
    overrideLocks(Shm.ShareableList);
    overrideList(Shm.ShareableList, codec);
    overrideManager(Shm.Manager, codec);
    overrideFrames(Shm.Frames, Shm.Frame);
    overrideModels(Shm.ListModel, Shm.ModelItem, makeVariantCodec(codec));
}
