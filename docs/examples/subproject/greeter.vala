/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Puts a greeting into a list. */

int main () {
    try {
        var list = new Shm.ShareableList.create (new Variant ("(s)", "Hello"), null,
            Shm.CreateFlags.UNLINK_ON_CLOSE);
        print ("%s\n", list.get_string (0));
    } catch (Shm.Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }
    return 0;
}
