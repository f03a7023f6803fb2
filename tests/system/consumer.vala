/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A program that uses the installed library from Vala. */

int main () {
    try {
        var shm = new Shm.SharedMemory.create (null, 16);
        var other = new Shm.SharedMemory.attach (shm.get_name ());

        other.set_int64 (8, -42);
        assert (shm.get_int64 (8) == -42);
        assert (shm.size == 16);
        shm.unlink ();

        try {
            new Shm.SharedMemory.attach (shm.get_name ());
            return 1;
        } catch (Shm.Error.NOT_FOUND error) {
            print ("ok\n");
        }
    } catch (Shm.Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }

    return 0;
}
