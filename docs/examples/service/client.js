// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// client.js [NUMBER]: prints the means that service.js computes, as soon as they are there.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Shm from 'gi://Shm?version=1.0';
import System from 'system';

const NAME = 'org.example.Thermometers';
const EVENT = 0, COUNT = 8, ENTRIES = 16;

Gio._promisify(Gio.DBusConnection.prototype, 'call_with_unix_fd_list',
    'call_with_unix_fd_list_finish');

async function openHistory() {
    const [reply, descriptors] = await Gio.DBus.session.call_with_unix_fd_list(
        NAME, '/org/example/Thermometers', NAME, 'GetHistory', null, new GLib.VariantType('(h)'),
        Gio.DBusCallFlags.NONE, -1, null, null);
    const [index] = reply.deepUnpack();
    const fd = descriptors.get(index); // a duplicate, which this program has to close

    try {
        return Shm.SharedMemory.attach_fd(fd, Shm.AttachFlags.NONE);
    } finally {
        GLib.close(fd);
    }
}

async function main(number = Infinity) {
    const history = await openHistory();
    let printed = 0;

    while (printed < number) {
        const seen = history.event_get(EVENT); // before the entries are counted
        const count = history.atomic_load_int64(COUNT);

        for (; printed < count && printed < number; printed++)
            print(history.get_double(ENTRIES + 8 * printed).toFixed(1));
        if (printed < number)
            await history.event_wait_async(EVENT, seen);
    }
}

const loop = new GLib.MainLoop(null, false);

main(...System.programArgs.map(Number)).catch(error => printerr(`client.js: ${error.message}`))
    .finally(() => loop.quit());
loop.run();
