// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tests Shm.ShareableList in JavaScript, also together with CPython if it is installed. Prints TAP.

imports.gi.versions.Shm = '1.0';

// With this argument, the override works as in versions of GJS that copy the memory of bytes.
if (ARGV.includes('copies'))
    imports.overrides.Shm.showsMemoryOfBytes = () => false;

const {Gio, GLib, GObject, Shm} = imports.gi;

imports.searchPath.unshift(GLib.path_get_dirname(imports.system.programPath));

const {check, checkCancelled, checkRangeError, equal, equalBytes, exists} = imports.support;
const {fails, newName, rejectedError, rejects, runTests, show, skip} = imports.support;
const {thrownError, throws, throwsRangeError, withTimeout} = imports.support;

const {NONE, INT64, DOUBLE, BOOLEAN, STRING, BYTES} = Shm.ValueKind;
const LEAST = -(2n ** 63n);
const MOST = 2n ** 63n - 1n;
const MIXED = [42, 2.5, 'howdy', true, Uint8Array.of(1, 0, 2, 0), null, -7];
const PYTHON = GLib.find_program_in_path('python3');

// Values that an Array would convert to an index, but that are no index of a list.
const NO_INDEXES = [1.5, -0.5, NaN, Infinity, -Infinity];
const NO_NUMBERS = ['1', 'x', '', null, undefined, true, {}, [1]];

// Helpers

// Returns a test that creates a list of the values, and removes the list at the end.
function withList(values, test) {
    return async () => {
        const list = Shm.ShareableList.from(values, newName());

        try {
            await test(list);
        } finally {
            list.shm.close();
            if (exists(list.name))
                list.shm.unlink();
        }
    };
}

function equalValue(found, wanted) {
    if (wanted instanceof Uint8Array)
        equalBytes(found, wanted);
    else
        equal(found, wanted);
}

function equalValues(found, wanted) {
    check(Array.isArray(found), `found ${show(found)} instead of an array`);
    equal(found.length, wanted.length);
    found.forEach((value, i) => equalValue(value, wanted[i]));
}

// Reads the list by iteration, by toArray() and by at(), and checks the values.
function checkValues(list, values) {
    equal(list.length, values.length);
    equalValues([...list], values);
    equalValues(list.toArray(), values);
    values.forEach((value, i) => equalValue(list.at(i), value));
}

// Runs CPython and returns its output.
function runPython(script, ...args) {
    if (PYTHON === null)
        skip('python3 is not installed');

    const process = Gio.Subprocess.new([PYTHON, '-c', script, ...args],
        Gio.SubprocessFlags.STDOUT_PIPE | Gio.SubprocessFlags.STDERR_PIPE);
    const [, output, problem] = process.communicate_utf8(null, null);

    check(process.get_successful(), `CPython failed: ${problem}`);
    return output.trim();
}

const tests = {};

// Creating and attaching

tests['every kind'] = withList(MIXED, list => {
    const other = Shm.ShareableList.attach(list.name);
    const kinds = [INT64, DOUBLE, STRING, BOOLEAN, BYTES, NONE, INT64];

    for (const each of [list, other]) {
        checkValues(each, MIXED);
        kinds.forEach((kind, i) => equal(each.get_value_kind(i), kind));
    }
    equal(other.get_int64(0), 42);
    equal(other.get_double(1), 2.5);
    equal(other.get_string(2), 'howdy');
    equal(other.get_boolean(3), true);
    equalBytes(other.get_bytes(4).toArray(), MIXED[4]);
    equal(other.get_format(), 'qd8sxxxxxxx?8sxxxxxx?xq');
});

tests['undefined is stored as null'] = withList([undefined, null, , 1], list => {
    checkValues(list, [null, null, null, 1]);
    list.setAt(3, undefined);
    equal(list.at(3), null);
    equal(list.get_value_kind(3), NONE);
});

tests['names and blocks'] = () => {
    const name = newName();
    const named = Shm.ShareableList.from([1], name);

    equal(named.name, name);
    equal(named.shm, named.get_shared_memory());
    equal(named.shm, named.shared_memory);
    equal(named.shm.get_mode(), 0o600);
    check(exists(name));
    fails(Shm.Error.EXISTS, () => Shm.ShareableList.from([1], name));
    named.shm.unlink();
    check(!exists(name));

    for (const none of [[], [null], [undefined]]) {
        const generated = Shm.ShareableList.from([1], ...none);

        check(/^psm_[0-9a-f]{8}$/.test(generated.name), generated.name);
        generated.shm.unlink();
    }
};

tests['flags'] = () => {
    const flags = Shm.CreateFlags.UNLINK_ON_CLOSE;
    const lists = [
        Shm.ShareableList.from([1], newName(), flags),
        Shm.ShareableList.create(new GLib.Variant('ax', [1]), newName(), flags),
        new Shm.ShareableList({values: [1], name: newName(), create_flags: flags}),
    ];

    for (const list of lists) {
        check(exists(list.name));
        list.shm.close();
        check(!exists(list.name));
    }
};

tests['create with defaults'] = () => {
    const list = Shm.ShareableList.create(new GLib.Variant('(xb)', [5, true]));

    checkValues(list, [5, true]);
    list.shm.unlink();
};

tests['attach read-only'] = withList([1, 'two'], list => {
    const reader = Shm.ShareableList.attach(list.name, Shm.AttachFlags.READ_ONLY);

    checkValues(reader, [1, 'two']);
    equal(reader.indexOf('two'), 1);
    for (const value of [1, 1.5, true, 'a', 'a\0', null, Uint8Array.of(1), 1n])
        fails(Shm.Error.READ_ONLY, () => reader.setAt(0, value));
    list.setAt(0, 5);
    equal(reader.at(0), 5);
});

tests['from: iterables'] = () => {
    function* count() {
        yield 1;
        yield 'two';
    }
    const sources = [
        [[1, 'two'], [1, 'two']],
        [count(), [1, 'two']],
        [new Set([3, 3, null]), [3, null]],
        [new Map([[1, 2]]).values(), [2]],
        ['añb', ['a', 'ñ', 'b']],
        [[], []],
        [Int16Array.of(-1, 2), [-1, 2]],
        [BigInt64Array.of(-1n, MOST), [-1, MOST]],
    ];

    for (const [source, wanted] of sources) {
        const list = Shm.ShareableList.from(source, newName());
        const again = Shm.ShareableList.from(list, newName());

        checkValues(list, wanted);
        checkValues(again, wanted);
        list.shm.unlink();
        again.shm.unlink();
    }
};

tests['from: values that are not iterable'] = () => {
    for (const source of [null, undefined, 5, {length: 1, 0: 'a'}, () => 1])
        throws(TypeError, () => Shm.ShareableList.from(source, newName()));

    const error = new RangeError('an error of the iterator');
    function* broken() {
        yield 1;
        throw error;
    }
    equal(thrownError(() => Shm.ShareableList.from(broken(), newName())), error);
};

tests['errors of create and attach'] = () => {
    const block = Shm.SharedMemory.create(newName(), 100);

    block.write(0, new Uint8Array(100).fill(0xff));
    fails(Shm.Error.CORRUPT, () => Shm.ShareableList.attach(block.name));
    fails(Shm.Error.NOT_FOUND, () => Shm.ShareableList.attach(newName()));
    fails(Shm.Error.INVALID_NAME, () => Shm.ShareableList.attach(''));
    fails(Shm.Error.INVALID_NAME, () => Shm.ShareableList.from([1], 'a/b'));
    fails(Shm.Error.TYPE_MISMATCH, () => Shm.ShareableList.create(new GLib.Variant('x', 1)));
    throws(Error, () => Shm.ShareableList.attach());
    block.unlink();
};

tests['invalid columns'] = () => {
    const {ShmPrivate} = imports.gi;
    const list = Shm.ShareableList.from(['a', 2, true]);
    const columns = ShmPrivate.list_copy_columns(list, 0, 3).toArray();

    for (const use of [
        bytes => ShmPrivate.list_from_columns(bytes, null, 0),
        bytes => ShmPrivate.value_from_columns(bytes),
        bytes => ShmPrivate.values_from_columns(bytes),
    ]) {
        fails(Shm.Error.FAILED, () => use(new Uint8Array(0)));
        fails(Shm.Error.FAILED, () => use(Uint8Array.of(91)));
        fails(Shm.Error.FAILED, () => use(columns.slice(0, 27)));
    }
    // The last value has no such type.
    columns[columns.length - 2] = 7;
    fails(Shm.Error.FAILED, () => ShmPrivate.list_from_columns(columns, null, 0));
    fails(Shm.Error.FAILED, () => ShmPrivate.values_from_columns(columns));
    list.shm.unlink();
};

// The library rejects a name that contains a NUL. The part before the NUL could be the name of
// another block.
tests['NUL in names'] = withList([1], list => {
    for (const name of [`${list.name}\0more`, `${newName()}\0more`]) {
        fails(Shm.Error.INVALID_NAME, () => Shm.ShareableList.attach(name));
        fails(Shm.Error.INVALID_NAME, () => Shm.ShareableList.from([1], name));
        fails(Shm.Error.INVALID_NAME,
            () => Shm.ShareableList.create(new GLib.Variant('ax', [1]), name));
        fails(Shm.Error.INVALID_NAME, () => new Shm.ShareableList({name}));
        fails(Shm.Error.INVALID_NAME, () => new Shm.ShareableList({values: [1], name}));
    }
});

tests['new'] = withList(MIXED, list => {
    const others = [
        [new Shm.ShareableList({values: new Set(MIXED), name: newName()}), MIXED],
        [new Shm.ShareableList({values: new GLib.Variant('as', ['a']), name: newName()}), ['a']],
        [new Shm.ShareableList({values: [], name: newName()}), []],
    ];

    checkValues(new Shm.ShareableList({name: list.name}), MIXED);
    checkValues(new Shm.ShareableList({shared_memory: list.shm}), MIXED);
    for (const [other, values] of others) {
        checkValues(other, values);
        other.shm.unlink();
    }

    fails(Shm.Error.EXISTS, () => new Shm.ShareableList({values: [1], name: list.name}));
    fails(Shm.Error.NOT_FOUND, () => new Shm.ShareableList({name: newName()}));
    fails(Shm.Error.INVALID_NAME, () => new Shm.ShareableList());
    fails(Shm.Error.INVALID_NAME, () => new Shm.ShareableList({}));
    throws(TypeError, () => new Shm.ShareableList({values: 5}));
});

const Scores = GObject.registerClass({
    GTypeName: 'TestScoresShareableList',
    Properties: {
        unit: GObject.ParamSpec.string('unit', '', '', GObject.ParamFlags.READWRITE, null),
    },
}, class Scores extends Shm.ShareableList {
    _init(properties = {}) {
        super._init(properties);
        this.best = Math.max(...this);
    }

    raise(i) {
        this.setAt(i, this.at(i) + 1);
    }
});

tests['a subclass'] = withList([3, 4], list => {
    const scores = new Scores({name: list.name, unit: 'points'});
    const created = new Scores({values: [7, 6], name: newName()});

    check(scores instanceof Shm.ShareableList);
    equal(scores.best, 4);
    equal(scores.unit, 'points');
    scores.raise(-1);
    checkValues(list, [3, 5]);
    equal(created.best, 7);
    created.shm.unlink();
    fails(Shm.Error.NOT_FOUND, () => new Scores({name: newName()}));
});

tests['new_for_shared_memory'] = withList(MIXED, list => {
    const other = Shm.ShareableList.new_for_shared_memory(list.shm);

    checkValues(other, MIXED);
    equal(other.shm, list.shm);
});

// Values

// Each entry: [stored value, kind of the stored value, value that at() returns]
const NUMBERS = [
    ...[0, 1, -1, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32, -(2 ** 32) + 1, 2 ** 45,
        -(2 ** 45) + 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER,
    ].map(value => [value, INT64, value]),
    ...[-0, 0.5, -1.5, 2 ** 53, -(2 ** 53), 1e300, 5e-324, Infinity, -Infinity, NaN, Number.MAX_VALUE,
    ].map(value => [value, DOUBLE, value]),
    ...[0n, -1n, 2n ** 31n, 2n ** 53n - 1n, -(2n ** 53n) + 1n].map(
        value => [value, INT64, Number(value)]),
    ...[2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 60n + 1n, LEAST, LEAST + 1n, MOST, MOST - 1n,
    ].map(value => [value, INT64, value]),
];

tests['numbers'] = withList(NUMBERS.map(([value]) => value), list => {
    const zeros = Shm.ShareableList.from(new Array(NUMBERS.length).fill('zero'), newName());

    NUMBERS.forEach(([value], i) => zeros.setAt(i, value));
    for (const each of [list, zeros]) {
        checkValues(each, NUMBERS.map(([, , wanted]) => wanted));
        NUMBERS.forEach(([value, kind, wanted], i) => {
            check(each.get_value_kind(i) === kind, `${show(value)} has the wrong kind`);
            equal(kind === INT64 ? each.get_int64(i) : each.get_double(i), wanted);
        });
    }
    zeros.shm.unlink();
});

// GJS before 1.80 takes the bits of such a NaN for a pointer if the library returns them.
tests['NaNs with any bits'] = withList([0.5], async list => {
    const half = new Uint8Array(Float64Array.of(0.5).buffer);
    const bytes = list.shm.read();
    const slot = bytes.findIndex((_, i) => half.every((byte, at) => byte === bytes[i + at]));

    for (let byte = 0xf1; byte <= 0xff; byte++) {
        list.shm.write(slot, Uint8Array.of(byte, byte, byte, byte, byte, byte, byte, 0xff));
        checkValues(list, [NaN]);
        equal(list.get_double(0), NaN);
        equal(list.get_value(0), NaN);
        equalValues(list.copy_values(), [NaN]);
        equal(await list.get_value_async(0), NaN);
    }
});

tests['BigInts of more than 64 bits'] = withList([5], list => {
    for (const value of [MOST + 1n, LEAST - 1n, 2n ** 64n, 2n ** 100n]) {
        throwsRangeError(() => list.setAt(0, value));
        throwsRangeError(() => Shm.ShareableList.from([value], newName()));
    }
    checkValues(list, [5]);
});

tests['Float64Array and Float32Array become floats'] = () => {
    for (const source of [new Float64Array(100), Float64Array.of(1, -0, 0.1), Float32Array.of(1, -0)]) {
        const list = Shm.ShareableList.from(source, newName());

        checkValues(list, [...source]);
        equal(list.get_format(), 'd'.repeat(source.length));
        list.shm.unlink();
    }
};

const TEXTS = [
    '', 'a', 'a\0b', '\0', '\0\0\0', 'a\0', '\0a', 'ends in NULs\0\0\0\0\0\0', 'é', 'é'.repeat(30),
    '日本語', '😀', 'a😀b\0', '\ufeff', '\ufeffa', 'a\ufeff', '\ufeff\ufeff', '\ufeff'.repeat(20),
    '\uffff\u07ff\u0800', '\u{10ffff}', '\u007f', '\u0080', 'x'.repeat(19), 'x'.repeat(20),
    'x'.repeat(21), `${'x'.repeat(19)}é`, 'x'.repeat(5000), '日\0本'.repeat(2000),
];

tests['text is exact'] = withList(TEXTS, list => {
    const other = Shm.ShareableList.from(TEXTS.map(text => 'x'.repeat(3 * text.length)), newName());

    TEXTS.forEach((text, i) => other.setAt(i, text));
    for (const each of [list, other]) {
        checkValues(each, TEXTS);
        TEXTS.forEach((text, i) => {
            equal(each.get_value_kind(i), STRING);
            equal(each.get_string(i), text);
        });
    }
    other.shm.unlink();
});

tests['set_string stores text with NULs'] = withList(['some text'], list => {
    for (const text of ['a\0b', '\0', 'plain', '😀\0']) {
        equal(list.set_string(0, text), true);
        equal(list.at(0), text);
    }
    throws(Error, () => list.set_string(0, 5));
    equal(list.at(0), '😀\0');
});

tests['unpaired surrogates'] = withList(['some text'], list => {
    for (const text of ['\ud800', '\udc00', 'a\udbffb', 'é\udfff', '\ude00\ud83d', '😀\ud83d']) {
        fails(Shm.Error.TYPE_MISMATCH, () => list.setAt(0, text));
        fails(Shm.Error.TYPE_MISMATCH, () => list.set_string(0, text));
        fails(Shm.Error.TYPE_MISMATCH, () => Shm.ShareableList.from([text], newName()));
    }
    checkValues(list, ['some text']);
});

const BYTE_ARRAYS = [
    [], [0], [0, 0, 0], [1, 0, 2], [255, 254, 0, 0], [104, 105], new Array(64).fill(6),
    new Array(65).fill(5), new Array(1000).fill(7),
].map(bytes => Uint8Array.from(bytes));

tests['bytes are exact'] = withList(BYTE_ARRAYS, list => {
    const other = Shm.ShareableList.from(BYTE_ARRAYS.map(bytes => 'x'.repeat(bytes.length)), newName());

    BYTE_ARRAYS.forEach((bytes, i) => other.setAt(i, bytes));
    for (const each of [list, other]) {
        checkValues(each, BYTE_ARRAYS);
        BYTE_ARRAYS.forEach((bytes, i) => equal(each.get_value_kind(i), BYTES));
    }
    other.shm.unlink();
});

tests['each type of bytes'] = withList(['bytes'], list => {
    for (const empty of [Uint8Array.of(), new ArrayBuffer(0), new GLib.Bytes([])]) {
        list.setAt(0, empty);
        checkValues(list, [Uint8Array.of()]);
    }

    const forms = [
        Uint8Array.of(1, 2, 3),
        Uint8Array.of(9, 1, 2, 3, 9).subarray(1, 4),
        Uint8Array.of(1, 2, 3).buffer,
        new GLib.Bytes([1, 2, 3]),
    ];
    const created = Shm.ShareableList.from(forms, newName());

    checkValues(created, forms.map(() => Uint8Array.of(1, 2, 3)));
    for (const form of forms) {
        list.setAt(0, 'bytes');
        list.setAt(0, form);
        checkValues(list, [Uint8Array.of(1, 2, 3)]);
        equal(list.indexOf(form), 0);
    }
    created.shm.unlink();
});

tests['bytes are returned as a copy'] = withList([Uint8Array.of(1, 2)], list => {
    for (const bytes of [list.at(0), [...list][0], list.toArray()[0]]) {
        equal(bytes.buffer.byteLength, 2);
        bytes[0] = 9;
        checkValues(list, [Uint8Array.of(1, 2)]);
    }
});

tests['values of other types'] = withList([5], list => {
    const others = [
        {}, [], [1], () => 1, Symbol('s'), new Date(), Int8Array.of(1), new DataView(new ArrayBuffer(1)),
        Object(1), Object('a'), new GLib.Variant('x', 1), list, Object.create(null),
    ];

    for (const other of others) {
        throws(TypeError, () => list.setAt(0, other));
        throws(TypeError, () => Shm.ShareableList.from([1, other], newName()));
        equal(list.indexOf(other), -1);
        equal(list.includes(other), false);
    }
    checkValues(list, [5]);
});

// Single values

tests['at'] = withList(['a', 'b', 'c'], list => {
    const array = ['a', 'b', 'c'];
    const indexes = [
        0, 1, 2, 3, -1, -2, -3, -4, -100, 100, -0, 2 ** 53, 2 ** 64, 2 ** 70, -(2 ** 70),
    ];

    for (const index of indexes)
        equal(list.at(index), array.at(index));
});

// An Array converts these values to an index.
tests['at: values that are no index'] = withList(['a', 'b', 'c'], async list => {
    for (const index of NO_INDEXES) {
        throwsRangeError(() => list.at(index));
        checkRangeError(await rejectedError(list.atAsync(index)));
    }
    for (const index of [...NO_NUMBERS, 1n]) {
        throws(TypeError, () => list.at(index));
        check(await rejectedError(list.atAsync(index)) instanceof TypeError);
    }
});

tests['setAt'] = withList([0, 1, 2], list => {
    equal(list.setAt(0, 'a'), undefined);
    list.setAt(-1, 'c');
    list.setAt(1, -5);
    checkValues(list, ['a', -5, 'c']);
    list.setAt(-3, null);
    checkValues(list, [null, -5, 'c']);
});

tests['setAt: index out of range'] = withList([1, 2], list => {
    for (const value of [1, 1.5, true, 'a', 'a\0', null, Uint8Array.of(1), 1n]) {
        for (const index of [2, 3, -3, -100, 100, 2 ** 53, 2 ** 64])
            fails(Shm.Error.OUT_OF_RANGE, () => list.setAt(index, value));
        for (const index of NO_INDEXES)
            throwsRangeError(() => list.setAt(index, value));
        for (const index of [...NO_NUMBERS, 1n])
            throws(TypeError, () => list.setAt(index, value));
    }
    checkValues(list, [1, 2]);
    check(thrownError(() => list.setAt(-3, 1)).message.includes(list.name));
});

tests['a value of any kind replaces any other'] = () => {
    for (const first of MIXED) {
        for (const second of MIXED) {
            const list = Shm.ShareableList.from([first, 'x'], newName());

            list.setAt(0, second);
            checkValues(list, [second, 'x']);
            list.setAt(0, first);
            checkValues(list, [first, 'x']);
            list.shm.close();
            list.shm.unlink();
        }
    }
};

tests['values that are too large'] = withList(['x', 5], list => {
    for (const value of ['x'.repeat(9), 'é'.repeat(5), new Uint8Array(9), `${'x'.repeat(9)}\0`]) {
        fails(Shm.Error.TOO_LARGE, () => list.setAt(0, value));
        fails(Shm.Error.TOO_LARGE, () => list.setAt(1, value));
    }
    checkValues(list, ['x', 5]);
    fails(Shm.Error.TOO_LARGE, () => Shm.ShareableList.from(['x'.repeat(9999992)], newName()));
});

tests['typed accessors'] = withList(MIXED, list => {
    const getters = {
        get_int64: INT64, get_double: DOUBLE, get_string: STRING, get_boolean: BOOLEAN,
        get_bytes: BYTES, get_text: STRING,
    };

    for (const [getter, kind] of Object.entries(getters)) {
        MIXED.forEach((_, i) => {
            if (list.get_value_kind(i) !== kind)
                fails(Shm.Error.TYPE_MISMATCH, () => list[getter](i));
        });
        fails(Shm.Error.OUT_OF_RANGE, () => list[getter](MIXED.length));
        throwsRangeError(() => list[getter](-1));
    }
    equalBytes(list.get_text(2).toArray(), new TextEncoder().encode('howdy'));
    list.set_int64(0, MOST);
    equal(list.get_int64(0), MOST);
    equal(list.at(0), MOST);
    list.set_double(0, 1);
    equal(list.get_value_kind(0), DOUBLE);
    equal(list.at(0), 1);
    for (const value of [1.5, NaN, 2 ** 63, 2n ** 63n])
        throwsRangeError(() => list.set_int64(0, value));
    for (const value of ['5', null, true]) {
        throws(TypeError, () => list.set_int64(0, value));
        throws(TypeError, () => list.set_double(0, value));
    }
    equal(list.at(0), 1);
    list.set_none(0);
    list.set_bytes(1, new GLib.Bytes([1, 0]));
    list.set_text(2, new GLib.Bytes([65, 0]));
    list.set_boolean(3, false);
    checkValues(list, [null, Uint8Array.of(1, 0), 'A\0', false, ...MIXED.slice(4)]);
});

// All values

tests['length'] = () => {
    for (const length of [0, 1, 5000]) {
        const list = Shm.ShareableList.from(new Array(length), newName());

        equal(list.length, length);
        equal(list.get_length(), length);
        list.shm.unlink();
    }
};

tests['iteration'] = () => {
    for (const length of [0, 1, 15, 16, 17, 47, 48, 49, 1000]) {
        const values = Array.from({length}, (_, i) => MIXED[i % 7]);
        const list = Shm.ShareableList.from(values, newName());
        const [one, other] = [list[Symbol.iterator](), list[Symbol.iterator]()];
        let count = 0;

        for (const value of list)
            equalValue(value, values[count++]);
        equal(count, length);
        equalValues(Array.from(list), values);
        equalValues([...one], values);
        equalValues([...other], values);
        equal(one.next().done, true);
        equal(Math.max(...list), Math.max(...values));
        list.shm.close();
        list.shm.unlink();
    }
};

tests['iteration: leaving the loop early'] = withList(MIXED, list => {
    const [first, , third] = list;

    equal(first, 42);
    equal(third, 'howdy');
    for (const value of list) {
        if (value === 2.5)
            return;
    }
    check(false, 'the loop did not reach the value 2.5');
});

tests['iteration: values change meanwhile'] = withList(new Array(1000).fill(1), list => {
    const other = Shm.ShareableList.attach(list.name);
    let i = 0;

    for (const value of list) {
        check(value === 1 || value === 2, `found ${show(value)}`);
        equal(i < 900 || value === 2, true);
        if (i === 0) {
            for (let j = 900; j < 1000; j++)
                other.setAt(j, 2);
        }
        list.setAt(i, 'seen');
        i++;
    }
    equal(i, 1000);
    equal(other.count('seen'), 1000);
});

tests['iteration: large values'] = () => {
    const values = Array.from({length: 60}, (_, i) => i < 40 ? `${i % 10}`.repeat(70000) : i);
    const list = Shm.ShareableList.from(values, newName());

    equalValues([...list], values);
    list.shm.unlink();
};

tests['iteration: the list is closed meanwhile'] = withList(new Array(100).fill(1), list => {
    let count = 0;

    fails(Shm.Error.CLOSED, () => {
        for (const value of list) {
            equal(value, 1);
            count++;
            list.shm.close();
        }
    });
    check(count < 100);
});

tests['toArray returns a snapshot'] = withList([1, 2], list => {
    const array = list.toArray();

    list.setAt(0, 3);
    equalValues(array, [1, 2]);
    equalValues(list.toArray(), [3, 2]);
});

tests['indexOf, includes and count'] = withList([
    1, 1.5, 'a', true, Uint8Array.of(97), null, 2, 1, NaN, -0, 'a\0', '', 2 ** 53, MOST, 'é', '😀',
    2n ** 53n, 5e-324, Infinity, 0.1, 1e300, '"\\\n\u0001\u007f\u2028\'', Uint8Array.of(), true, 'a\0',
    Uint8Array.of(97), 2n ** 62n, -0.5,
], list => {
    const found = [
        [1, 0, 2], [1n, 0, 2], [1.5, 1, 1], ['a', 2, 1], [true, 3, 2], [Uint8Array.of(97), 4, 2],
        [Uint8Array.of(97).buffer, 4, 2], [new GLib.Bytes([97]), 4, 2], [null, 5, 1], [undefined, 5, 1],
        [2, 6, 1], [0, 9, 1], [-0, 9, 1], [0n, 9, 1], ['a\0', 10, 2], ['', 11, 1], [2 ** 53, 12, 2],
        [MOST, 13, 1], ['é', 14, 1], ['😀', 15, 1], [2n ** 53n, 12, 2], [5e-324, 17, 1],
        [Infinity, 18, 1], [0.1, 19, 1], [1e300, 20, 1], ['"\\\n\u0001\u007f\u2028\'', 21, 1],
        [Uint8Array.of(), 22, 1], [new GLib.Bytes([]), 22, 1], [2 ** 62, 26, 1], [-0.5, 27, 1],
    ];
    const missing = [
        3, '1', false, 'b', 'a\0\0', '\ud800', Uint8Array.of(97, 0), Uint8Array.of(98), MOST - 1n, LEAST,
        2n ** 64n, 1.25, -Infinity, 1e-323, Number(MOST), {}, Symbol('a'), () => 1, [1], '1.5', 'true',
    ];

    for (const [value, index, count] of found) {
        equal(list.indexOf(value), index);
        equal(list.includes(value), true);
        equal(list.count(value), count);
    }
    for (const value of missing) {
        equal(list.indexOf(value), -1);
        equal(list.includes(value), false);
        equal(list.count(value), 0);
    }
    equal(list.indexOf(NaN), -1);
    equal(list.count(NaN), 0);
    equal(list.includes(NaN), true);
    equal(list.count(new GLib.Variant('x', 1)), 2);
    equal(list.find(new GLib.Variant('s', 'a'))[1], 2);
    fails(Shm.Error.VALUE_NOT_FOUND, () => list.find(new GLib.Variant('s', 'b')));
});

tests['includes(NaN) without a NaN'] = withList([1, 'NaN', null], list => {
    equal(list.includes(NaN), false);
});

tests['after close'] = withList(MIXED, list => {
    const other = Shm.ShareableList.attach(list.name);
    const uses = [
        () => other.at(0), () => other.at(2), () => other.setAt(0, 1), () => other.setAt(0, 1n),
        () => other.setAt(0, 'a'), () => [...other], () => other.toArray(), () => other.indexOf(42),
        () => other.includes(42), () => other.includes(NaN), () => other.count(42),
        () => other.get_int64(0), () => other.get_string(2),
    ];

    other.shm.close();
    for (const use of uses)
        fails(Shm.Error.CLOSED, use);
    equal(other.length, MIXED.length);
    equal(other.name, list.name);
    checkValues(list, MIXED);
});

// Promises

const EVERYTHING = [
    ...NUMBERS.map(([, , wanted]) => wanted), ...TEXTS, ...BYTE_ARRAYS, true, false, null,
];

tests['create_async and toArrayAsync: every value'] = async () => {
    const name = newName();
    const promise = Shm.ShareableList.create_async(EVERYTHING, name);

    check(promise instanceof Promise);
    const list = await withTimeout(promise, 'a list');
    check(list instanceof Shm.ShareableList);
    equal(list.name, name);
    equal(list.shm.get_mode(), 0o600);
    checkValues(list, EVERYTHING);
    equalValues(await list.toArrayAsync(), EVERYTHING);
    for (const [i, value] of EVERYTHING.entries())
        equalValue(await list.atAsync(i), value);
    list.shm.unlink();
};

tests['toArrayAsync: each width of offsets'] = async () => {
    for (const length of [0, 1, 10, 20, 30, 5000, 100000]) {
        const values = Array.from({length}, (_, i) => MIXED[i % 7]);
        const list = await Shm.ShareableList.create_async(values);

        equalValues(await list.toArrayAsync(), values);
        list.shm.unlink();
    }
};

tests['create_full and create_async, with all arguments'] = async () => {
    const lists = [
        Shm.ShareableList.create_full([1], newName(), 0o640, Shm.CreateFlags.UNLINK_ON_CLOSE, null),
        Shm.ShareableList.create_full(new GLib.Variant('ax', [1]), newName(), 0o640,
            Shm.CreateFlags.UNLINK_ON_CLOSE, new Gio.Cancellable()),
        await Shm.ShareableList.create_async(new Set([1]), newName(), 0o640,
            Shm.CreateFlags.UNLINK_ON_CLOSE, new Gio.Cancellable()),
        new Shm.ShareableList({values: [1], name: newName(), mode: 0o640,
            create_flags: Shm.CreateFlags.UNLINK_ON_CLOSE}),
    ];

    for (const list of lists) {
        checkValues(list, [1]);
        equal(list.shm.get_mode(), 0o640);
        list.shm.close();
        check(!exists(list.name));
    }

    const list = Shm.ShareableList.create_full(Float64Array.of(1, 0, -0.5));
    equal(list.get_format(), 'ddd');
    equal(await list.get_format_async(), 'ddd');
    list.shm.unlink();
};

tests['anonymous lists'] = async () => {
    const lists = [
        Shm.ShareableList.create_anonymous(MIXED),
        await Shm.ShareableList.create_anonymous_async(MIXED),
    ];

    for (const list of lists) {
        const shm = Shm.SharedMemory.attach_fd(list.shm.get_fd());
        const other = await Shm.ShareableList.new_for_shared_memory_async(shm);

        equal(list.name, null);
        other.setAt(0, 43);
        checkValues(list, [43, ...MIXED.slice(1)]);
        list.shm.close();
        shm.close();
    }
};

tests['attach_async'] = withList(MIXED, async list => {
    const other = await withTimeout(Shm.ShareableList.attach_async(list.name), 'the list');
    const reader = await Shm.ShareableList.attach_async(list.name, Shm.AttachFlags.READ_ONLY);

    checkValues(other, MIXED);
    other.setAt(0, 'text');
    fails(Shm.Error.READ_ONLY, () => reader.setAt(0, 1));
    await rejects(Shm.Error.READ_ONLY, reader.setAtAsync(0, 1));
    await rejects(Shm.Error.NOT_FOUND, Shm.ShareableList.attach_async(newName()));
    await rejects(Shm.Error.INVALID_NAME, Shm.ShareableList.attach_async('a\0'));
    await rejects(Shm.Error.INVALID_NAME, Shm.ShareableList.create_async([1], 'a\0'));
    await rejects(Shm.Error.EXISTS, Shm.ShareableList.create_async([1], list.name));
});

tests['atAsync and setAtAsync'] = withList(MIXED, async list => {
    for (const index of [0, 1, 6, 7, -1, -7, -8, 2 ** 53, 2 ** 70])
        equal(await list.atAsync(index), list.at(index));

    await list.setAtAsync(-1, 2n ** 60n);
    equal(await list.atAsync(-1), 2n ** 60n);
    await list.setAtAsync(2, 'a\0');
    equal(list.at(2), 'a\0');
    await list.setAtAsync(4, Uint8Array.of(1, 2, 0));
    equalBytes(list.at(4), Uint8Array.of(1, 2, 0));
    await rejects(Shm.Error.OUT_OF_RANGE, list.setAtAsync(7, 1));
    await rejects(Shm.Error.OUT_OF_RANGE, list.setAtAsync(-8, 1));
    checkRangeError(await rejectedError(list.setAtAsync(0, 2n ** 63n)));
    await rejects(Shm.Error.TYPE_MISMATCH, list.setAtAsync(2, '\ud800'));
    await rejects(Shm.Error.TOO_LARGE, list.setAtAsync(2, 'x'.repeat(9)));
    check(await rejectedError(list.setAtAsync(0, {})) instanceof TypeError);
});

tests['indexOfAsync'] = withList([...MIXED, -0], async list => {
    for (const [i, value] of MIXED.entries())
        equal(await list.indexOfAsync(value), i);
    for (const value of ['x', 43, NaN, '\ud800', {}, 2n ** 64n])
        equal(await list.indexOfAsync(value), -1);
    equal(await list.indexOfAsync(0), 7);
    list.shm.close();
    await rejects(Shm.Error.CLOSED, list.indexOfAsync(1));
});

tests['functions with a GVariant in C'] = withList(MIXED, async list => {
    equalValues(list.copy_values(), MIXED);
    equalValues(await list.copy_values_async(), MIXED);
    for (const [i, value] of MIXED.entries()) {
        equalValue(list.get_value(i), value);
        equalValue(await list.get_value_async(i), value);
    }
    fails(Shm.Error.OUT_OF_RANGE, () => list.get_value(7));
    await rejects(Shm.Error.OUT_OF_RANGE, list.get_value_async(7));

    equal(list.set_value(0, MOST), true);
    equal(list.get_value(0), MOST);
    equal(await list.set_value_async(2, 'text'), true);
    equal(await list.set_value_async(0, new GLib.Variant('d', 0.5)), true);
    equal(list.at(0), 0.5);
    equal(list.find('text')[1], 2);
    equal((await list.find_async('text'))[1], 2);
    await rejects(Shm.Error.VALUE_NOT_FOUND, list.find_async('none'));
    equal(await list.count_async(-7), 1);
    equal(await list.get_format_async(), list.get_format());
});

tests['promises: cancelled'] = withList(MIXED, async list => {
    const cancellable = new Gio.Cancellable();
    const name = newName();

    cancellable.cancel();
    const {NONE} = Shm.CreateFlags;
    for (const call of [
        () => Shm.ShareableList.create_async([1], name, 0o600, NONE, cancellable),
        () => Shm.ShareableList.create_anonymous_async([1], NONE, cancellable),
        () => Shm.ShareableList.attach_async(list.name, Shm.AttachFlags.NONE, cancellable),
        () => Shm.ShareableList.new_for_shared_memory_async(list.shm, cancellable),
        () => list.atAsync(0, cancellable),
        () => list.setAtAsync(0, 1, cancellable),
        () => list.indexOfAsync(1, cancellable),
        () => list.toArrayAsync(cancellable),
        () => list.count_async(1, cancellable),
        () => list.get_format_async(cancellable),
    ])
        checkCancelled(await rejectedError(call()));
    check(!exists(name));
});

tests['callbacks instead of promises'] = async () => {
    const list = await withTimeout(new Promise((resolve, reject) => {
        Shm.ShareableList.create_async([5], newName(), 0o600, Shm.CreateFlags.NONE, null,
            (_, result) => {
                try {
                    resolve(Shm.ShareableList.create_finish(result));
                } catch (error) {
                    reject(error);
                }
            });
    }), 'the callback');
    const found = await withTimeout(new Promise(resolve => {
        list.find_async(5, null, (source, result) => resolve(source.find_finish(result)));
    }), 'the callback');

    equal(found[1], 0);
    list.shm.unlink();
};

tests['locks'] = withList([1, 2], async list => {
    const guard = list.lock();

    equal(guard.get_previous_died(), false);
    fails(Shm.Error.TIMED_OUT, () => list.lock(Shm.LockMode.SHARED, 0));
    fails(Shm.Error.TIMED_OUT, () => list.shm.lock(Shm.LockMode.SHARED, 0));
    guard.release();
    equal(list.withLock(() => list.get_int64(0) + list.get_int64(1)), 3);
    equal(await list.withLockAsync(held => held.is_held(), {shared: true}), true);

    const other = await list.lock_async(Shm.LockMode.SHARED, 0);

    equal(list.withLock(() => 'shared', {shared: true, timeout: 0}), 'shared');
    other.release();
});

const KILLED_HOLDER = `
imports.gi.versions.Shm = '1.0';
const {GLib, Shm} = imports.gi;
const list = Shm.ShareableList.attach(ARGV[0]);
list.lock();
print('locked');
new GLib.MainLoop(null, false).run();
`;

tests['the holder of a lock is killed'] = withList([1, 2], list => {
    const gjs = GLib.file_read_link('/proc/self/exe');
    const process = Gio.Subprocess.new([gjs, '-c', KILLED_HOLDER, list.name],
        Gio.SubprocessFlags.STDOUT_PIPE);

    process.get_stdout_pipe().read_bytes(100, null);
    process.force_exit();
    equal(list.withLock(guard => guard.get_previous_died()), true);
    equal(list.withLock(guard => guard.get_previous_died()), false);
    process.wait(null);
});

tests['10000 values'] = () => {
    const values = Array.from({length: 10000}, (_, i) => [
        i, i + 0.5, `value ${i}`, i % 2 === 0, Uint8Array.of(i, i >> 8), null, 'é\0', -i * 2 ** 33,
        MOST - BigInt(i),
    ][i % 9]);
    const list = Shm.ShareableList.from(values, newName());
    const other = Shm.ShareableList.attach(list.name);

    equal(other.length, 10000);
    equalValues([...other], values);
    equalValues(other.toArray(), values);
    equal(other.indexOf(values[9999 - 9999 % 9]), 9999 - 9999 % 9);
    equal(other.indexOf('value 9992'), 9992);
    equal(other.count(null), values.filter(value => value === null).length);
    values.forEach((_, i) => other.setAt(i, i));
    equalValues([...list], values.map((_, i) => i));
    list.shm.unlink();
};

// Tests together with CPython. At the end of a Python script, CPython's resource tracker would
// remove the blocks that the script has created or attached to. Therefore the scripts unregister
// the blocks.

const UNTRACK = `
import sys
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import ShareableList
def untrack(values):
    resource_tracker.unregister(values.shm._name, 'shared_memory')
`;

tests['CPython reads and writes a list of this library'] = withList([
    42, -2.5, 'howdy', true, false, Uint8Array.of(1, 0, 255), null, MOST, LEAST, 2 ** 53 - 1, 2 ** 53,
    'na\0ïve', '日本語 '.repeat(20), '😀', -0, 1e300,
], list => {
    const output = runPython(`${UNTRACK}
values = ShareableList(name=sys.argv[1])
untrack(values)
print(ascii(list(values)))
values[0] = 'new'
values[1] = None
values[2] = b'\\xff\\0x'
values[3] = 2 ** 62
values[12] = 'é'
`, list.name);

    equal(output, "[42, -2.5, 'howdy', True, False, b'\\x01\\x00\\xff', None, 9223372036854775807, " +
        "-9223372036854775808, 9007199254740991, 9007199254740992.0, 'na\\x00\\xefve', " +
        `'${'\\u65e5\\u672c\\u8a9e '.repeat(20)}', '\\U0001f600', -0.0, 1e+300]`);
    equalValues(list.toArray().slice(0, 5), ['new', null, Uint8Array.of(255, 0, 120), 2n ** 62n, false]);
    equal(list.at(12), 'é');
});

tests['this library reads and writes a list of CPython'] = () => {
    const name = newName();

    runPython(`${UNTRACK}
values = ShareableList([42, -2.5, 'howdy', True, b'a\\0b', None, -2 ** 63, 2 ** 53, 'é', ''] + [7] * 100,
                       name=sys.argv[1])
untrack(values)
`, name);

    const list = Shm.ShareableList.attach(name);
    const values = [42, -2.5, 'howdy', true, Uint8Array.of(97, 0, 98), null, LEAST, 2n ** 53n, 'é', '',
        ...new Array(100).fill(7)];
    checkValues(list, values);
    equal(list.indexOf(null), 5);

    const changed = ['short', 5, 'a\0b', 2.5, null, false, 'text', Uint8Array.of(1, 2), -1, 'last'];
    changed.forEach((value, i) => list.setAt(i, value));
    checkValues(list, [...changed, ...values.slice(10)]);
    equal(runPython(`${UNTRACK}
values = ShareableList(name=sys.argv[1])
untrack(values)
print(ascii(list(values)[:11]))
`, name), "['short', 5, 'a\\x00b', 2.5, None, False, 'text', b'\\x01\\x02', -1, 'last', 7]");
    list.shm.unlink();
};

runTests(tests);
