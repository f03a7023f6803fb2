// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Functions for the tests, and a test runner that prints TAP.

const {Gio, GLib, Shm} = imports.gi;
const {exit} = imports.system;

// Ends a test that would wait for ever. It is much longer than a slow and busy machine needs.
const TIMEOUT_SECONDS = 600;
const PREFIX = `shmobj-gjs-${new Gio.Credentials().get_unix_pid()}-`;

let names = [];

function newName() {
    const name = `${PREFIX}${newName.count++}`;

    names.push(name);
    return name;
}
newName.count = 0;

function fileOf(name) {
    return Gio.File.new_for_path(`/dev/shm/${name}`);
}

function exists(name) {
    return fileOf(name).query_exists(null);
}

function show(value) {
    if (typeof value === 'bigint')
        return `${value}n`;
    if (value instanceof Uint8Array)
        return `[${value.slice(0, 20).join(' ')}]`;
    if (Object.is(value, -0))
        return '-0';
    return typeof value === 'string' ? JSON.stringify(value) : `${value}`;
}

function check(condition, message = 'the condition is false') {
    if (!condition)
        throw new Error(message);
}

function equal(found, wanted) {
    check(Object.is(found, wanted), `found ${show(found)} instead of ${show(wanted)}`);
}

function equalBytes(found, wanted) {
    check(found instanceof Uint8Array, `found ${show(found)} instead of a Uint8Array`);
    check(found.length === wanted.length && found.every((byte, i) => byte === wanted[i]),
        `found ${show(found)} instead of [${wanted.join(' ')}]`);
}

// Returns the error that the function `use` throws. Fails if it throws no error.
function thrownError(use) {
    try {
        use();
    } catch (error) {
        return error;
    }
    throw new Error('the function threw no error');
}

// Checks that an error is a Shm.Error with this code.
function checkShmError(error, code) {
    check(error instanceof GLib.Error && error.matches(Shm.Error, code),
        `found ${error} instead of the error with code ${code}`);
    check(error.message.length > 0);
}

// Checks that the function `use` throws a Shm.Error with this code.
function fails(code, use) {
    checkShmError(thrownError(use), code);
}

// Checks that an error is a RangeError for a number that is out of range, with the members of a
// Shm.Error.
function checkRangeError(error) {
    check(error instanceof RangeError, `found ${error} instead of a RangeError`);
    equal(error.matches(Shm.Error, Shm.Error.OUT_OF_RANGE), true);
    equal(error.matches(Shm.Error, Shm.Error.EXISTS), false);
    equal(error.matches(Gio.IOErrorEnum, Shm.Error.OUT_OF_RANGE), false);
    equal(error.code, Shm.Error.OUT_OF_RANGE);
    check(error.message.length > 0);
}

// Checks that the function `use` throws such a RangeError.
function throwsRangeError(use) {
    checkRangeError(thrownError(use));
}

// Checks that the function `use` throws an error of the class `kind`.
function throws(kind, use) {
    const error = thrownError(use);

    check(error instanceof kind, `found ${error} instead of a ${kind.name}`);
}

// Returns a promise with the result of `promise`. It is rejected with an error after the timeout.
// `what` names the expected result in the message of this error.
function withTimeout(promise, what) {
    let source = 0;
    const late = new Promise((_, reject) => {
        source = GLib.timeout_add_seconds(GLib.PRIORITY_DEFAULT, TIMEOUT_SECONDS, () => {
            source = 0;
            reject(new Error(`timed out waiting for ${what}`));
            return GLib.SOURCE_REMOVE;
        });
    });

    return Promise.race([promise, late]).finally(() => {
        if (source !== 0)
            GLib.source_remove(source);
    });
}

// Checks that an error is a GLib.Error with the code G_IO_ERROR_CANCELLED.
function checkCancelled(error) {
    check(error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED), `${error}`);
}

// Returns the error of a promise that is rejected. Fails if the promise is fulfilled.
async function rejectedError(promise) {
    try {
        await withTimeout(promise, 'an error');
    } catch (error) {
        return error;
    }
    throw new Error('the promise was not rejected');
}

// Checks that a promise is rejected with a Shm.Error with this code.
async function rejects(code, promise) {
    checkShmError(await rejectedError(promise), code);
}

// The error that skip() throws to end a test.
class Skip extends Error {}

function skip(reason) {
    throw new Skip(reason);
}

async function run(test) {
    names = [];
    let problem = null;
    let remark = '';

    try {
        await test();
    } catch (error) {
        if (error instanceof Skip)
            remark = ` # SKIP ${error.message}`;
        else
            problem = `${error}\n${error.stack ?? ''}`;
    }

    for (const name of names.filter(exists)) {
        problem ??= `the test did not remove ${name}`;
        fileOf(name).delete(null);
    }

    return [problem, remark];
}

async function runAll(tests) {
    let failures = 0;
    let count = 0;

    print(`1..${Object.keys(tests).length}`);
    for (const [name, test] of Object.entries(tests)) {
        const [problem, remark] = await run(test);

        print(`${problem === null ? 'ok' : 'not ok'} ${++count} - ${name}${remark}`);
        if (problem !== null) {
            failures++;
            print(problem.trim().replace(/^/gm, '# '));
        }
    }

    return failures;
}

// Runs the tests and ends the process, so this function does not return.
function runTests(tests) {
    const loop = GLib.MainLoop.new(null, false);
    let status = 1;

    runAll(tests).then(failures => {
        status = failures > 0 ? 1 : 0;
    }).catch(error => {
        print(`Bail out! ${error}`);
    }).finally(() => loop.quit());
    loop.run();
    exit(status);
}
