// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the typelib alone cannot give JavaScript: a live Uint8Array, exact 64-bit integers and text,
// lists of JavaScript's own values, promises, and arguments that may be left out.

const {GLib} = imports.gi;

let Shm;

// GJS showed the memory of a GBytes up to 1.80 and copies it from 1.81.2 on. What this GJS does
// is tried, once, on bytes of its own.
function bytesAreLive() {
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

// GJS hands a string to C up to its first NUL.
function checkName(name) {
    if (name !== null && `${name}`.includes('\0')) {
        fail(Shm.Error.INVALID_NAME,
            `“${`${name}`.replaceAll('\0', '\\0')}” is no name for a block: it holds a NUL`);
    }
    return name;
}

function checkAddress(address) {
    if (address !== null && `${address}`.includes('\0')) {
        fail(Shm.Error.INVALID_NAME,
            `“${`${address}`.replaceAll('\0', '\\0')}” is no address for a manager: it holds a NUL. ` +
            'An abstract name begins with “@”');
    }
    return address;
}

function toBytes(data) {
    if (data instanceof GLib.Bytes)
        return data;
    if (data instanceof ArrayBuffer)
        return new GLib.Bytes(new Uint8Array(data));
    if (ArrayBuffer.isView(data))
        return new GLib.Bytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    if (Array.isArray(data))
        return new GLib.Bytes(Uint8Array.from(data));
    throw new TypeError('bytes are given as a GLib.Bytes, an ArrayBuffer, a view of one, or an array');
}

// Starts something asynchronous: with a callback as in C; without one it returns a promise.
function begin(start, finish, callback) {
    if (callback)
        return start(callback);

    return new Promise((resolve, reject) => {
        start((_, result) => {
            try {
                resolve(finish(result));
            } catch (error) {
                reject(error);
            }
        });
    });
}

function isInt64(integer) {
    return BigInt.asIntN(64, integer) === integer;
}

function exactNumber(integer) {
    const number = Number(integer);

    return Number.isSafeInteger(number) ? number : integer;
}

function overrideConstructors(SharedMemory) {
    const {create, create_full, attach, open_or_create, create_anonymous, attach_fd} = SharedMemory;
    const {create_async} = SharedMemory;

    SharedMemory.create = (name, size, flags = Shm.CreateFlags.NONE) =>
        create(checkName(name ?? null), size, flags);
    SharedMemory.create_full = (name, size, mode = 0o600, flags = Shm.CreateFlags.NONE,
        cancellable = null) =>
        create_full(checkName(name ?? null), size, mode, flags, cancellable);
    SharedMemory.attach = (name, flags = Shm.AttachFlags.NONE) =>
        attach(checkName(name), flags);
    SharedMemory.open_or_create = (name, size, flags = Shm.CreateFlags.NONE) =>
        open_or_create(checkName(name), size, flags);
    SharedMemory.create_anonymous = (size, flags = Shm.CreateFlags.NONE) =>
        create_anonymous(size, flags);
    SharedMemory.attach_fd = (fd, flags = Shm.AttachFlags.NONE) => attach_fd(fd, flags);

    SharedMemory.create_async = (name, size, mode = 0o600, flags = Shm.CreateFlags.NONE,
        cancellable = null, callback = null) => begin(
        done => create_async(checkName(name ?? null), size, mode, flags, cancellable, done),
        result => SharedMemory.create_finish(result), callback);
}

// Construction from properties, as `new` and subclasses do it, includes init() here.
function overrideConstruction({prototype}, convert = properties => properties) {
    const {_init} = prototype;

    prototype._init = function (properties, ...others) {
        checkName(properties?.name ?? null);
        _init.call(this, convert(properties), ...others);
        this.init(null);
    };
}

function overrideMemory(SharedMemory) {
    const {read, write, get_live_bytes, get_live_region} = SharedMemory.prototype;
    const isLive = bytesAreLive();

    // Live bytes become a Uint8Array, which can always be written, and writing what may not be is
    // SIGSEGV.
    function checkWritable(shm) {
        if (isLive && shm.is_read_only()) {
            fail(Shm.Error.READ_ONLY,
                `Block “${shm.get_name()}” may only be read here, and a live view can always be ` +
                'written. Use read() and the typed accessors');
        }
    }

    Object.defineProperty(SharedMemory.prototype, 'buf', {
        get() {
            if (!isLive) {
                fail(Shm.Error.NOT_SUPPORTED,
                    `Block “${this.get_name()}” can't be shown as a live Uint8Array: this version ` +
                    'of GJS only copies memory. Use read(), write() and the typed accessors');
            }
            return this.get_live_bytes().toArray();
        },
        configurable: true,
    });

    SharedMemory.prototype.get_live_bytes = function () {
        checkWritable(this);
        return get_live_bytes.call(this);
    };
    SharedMemory.prototype.get_live_region = function (offset, length) {
        checkWritable(this);
        return get_live_region.call(this, offset, length);
    };
    SharedMemory.prototype.read = function (offset = 0, length = Math.max(this.get_size() - offset, 0)) {
        return read.call(this, offset, length).toArray();
    };
    SharedMemory.prototype.write = function (offset, data) {
        return write.call(this, offset, toBytes(data));
    };

    // GJS rounds 64-bit integers on their way out of C; bytes come out as they are.
    SharedMemory.prototype.get_int64 = function (offset) {
        return exactNumber(new BigInt64Array(this.read(offset, 8).slice().buffer)[0]);
    };
    SharedMemory.prototype.get_uint64 = function (offset) {
        return exactNumber(new BigUint64Array(this.read(offset, 8).slice().buffer)[0]);
    };
}

// What GJS does not hand to C as it is: NULs, which end a string there, and what may be half of a
// surrogate pair.
const SPECIAL = /[\0\ud800-\udfff]/;

// Values as bytes, in the form that shm_shareable_list_create_packed() describes. All of it stands
// in one function, which fetches what is global: other names are looked up each time they are used.
function makeCodec() {
    const {Array, ArrayBuffer, BigInt, DataView, Math, Number, Object, String} = globalThis;
    const {Float32Array, Float64Array, TypeError, Uint8Array} = globalThis;
    const {Bytes} = GLib;

    const [NONE, TRUE, FALSE, INT32, INT64, DIGITS, DOUBLE, TEXT, BYTES, LIST] =
        [...'NTFiIlgus['].map(letter => letter.charCodeAt(0));
    const HEAD_SIZE = 5; // of a list, a text and bytes
    const SCALAR_SIZE = 9; // of anything else, at most
    const SHORT_TEXT = 20; // up to here a loop is faster than TextDecoder

    const encoder = new TextEncoder();
    // Which option keeps a byte order mark depends on the version of GJS.
    const decoder = [true, false].map(ignoreBOM => new TextDecoder('utf-8', {ignoreBOM}))
        .find(each => each.decode(Uint8Array.of(0xef, 0xbb, 0xbf)) === '\ufeff');

    // The forms that bytes may have; null for all else.
    function toUint8Array(data) {
        if (data instanceof Uint8Array)
            return data;
        if (data instanceof ArrayBuffer)
            return new Uint8Array(data);
        return data instanceof Bytes ? data.toArray() : null;
    }

    class Packer {
        constructor() {
            this._bytes = new Uint8Array(64);
            this._view = new DataView(this._bytes.buffer);
            this._at = 0;
        }

        get bytes() {
            return this._bytes.subarray(0, this._at);
        }

        _reserve(size) {
            const wanted = this._at + size;

            if (wanted <= this._bytes.length)
                return;

            const bytes = new Uint8Array(Math.max(wanted, 2 * this._bytes.length));
            bytes.set(this._bytes);
            this._bytes = bytes;
            this._view = new DataView(bytes.buffer);
        }

        _putType(type) {
            this._bytes[this._at++] = type;
        }

        _putHead(type, length) {
            this._putType(type);
            this._view.setUint32(this._at, length, true);
            this._at += 4;
        }

        _putDouble(number) {
            this._putType(DOUBLE);
            this._view.setFloat64(this._at, number, true);
            this._at += 8;
        }

        _putNumber(number) {
            if (!Number.isSafeInteger(number) || Object.is(number, -0)) {
                this._putDouble(number);
            } else if ((number | 0) === number) {
                this._putType(INT32);
                this._view.setInt32(this._at, number, true);
                this._at += 4;
            } else {
                this._putType(INT64);
                this._view.setUint32(this._at, number >>> 0, true);
                this._view.setInt32(this._at + 4, Math.floor(number / 2 ** 32), true);
                this._at += 8;
            }
        }

        _putBigInt(integer) {
            if (!isInt64(integer)) {
                fail(Shm.Error.OUT_OF_RANGE,
                    `${integer} can't be in a list: its integers have 64 bits and a sign`);
            }
            this._putType(INT64);
            this._view.setBigInt64(this._at, integer, true);
            this._at += 8;
        }

        _putBytes(bytes, type = BYTES) {
            this._reserve(HEAD_SIZE + bytes.length);
            this._putHead(type, bytes.length);
            this._bytes.set(bytes, this._at);
            this._at += bytes.length;
        }

        _putNonAscii(text) {
            if (/\p{Surrogate}/u.test(text)) {
                fail(Shm.Error.TYPE_MISMATCH,
                    "A text with half of a surrogate pair can't be in a list: UTF-8 has no form for it");
            }
            this._putBytes(encoder.encode(text), TEXT);
        }

        _putText(text) {
            const {length} = text;

            this._reserve(HEAD_SIZE + length);
            const bytes = this._bytes;
            const start = this._at + HEAD_SIZE;

            for (let i = 0; i < length; i++) {
                const unit = text.charCodeAt(i);

                if (unit >= 0x80) {
                    this._putNonAscii(text);
                    return;
                }
                bytes[start + i] = unit;
            }
            this._putHead(TEXT, length);
            this._at += length;
        }

        _putObject(object) {
            if (object === null) {
                this._putType(NONE);
                return;
            }

            const bytes = toUint8Array(object);
            if (bytes === null) {
                const kind = Object.prototype.toString.call(object).slice(8, -1);

                throw new TypeError(`A value of type ${kind} can't be in a list: give a Number, ` +
                    'BigInt, Boolean, String, Uint8Array, ArrayBuffer, GLib.Bytes, or null');
            }
            this._putBytes(bytes);
        }

        put(value) {
            this._reserve(SCALAR_SIZE);

            switch (typeof value) {
            case 'number':
                this._putNumber(value);
                break;
            case 'string':
                this._putText(value);
                break;
            case 'boolean':
                this._putType(value ? TRUE : FALSE);
                break;
            case 'bigint':
                this._putBigInt(value);
                break;
            case 'undefined':
                this._putType(NONE);
                break;
            default:
                this._putObject(value);
            }
        }

        _putAll(values) {
            let count = 0;

            for (const value of values) {
                this.put(value);
                count++;
            }

            return count;
        }

        // Whole numbers among them are no integers.
        _putDoubles(numbers) {
            this._reserve(numbers.length * SCALAR_SIZE);
            for (const number of numbers)
                this._putDouble(number);

            return numbers.length;
        }

        putList(values) {
            const areDoubles = values instanceof Float64Array || values instanceof Float32Array;

            this._putHead(LIST, 0);
            const count = areDoubles ? this._putDoubles(values) : this._putAll(values);
            this._view.setUint32(1, count, true);
        }
    }

    function pack(value) {
        const packer = new Packer();

        packer.put(value);
        return packer.bytes;
    }

    function packList(values) {
        const packer = new Packer();

        packer.putList(values);
        return packer.bytes;
    }

    function unpackDigits(view, at, count) {
        let number = 0;
        let integer = 0n;

        for (let i = count; i-- > 0;)
            number = number * 2 ** 15 + view.getUint16(at + 2 * i, true);
        if (Number.isSafeInteger(number))
            return number;

        for (let i = count; i-- > 0;)
            integer = integer << 15n | BigInt(view.getUint16(at + 2 * i, true));
        return integer;
    }

    function unpackText(bytes, start, end) {
        let text = '';

        if (end - start > SHORT_TEXT)
            return decoder.decode(bytes.slice(start, end));

        for (let at = start; at < end; at++) {
            if (bytes[at] >= 0x80)
                return decoder.decode(bytes.slice(start, end));
            text += String.fromCharCode(bytes[at]);
        }
        return text;
    }

    // What C has packed.
    function unpackList(bytes) {
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        const values = new Array(view.getUint32(1, true));
        let at = HEAD_SIZE;

        for (let i = 0; i < values.length; i++) {
            const type = bytes[at++];
            let length = 0;

            switch (type) {
            case INT32:
                values[i] = view.getInt32(at, true);
                at += 4;
                break;
            case DIGITS:
                length = view.getInt32(at, true);
                values[i] = unpackDigits(view, at + 4, Math.abs(length));
                if (length < 0)
                    values[i] = -values[i];
                at += 4 + 2 * Math.abs(length);
                break;
            case DOUBLE:
                values[i] = view.getFloat64(at, true);
                at += 8;
                break;
            case TEXT:
            case BYTES:
                length = view.getUint32(at, true);
                at += 4;
                values[i] = type === TEXT
                    ? unpackText(bytes, at, at + length) : bytes.slice(at, at + length);
                at += length;
                break;
            case TRUE:
            case FALSE:
                values[i] = type === TRUE;
                break;
            default:
                values[i] = null;
            }
        }

        return values;
    }

    function startsWithInteger(bytes) {
        return bytes[HEAD_SIZE] === INT32 || bytes[HEAD_SIZE] === DIGITS;
    }

    return {pack, packList, unpackList, unpackText, startsWithInteger, toUint8Array};
}

function overrideListConstructors(ShareableList, {packList}) {
    const {create, create_packed, attach} = ShareableList;

    ShareableList.create = (values, name, flags = Shm.CreateFlags.NONE) =>
        create(values, checkName(name ?? null), flags);
    ShareableList.create_packed = (packed, name, flags = Shm.CreateFlags.NONE) =>
        create_packed(packed, checkName(name ?? null), flags);
    ShareableList.attach = (name, flags = Shm.AttachFlags.NONE) => attach(checkName(name), flags);

    // A Number that is a safe integer becomes an integer, and any other one a float, as does each
    // of a Float64Array.
    ShareableList.from = (values, name, flags = Shm.CreateFlags.NONE) =>
        ShareableList.create_packed(packList(values), name, flags);

    overrideConstruction(ShareableList, properties => {
        const {values, ...others} = properties ?? {};

        if (values === null || values === undefined || values instanceof GLib.Variant)
            return properties;

        return {...others, packed: new GLib.Bytes(packList(values))};
    });
}

function overrideListValues({prototype}, {pack, unpackList, startsWithInteger, unpackText}) {
    const {Math, Number, Object, Uint8Array} = globalThis;
    const {NONE, INT64, DOUBLE, BOOLEAN, STRING} = Shm.ValueKind;
    const {get_length, get_plain, get_int64, get_text, copy_packed} = prototype;
    const {set_int64, set_double, set_boolean, set_string} = prototype;
    const {set_bytes, set_none, set_packed} = prototype;

    function copyOne(list, index) {
        return copy_packed.call(list, index, 1).toArray();
    }

    // GJS rounds 64-bit integers on their way out of C; bytes come out as they are.
    prototype.get_int64 = function (index) {
        for (;;) {
            const [kind, number] = get_plain.call(this, index);

            if (kind !== INT64)
                return get_int64.call(this, index); // throws
            if (Number.isSafeInteger(number))
                return number;

            const packed = copyOne(this, index);
            if (startsWithInteger(packed))
                return unpackList(packed)[0];
        }
    };

    // A string in C ends at the first NUL.
    prototype.get_string = function (index) {
        const [, , text] = get_plain.call(this, index);

        if (text !== null)
            return text;

        const bytes = get_text.call(this, index).toArray();
        return unpackText(bytes, 0, bytes.length);
    };

    prototype.set_string = function (index, text) {
        if (typeof text === 'string' && SPECIAL.test(text))
            return set_packed.call(this, index, pack(text));
        return set_string.call(this, index, text);
    };

    prototype.at = function (index) {
        let i = Math.trunc(index) || 0;

        if (i < 0)
            i += get_length.call(this);
        if (i < 0 || i > Number.MAX_SAFE_INTEGER)
            return undefined;

        let plain = null;
        try {
            plain = get_plain.call(this, i);
        } catch (error) {
            if (isShmError(error, Shm.Error.OUT_OF_RANGE))
                return undefined;
            throw error;
        }

        switch (plain[0]) {
        case NONE:
            return null;
        case DOUBLE:
            return plain[1];
        case BOOLEAN:
            return plain[1] !== 0;
        case INT64:
            if (Number.isSafeInteger(plain[1]))
                return plain[1];
            break;
        case STRING:
            if (plain[2] !== null)
                return plain[2];
            break;
        }

        // What is exact only in bytes.
        return unpackList(copyOne(this, i))[0];
    };

    prototype.setAt = function (index, value) {
        const i = index < 0 ? index + get_length.call(this) : index;

        if (!Number.isSafeInteger(i) || i < 0) {
            fail(Shm.Error.OUT_OF_RANGE, `There is no value ${index} in the list in block ` +
                `“${this.name}”: it has ${get_length.call(this)} values`);
        }

        switch (typeof value) {
        case 'number':
            if (Number.isSafeInteger(value) && !Object.is(value, -0))
                set_int64.call(this, i, value);
            else
                set_double.call(this, i, value);
            break;
        case 'boolean':
            set_boolean.call(this, i, value);
            break;
        case 'string':
            this.set_string(i, value);
            break;
        default:
            if (value === null || value === undefined)
                set_none.call(this, i);
            else if (value instanceof Uint8Array)
                set_bytes.call(this, i, value);
            else
                set_packed.call(this, i, pack(value));
        }
    };
}

function overrideListSearch({prototype}, {toUint8Array}) {
    const {Variant, VariantType} = GLib;
    const {find, count} = prototype;
    const [int64, double, string] = ['x', 'd', 's'].map(type => new VariantType(type));
    const [yes, no] = [true, false].map(value => Variant.new_boolean(value));
    const nothing = Variant.new_maybe(new VariantType('v'), null);
    const LEAST_NORMAL = 2 ** -1022;

    // null for what C is not asked for: what no list can hold, and the few values that can't be
    // parsed. GJS 1.74 leaks each GVariant that it makes in another way.
    function toVariant(value) {
        switch (typeof value) {
        case 'number':
            if (Number.isSafeInteger(value))
                return Variant.parse(int64, `${value}`, null, null);
            if (Number.isFinite(value) && Math.abs(value) >= LEAST_NORMAL)
                return Variant.parse(double, `${value}`, null, null);
            return null;
        case 'bigint':
            return isInt64(value) ? Variant.parse(int64, `${value}`, null, null) : null;
        case 'boolean':
            return value ? yes : no;
        case 'string':
            // What JSON escapes a GVariant escapes in the same way.
            return SPECIAL.test(value)
                ? null : Variant.parse(string, JSON.stringify(value), null, null);
        case 'undefined':
            return nothing;
        default:
            return value === null ? nothing : null;
        }
    }

    function* findAll(list, value) {
        const bytes = toUint8Array(value);
        let i = 0;

        for (const each of list) {
            if (each === value || bytes !== null && each instanceof Uint8Array &&
                each.length === bytes.length && each.every((byte, at) => byte === bytes[at]))
                yield i;
            i++;
        }
    }

    prototype.count = function (value) {
        const variant = value instanceof Variant ? value : toVariant(value);

        return variant === null ? [...findAll(this, value)].length : count.call(this, variant);
    };

    prototype.indexOf = function (value) {
        const variant = toVariant(value);

        if (variant === null)
            return findAll(this, value).next().value ?? -1;

        try {
            return find.call(this, variant)[1];
        } catch (error) {
            if (!isShmError(error, Shm.Error.VALUE_NOT_FOUND))
                throw error;
        }
        return -1;
    };

    // As in an array, this finds a NaN and indexOf() does not.
    prototype.includes = function (value) {
        if (Number.isNaN(value))
            return this.toArray().some(Number.isNaN);
        return this.indexOf(value) !== -1;
    };
}

function overrideListIteration({prototype}, {unpackList}) {
    const {Math} = globalThis;
    const {get_length, copy_packed} = prototype;

    // Goes from chunk to chunk, which grow while the values are small. (A generator takes several
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
            const packed = copy_packed.call(this._list, this._first, count).toArray();

            this._chunk = unpackList(packed);
            this._at = 0;
            this._first += count;
            this._left -= count;
            if (packed.length < 65536)
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

    // All of them as they are at one moment.
    prototype.toArray = function () {
        return unpackList(copy_packed.call(this, 0, get_length.call(this)).toArray());
    };
}

function overrideList(ShareableList, codec) {
    overrideListConstructors(ShareableList, codec);
    overrideListValues(ShareableList, codec);
    overrideListSearch(ShareableList, codec);
    overrideListIteration(ShareableList, codec);

    Object.defineProperty(ShareableList.prototype, 'shm', {
        get() {
            return this.get_shared_memory();
        },
        configurable: true,
    });
}

// Keys may be given in any form that bytes have.
function overrideManagerConstructors(Manager) {
    const {new: make, new_for_address} = Manager;
    const {_init} = Manager.prototype;

    function toKey(authkey) {
        return authkey === null || authkey === undefined ? null : toBytes(authkey);
    }

    Manager.new = (address, authkey) => make(checkAddress(address ?? null), toKey(authkey));
    Manager.new_for_address = (address, authkey) => new_for_address(address, toKey(authkey));

    Manager.prototype._init = function (properties, ...others) {
        const converted = {...properties};

        for (const [name, value] of Object.entries(converted)) {
            if (name === 'authkey')
                converted.authkey = toKey(value);
            else if (/^address[-_]?string$/i.test(name))
                checkAddress(value ?? null);
        }
        _init.call(this, converted, ...others);
    };
}

// What takes nothing but a cancellable.
function overrideManagerStages({prototype}) {
    for (const name of ['start', 'connect_to_server', 'shutdown', 'list_blocks']) {
        const {[name]: now, [`${name}_async`]: later, [`${name}_finish`]: finish} = prototype;

        prototype[name] = function (cancellable = null) {
            return now.call(this, cancellable);
        };
        prototype[`${name}_async`] = function (cancellable = null, callback = null) {
            return begin(done => later.call(this, cancellable, done),
                result => finish.call(this, result), callback);
        };
    }
}

// What takes the name of a block that exists.
function overrideManagerNames({prototype}) {
    for (const name of ['track', 'remove']) {
        const {[name]: now, [`${name}_async`]: later, [`${name}_finish`]: finish} = prototype;

        prototype[name] = function (block, cancellable = null) {
            return now.call(this, checkName(block), cancellable);
        };
        prototype[`${name}_async`] = function (block, cancellable = null, callback = null) {
            return begin(done => later.call(this, checkName(block), cancellable, done),
                result => finish.call(this, result), callback);
        };
    }
}

function overrideManagerBlocks({prototype}) {
    const {create_shared_memory, create_shared_memory_async} = prototype;

    prototype.create_shared_memory = function (name, size, flags = Shm.CreateFlags.NONE,
        cancellable = null) {
        return create_shared_memory.call(this, checkName(name ?? null), size, flags, cancellable);
    };
    prototype.create_shared_memory_async = function (name, size, flags = Shm.CreateFlags.NONE,
        cancellable = null, callback = null) {
        return begin(done => create_shared_memory_async.call(this, checkName(name ?? null), size,
            flags, cancellable, done),
        result => this.create_shared_memory_finish(result), callback);
    };
}

// Values are given as to ShareableList.from(), or in a GVariant.
function overrideManagerLists({prototype}, {packList}) {
    const {create_shareable_list, create_shareable_list_async} = prototype;
    const {create_shareable_list_packed, create_shareable_list_packed_async} = prototype;
    const {create_shareable_list_finish, create_shareable_list_packed_finish} = prototype;
    const {Variant} = GLib;
    const ofPacked = new WeakSet(); // the results that have a finisher of their own

    prototype.create_shareable_list_packed = function (packed, name, flags = Shm.CreateFlags.NONE,
        cancellable = null) {
        return create_shareable_list_packed.call(this, packed, checkName(name ?? null), flags,
            cancellable);
    };
    prototype.create_shareable_list_packed_async = function (packed, name,
        flags = Shm.CreateFlags.NONE, cancellable = null, callback = null) {
        return begin(done => create_shareable_list_packed_async.call(this, packed,
            checkName(name ?? null), flags, cancellable, done),
        result => create_shareable_list_packed_finish.call(this, result), callback);
    };

    prototype.create_shareable_list = function (values, name, flags = Shm.CreateFlags.NONE,
        cancellable = null) {
        if (!(values instanceof Variant))
            return this.create_shareable_list_packed(packList(values), name, flags, cancellable);

        return create_shareable_list.call(this, values, checkName(name ?? null), flags,
            cancellable);
    };
    prototype.create_shareable_list_async = function (values, name, flags = Shm.CreateFlags.NONE,
        cancellable = null, callback = null) {
        return begin(done => {
            checkName(name ?? null);
            if (values instanceof Variant) {
                create_shareable_list_async.call(this, values, name ?? null, flags, cancellable,
                    done);
                return;
            }

            create_shareable_list_packed_async.call(this, packList(values), name ?? null, flags,
                cancellable, (source, result) => {
                    ofPacked.add(result);
                    done(source, result);
                });
        }, result => this.create_shareable_list_finish(result), callback);
    };
    prototype.create_shareable_list_finish = function (result) {
        const finish = ofPacked.has(result)
            ? create_shareable_list_packed_finish : create_shareable_list_finish;

        return finish.call(this, result);
    };
}

function overrideManager(Manager, codec) {
    overrideManagerConstructors(Manager);
    overrideManagerStages(Manager);
    overrideManagerNames(Manager);
    overrideManagerBlocks(Manager);
    overrideManagerLists(Manager, codec);
}

function _init() {
    Shm = this;

    const {remove_block} = Shm;
    const codec = makeCodec();

    Shm.remove_block = name => remove_block(checkName(name));
    overrideConstructors(Shm.SharedMemory);
    overrideConstruction(Shm.SharedMemory);
    overrideMemory(Shm.SharedMemory);
    overrideList(Shm.ShareableList, codec);
    overrideManager(Shm.Manager, codec);
}
