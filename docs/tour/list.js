// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// list.js NAME: attaches to a list, changes a value, and prints all values.

imports.gi.versions.Shm = '1.0';
const {Shm} = imports.gi;

function show(value) {
    return value instanceof Uint8Array ? `[${value}]` : JSON.stringify(value);
}

const list = Shm.ShareableList.attach(ARGV[0]);

list.setAt(1, list.at(1) / 10);
print(['JavaScript', 'list.setAt(1, list.at(1) / 10)', [...list].map(show).join(', ')].join('\t'));
