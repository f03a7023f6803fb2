// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tests that no function takes an invalid number for another number. The test reads all functions
// and properties from interface.txt, so that it also covers those that are added later. Prints TAP.

imports.gi.versions.Shm = '1.0';

const {GLib, Shm} = imports.gi;
const FOLDER = GLib.path_get_dirname(imports.system.programPath);

imports.searchPath.unshift(FOLDER);

const {check, checkRangeError, newName, rejectedError, runTests} = imports.support;

const NO_INTEGERS = [NaN, Infinity, -Infinity, 0.5, -1.5, 2 ** 64, 2n ** 64n, -(2n ** 64n), 1e300];
const NO_NUMBERS = ['0', '', null, true, false, {}, [], [1], () => 1];

// For each type: a valid number, numbers that are out of range, and other invalid values.
const UNSIGNED_32 = [0o600, [...NO_INTEGERS, 2 ** 32, 2n ** 32n, -1, -1n], NO_NUMBERS];
const FLAGS = [0, UNSIGNED_32[1], NO_NUMBERS];
const NO_DOUBLES = [...NO_NUMBERS, undefined, 1n];
const NUMBER_TYPES = {
    gint8: [0, [...NO_INTEGERS, 128, -129, 128n], NO_NUMBERS],
    guint8: [0, [...NO_INTEGERS, 256, -1, 256n], NO_NUMBERS],
    gint16: [0, [...NO_INTEGERS, 2 ** 15, -(2 ** 15) - 1], NO_NUMBERS],
    guint16: [0, [...NO_INTEGERS, 2 ** 16, -1], NO_NUMBERS],
    gint32: [0, [...NO_INTEGERS, 2 ** 31, -(2 ** 31) - 1], NO_NUMBERS],
    gint: [0, [...NO_INTEGERS, 2 ** 31, -(2 ** 31) - 1], NO_NUMBERS],
    guint32: [0, [...NO_INTEGERS, 2 ** 32, -1], NO_NUMBERS],
    guint: UNSIGNED_32,
    gint64: [0, [...NO_INTEGERS, 2 ** 63, 2n ** 63n, -(2n ** 63n) - 1n], NO_NUMBERS],
    guint64: [0, [...NO_INTEGERS, -1, -1n], NO_NUMBERS],
    gfloat: [0, [1e39, -1e300], NO_DOUBLES],
    gdouble: [0, [], NO_DOUBLES],
    AttachFlags: FLAGS,
    CreateFlags: FLAGS,
    ManagerFlags: FLAGS,
    SealFlags: FLAGS,
    LockMode: [0, [...NO_INTEGERS, -1, 2], []],
};

const LIST_OF_ONE = Uint8Array.from(['['.charCodeAt(0), 1, 0, 0, 0, 'N'.charCodeAt(0)]);
const NO_BYTES = [[256], [-1], [1, 0.5], [NaN], [2 ** 32]];
const NO_BYTE_ARRAYS = [['1'], [null], [1, , 2], [true], 'text', 5];
const BYTE_TYPES = {
    'GLib.Bytes': [Uint8Array.of(1), NO_BYTES, NO_BYTE_ARRAYS],
    'array of guint8': [LIST_OF_ONE, NO_BYTES, NO_BYTE_ARRAYS],
};

// Returns a valid argument for a parameter.
function makeValid(type) {
    if (type in NUMBER_TYPES)
        return NUMBER_TYPES[type][0];
    if (type in BYTE_TYPES)
        return BYTE_TYPES[type][0];

    switch (type) {
    case 'utf8':
        return newName();
    case 'GLib.Variant':
        return new GLib.Variant('ax', [1]);
    case 'gboolean':
        return true;
    default:
        return null;
    }
}

// Returns the types of the parameters that JavaScript passes.
function parseParameters(text) {
    return text.split(', ')
        .filter(each => !/direction=out|: gpointer|AsyncReadyCallback|^length: gsize/.test(each))
        .map(each => each.replace(/^\w+: ([\w.]+( of \w+)?).*$/, '$1'));
}

// Reads interface.txt. Returns an array of functions, and an array of properties.
function readInterface() {
    const [, bytes] = GLib.file_get_contents(GLib.build_filenamev([FOLDER, '..', 'interface.txt']));
    const functions = [];
    const properties = [];
    let owner = null;

    for (const line of new TextDecoder().decode(bytes).split('\n')) {
        const call = /^( *)(constructor|function|method) (\w+) \((.+)\) ->/.exec(line);
        const property = /^  property ([\w-]+): (\w+) .*construct-only/.exec(line);

        if (/^class /.test(line))
            owner = line.split(' ')[1];
        else if (/^\S/.test(line))
            owner = null;

        if (call !== null) {
            functions.push({
                owner, isMethod: call[2] === 'method', name: call[3],
                types: parseParameters(call[4]),
            });
        } else if (property !== null && owner !== null) {
            properties.push({owner, name: property[1], type: property[2]});
        }
    }

    return [functions, properties];
}

// Calls a function and returns its error. For an asynchronous function, this is a promise.
async function errorOf(call, title) {
    let promise = null;

    try {
        promise = call();
    } catch (error) {
        return error;
    }
    check(promise instanceof Promise, `${title} did not fail`);
    return rejectedError(promise);
}

function show(value) {
    if (typeof value === 'bigint')
        return `${value}n`;
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

// Calls a function with each of the values. All of them must be refused.
async function checkRefused(title, [, outOfRange, others], call) {
    for (const value of outOfRange)
        checkRangeError(await errorOf(() => call(value), `${title} with ${show(value)}`));
    for (const value of others) {
        const error = await errorOf(() => call(value), `${title} with ${show(value)}`);

        check(error instanceof TypeError, `${title} with ${show(value)}: found ${error}`);
    }
}

const [functions, properties] = readInterface();
const tests = {};
const objects = {};

for (const {owner, isMethod, name, types} of functions) {
    types.forEach((type, position) => {
        const kinds = NUMBER_TYPES[type] ?? BYTE_TYPES[type];
        const title = `${owner ?? 'Shm'}.${name}, argument ${position}, ${type}`;

        if (kinds === undefined)
            return;

        tests[title] = () => checkRefused(title, kinds, value => {
            const target = isMethod ? objects[owner] : owner === null ? Shm : Shm[owner];
            const args = types.map(makeValid);

            args[position] = value;
            return target[name](...args);
        });
    });
}

for (const {owner, name, type} of properties) {
    const kinds = type === 'Origin'
        ? [0, [...NUMBER_TYPES.gint[1], -1, 5], NO_NUMBERS] : NUMBER_TYPES[type];

    if (kinds === undefined)
        continue;

    tests[`${owner}.${name}`] = () => {
        const spellings = [name, name.replaceAll('-', '_'),
            name.replace(/-(.)/g, (_, letter) => letter.toUpperCase())];
        const isFlags = type.endsWith('Flags');

        return Promise.all(spellings.map(spelling => checkRefused(`${owner}.${spelling}`,
            isFlags ? [0, [...kinds[1], 1 << 20], kinds[2]] : kinds,
            value => new Shm[owner]({[spelling]: value}))));
    };
}

tests['the interface has numbers'] = () => {
    check(functions.length > 50, `found ${functions.length} functions`);
    for (const title of ['SharedMemory.set_int32, argument 1, gint32', 'SharedMemory.size',
        'SharedMemory.write_async, argument 1, GLib.Bytes',
        'ShareableList.get_value_async, argument 0, guint64',
        'Manager.create_shared_memory, argument 1, guint64', 'Shm.check_version, argument 0, guint'])
        check(title in tests, `found no test of ${title}`);
};

objects.SharedMemory = Shm.SharedMemory.create_anonymous(100);
objects.ShareableList = Shm.ShareableList.create_anonymous([1, 'text', null]);
objects.Frames = Shm.Frames.create_anonymous(1, 3);
objects.ListModel = objects.ShareableList.get_model();
objects.Manager = new Shm.Manager();

runTests(tests);
