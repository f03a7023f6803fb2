// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The group "javascript": Shm.ShareableList in GJS, beside CPython's ShareableList. Prints a line of
// JSON for each comparison, as harness.h describes. The times are times on the clock, because GJS
// has no function for CPU time.

imports.gi.versions.Shm = '1.0';

const RAW_KINDS = ['int64', 'double', 'string', 'boolean', 'bytes'];

// Keeps the functions of the typelib that the override replaces, with the prefix "raw_".
const override = imports.overrides.Shm;
const {_init} = override;
override._init = function () {
    const {prototype} = this.ShareableList;
    const names = RAW_KINDS.flatMap(
        kind => [`get_${kind}`, `set_${kind}`]);
    const functions = names.map(name => prototype[name]);

    _init.call(this);
    names.forEach((name, i) => {
        prototype[`raw_${name}`] = functions[i];
    });
};

const {Gio, GLib, Shm} = imports.gi;
const {gc} = imports.system;

const VALUES = [42, 2.5, 'howdy', true, Uint8Array.of(1, 2, 3), null, 'naïve'];
const PYTHON_VALUES = "[42, 2.5, 'howdy', True, b'\\1\\2\\3', None, 'naïve']";
const KINDS = ['int', 'float', 'str', 'bool', 'bytes', 'None', 'str, not ASCII'];

const ROUND_NS = 1.5e6; // a contender repeats its operation for at least this time in a round
const ROW_NS = 3e9; // a comparison has fewer rounds if it would take longer than this
const [ROUNDS_MIN, ROUNDS_MAX] = [5, 21];

// Runs each statement from standard input, and prints the time of one call in nanoseconds.
const PYTHON_SCRIPT = `
import sys
import timeit
from multiprocessing.shared_memory import ShareableList
print('CPython ' + '.'.join(map(str, sys.version_info[:3])), flush=True)
names = {'ShareableList': ShareableList}
for line in sys.stdin:
    calls, statement = line.rstrip('\\n').split('\\t')
    print(timeit.timeit(statement, number=int(calls), globals=names) * 1e9 / int(calls), flush=True)
`;

// All code is in one function, because GJS looks up a global name again at each use.
function main() {
    const process = Gio.Subprocess.new(['/usr/bin/python3', '-I', '-S', '-c', PYTHON_SCRIPT],
        Gio.SubprocessFlags.STDIN_PIPE | Gio.SubprocessFlags.STDOUT_PIPE);
    const answers = new Gio.DataInputStream({base_stream: process.get_stdout_pipe()});
    const [pythonName] = answers.read_line_utf8(null);

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

    // A contender is a function that repeats an operation `calls` times, and returns the time of one
    // call in nanoseconds.
    function javascript(run) {
        return calls => nanoseconds(run, calls);
    }

    // Returns how many calls take long enough for a round.
    function findCalls(contender) {
        let calls = 1;

        contender(1);
        while (contender(calls) * calls < ROUND_NS)
            calls *= 2;
        return calls;
    }

    // Measures all contenders in turn, so that a slow phase of the machine affects all of them. Each
    // round has another order. Prints the times, divided by `perCall`. The first contender is the
    // one to which the others are compared.
    function compareAll(title, contenders, perCall = 1) {
        const names = Object.keys(contenders);
        const calls = {}, times = {};

        gc();
        for (const name of names) {
            calls[name] = findCalls(contenders[name]);
            times[name] = [];
        }
        const begin = GLib.get_monotonic_time();
        for (let round = 0; round < ROUNDS_MAX; round++) {
            if (round >= ROUNDS_MIN && (GLib.get_monotonic_time() - begin) * 1000 > ROW_NS)
                break;
            for (let turn = 0; turn < names.length; turn++) {
                const name = names[(round + turn) % names.length];
                times[name].push(contenders[name](calls[name]) / perCall);
            }
        }
        print(JSON.stringify({group: 'javascript', row: title, contenders: times}));
    }

    function compare(title, run, statement, count = 1) {
        compareAll(title, {
            'shmobj': javascript(run),
            [pythonName]: calls => python(statement, calls),
        }, count);
    }

    function benchValues() {
        const list = Shm.ShareableList.from(VALUES);

        prepare(`values = ShareableList(${PYTHON_VALUES}); v = ${PYTHON_VALUES}`);
        VALUES.forEach((value, i) => {
            compare(`list.at(): ${KINDS[i]}`, () => list.at(i), `values[${i}]`);
        });
        compare('list.get_int64()', () => list.get_int64(0), 'values[0]');
        compare('list.get_double()', () => list.get_double(1), 'values[1]');
        compare('list.get_string()', () => list.get_string(2), 'values[2]');
        VALUES.forEach((value, i) => {
            compare(`list.setAt(): ${KINDS[i]}`, () => list.setAt(i, value),
                `values[${i}] = v[${i}]`);
        });
        list.shm.unlink();
        prepare('values.shm.close(); values.shm.unlink()');
    }

    function benchBlock() {
        const shm = Shm.SharedMemory.create(null, 4096);

        for (const type of ['int64', 'uint64', 'double']) {
            const [get, set] = [`get_${type}`, `set_${type}`];

            compareAll(`block.${get}()`, {
                'shmobj': javascript(() => shm[get](0)),
                'limit: get_int32()': javascript(() => shm.get_int32(0)),
            });
            compareAll(`block.${set}()`, {
                'shmobj': javascript(() => shm[set](0, 42)),
                'limit: set_int32()': javascript(() => shm.set_int32(0, 42)),
            });
        }
        shm.close();
        shm.unlink();
    }

    // Compares with the functions of one kind that the override replaces.
    function benchRawValues() {
        const list = Shm.ShareableList.from(VALUES);

        RAW_KINDS.forEach((kind, i) => {
            const [get, set] = [`raw_get_${kind}`, `raw_set_${kind}`];
            const getRaw = kind === 'bytes' ? () => list[get](i).toArray() : () => list[get](i);

            compareAll(`list.at(): ${KINDS[i]}, beside get_${kind}()`, {
                'shmobj': javascript(() => list.at(i)),
                'limit: without override': javascript(getRaw),
            });
            compareAll(`list.setAt(): ${KINDS[i]}, beside set_${kind}()`, {
                'shmobj': javascript(() => list.setAt(i, VALUES[i])),
                'limit: without override': javascript(() => list[set](i, VALUES[i])),
            });
        });
        list.shm.close();
        list.shm.unlink();
    }

    function readEach(list, count) {
        const values = new Array(count);

        for (let i = 0; i < count; i++)
            values[i] = list.at(i);
        return values;
    }

    function benchTexts() {
        const count = 10000;
        const list = Shm.ShareableList.from(Array.from({length: count}, (_, i) => `value ${i}`));

        compareAll('[...list] of 10,000 texts, per value', {
            'shmobj': javascript(() => [...list]),
            'at() for each': javascript(() => readEach(list, count)),
        }, count);
        list.shm.close();
        list.shm.unlink();
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
        const values = Array.from({length: count - 1}, (_, i) => value(i));
        const last = 'the last';
        const of = `${count.toLocaleString('en')} ${title}, per value`;
        values.push(last);
        const list = Shm.ShareableList.from(values);

        prepare(`last = '${last}'; source = [${pythonValue} for i in range(${count - 1})] + [last]; ` +
            'values = ShareableList(source)');
        compare(`create, close, unlink, ${of}`, () => create(values),
            'l = ShareableList(source); l.shm.close(); l.shm.unlink()', count);
        compare(`attach, close, ${count.toLocaleString('en')} ${title}`, () => Shm.ShareableList.attach(list.name).shm.close(),
            'ShareableList(name=values.shm.name).shm.close()');
        compare(`[...list] / list(values), ${of}`, () => [...list], 'list(values)', count);
        compare(`toArray() / list(values), ${of}`, () => list.toArray(), 'list(values)', count);
        compare(`for (_ of list), ${of}`, () => iterate(list), 'for _ in values: pass', count);
        compare(`indexOf() the last, ${of}`, () => list.indexOf(last), 'values.index(last)', count);
        compare(`count() the last, ${of}`, () => list.count(last), 'values.count(last)', count);
        list.shm.close();
        list.shm.unlink();
        prepare('values.shm.close(); values.shm.unlink()');
    }

    const mixed = [
        i => i, i => i + 0.5, i => `value ${i}`, i => i % 2 === 0, () => Uint8Array.of(1, 2, 3),
        () => null,
    ];
    const pythonMixed = "[i, i + 0.5, f'value {i}', i % 2 == 0, b'\\1\\2\\3', None][i % 6]";

    benchBlock();
    benchRawValues();
    benchTexts();
    benchValues();
    for (const count of [7, 100000]) {
        benchLists('integers', count, i => i, 'i');
        benchLists('mixed values', count, i => mixed[i % 6](i), pythonMixed);
    }
    process.get_stdin_pipe().close(null);
    process.wait_check(null);
}

main();
