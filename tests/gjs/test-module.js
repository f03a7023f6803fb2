// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tests the binding in an ES module, so run this file with gjs -m. Prints TAP.

import GLib from 'gi://GLib';
import Gio from 'gi://Gio';
import Shm from 'gi://Shm?version=1.0';
import {exit} from 'system';

const SIZE = 1000;
const name = `shmobj-gjs-${new Gio.Credentials().get_unix_pid()}-module`;

function check(condition, message) {
    if (!condition)
        throw new Error(message);
}

const tests = {
    'a block'() {
        const shm = Shm.SharedMemory.create(name, SIZE);
        const other = Shm.SharedMemory.attach(name);

        shm.write(0, [1, 2]);
        check(other.read(0, 2).join() === '1,2', 'read() does not return the written bytes');
        shm.set_uint64(8, 2n ** 64n - 1n);
        check(other.get_uint64(8) === 2n ** 64n - 1n, 'the number is not exact');
        other.close();
        shm.close();
        shm.unlink();
    },

    'a list'() {
        const list = Shm.ShareableList.from([1, 2n ** 60n, 'a\0b'], name);
        const other = Shm.ShareableList.attach(name);

        list.setAt(-1, 'c\0');
        check([...other].join() === '1,1152921504606846976,c\0', `found ${[...other]}`);
        list.shm.unlink();
    },

    'errors'() {
        try {
            Shm.SharedMemory.attach(name);
        } catch (error) {
            check(error instanceof GLib.Error && error.matches(Shm.Error, Shm.Error.NOT_FOUND),
                `found ${error}`);
            return;
        }
        throw new Error('attach() threw no error');
    },

    async 'a promise'() {
        const shm = await Shm.SharedMemory.create_async(name, SIZE);

        check(shm.get_size() === SIZE, `found the size ${shm.get_size()}`);
        shm.unlink();
    },

    'new'() {
        const shm = new Shm.SharedMemory({name, size: SIZE, origin: Shm.Origin.CREATE});

        check(!shm.is_closed, 'new did not open the block');
        shm.unlink();
    },
};

const loop = GLib.MainLoop.new(null, false);
let failures = 0;

async function runAll() {
    let count = 0;

    print(`1..${Object.keys(tests).length}`);
    for (const [title, test] of Object.entries(tests)) {
        let problem = null;

        try {
            await test();
        } catch (error) {
            problem = `${error}`;
        }
        const file = Gio.File.new_for_path(`/dev/shm/${name}`);
        if (file.query_exists(null)) {
            problem ??= `the test did not remove ${name}`;
            file.delete(null);
        }

        print(`${problem === null ? 'ok' : 'not ok'} ${++count} - ${title}`);
        if (problem !== null) {
            failures++;
            print(problem.replace(/^/gm, '# '));
        }
    }
}

runAll().catch(error => {
    failures++;
    print(`Bail out! ${error}`);
}).finally(() => loop.quit());
loop.run();
exit(failures > 0 ? 1 : 0);
