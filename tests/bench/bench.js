// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Compares the speed of Shm.ShareableList in GJS with the speed of CPython's ShareableList.

imports.gi.versions.Shm = '1.0';

const {Gio, GLib, Shm} = imports.gi;
const {exit, gc} = imports.system;

const VALUES = [42, 2.5, 'howdy', true, Uint8Array.of(1, 2, 3), null, 'naïve'];
const PYTHON_VALUES = "[42, 2.5, 'howdy', True, b'\\1\\2\\3', None, 'naïve']";
const KINDS = ['int', 'float', 'str', 'bool', 'bytes', 'None', 'str, not ASCII'];

// Runs each statement from standard input, and prints the time of one call in nanoseconds.
const PYTHON_SCRIPT = `
import sys
import timeit
from multiprocessing.shared_memory import ShareableList
names = {'ShareableList': ShareableList}
for line in sys.stdin:
    calls, statement = line.rstrip('\\n').split('\\t')
    print(timeit.timeit(statement, number=int(calls), globals=names) * 1e9 / int(calls), flush=True)
`;

// All code is in one function, because GJS looks up a global name again at each use.
function main() {
    const process = Gio.Subprocess.new(['python3', '-c', PYTHON_SCRIPT],
        Gio.SubprocessFlags.STDIN_PIPE | Gio.SubprocessFlags.STDOUT_PIPE);
    const answers = new Gio.DataInputStream({base_stream: process.get_stdout_pipe()});

    function python(statement, calls = 1) {
        process.get_stdin_pipe().write_all(`${calls}\t${statement}\n`, null);
        return Number(answers.read_line_utf8(null)[0]);
    }

    // timeit would run a statement in its own namespace. exec() keeps the variables for later
    // statements.
    function prepare(statement) {
        python(`exec(${JSON.stringify(statement)}, globals())`);
    }

    function nanoseconds(run, calls) {
        const begin = GLib.get_monotonic_time();

        for (let i = 0; i < calls; i++)
            run();
        return (GLib.get_monotonic_time() - begin) * 1000 / calls;
    }

    function median(numbers) {
        return numbers.sort((a, b) => a - b)[numbers.length >> 1];
    }

    function printRow(title, ours, theirs, ratio) {
        print(`${title.padEnd(44)} ${ours.padStart(10)} ${theirs.padStart(10)} ` +
            ratio.padStart(8));
    }

    // Measures both sides in turn, so that a slow phase of the machine affects both.
    function compare(title, run, statement, calls, count = 1) {
        const [ours, theirs] = [[], []];
        const rounds = calls === 1 ? 3 : 7;

        for (let i = 0; i < rounds; i++) {
            gc();
            ours.push(nanoseconds(run, calls) / count);
            theirs.push(python(statement, Math.ceil(calls / 4)) / count);
        }

        const [a, b] = [median(ours), median(theirs)];
        printRow(title, a.toFixed(1), b.toFixed(1), (a / b).toFixed(3));
    }

    function printHeadline(title) {
        printRow(title, 'ours', 'CPython', 'ratio');
    }

    function benchValues() {
        const list = Shm.ShareableList.from(VALUES);

        prepare(`values = ShareableList(${PYTHON_VALUES}); v = ${PYTHON_VALUES}`);
        printHeadline('one value, nanoseconds (medians)');
        VALUES.forEach((value, i) => {
            compare(`list.at(): ${KINDS[i]}`, () => list.at(i), `values[${i}]`, 20000);
        });
        compare('list.get_int64()', () => list.get_int64(0), 'values[0]', 20000);
        compare('list.get_double()', () => list.get_double(1), 'values[1]', 20000);
        compare('list.get_string()', () => list.get_string(2), 'values[2]', 20000);
        VALUES.forEach((value, i) => {
            compare(`list.setAt(): ${KINDS[i]}`, () => list.setAt(i, value),
                `values[${i}] = v[${i}]`, 20000);
        });
        list.shm.unlink();
        prepare('values.shm.close(); values.shm.unlink()');
    }

    function create(values) {
        const {shm} = Shm.ShareableList.from(values);

        shm.close();
        shm.unlink();
    }

    function iterate(list) {
        let count = 0;

        for (const value of list) // eslint-disable-line no-unused-vars
            count++;
        return count;
    }

    function benchLists(title, count, value, pythonValue) {
        const calls = Math.ceil(4000 / count);
        const values = Array.from({length: count - 1}, (_, i) => value(i));
        const last = 'the last';
        values.push(last);
        const list = Shm.ShareableList.from(values);

        prepare(`last = '${last}'; source = [${pythonValue} for i in range(${count - 1})] + [last]; ` +
            'values = ShareableList(source)');
        printHeadline(`${count} ${title}: nanoseconds per value`);
        compare('create, close, unlink', () => create(values),
            'l = ShareableList(source); l.shm.close(); l.shm.unlink()', calls, count);
        compare('attach, close', () => Shm.ShareableList.attach(list.name).shm.close(),
            'ShareableList(name=values.shm.name).shm.close()', calls, count);
        compare('[...list]; list(values)', () => [...list], 'list(values)', calls, count);
        compare('list.toArray(); list(values)', () => list.toArray(), 'list(values)', calls, count);
        compare('for of', () => iterate(list), 'for _ in values: pass', calls, count);
        compare('indexOf() the last', () => list.indexOf(last), 'values.index(last)', calls, count);
        compare('count() the last', () => list.count(last), 'values.count(last)', calls, count);
        list.shm.close();
        list.shm.unlink();
        prepare('values.shm.close(); values.shm.unlink()');
    }

    const mixed = [
        i => i, i => i + 0.5, i => `value ${i}`, i => i % 2 === 0, () => Uint8Array.of(1, 2, 3),
        () => null,
    ];
    const pythonMixed = "[i, i + 0.5, f'value {i}', i % 2 == 0, b'\\1\\2\\3', None][i % 6]";

    benchValues();
    for (const count of [7, 10000, 1000000]) {
        benchLists('integers', count, i => i, 'i');
        benchLists('mixed values', count, i => mixed[i % 6](i), pythonMixed);
    }
    process.get_stdin_pipe().close(null);
    process.wait_check(null);
}

if (typeof Shm.ShareableList.prototype.at !== 'function') {
    printerr('The overrides of Shm were not found');
    exit(1);
}
main();
