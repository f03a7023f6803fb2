// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Prints the members of the module as JSON: {class: {static: {name: kind}, instance: ...}}. The
// class of the functions of the namespace is "". The kind is "native" for a function of the
// typelib, "function" for a function of the override, and the type for other members.

import Shm from 'gi://Shm?version=1.0';

function getKind(object, name) {
    // GJS lists names that a class does not have, such as "constructor" of a GLib.Error.
    const {value, get} = Object.getOwnPropertyDescriptor(object, name) ?? {};

    if (get || typeof value !== 'function')
        return get ? 'accessor' : typeof value;
    return value.toString().includes('native symbol') ? 'native' : 'function';
}

function listMembers(object) {
    const members = {};

    for (const name of Reflect.ownKeys(object))
        members[String(name)] = getKind(object, name);
    return members;
}

const classes = {'': {static: listMembers(Shm), instance: {}}};

for (const name of Object.keys(classes[''].static)) {
    const {[name]: value} = Shm;

    if (typeof value === 'function' && value.prototype && value.$gtype)
        classes[name] = {static: listMembers(value), instance: listMembers(value.prototype)};
    else if (typeof value === 'object')
        classes[name] = {static: listMembers(value), instance: {}};
}
print(JSON.stringify(classes));
