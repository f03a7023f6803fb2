// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tests Shm.Frames in Vala.

const int SIZE = 100;

Bytes filled (uint8 byte) {
    var data = new uint8[SIZE];

    Memory.set (data, byte, SIZE);
    return new Bytes (data);
}

void test_frames () throws GLib.Error {
    var name = unique_name ("frames");
    var frames = new Shm.Frames.create (name, SIZE, 4);
    var reader = new Shm.Frames.attach (name, Shm.AttachFlags.READ_ONLY);
    uint64 number, offset;

    assert (frames.frame_size == SIZE && frames.n_slots == 4);
    assert (frames.write (filled (1)) == 1);
    assert (reader.wait (0) == 1);
    assert (reader.read (out number).compare (filled (1)) == 0 && number == 1);

    var frame = reader.acquire ();
    for (int i = 0; i < 10; i++) {
        assert (frames.begin (out offset));
        frames.shared_memory.write (offset, filled (2));
        frames.publish ();
    }
    assert (frame.get_number () == 1 && frame.get_frames () == reader);
    assert (frame.get_live_bytes ().compare (filled (1)) == 0);
    frame.release ();
    assert (reader.get_number () == 11);
    frames.shared_memory.unlink ();
}

void test_errors () throws GLib.Error {
    var frames = new Shm.Frames.create_anonymous (SIZE, 3);

    try {
        frames.acquire ();
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.VALUE_NOT_FOUND);
    }
    try {
        frames.wait (0, 1000);
        assert_not_reached ();
    } catch (GLib.Error e) {
        assert (e is Shm.Error.TIMED_OUT);
    }
}

async void wait_in_loop (Shm.Frames frames, MainLoop loop) {
    try {
        var number = yield frames.wait_async (0);

        assert (number == 1);
    } catch (GLib.Error e) {
        error ("%s", e.message);
    }
    loop.quit ();
}

void test_async () throws GLib.Error {
    var frames = new Shm.Frames.create_anonymous (SIZE, 3);
    var loop = new MainLoop ();

    wait_in_loop.begin (frames, loop);
    Idle.add (() => {
        try {
            frames.write (filled (1));
        } catch (Shm.Error e) {
            error ("%s", e.message);
        }
        return Source.REMOVE;
    });
    loop.run ();
}

int main (string[] args) {
    Test.init (ref args);
    add ("/vala/frames", test_frames);
    add ("/vala/frames/errors", test_errors);
    add ("/vala/frames/async", test_async);

    return Test.run ();
}
