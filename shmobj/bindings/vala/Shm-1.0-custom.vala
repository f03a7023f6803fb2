// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Vala translates list[i] to get() and set(), and foreach to size and get().

namespace Shm {
    public class ShareableList : GLib.Object {
        [CCode (cname = "shm_shareable_list_get_value")]
        public GLib.Variant @get (uint64 index) throws Shm.Error;
        [CCode (cname = "shm_shareable_list_set_value")]
        public void @set (uint64 index, GLib.Variant value) throws Shm.Error;
        public uint64 size {
            [CCode (cname = "shm_shareable_list_get_length")]
            get;
        }
    }
}
