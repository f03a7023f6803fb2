// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Helpers for the tests in Vala.

string unique_name (string word) {
    return "shmobj-vala-%d-%s".printf ((int) Posix.getpid (), word);
}

delegate void Case () throws Error;

void add (string path, Case run) {
    Test.add_data_func (path, () => {
        try {
            run ();
        } catch (Error e) {
            error ("%s", e.message);
        }
    });
}
