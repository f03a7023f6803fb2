// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// clock.js LIST: shows the time in a row of the shared list.

import GLib from 'gi://GLib';
import Shm from 'gi://Shm?version=1.0';
import System from 'system';

const ROW_LENGTH = 4;
const CLOCK_ROW = 4;

const list = Shm.ShareableList.attach(System.programArgs[0]);

function showTime() {
    const now = GLib.DateTime.new_now_local();

    list.setAt(CLOCK_ROW * ROW_LENGTH + 1, now.get_seconds() / 60);
    list.setAt(CLOCK_ROW * ROW_LENGTH + 2, now.format('%H:%M:%S'));
    list.setAt(CLOCK_ROW * ROW_LENGTH + 3, 'JavaScript');
    return GLib.SOURCE_CONTINUE;
}

showTime();
GLib.timeout_add(GLib.PRIORITY_DEFAULT, 100, showTime);
new GLib.MainLoop(null, false).run();
