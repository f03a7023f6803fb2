// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// service.js: owns a list of thermometers that other programs write, and hands out the history of
// their mean over D-Bus.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Shm from 'gi://Shm?version=1.0';
import System from 'system';

const NAME = 'org.example.Thermometers';
const LIST = 'thermometers';
const N_THERMOMETERS = 4;
const XML = `<node><interface name="${NAME}">
  <method name="GetHistory"><arg type="h" direction="out"/></method>
</interface></node>`;

// The history: an event, the number of entries, and the entries.
const EVENT = 0, COUNT = 8, ENTRIES = 16, MAX_ENTRIES = 1000;

class Service {
    constructor() {
        this.list = Shm.ShareableList.create(
            new Array(N_THERMOMETERS).fill(null), LIST, Shm.CreateFlags.TRACK);
        this.model = this.list.get_model();
        this.history = Shm.SharedMemory.create_anonymous(ENTRIES + 8 * MAX_ENTRIES);
    }

    // Returns a promise for the next change of the list. The main loop does not run between this call
    // and the code before it, so no change is lost.
    nextChange() {
        return new Promise(resolve => {
            const id = this.model.connect('items-changed', () => {
                this.model.disconnect(id);
                resolve();
            });
        });
    }

    async run() {
        for (;;) {
            await this.nextChange();
            const values = this.list.toArray().filter(value => value !== null);
            const count = this.history.atomic_load_int64(COUNT);

            if (values.length === 0 || count === MAX_ENTRIES)
                continue;
            this.history.set_double(ENTRIES + 8 * count,
                values.reduce((a, b) => a + b) / values.length);
            this.history.atomic_store_int64(COUNT, count + 1);
            this.history.event_advance(EVENT); // wakes the clients
        }
    }

    // The method of D-Bus. The list of descriptors duplicates the descriptor.
    GetHistoryAsync(parameters, invocation) {
        const descriptors = new Gio.UnixFDList();
        const index = descriptors.append(this.history.fd);

        invocation.return_value_with_unix_fd_list(new GLib.Variant('(h)', [index]), descriptors);
    }
}

function makeService() {
    try {
        return new Service();
    } catch (error) {
        printerr(`service.js: ${error.message}`); // for example, the service runs already
        System.exit(1);
    }
}

const loop = new GLib.MainLoop(null, false);

function onNameLost(connection) {
    printerr(`service.js: ${connection ? `${NAME} runs already` : 'there is no session bus'}`);
    loop.quit();
}

const service = makeService();
const exported = Gio.DBusExportedObject.wrapJSObject(XML, service);

Gio.bus_own_name(Gio.BusType.SESSION, NAME, Gio.BusNameOwnerFlags.NONE,
    connection => exported.export(connection, '/org/example/Thermometers'),
    () => print(`${NAME} is ready`), onNameLost);
service.run().catch(error => {
    logError(error);
    loop.quit();
});
loop.run();
System.exit(1); // The main loop ends after an error only.
