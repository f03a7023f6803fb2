// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// manager ADDRESS KEY-FILE: connects to a manager and removes its first block.

int main (string[] args) {
    if (args.length != 3) {
        stderr.printf ("usage: %s ADDRESS KEY-FILE\n", args[0]);
        return 2;
    }

    try {
        uint8[] key;

        FileUtils.get_data (args[2], out key);
        var manager = new Shm.Manager (args[1], new Bytes (key));
        manager.connect_to_server ();
        manager.remove (manager.list_blocks ()[0]);
        stdout.printf ("Vala\tmanager.remove (names[0])\t%d blocks\n",
            manager.list_blocks ().length);
    } catch (Error e) {
        stderr.printf ("%s\n", e.message);
        return 1;
    }

    return 0;
}
