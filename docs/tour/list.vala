// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// list NAME: attaches to a list, changes a value, and prints all values.

int main (string[] args) {
    if (args.length != 2) {
        stderr.printf ("usage: %s NAME\n", args[0]);
        return 2;
    }

    try {
        var list = new Shm.ShareableList.attach (args[1], Shm.AttachFlags.NONE);
        string[] shown = {};

        list.set_boolean (2, !list.get_boolean (2));
        foreach (var value in list.copy_values ())
            shown += value.get_variant ().print (false);
        stdout.printf ("Vala\tlist.set_boolean (2, false)\t%s\n", string.joinv (", ", shown));
    } catch (Error e) {
        stderr.printf ("%s\n", e.message);
        return 1;
    }

    return 0;
}
