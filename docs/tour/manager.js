// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// manager.js ADDRESS KEY-FILE [look]: connects to a manager and creates a block and a list. With
// `look` it attaches to the last block and the last list of the manager instead.

imports.gi.versions.Shm = '1.0';
const {GLib, Shm} = imports.gi;

const [address, keyFile, action] = ARGV;
const loop = GLib.MainLoop.new(null, false);

async function create(manager) {
    const shm = await manager.create_shared_memory_async(null, 100);
    const list = await manager.create_shareable_list_async([42, 'Grüße aus Köln']);

    shm.write(0, new TextEncoder().encode('Hello from JavaScript'));
    return ['creates a block and a list', `“${text(shm)}”, ${show(list)}`];
}

async function look(manager) {
    const [block, list] = (await manager.list_blocks_async()).slice(-2);
    const shm = Shm.SharedMemory.attach(block);

    return ['attaches to them', `“${text(shm)}”, ${show(Shm.ShareableList.attach(list))}`];
}

function text(shm) {
    const bytes = shm.read();

    return new TextDecoder().decode(bytes.slice(0, bytes.indexOf(0)));
}

function show(list) {
    return JSON.stringify([...list]);
}

async function main() {
    const manager = Shm.Manager.new(address, GLib.file_get_contents(keyFile)[1]);

    await manager.connect_to_server_async();
    print(['JavaScript', ...await (action === 'look' ? look : create)(manager)].join('\t'));
}

let status = 0;
main().catch(error => {
    printerr(error.message);
    status = 1;
}).finally(() => loop.quit());
loop.run();
imports.system.exit(status);
