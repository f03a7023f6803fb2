// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A program outside of this tree, in JavaScript. Without the override read() needs arguments and
// returns no array.

imports.gi.versions.Shm = '1.0';
const {Shm} = imports.gi;

const shm = Shm.SharedMemory.create(null, 16);

try {
    const other = Shm.SharedMemory.attach(shm.name);

    other.write(8, [214, 255, 255, 255, 255, 255, 255, 255]);
    if (shm.get_int64(8) !== -42 || shm.read().length !== 16)
        throw new Error('read something else than what was written');
} finally {
    shm.unlink();
}

try {
    Shm.SharedMemory.attach(shm.name);
} catch (error) {
    if (!error.matches(Shm.Error, Shm.Error.NOT_FOUND))
        throw error;
    print('ok');
}
