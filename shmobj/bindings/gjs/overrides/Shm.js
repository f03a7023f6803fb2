// SPDX-License-Identifier: LGPL-2.1-or-later

// What the typelib alone cannot give JavaScript: a live Uint8Array, exact 64-bit integers,
// promises, and arguments that may be left out.

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

// GJS hands a string to C up to its first NUL.
function checkName(name) {
    if (name !== null && `${name}`.includes('\0')) {
        fail(Shm.Error.INVALID_NAME,
            `“${`${name}`.replaceAll('\0', '\\0')}” is no name for a block: it holds a NUL`);
    }
    return name;
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

function exactNumber(integer) {
    const number = Number(integer);

    return Number.isSafeInteger(number) ? number : integer;
}

function overrideConstructors(SharedMemory) {
    const {create, create_full, attach, open_or_create, create_anonymous, attach_fd} = SharedMemory;
    const {create_full_async} = SharedMemory;

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

    // With a callback as in C; without one it returns a promise.
    SharedMemory.create_full_async = (name, size, mode = 0o600, flags = Shm.CreateFlags.NONE,
        cancellable = null, callback = null) => {
        if (callback) {
            return create_full_async(checkName(name ?? null), size, mode, flags, cancellable,
                callback);
        }

        return new Promise((resolve, reject) => {
            checkName(name ?? null);
            create_full_async(name ?? null, size, mode, flags, cancellable, (_, result) => {
                try {
                    resolve(SharedMemory.create_full_finish(result));
                } catch (error) {
                    reject(error);
                }
            });
        });
    };
}

// Construction from properties, as `new` and subclasses do it, includes init() here.
function overrideConstruction(SharedMemory) {
    const {_init} = SharedMemory.prototype;

    SharedMemory.prototype._init = function (...args) {
        checkName(args[0]?.name ?? null);
        _init.apply(this, args);
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

function _init() {
    Shm = this;

    const {remove_block} = Shm;

    Shm.remove_block = name => remove_block(checkName(name));
    overrideConstructors(Shm.SharedMemory);
    overrideConstruction(Shm.SharedMemory);
    overrideMemory(Shm.SharedMemory);
}
