// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// look NAME: attaches to a block and examines it without a copy.

int main (string[] args) {
    if (args.length != 2) {
        stderr.printf ("usage: %s NAME\n", args[0]);
        return 2;
    }

    try {
        var shm = new Shm.SharedMemory.attach (args[1], Shm.AttachFlags.READ_ONLY);
        var bytes = shm.get_live_bytes ();
        var sum = Checksum.compute_for_bytes (ChecksumType.SHA256, bytes);

        int lines = 0;
        unowned uint8[] data = bytes.get_data ();
        foreach (uint8 c in data) {
            if (c == '\n')
                lines++;
        }

        print ("Vala\tread-only live bytes\t%s\t%d lines\n", sum, lines);
        shm.close ();
    } catch (Shm.Error e) {
        stderr.printf ("%s\n", e.message);
        return 1;
    }

    return 0;
}
