// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A program that uses the installed library from JavaScript, as a module. It fails without the
// override, because from() would not exist.

import Shm from 'gi://Shm?version=1.0';

const list = Shm.ShareableList.from([42, 'Grüße', null]);

try {
    const other = Shm.ShareableList.attach(list.shm.name);

    other.setAt(0, 43);
    if (`${[...list]}` !== '43,Grüße,')
        throw new Error(`The list contains ${[...list]}`);
} finally {
    list.shm.unlink();
}

print('ok');
