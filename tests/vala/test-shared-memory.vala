// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tests Shm.SharedMemory in Vala: constructors, properties, signals, error codes, async methods.

void test_blocks () throws Shm.Error {
    var name = unique_name ("blocks");
    var shm = new Shm.SharedMemory.create (name, 100);
    var other = new Shm.SharedMemory.attach (name);

    assert_cmpstr (shm.name, EQ, name);
    assert (other.size == 100 && other.mode == 0600 && !other.read_only);
    assert (other.origin == Shm.Origin.ATTACH);

    shm.write (10, new Bytes ("vala".data));
    assert_cmpstr ((string) other.read (10, 5).get_data (), EQ, "vala");
    shm.set_int64 (0, -5);
    assert (other.get_int64 (0) == -5);
    assert (other.atomic_add_int64 (0, 7) == -5);
    assert (shm.atomic_compare_exchange_int32 (0, 2, 9) == 2);
    assert (shm.atomic_load_int32 (0) == 9);
    assert (shm.event_advance (24) == 1 && other.event_get (24) == 1);

    var live = other.get_live_region (10, 4);
    other.close ();
    assert (other.is_closed);
    shm.set_uint8 (10, 'V');
    assert (live.get (0) == 'V');

    shm.unlink ();
    assert (shm.is_unlinked);
}

// These functions throw only errors of the library.
void test_programs_and_wakers () throws Shm.Error {
    assert (Shm.begin_program ());
    assert (new Shm.Waker ().get_fd () >= 0);
    try {
        Shm.join_program (int.MAX);
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.NOT_FOUND);
    }
}

void test_waiting () throws Error {
    var shm = new Shm.SharedMemory.create_anonymous (100);
    var thread = new Thread<bool> ("advance", () => {
        try {
            shm.event_advance (8);
        } catch (Shm.Error e) {
            assert_not_reached ();
        }

        return true;
    });

    assert (shm.event_wait (8, 0) == 1);
    thread.join ();
    try {
        shm.wait (0, 0, 1000);
        assert_not_reached ();
    } catch (Shm.Error.TIMED_OUT e) {
        assert ("offset 0" in e.message);
    }
}

bool is_locked (Shm.SharedMemory shm) throws Error {
    try {
        shm.@lock (SHARED, 0);
        return false;
    } catch (Shm.Error.TIMED_OUT e) {
        return true;
    }
}

async void use_async_locks (Shm.SharedMemory shm) throws Error {
    {
        var guard = yield shm.lock_async ();
        assert (guard.is_held () && is_locked (shm));
        try {
            yield shm.lock_range_async (0, 1, SHARED, 1000);
            assert_not_reached ();
        } catch (Shm.Error.TIMED_OUT e) {
            assert ("offset 0" in e.message);
        }
    }
    assert (!is_locked (shm));
}

void test_locks () throws Error {
    var shm = new Shm.SharedMemory.create_anonymous (100);

    {
        var guard = shm.@lock ();
        assert (guard.is_held () && is_locked (shm));
        unowned var same = guard;
        assert (same.is_held ());
    }
    assert (!is_locked (shm));

    var shared = shm.lock_range (10, 20, SHARED);
    assert (!is_locked (shm));
    try {
        shm.lock_range (29, 1, EXCLUSIVE, 0);
        assert_not_reached ();
    } catch (Shm.Error.TIMED_OUT e) {
        assert ("offset 29" in e.message);
    }
    assert (shared.release () && !shared.is_held ());
    shm.lock_range (29, 1).release ();

    var loop = new MainLoop ();
    Error? problem = null;
    use_async_locks.begin (shm, (_, result) => {
        try {
            use_async_locks.end (result);
        } catch (Error e) {
            problem = e;
        }
        loop.quit ();
    });
    loop.run ();
    if (problem != null)
        throw problem;
}

void test_list_lock () throws Error {
    var list = new Shm.ShareableList.create_anonymous (new Variant ("(x)", (int64) 1));
    var guard = list.@lock (EXCLUSIVE);

    assert (!guard.get_previous_died ());
    try {
        list.@lock (SHARED, 0);
        assert_not_reached ();
    } catch (Shm.Error.TIMED_OUT e) {
    }
}

void test_errors () throws Error {
    try {
        new Shm.SharedMemory.attach (unique_name ("nowhere"));
        assert_not_reached ();
    } catch (Shm.Error.NOT_FOUND e) {
        assert (unique_name ("nowhere") in e.message);
    } catch (Shm.Error e) {
        assert_not_reached ();
    }

    try {
        new Shm.SharedMemory.create ("no/name", 1);
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.INVALID_NAME);
    }
}

void test_signals () throws Shm.Error {
    var shm = new Shm.SharedMemory.create (null, 1);
    int closed = 0, unlinked = 0, notified = 0;

    shm.closed.connect (() => closed++);
    shm.unlinked.connect (() => unlinked++);
    shm.notify["is-closed"].connect (() => notified++);
    shm.watch ();
    shm.unlink ();
    shm.close ();
    assert (closed == 1 && unlinked == 1 && notified == 1);
}

void test_subclass () throws Error {
    var shm = new Derived (unique_name ("derived"));

    assert (shm.init (null));
    shm.set_uint8 (0, 7);
    assert (shm.first () == 7);
    shm.unlink ();
}

class Derived : Shm.SharedMemory {
    public Derived (string name) {
        Object (origin: Shm.Origin.CREATE, name: name, size: (uint64) 1, mode: 0600);
    }

    public uint8 first () throws Shm.Error {
        return get_uint8 (0);
    }
}

async void use_async_methods () throws Error {
    var name = unique_name ("async");
    var shm = yield Shm.SharedMemory.create_async (name, 1 << 20);
    var other = yield Shm.SharedMemory.attach_async (name);
    var opened = yield Shm.SharedMemory.open_or_create_async (name, 1);
    var anonymous = yield Shm.SharedMemory.create_anonymous_async (10);

    assert (shm.size == 1 << 20 && other.size == 1 << 20 && opened.size == 1 << 20);
    assert (anonymous.name == null);
    yield shm.write_async (10, new Bytes ("vala".data));
    assert_cmpstr ((string) (yield other.read_async (10, 5)).get_data (), EQ, "vala");

    assert (yield anonymous.seal_async (SHRINK));
    assert (anonymous.get_seals () == Shm.SealFlags.SHRINK);
    yield anonymous.seal_async (Shm.SealFlags.GROW);
    assert (anonymous.get_seals () == Shm.SealFlags.RESIZE);

    bool found = false;
    foreach (unowned Shm.BlockInfo info in yield Shm.list_blocks_async ()) {
        if (info.name == name)
            found = true;
    }
    assert (found);
    shm.unlink ();

    try {
        yield Shm.SharedMemory.create_async ("no/name", 1);
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.INVALID_NAME);
    }

    var cancellable = new Cancellable ();
    cancellable.cancel ();
    try {
        yield Shm.SharedMemory.attach_async (name, NONE, cancellable);
        assert_not_reached ();
    } catch (IOError e) {
        assert (e is IOError.CANCELLED);
    }
}

async void use_waits () throws Error {
    var shm = new Shm.SharedMemory.create_anonymous (100);
    uint32 seen = 0;

    for (int i = 0; i < 3; i++) {
        var thread = new Thread<void> ("advance", () => {
            try {
                shm.event_advance (16);
            } catch (Shm.Error e) {
                assert_not_reached ();
            }
        });
        seen = yield shm.event_wait_async (16, seen);
        assert (seen == i + 1);
        thread.join ();
    }
    assert (yield shm.wait_async (8, 1));

    try {
        yield shm.wait_async (8, 0, 1000);
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.TIMED_OUT);
    }

    var cancellable = new Cancellable ();
    cancellable.cancel ();
    try {
        yield shm.event_wait_async (16, seen, -1, cancellable);
        assert_not_reached ();
    } catch (IOError e) {
        assert (e is IOError.CANCELLED);
    }

    var source = shm.create_event_source (16, seen);
    source.set_callback (() => {
        use_waits.callback ();
        return Source.REMOVE;
    });
    source.attach (null);
    shm.event_advance (16);
    yield;
    assert (shm.event_get (16) == seen + 1);
}

void test_async () throws Error {
    var loop = new MainLoop ();
    Error? problem = null;

    use_async_methods.begin ((_, result) => {
        try {
            use_async_methods.end (result);
        } catch (Error e) {
            problem = e;
        }
        loop.quit ();
    });
    loop.run ();
    if (problem != null)
        throw problem;

    use_waits.begin ((_, result) => {
        try {
            use_waits.end (result);
        } catch (Error e) {
            problem = e;
        }
        loop.quit ();
    });
    loop.run ();
    if (problem != null)
        throw problem;
}

async void use_waker (Shm.SharedMemory shm) throws Error {
    assert ((yield shm.event_wait_async (16, 0)) == 1);
    assert (yield shm.wait_async (8, 1));
    try {
        yield shm.event_wait_async (16, 1, 1000);
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.TIMED_OUT);
    }
}

// A loop that is not GLib's polls the descriptor of a waker. Another process advances the event.
void test_waker () throws Error {
    var shm = new Shm.SharedMemory.create_anonymous (100);
    var waker = new Shm.Waker ();
    bool is_done = false;
    int status;

    waker.get_context ().push_thread_default ();
    use_waker.begin (shm, (_, result) => {
        try {
            use_waker.end (result);
            is_done = true;
        } catch (Error e) {
            error ("%s", e.message);
        }
    });
    var child = Posix.fork ();
    if (child == 0) {
        try {
            Posix._exit (shm.event_advance (16) == 1 ? 0 : 1);
        } catch (Error e) {
            Posix._exit (1);
        }
    }
    while (!is_done) {
        Posix.pollfd[] fds = { Posix.pollfd () { fd = waker.get_fd (), events = Posix.POLLIN } };

        assert (Posix.poll (fds, 600000) == 1);
        waker.dispatch ();
    }
    waker.get_context ().pop_thread_default ();
    assert (Posix.waitpid (child, out status, 0) == child && status == 0);
}

void test_lists () throws Shm.Error {
    var shm = new Shm.SharedMemory.create (unique_name ("list"), 12);
    bool found = false;

    foreach (unowned Shm.BlockInfo info in Shm.list_blocks ()) {
        if (info.get_name () == shm.name)
            found = info.get_size () == 12 && info.size == 12 && info.mode == 0600;
    }
    assert (found);
    assert (Shm.remove_block (shm.name));
}

int main (string[] args) {
    Test.init (ref args);
    add ("/vala/blocks", test_blocks);
    add ("/vala/programs-and-wakers", test_programs_and_wakers);
    add ("/vala/waiting", test_waiting);
    add ("/vala/locks", test_locks);
    add ("/vala/list-lock", test_list_lock);
    add ("/vala/errors", test_errors);
    add ("/vala/signals", test_signals);
    add ("/vala/subclass", test_subclass);
    add ("/vala/async", test_async);
    add ("/vala/waker", test_waker);
    add ("/vala/lists", test_lists);

    return Test.run ();
}
