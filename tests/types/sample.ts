// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Uses the module in GJS as programs do. test_declarations.py lets tsc check this file, and runs it
// with gjs. tsc must find an error in each line below "@ts-expect-error".

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Shm from 'gi://Shm?version=1.0';

/** Accepts a value only if its type is exactly T. */
function hasType<T>() {
    return <U>(value: U, ..._same: [T, U] extends [U, T] ? [] : [never]) => value;
}

function useBlocks() {
    const shm = Shm.SharedMemory.create(null, 4096);
    const name = hasType<string | null>()(shm.name)!;

    shm.write(0, Uint8Array.of(1, 2));
    shm.write(0, [3, 4]);
    shm.write(0, new GLib.Bytes(Uint8Array.of(5, 6)));
    hasType<Uint8Array>()(shm.read(0, 2));
    hasType<number>()(shm.read().length);
    if (!shm.read_only)
        shm.set_int64(8, 2n ** 60n);
    hasType<number | bigint>()(shm.get_int64(8));
    hasType<number | bigint>()(shm.atomic_add_int64(8, 1));
    hasType<number>()(shm.atomic_add_int32(16, 1));
    hasType<number>()(shm.event_advance(24));
    hasType<boolean>()(shm.wait(24, 0));
    hasType<boolean>()(shm.wait(24, 0, 1000, new Gio.Cancellable()));
    hasType<boolean>()(shm.withLock(guard => guard.is_held()));
    shm.withLock(() => {}, {shared: true, timeout: 5});
    shm.lock(Shm.LockMode.SHARED).release();
    shm.lock_range(0, 8).release();
    shm.connect('unlinked', block => hasType<Shm.SharedMemory>()(block));
    hasType<Shm.SharedMemory>()(Shm.SharedMemory.attach(name, Shm.AttachFlags.READ_ONLY));
    hasType<Shm.SharedMemory>()(imports.gi.Shm.SharedMemory.attach(name));
    hasType<Shm.SharedMemory>()(new Shm.SharedMemory({name, origin: Shm.Origin.ATTACH}));
    hasType<string[]>()(Shm.list_blocks().map(block => block.name));
    hasType<string | null>()(Shm.check_version(1, 0, 0));
    shm.unlink();
    shm.close();

    const anonymous = Shm.SharedMemory.create_anonymous(64, Shm.CreateFlags.SPARSE);
    anonymous.seal(Shm.SealFlags.SHRINK | Shm.SealFlags.GROW);
}

function useLists() {
    const list = Shm.ShareableList.from([1, 'two', null, 2n ** 60n, true, Uint8Array.of(6)]);

    hasType<Shm.Value | undefined>()(list.at(-1));
    list.setAt(0, 7.5);
    hasType<Shm.Value[]>()([...list]);
    hasType<Shm.Value[]>()(list.toArray());
    hasType<number>()(list.indexOf('two'));
    hasType<boolean>()(list.includes(null));
    hasType<number>()(list.count(true));
    hasType<[boolean, number]>()(list.find('two'));
    hasType<Shm.Value>()(list.get_value(0));
    hasType<number | bigint>()(list.get_int64(3));
    hasType<Shm.ValueKind>()(list.get_value_kind(0));
    hasType<Shm.SharedMemory>()(list.shm);
    list.withLock(() => list.setAt(1, 'three'));
    hasType<Shm.ListModel>()(list.get_model());
    hasType<Shm.Value | undefined>()(list.get_model().get_item(0)?.value);
    list.shm.unlink();

    const numbers = new Shm.ShareableList({values: [1, 2], name: 'shmobj-types'});
    Shm.ShareableList.create(new GLib.Variant('ad', [1, 2])).shm.unlink();
    hasType<Shm.ShareableList>()(Shm.ShareableList.attach(numbers.name));
    numbers.shm.unlink();
}

async function useManagers() {
    const manager = Shm.Manager.new();

    manager.connect('block-removed', (source, name) => hasType<string>()(name));
    hasType<boolean>()(await manager.start_async());
    hasType<Shm.SharedMemory>()(manager.create_shared_memory(null, 64));
    hasType<Shm.ShareableList>()(await manager.create_shareable_list_async([1, 'two']));
    hasType<string[]>()(manager.list_blocks());
    hasType<boolean>()(manager.shutdown());
    hasType<Shm.ManagerState>()(manager.state);
    new Shm.Manager({authkey: Uint8Array.of(1), flags: Shm.ManagerFlags.REFUSE_MD5});
}

function useFrames() {
    const frames = Shm.Frames.create(null, 1024, 4);

    hasType<number>()(frames.draw(frame => hasType<Uint8Array>()(frame).fill(1)));
    hasType<number>()(frames.write(new ArrayBuffer(1024)));
    hasType<Uint8Array>()(frames.read());
    const frame = frames.acquire();
    hasType<Uint8Array>()(frame.toArray());
    frame.release();
    frames.shared_memory?.unlink();
    frames.close();
}

async function usePromises() {
    const shm = hasType<Shm.SharedMemory>()(await Shm.SharedMemory.create_async(null, 64));

    hasType<Uint8Array>()(await shm.read_async(0, 8));
    hasType<boolean>()(await shm.write_async(0, [1]));
    hasType<string>()(await shm.withLockAsync(async () => 'result'));
    hasType<Shm.LockGuard>()(await shm.lock_async()).release();
    hasType<Shm.BlockInfo[]>()(await Shm.list_blocks_async());
    await new Promise<void>(resolve => {
        hasType<void>()(shm.read_async(0, 8, null, (source, result) => {
            hasType<Uint8Array>()(source!.read_finish(result));
            resolve();
        }));
    });
    shm.unlink();
}

/** Contains errors for tsc to find, and is not called. */
export function useWrongly(shm: Shm.SharedMemory, list: Shm.ShareableList) {
    // @ts-expect-error
    Shm.SharedMemory.create(null, '4096');
    // @ts-expect-error
    Shm.SharedMemory.attach(null);
    // @ts-expect-error
    shm.size = 5;
    // @ts-expect-error
    shm.write(0, 'text');
    // @ts-expect-error
    shm.set_int64(0);
    // @ts-expect-error
    const number: number = shm.get_int64(0);
    // @ts-expect-error
    shm.reed();
    // @ts-expect-error
    shm.seal();
    // @ts-expect-error
    shm.withLock(async () => 5);
    // @ts-expect-error
    shm.lock(true);
    // @ts-expect-error
    shm.connect('unlinkd', () => {});
    // @ts-expect-error
    list.setAt(0, {});
    // @ts-expect-error
    list.setAt('0', 1);
    // @ts-expect-error
    list[0];
    // @ts-expect-error
    Shm.ShareableList.from(5);
    // @ts-expect-error
    new Shm.SharedMemory({is_closed: true});
    // @ts-expect-error
    Shm.Frames.create(1024, 4);

    return number;
}

async function run() {
    useBlocks();
    useLists();
    await useManagers();
    useFrames();
    await usePromises();
}

let isDone = false;
run().then(() => {
    print('done');
}).finally(() => {
    isDone = true;
});
while (!isDone)
    GLib.MainContext.default().iteration(true);
