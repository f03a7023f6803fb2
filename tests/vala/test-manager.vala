// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tests Shm.Manager in Vala: default arguments, async methods, signals, and error codes.

bool exists (string name) {
    return FileUtils.test ("/dev/shm/" + name, FileTest.EXISTS);
}

delegate bool Condition ();

// Runs the main loop until the condition is true.
void run_until (Condition is_true) {
    var end = get_monotonic_time () + 10 * TimeSpan.MINUTE;

    while (!is_true ()) {
        assert (get_monotonic_time () < end);
        MainContext.@default ().iteration (false);
        Thread.usleep (1000);
    }
}

Bytes key () {
    return new Bytes ({ 1, 0, 255, 10 });
}

void test_new () throws Error {
    var manager = new Shm.Manager ();
    var other = new Shm.Manager ("/run/nowhere", key ());
    var third = new Shm.Manager ("127.0.0.1:4321", null, REFUSE_MD5 | ALLOW_OTHER_USERS);

    assert (manager.state == Shm.ManagerState.INITIAL && manager.pid == 0);
    assert (manager.get_address () == null && manager.address == null);
    assert (manager.get_authkey ().length == 32 && manager.flags == NONE);
    assert_cmpstr (other.address, EQ, "/run/nowhere");
    assert (other.authkey.compare (key ()) == 0);
    assert_cmpstr (third.address, EQ, "127.0.0.1:4321");
    assert (third.flags == (Shm.ManagerFlags.REFUSE_MD5 | Shm.ManagerFlags.ALLOW_OTHER_USERS));
}

void test_blocks () throws Error {
    var manager = new Shm.Manager (null, key ());

    manager.start ();
    assert (manager.state == Shm.ManagerState.STARTED && manager.pid > 0);

    var shm = manager.create_shared_memory (unique_name ("block"), 100);
    var list = manager.create_shareable_list (new Variant ("(xs)", (int64) 42, "howdy"));
    var copy = manager.create_shareable_list (list.copy_values ());
    assert_cmpstr (shm.name, EQ, unique_name ("block"));
    assert (shm.size == 100);
    assert ((int64) list[0] == 42 && (string) list[1] == "howdy");
    assert (copy.copy_values ().equal (list.copy_values ()));
    assert_cmpstr (string.joinv (" ", manager.list_blocks ()), EQ,
        string.joinv (" ", { shm.name, list.name, copy.name }));

    manager.remove (shm.name);
    assert (!exists (shm.name) && exists (list.name));

    manager.shutdown ();
    assert (manager.state == Shm.ManagerState.SHUT_DOWN);
    assert (!exists (list.name) && !exists (copy.name));
}

void test_connect () throws Error {
    var manager = new Shm.Manager ("@" + unique_name ("manager"), key ());
    var other = new Shm.Manager (manager.address, key ());
    var shm = new Shm.SharedMemory.create (unique_name ("tracked"), 1);

    manager.start ();
    other.connect_to_server ();
    assert (other.state == Shm.ManagerState.CONNECTED);
    other.track (shm.name);
    assert (manager.list_blocks ().length == 1);
    other.shutdown ();
    assert (!exists (shm.name));
    manager.shutdown ();
}

void test_errors () throws Error {
    var manager = new Shm.Manager (null, key ());
    var absent = new Shm.Manager ("@" + unique_name ("absent"), key ());

    try {
        manager.create_shared_memory (null, 1);
        assert_not_reached ();
    } catch (Shm.Error.NOT_STARTED e) {
        assert ("start()" in e.message);
    }

    manager.start ();
    try {
        manager.start ();
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.ALREADY_STARTED);
    }

    try {
        manager.remove (unique_name ("nowhere"));
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.NOT_FOUND);
    }

    try {
        absent.connect_to_server ();
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.NOT_FOUND);
    }

    try {
        new Shm.Manager (manager.address, new Bytes ({ 1 })).connect_to_server ();
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.AUTHENTICATION_FAILED);
    }

    manager.shutdown ();
    try {
        manager.list_blocks ();
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.CLOSED);
    }
}

void test_signals () throws Error {
    var manager = new Shm.Manager (null, key ());
    var signals = new GenericArray<string> ();

    manager.block_tracked.connect ((name) => signals.add ("+" + name));
    manager.block_removed.connect ((name) => signals.add ("-" + name));
    manager.server_exited.connect (() => signals.add ("exited"));
    manager.start ();

    var shm = manager.create_shared_memory (null, 1);
    manager.remove (shm.name);
    assert (signals.length == 2 && signals[0] == "+" + shm.name && signals[1] == "-" + shm.name);

    shm = manager.create_shared_memory (null, 1);
    Posix.kill ((Posix.pid_t) manager.pid, Posix.Signal.KILL);
    run_until (() => signals.length == 4);
    assert_cmpstr (signals[3], EQ, "exited");
    assert (manager.state == Shm.ManagerState.SERVER_DIED);
    assert (!exists (shm.name));

    try {
        manager.list_blocks ();
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.SERVER_DIED);
    }
}

void test_last_reference () throws Error {
    var manager = new Shm.Manager ();

    manager.start ();
    var shm = manager.create_shared_memory (null, 1);
    assert (exists (shm.name));
    manager = null;
    assert (!exists (shm.name));
}

void test_leftovers () throws Error {
    uint n_removed;

    assert (Shm.Manager.remove_leftovers (out n_removed));
}

async void use_async_methods () throws Error {
    var manager = new Shm.Manager (null, key ());
    var cancellable = new Cancellable ();

    yield manager.start_async ();
    var other = new Shm.Manager (manager.address, key ());
    yield other.connect_to_server_async ();

    var shm = yield other.create_shared_memory_async (unique_name ("async"), 100);
    var list = yield manager.create_shareable_list_async (new Variant.strv ({ "a", "b" }));
    var copy = yield manager.create_shareable_list_async (list.copy_values ());
    assert (shm.size == 100 && (string) list[1] == "b" && (string) copy[0] == "a");

    var tracked = new Shm.SharedMemory.create (unique_name ("tracked"), 1);
    yield other.track_async (tracked.name);
    yield manager.remove_async (copy.name);
    assert_cmpstr (string.joinv (" ", yield manager.list_blocks_async ()), EQ,
        string.joinv (" ", { shm.name, list.name, tracked.name }));

    try {
        yield manager.create_shared_memory_async (shm.name, 1);
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.EXISTS);
    }

    cancellable.cancel ();
    try {
        yield manager.create_shared_memory_async (null, 1, 0600, NONE, cancellable);
        assert_not_reached ();
    } catch (IOError e) {
        assert (e is IOError.CANCELLED);
    }

    uint n_removed;
    unowned string? address = null;
    foreach (unowned Shm.BlockInfo info in yield Shm.list_owned_blocks_async ()) {
        if (info.name == list.name && !info.is_leftover ())
            address = manager.address == info.get_manager_address () ? manager.address : null;
    }
    assert (address != null && Shm.list_owned_blocks ().length () > 0);
    assert (yield Shm.Manager.remove_leftovers_async (null, out n_removed));

    yield manager.shutdown_async ();
    foreach (var name in new string[] { shm.name, list.name, tracked.name })
        assert (!exists (name));
}

void test_async () throws Error {
    AsyncResult? done = null;

    use_async_methods.begin ((_, result) => done = result);
    run_until (() => done != null);
    use_async_methods.end (done);
}

class Pool : Shm.Manager {
    public Pool () {
        Object (authkey: key ());
    }

    public Shm.SharedMemory take () throws Error {
        return create_shared_memory (null, 100);
    }
}

void test_subclass () throws Error {
    var pool = new Pool ();

    pool.start ();
    var shm = pool.take ();
    assert (pool.authkey.compare (key ()) == 0);
    pool.shutdown ();
    assert (!exists (shm.name));
}

int main (string[] args) {
    Test.init (ref args);
    add ("/vala/manager/new", test_new);
    add ("/vala/manager/blocks", test_blocks);
    add ("/vala/manager/connect", test_connect);
    add ("/vala/manager/errors", test_errors);
    add ("/vala/manager/signals", test_signals);
    add ("/vala/manager/last-reference", test_last_reference);
    add ("/vala/manager/leftovers", test_leftovers);
    add ("/vala/manager/async", test_async);
    add ("/vala/manager/subclass", test_subclass);

    return Test.run ();
}
