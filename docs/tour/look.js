// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// look.js NAME [unlink]: attaches to a block and examines it without a copy. `unlink` removes the
// name at the end.

imports.gi.versions.Shm = '1.0';
const {GLib, Shm} = imports.gi;

const BEGINNING = 1 << 20;

function countInView(buf, wanted) {
    let count = 0;

    for (const byte of buf) {
        if (byte === wanted)
            count++;
    }
    return count;
}

// For versions of GJS without live views: reads byte by byte, still without a copy.
function countByAccessor(shm, length, wanted) {
    let count = 0;

    for (let i = 0; i < length; i++) {
        if (shm.get_uint8(i) === wanted)
            count++;
    }
    return count;
}

function count(shm, wanted) {
    const length = Math.min(shm.size, BEGINNING);

    try {
        return ['live Uint8Array', countInView(shm.buf.subarray(0, length), wanted)];
    } catch (error) {
        if (!error.matches(Shm.Error, Shm.Error.NOT_SUPPORTED))
            throw error;
        return ['typed accessors', countByAccessor(shm, length, wanted)];
    }
}

const [name, action] = ARGV;
const shm = Shm.SharedMemory.attach(name);
const sum = GLib.compute_checksum_for_bytes(GLib.ChecksumType.SHA256, shm.get_live_bytes());
const [access, found] = count(shm, '<'.charCodeAt(0));

if (action === 'unlink')
    shm.unlink();
print(['JavaScript', action === 'unlink' ? 'removed the name' : access, sum,
    `${found} “<” in the first MiB`].join('\t'));
