// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tests Shm.ListModel in JavaScript. Prints TAP.

imports.gi.versions.Shm = '1.0';

const {Gio, GLib, GObject, Shm} = imports.gi;

imports.searchPath.unshift(GLib.path_get_dirname(imports.system.programPath));

const {check, equal, fails, newName, runTests, throws, throwsRangeError} = imports.support;

// Returns a promise that is resolved when the object has emitted the signal and the condition holds.
function emission(object, signal, condition = () => true) {
    return new Promise(resolve => {
        const id = object.connect(signal, (...args) => {
            if (condition(...args)) {
                object.disconnect(id);
                resolve(args.slice(1));
            }
        });
    });
}

// Returns a test with a list and its model.
function withModel(test) {
    return async () => {
        const list = Shm.ShareableList.from([1, 2.5, 'howdy', new Uint8Array([97, 0]), true, null],
            newName());
        const model = list.get_model();

        try {
            await test(model, list);
        } finally {
            list.shm.unlink();
            list.shm.close();
        }
    };
}

function valuesOf(model) {
    const values = [];

    for (let i = 0; i < model.get_n_items(); i++)
        values.push(model.get_item(i).value);
    return values;
}

const tests = {};

tests['items'] = withModel((model, list) => {
    check(model instanceof Gio.ListModel);
    equal(model.get_n_items(), 6);
    equal(model.get_item_type(), Shm.ModelItem.$gtype);
    equal(model.list, list);
    equal(list.get_model(), model);
    equal(model.get_item(6), null);
    equal(model.error, null);

    const [int, double, text, bytes, bool, none] = valuesOf(model);

    equal(int, 1);
    equal(double, 2.5);
    equal(text, 'howdy');
    equal([...bytes].join(), '97,0');
    equal(bool, true);
    equal(none, null);
    equal(model.get_item(3).text, 'a\\x00');
    equal(model.get_item(2).index, 2);
    equal(model.get_item(2).get_value().deepUnpack(), 'howdy');
});

tests['changes'] = withModel(async (model, list) => {
    const item = model.get_item(2);
    const changed = emission(model, 'items-changed');
    const notified = emission(item, 'notify::text');

    list.setAt(2, 'bye');
    equal((await changed).join(), '2,1,1');
    await notified;
    equal(item.value, 'bye');
    equal(item.text, 'bye');
    equal(model.get_item(2), item);

    const large = emission(model, 'items-changed');

    list.setAt(0, 2n ** 60n);
    await large;
    equal(model.get_item(0).value, 2n ** 60n);
});

const Label = GObject.registerClass({
    Properties: {
        'label': GObject.ParamSpec.string('label', '', '', GObject.ParamFlags.READWRITE, ''),
    },
}, class Label extends GObject.Object {});

tests['binding of properties'] = withModel(async (model, list) => {
    const label = new Label();
    const item = model.get_item(0);

    item.bind_property('text', label, 'label', GObject.BindingFlags.SYNC_CREATE);
    equal(label.label, '1');
    list.setAt(0, 2);
    await emission(label, 'notify::label');
    equal(label.label, '2');
});

const WRITER = `
imports.gi.versions.Shm = '1.0';
const list = imports.gi.Shm.ShareableList.attach(ARGV[0]);
for (let i = 2; i <= 1000; i++)
    list.setAt(0, i);
`;

tests['changes by another process'] = withModel(async (model, list) => {
    const gjs = GLib.file_read_link('/proc/self/exe');
    const process = Gio.Subprocess.new([gjs, '-c', WRITER, list.shm.name],
        Gio.SubprocessFlags.NONE);

    await emission(model, 'items-changed', () => model.get_item(0).value === 1000);
    process.wait_check(null);
});

const STOCK_WRITER = `
import sys
from multiprocessing import resource_tracker, shared_memory
resource_tracker.register = resource_tracker.unregister = lambda *args: None
values = shared_memory.ShareableList(name=sys.argv[1])
values[1] = int(sys.argv[2])
`;

function runStock(list, number) {
    const process = Gio.Subprocess.new(
        ['python3', '-I', '-S', '-c', STOCK_WRITER, list.shm.name, `${number}`],
        Gio.SubprocessFlags.NONE);

    process.wait_check(null);
}

tests['changes by stock CPython'] = withModel(async (model, list) => {
    runStock(list, 17);
    check(model.refresh());
    equal(model.get_item(1).value, 17);

    model.interval = 20000;
    equal(model.get_interval(), 20000);

    const changed = emission(model, 'items-changed');

    runStock(list, 18);
    await changed;
    equal(model.get_item(1).value, 18);
    model.set_interval(0);
    throws(TypeError, () => model.set_interval('1'));
    throwsRangeError(() => model.set_interval(2 ** 63));
    throws(RangeError, () => model.set_interval(-1));
});

tests['closing'] = async () => {
    const list = Shm.ShareableList.from([1]);
    const model = list.get_model();
    const notified = emission(model, 'notify::error');

    list.shm.unlink();
    list.shm.close();
    await notified;
    check(model.error.matches(Shm.Error, Shm.Error.CLOSED));
    fails(Shm.Error.CLOSED, () => model.refresh());
    fails(Shm.Error.CLOSED, () => list.get_model());
    equal(model.get_item(0).value, 1);
};

runTests(tests);
