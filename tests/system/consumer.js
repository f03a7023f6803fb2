// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A program that uses the installed library from JavaScript. It fails without the override, because
// read() would need arguments, and would not return an array.

imports.gi.versions.Shm = '1.0';
const {Shm} = imports.gi;

const shm = Shm.SharedMemory.create(null, 16);

try {
    const other = Shm.SharedMemory.attach(shm.name);

    other.write(8, [214, 255, 255, 255, 255, 255, 255, 255]);
    if (shm.get_int64(8) !== -42 || shm.read().length !== 16)
        throw new Error('get_int64() or read() returns a wrong result');
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
