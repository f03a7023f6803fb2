// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Tests Shm.ShareableList in Vala: list[i], foreach, variants, typed functions, and error codes.

Variant mixed_values () {
    return new Variant.tuple ({
        (int64) 42, 2.5, "howdy", true, new Variant.bytestring ("by"), nothing (), int64.MIN,
    });
}

Variant nothing () {
    return new Variant.maybe (VariantType.VARIANT, null);
}

void test_lists () throws Shm.Error {
    var name = unique_name ("lists");
    var list = new Shm.ShareableList.create (mixed_values (), name);
    var other = new Shm.ShareableList.attach (name);
    Shm.ValueKind[] kinds = { INT64, DOUBLE, STRING, BOOLEAN, BYTES, NONE, INT64 };

    assert_cmpstr (list.name, EQ, name);
    assert (list.length == 7 && list.size == 7 && list.get_length () == 7);
    for (int i = 0; i < kinds.length; i++)
        assert (other.get_value_kind (i) == kinds[i]);
    assert_cmpstr (list.get_format (), EQ, "qd8sxxxxxxx?8sxxxxxx?xq");
    assert (list.shared_memory == list.get_shared_memory ());
    list.shared_memory.unlink ();
}

void test_index () throws Shm.Error {
    var list = new Shm.ShareableList.create (mixed_values ());
    var other = new Shm.ShareableList.attach (list.name);

    assert ((int64) other[0] == 42);
    assert ((double) other[1] == 2.5);
    assert_cmpstr ((string) other[2], EQ, "howdy");
    assert ((bool) other[3]);
    assert (other[5].equal (nothing ()));

    list[0] = 43;
    list[1] = "text";
    list[2] = 0.5;
    list[3] = nothing ();
    list[4] = new Bytes ({ 1, 0, 2, 0 }).get_data ();
    list[5] = false;
    list[6] = int64.MAX;
    assert ((int64) other[0] == 43);
    assert_cmpstr ((string) other[1], EQ, "text");
    assert ((double) other[2] == 0.5);
    assert (other.get_value_kind (3) == NONE);
    assert (other.get_bytes (4).compare (new Bytes ({ 1, 0, 2, 0 })) == 0);
    assert (!(bool) other[5]);
    assert ((int64) other[6] == int64.MAX);
    list.shared_memory.unlink ();
}

void test_foreach () throws Shm.Error {
    var list = new Shm.ShareableList.create (mixed_values ());
    var empty = new Shm.ShareableList.create (new Variant.strv ({}));
    int i = 0;

    foreach (var value in list)
        assert (value.equal (list.get_value (i++)));
    assert (i == 7);
    foreach (var value in empty)
        error ("Unexpected value %s", value.print (true));
    list.shared_memory.unlink ();
    empty.shared_memory.unlink ();
}

void test_typed () throws Shm.Error {
    var list = new Shm.ShareableList.create (mixed_values ());

    assert (list.set_int64 (0, int64.MAX));
    assert (list.set_double (1, -0.25));
    assert (list.set_string (2, "naïve"));
    assert (list.set_boolean (3, false));
    assert (list.set_bytes (4, new Bytes ({ 0, 7, 0 })));
    assert (list.set_none (6));
    assert (list.get_int64 (0) == int64.MAX);
    assert (list.get_double (1) == -0.25);
    assert_cmpstr (list.get_string (2), EQ, "naïve");
    assert (!list.get_boolean (3));
    assert (list.get_bytes (4).compare (new Bytes ({ 0, 7, 0 })) == 0);
    assert (list.get_value_kind (6) == NONE);

    assert (list.set_text (5, new Bytes ({ 'a', 0, 'b', 0 })));
    assert (list.get_text (5).compare (new Bytes ({ 'a', 0, 'b', 0 })) == 0);
    assert (list[5].is_of_type (new VariantType ("(ay)")));
    try {
        list.get_string (5);
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.NOT_SUPPORTED);
    }
    list.shared_memory.unlink ();
}

void test_many () throws Shm.Error {
    var list = new Shm.ShareableList.create (new Variant.strv ({ "a", "b", "a" }));
    var copy = new Shm.ShareableList.create (list.copy_values ());

    uint64 index;

    assert (list.count ("a") == 2 && list.count (5) == 0);
    assert (list.find ("b", out index) && index == 1);
    assert_cmpstr (copy.copy_values ().print (false), EQ, "[<'a'>, <'b'>, <'a'>]");
    try {
        list.find ("c", null);
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.VALUE_NOT_FOUND);
    }
    list.shared_memory.unlink ();
    copy.shared_memory.unlink ();
}

void test_errors () throws Shm.Error {
    var list = new Shm.ShareableList.create (mixed_values ());
    var reader = new Shm.ShareableList.attach (list.name, Shm.AttachFlags.READ_ONLY);

    try {
        list[7] = 1;
        assert_not_reached ();
    } catch (Shm.Error.OUT_OF_RANGE e) {
        assert (list.name in e.message);
    }

    try {
        print ("%s", list[-1].print (true));
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.OUT_OF_RANGE);
    }

    try {
        list[0] = "too long for it";
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.TOO_LARGE);
    }

    try {
        list.get_int64 (1);
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.TYPE_MISMATCH);
    }

    try {
        reader[0] = 1;
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.READ_ONLY);
    }

    reader.shared_memory.close ();
    try {
        foreach (var value in reader)
            error ("Unexpected value %s", value.print (true));
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.CLOSED);
    }
    list.shared_memory.unlink ();

    try {
        new Shm.ShareableList.attach (list.name);
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.NOT_FOUND);
    }
}

async void use_async_methods () throws Error {
    var name = unique_name ("async");
    var list = yield Shm.ShareableList.create_async (mixed_values (), name);
    var other = yield Shm.ShareableList.attach_async (name);
    var anonymous = yield Shm.ShareableList.create_anonymous_async (mixed_values ());
    var same = yield Shm.ShareableList.new_for_shared_memory_async (anonymous.shared_memory);
    uint64 index;

    assert (list.shared_memory.mode == 0600 && anonymous.shared_memory.name == null);
    yield list.set_value_async (0, 43);
    assert ((int64) (yield other.get_value_async (0)) == 43);
    assert (yield other.find_async ("howdy", null, out index));
    assert (index == 2);
    assert ((yield other.count_async ("howdy")) == 1);
    assert_cmpstr (yield other.get_format_async (), EQ, list.get_format ());
    assert ((yield other.copy_values_async ()).equal (list.copy_values ()));
    assert ((yield same.copy_values_async ()).n_children () == 7);

    try {
        yield other.find_async ("missing", null, out index);
        assert_not_reached ();
    } catch (Shm.Error e) {
        assert (e is Shm.Error.VALUE_NOT_FOUND);
    }

    var cancellable = new Cancellable ();
    cancellable.cancel ();
    try {
        yield Shm.ShareableList.attach_async (name, NONE, cancellable);
        assert_not_reached ();
    } catch (IOError e) {
        assert (e is IOError.CANCELLED);
    }
    list.shared_memory.unlink ();
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
}

void test_create_full () throws Error {
    var list = new Shm.ShareableList.create_full (mixed_values (), unique_name ("full"), 0640);
    var anonymous = new Shm.ShareableList.create_anonymous (mixed_values ());
    var same = new Shm.ShareableList.for_shared_memory (anonymous.shared_memory);

    assert (list.shared_memory.mode == 0640);
    assert (same.length == 7);
    list.shared_memory.unlink ();
}

class Scores : Shm.ShareableList {
    public Scores (string name) {
        Object (values: new Variant.tuple ({ (int64) 3, (int64) 4 }), name: name);
    }

    public int64 sum () throws Shm.Error {
        int64 sum = 0;

        foreach (var value in this)
            sum += (int64) value;

        return sum;
    }
}

void test_subclass () throws Error {
    var scores = new Scores (unique_name ("scores"));

    assert (scores.init (null));
    assert (scores.sum () == 7);
    scores[0] = 10;
    assert (scores.sum () == 14);
    scores.shared_memory.unlink ();
}

int main (string[] args) {
    Test.init (ref args);
    add ("/vala/list/attach", test_lists);
    add ("/vala/list/index", test_index);
    add ("/vala/list/foreach", test_foreach);
    add ("/vala/list/typed", test_typed);
    add ("/vala/list/many", test_many);
    add ("/vala/list/errors", test_errors);
    add ("/vala/list/create-full", test_create_full);
    add ("/vala/list/async", test_async);
    add ("/vala/list/subclass", test_subclass);

    return Test.run ();
}
