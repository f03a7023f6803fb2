# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs the programs of docs/examples."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import gi
import pytest

gi.require_version('Shm', '1.0')
from gi.repository import Gio, GLib, Shm

SOURCE = Path(os.environ['SHMOBJ_SOURCE_ROOT'])
EXAMPLES = SOURCE / 'docs/examples'
PROGRAMS = Path(os.environ['SHMOBJ_BUILD_ROOT']) / 'docs/examples'
NAME = 'org.example.Pictures'
XML = (f"<node><interface name='{NAME}'><method name='GetPicture'>"
       "<arg type='h' direction='out'/><arg type='u' direction='out'/>"
       "<arg type='u' direction='out'/></method></interface></node>")


@pytest.fixture
def bus():
    """A bus that only this test uses."""
    if GLib.find_program_in_path('dbus-daemon') is None:
        pytest.skip('dbus-daemon is missing')
    bus = Gio.TestDBus.new(Gio.TestDBusFlags.NONE)
    bus.up()
    yield bus.get_bus_address()
    bus.stop()


def connect(address):
    return Gio.DBusConnection.new_for_address_sync(
        address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
        | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)


def run_client(bus):
    return subprocess.run([sys.executable, EXAMPLES / 'dbus/client.py'], text=True,
                          env={**os.environ, 'DBUS_SESSION_BUS_ADDRESS': bus},
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


def await_name(address):
    """Waits until a process owns the name on the bus."""
    connection = connect(address)
    loop = GLib.MainLoop()
    watch = Gio.bus_watch_name_on_connection(
        connection, NAME, Gio.BusNameWatcherFlags.NONE, lambda *_: loop.quit(), None)
    loop.run()
    Gio.bus_unwatch_name(watch)
    connection.close_sync()


def test_dbus(bus):
    service = subprocess.Popen([PROGRAMS / 'example-dbus-service'])
    try:
        await_name(bus)
        for _ in range(2):
            client = run_client(bus)
            assert (client.returncode, client.stderr) == (0, '')
            assert client.stdout == ('a picture of 320 x 200 pixels; '
                                     'the last one is 255, 255, 128\n')
    finally:
        service.terminate()
        service.wait()


@pytest.mark.parametrize('options, status', [(['--talk=' + NAME], 0), ([], 1)])
def test_dbus_from_sandbox(bus, tmp_path, options, status):
    """The client is behind the proxy that Flatpak uses, with and without the permission to talk to
    the service."""
    if GLib.find_program_in_path('xdg-dbus-proxy') is None:
        pytest.skip('xdg-dbus-proxy is missing')
    service = subprocess.Popen([PROGRAMS / 'example-dbus-service'])
    ready, end = os.pipe()
    proxy = subprocess.Popen(
        ['xdg-dbus-proxy', f'--fd={end}', bus, tmp_path / 'bus', '--filter', *options],
        pass_fds=[end])
    os.close(end)
    try:
        await_name(bus)
        assert os.read(ready, 1) != b''  # The proxy is ready.
        client = run_client(f'unix:path={tmp_path}/bus')
        assert client.returncode == status, client.stderr
        assert ('320 x 200' in client.stdout) == (status == 0)
    finally:
        os.close(ready)
        for process in service, proxy:
            process.terminate()
            process.wait()


def make_block(seals, size):
    block = Shm.SharedMemory.create_anonymous(size)
    if seals:
        block.seal(seals)

    return block


@pytest.mark.parametrize('seals, size, message', [
    (Shm.SealFlags.NONE, 320 * 200 * 4, 'not sealed'),
    (Shm.SealFlags.RESIZE, 320 * 200 * 4, 'not sealed'),
    (Shm.SealFlags.WRITE, 4096, 'has 4096 bytes instead of 256000'),
])
def test_client_refuses_block(bus, seals, size, message):
    """The service hands out a block that it can still change, or that is too small."""
    block = make_block(seals, size)
    connection = connect(bus)

    def on_call(connection, sender, path, interface, method, parameters, invocation):
        descriptors = Gio.UnixFDList.new()
        index = descriptors.append(block.get_fd())
        invocation.return_value_with_unix_fd_list(
            GLib.Variant('(huu)', (index, 320, 200)), descriptors)

    interface = Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0]
    connection.register_object('/' + NAME.replace('.', '/'), interface, on_call)
    Gio.bus_own_name_on_connection(connection, NAME, Gio.BusNameOwnerFlags.NONE, None, None)
    client = subprocess.Popen([sys.executable, EXAMPLES / 'dbus/client.py'], text=True,
                              env={**os.environ, 'DBUS_SESSION_BUS_ADDRESS': bus},
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    loop = GLib.MainLoop()
    GLib.child_watch_add(GLib.PRIORITY_DEFAULT, client.pid, lambda *_: loop.quit())
    loop.run()
    out, err = client.communicate()
    assert out == ''
    assert re.fullmatch(f'client.py: .*{message}.*\n', err)
    connection.close_sync()


def test_client_without_service(bus):
    client = run_client(bus)
    assert client.returncode == 1
    assert re.fullmatch('client.py: .*org.example.Pictures.*\n', client.stderr)


@pytest.fixture
def display():
    """An X server that only this test uses."""
    if GLib.find_program_in_path('Xvfb') is None:
        pytest.skip('Xvfb is missing')
    ready, end = os.pipe()
    server = subprocess.Popen(['Xvfb', '-displayfd', str(end), '-screen', '0', '1200x900x24'],
                              pass_fds=[end], stderr=subprocess.DEVNULL)
    os.close(end)
    with open(ready, encoding='ascii') as file:
        number = file.readline().strip()
    assert number.isdigit()
    yield ':' + number
    server.terminate()
    server.wait()


def find_processes(session):
    """Returns the processes of a session, apart from zombies."""
    found = []
    for path in Path('/proc').glob('[0-9]*/stat'):
        try:
            state, _, _, of_process = path.read_text().rpartition(')')[2].split()[:4]
        except (OSError, ValueError):
            continue
        if int(of_process) == session and state != 'Z':
            found.append(path.parent.name)

    return found


LIVE_TEXTS = [
    *(f'Worker {i}' for i in range(1, 5)), 'Clock', 'Counter',
    r'\d+ of \d+ baskets of \w+', r'Python, process \d+', r'\d\d:\d\d:\d\d', 'JavaScript',
    r'\d+ changes', 'C', r'Frame \d+, drawn by Python with NumPy',
]


@pytest.mark.parametrize('style', ['light', 'dark'])
def test_live(display, tmp_path, style):
    """The window shows what the other programs have written."""
    viewer = PROGRAMS / 'example-live-viewer'
    if not viewer.exists():
        pytest.skip('gtk4 is missing')
    GdkPixbuf = pytest.importorskip('gi.repository.GdkPixbuf')
    picture = tmp_path / 'live.png'
    window = subprocess.Popen(
        [viewer, f'--screenshot={picture}', *(['--dark'] if style == 'dark' else []),
         EXAMPLES / 'live'], start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, 'DISPLAY': display, 'GDK_BACKEND': 'x11', 'GSK_RENDERER': 'cairo',
             'GTK_A11Y': 'none', 'GSETTINGS_BACKEND': 'memory', 'G_DEBUG': '',
             'GTK_THEME': '', 'DBUS_SESSION_BUS_ADDRESS': 'disabled:'})
    out, err = window.communicate()
    texts = out.splitlines()
    assert window.returncode == 0
    assert 'CRITICAL' not in err and 'Traceback' not in err, err
    for wanted in LIVE_TEXTS:
        assert any(re.fullmatch(wanted, text) for text in texts), (wanted, texts)

    # The picture of the painter has many colours, and the corner shows the style.
    image = GdkPixbuf.Pixbuf.new_from_file(str(picture))
    pixels, stride = image.get_pixels(), image.get_rowstride()
    n = image.get_n_channels()
    colours = {pixels[y * stride + x * n:y * stride + x * n + 3]
               for y in range(100, 400, 3) for x in range(50, 400, 3)}
    assert len(colours) > 500
    y, x = image.get_height() - 30, image.get_width() // 2
    assert (pixels[y * stride + x * n] < 128) == (style == 'dark')

    # All programs end with the window.
    while find_processes(window.pid):
        time.sleep(0.05)


@pytest.mark.parametrize('page, folder', [('handing-on.md', 'dbus')])
def test_page_shows_example(page, folder):
    """The samples of the page are parts of the example."""
    text = (SOURCE / 'docs/reference' / page).read_text()
    samples = re.findall('^```(?:c|python|js)\n(.*?)^```$', text, re.MULTILINE | re.DOTALL)
    programs = [path.read_text() for path in (EXAMPLES / folder).iterdir()]
    assert samples
    for sample in samples:
        assert any(sample in program for program in programs), sample
