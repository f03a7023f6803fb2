// SPDX-FileCopyrightText: 2026 The shmobj contributors
// SPDX-License-Identifier: LGPL-2.1-or-later

// viewer.js NAME: shows the pictures of camera.py in a window.

import Gdk from 'gi://Gdk?version=4.0';
import GLib from 'gi://GLib';
import Gtk from 'gi://Gtk?version=4.0';
import Shm from 'gi://Shm?version=1.0';
import System from 'system';

const PIXELS = 64;

// Returns a texture of the latest picture.
function readTexture(frames) {
    const bytes = frames.read();
    const [width, height] = new Uint32Array(bytes.buffer, 0, 2);
    const pixels = bytes.subarray(PIXELS, PIXELS + width * height * 3);

    return Gdk.MemoryTexture.new(width, height, Gdk.MemoryFormat.R8G8B8, new GLib.Bytes(pixels),
        width * 3);
}

// Shows each picture until the window is closed.
async function follow(frames, picture) {
    let number = 0;

    while (picture.get_root() !== null) {
        number = await frames.wait_async(number);
        picture.set_paintable(readTexture(frames));
    }
}

const app = new Gtk.Application();

app.connect('activate', () => {
    const picture = new Gtk.Picture();
    const window = new Gtk.ApplicationWindow({application: app, title: 'Camera', child: picture,
        default_width: 640, default_height: 480});

    follow(Shm.Frames.attach(System.programArgs[0]), picture).catch(logError);
    window.present();
});
app.run([]);
