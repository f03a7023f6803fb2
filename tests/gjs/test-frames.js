// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tests Shm.Frames in JavaScript. Prints TAP.

imports.gi.versions.Shm = '1.0';

// With this argument, the override works as in versions of GJS that copy the memory of bytes.
if (ARGV.includes('copies'))
    imports.overrides.Shm.showsMemoryOfBytes = () => false;

const {Gio, GLib, Shm} = imports.gi;

imports.searchPath.unshift(GLib.path_get_dirname(imports.system.programPath));

const {check, checkCancelled, equal, equalBytes, fails, newName, runTests} = imports.support;
const {rejectedError, rejects, thrownError, throws, throwsRangeError} = imports.support;
const {withTimeout} = imports.support;

const SIZE = 100;

function filled(byte) {
    return new Uint8Array(SIZE).fill(byte);
}

// Returns a test with frames in an anonymous block.
function withFrames(test) {
    return async () => {
        const frames = Shm.Frames.create_anonymous(SIZE, 4);

        try {
            await test(frames);
        } finally {
            frames.close();
        }
    };
}

function openAgain(frames, flags = Shm.AttachFlags.NONE) {
    return Shm.Frames.new_for_shared_memory(
        Shm.SharedMemory.attach_fd(frames.shared_memory.get_fd(), flags));
}

const tests = {};

tests['write and read'] = withFrames(frames => {
    const reader = openAgain(frames, Shm.AttachFlags.READ_ONLY);

    equal(frames.frame_size, SIZE);
    equal(frames.n_slots, 4);
    equal(frames.shared_memory.size, Shm.Frames.get_block_size(SIZE, 4));
    equal(reader.get_number(), 0);
    for (let i = 1; i < 10; i++) {
        equal(frames.write(i % 2 === 0 ? filled(i) : [...filled(i)]), i);
        equalBytes(reader.read(), filled(i));
        equal(reader.get_number(), i);
    }
});

tests['draw'] = withFrames(frames => {
    equal(frames.draw(view => view.fill(5)), 1);
    throws(SyntaxError, () => frames.draw(view => {
        view.fill(6);
        throw new SyntaxError('drawing failed');
    }));
    equal(frames.get_number(), 1);
    equalBytes(frames.read(), filled(5));

    const offset = frames.begin();
    equal(frames.begin(), offset);
    frames.shared_memory.write(offset, filled(7));
    equal(frames.publish(), 2);
    equalBytes(frames.read(), filled(7));
});

tests['a frame in use does not change'] = withFrames(frames => {
    const reader = openAgain(frames);

    frames.write(filled(1));
    const frame = reader.acquire();
    for (let i = 0; i < 10; i++)
        frames.write(filled(2));
    equal(frame.get_number(), 1);
    check(frame.get_frames() === reader);
    equalBytes(frame.toArray(), filled(1));
    equalBytes(frame.get_live_bytes().toArray(), filled(1));
    frame.release();
    for (let i = 0; i < 4; i++)
        frames.write(filled(3));
    equalBytes(frame.toArray(), filled(3));
});

tests['errors'] = withFrames(frames => {
    const reader = openAgain(frames, Shm.AttachFlags.READ_ONLY);

    fails(Shm.Error.VALUE_NOT_FOUND, () => frames.acquire());
    fails(Shm.Error.VALUE_NOT_FOUND, () => frames.read());
    fails(Shm.Error.OUT_OF_RANGE, () => frames.write([1, 2, 3]));
    fails(Shm.Error.FAILED, () => frames.publish());
    fails(Shm.Error.INVALID_SIZE, () => Shm.Frames.create(null, SIZE, 2));
    fails(Shm.Error.INVALID_NAME, () => Shm.Frames.create('a\0b', SIZE, 4));
    fails(Shm.Error.NOT_FOUND, () => Shm.Frames.attach('shmobj-js-missing'));
    fails(Shm.Error.READ_ONLY, () => reader.draw(() => {}));
    frames.write(filled(1));
    fails(Shm.Error.EXISTS, () => openAgain(frames).begin());
    fails(Shm.Error.CLOSED, () => new Shm.Frames().acquire());
    throwsRangeError(() => Shm.Frames.create(null, -1, 4));
    throwsRangeError(() => Shm.Frames.create_anonymous(SIZE, 2 ** 32));
    throws(TypeError, () => frames.write('text'));
});

tests['waiting'] = withFrames(frames => {
    const reader = openAgain(frames);
    const cancellable = new Gio.Cancellable();

    fails(Shm.Error.TIMED_OUT, () => reader.wait(0, 1000));
    frames.write(filled(1));
    equal(reader.wait(0), 1);
    cancellable.cancel();
    checkCancelled(thrownError(() => reader.wait(1, -1, cancellable)));
});

tests['waiting in the main loop'] = withFrames(async frames => {
    const reader = openAgain(frames);
    const cancellable = new Gio.Cancellable();

    await rejects(Shm.Error.TIMED_OUT, reader.wait_async(0, 1000));
    GLib.idle_add(GLib.PRIORITY_DEFAULT, () => {
        frames.write(filled(1));
        return GLib.SOURCE_REMOVE;
    });
    equal(await withTimeout(reader.wait_async(0), 'a frame'), 1);
    equal(await reader.wait_async(0), 1);
    const waiting = reader.wait_async(1, -1, cancellable);
    cancellable.cancel();
    checkCancelled(await rejectedError(waiting));
});

const WRITER = `
imports.gi.versions.Shm = '1.0';
const frames = imports.gi.Shm.Frames.attach(ARGV[0]);
for (let i = 1; i <= 500; i++)
    frames.draw(view => view.fill(i));
frames.close();
`;

tests['frames of another process'] = () => {
    const frames = Shm.Frames.create(newName(), SIZE, 4);
    const gjs = GLib.file_read_link('/proc/self/exe');
    const process = Gio.Subprocess.new([gjs, '-c', WRITER, frames.shared_memory.name],
        Gio.SubprocessFlags.NONE);

    for (let number = 0; number < 500;) {
        frames.wait(number);
        const frame = frames.acquire();

        number = frame.get_number();
        equalBytes(frame.toArray(), filled(number));
        frame.release();
    }
    process.wait_check(null);
    frames.shared_memory.unlink();
    frames.close();
};

runTests(tests);
