// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// motion.js NAME: prints how much the pictures of camera.py differ, without blocking its main loop.

import GLib from 'gi://GLib';
import Shm from 'gi://Shm?version=1.0';
import System from 'system';

const PIXELS = 64;

// Copies the latest picture.
function readPicture(frames) {
    const bytes = frames.read();
    const [width, height] = new Uint32Array(bytes.buffer, 0, 2);

    return {width, height, pixels: bytes.subarray(PIXELS, PIXELS + width * height * 3)};
}

function compare(a, b) {
    if (a.width !== b.width || a.height !== b.height)
        return 'another size';
    return `${a.pixels.reduce((n, pixel, i) => n + (pixel !== b.pixels[i]), 0)} bytes differ`;
}

async function main(name) {
    const frames = Shm.Frames.attach(name);
    let number = await frames.wait_async(0);
    let last = readPicture(frames);

    for (;;) {
        number = await frames.wait_async(number);
        const picture = readPicture(frames);

        print(`picture ${number}: ${compare(picture, last)}`);
        last = picture;
    }
}

const loop = new GLib.MainLoop(null, false);

main(System.programArgs[0]).catch(error => {
    printerr(`motion.js: ${error.message}`);
    loop.quit();
});
loop.run();
