// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tests Shm.ListModel in Vala.

void iterate_until (owned BoolFunc condition) {
    bool expired = false;
    uint source = Timeout.add_seconds (600, () => {
        expired = true;
        return Source.REMOVE;
    });

    while (!condition ()) {
        assert (!expired);
        MainContext.default ().iteration (true);
    }
    Source.remove (source);
}

delegate bool BoolFunc ();

void test_model () throws GLib.Error {
    var name = unique_name ("model");
    var list = new Shm.ShareableList.create (new Variant ("(xs)", (int64) 5, "howdy"), name);
    var other = new Shm.ShareableList.attach (name);
    Shm.ListModel model = list.get_model ();
    GLib.ListModel generic = model;
    uint changes = 0;
    uint notifications = 0;

    assert (generic.get_n_items () == 2);
    assert (generic.get_item_type () == typeof (Shm.ModelItem));
    assert (model.list == list && model.interval == 0 && model.get_error () == null);
    generic.items_changed.connect ((position, removed, added) => {
        assert (position == 1 && removed == 1 && added == 1);
        changes++;
    });
    var item = (Shm.ModelItem) generic.get_item (1);
    item.notify["text"].connect (() => notifications++);
    assert (item.index == 1 && item.text == "howdy");

    other.set_string (1, "bye");
    iterate_until (() => changes == 1);
    assert (item.text == "bye" && item.get_value ().get_string () == "bye" && notifications == 1);

    model.interval = 20000;
    assert (model.get_interval () == 20000);
    other.set_int64 (1, 7);
    assert (model.refresh ());
    assert (item.value.get_int64 () == 7 && changes == 2);
    list.shared_memory.unlink ();
}

// The child changes a value of the list.
void test_other_process () throws GLib.Error {
    var list = new Shm.ShareableList.create_anonymous (new Variant ("(xx)", (int64) 5, (int64) 6));
    var model = list.get_model ();
    var item = (Shm.ModelItem) model.get_item (1);
    int status;

    var child = Posix.fork ();
    if (child == 0) {
        try {
            list.set_int64 (1, 7);
            Posix._exit (0);
        } catch (GLib.Error e) {
            Posix._exit (1);
        }
    }
    iterate_until (() => item.text == "7");
    assert (Posix.waitpid (child, out status, 0) == child && status == 0);
}

void test_errors () throws GLib.Error {
    var list = new Shm.ShareableList.create_anonymous (new Variant ("(x)", (int64) 5));
    var model = list.get_model ();

    list.shared_memory.close ();
    iterate_until (() => model.get_error () != null);
    assert (model.get_error ().matches (Shm.Error.quark (), Shm.Error.CLOSED));
    try {
        model.refresh ();
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.CLOSED);
    }
    try {
        list.get_model ();
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.CLOSED);
    }
}

int main (string[] args) {
    Test.init (ref args);
    add ("/vala/list-model", test_model);
    add ("/vala/list-model/other-process", test_other_process);
    add ("/vala/list-model/errors", test_errors);
    return Test.run ();
}
