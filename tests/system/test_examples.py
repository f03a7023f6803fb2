# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs the programs of docs/examples."""

import contextlib
import os
import re
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import gi
import pytest

gi.require_version('Shm', '1.0')
from gi.repository import Gio, GLib, Shm

from support import SOURCE, TIMEOUT_SECONDS

EXAMPLES = SOURCE / 'docs/examples'
PROGRAMS = Path(os.environ['SHMOBJ_BUILD_ROOT']) / 'docs/examples'
NAME = 'org.example.Pictures'
NAME_OF_SERVICE = 'org.example.Thermometers'
XML = (f"<node><interface name='{NAME}'><method name='GetPicture'>"
       "<arg type='h' direction='out'/><arg type='u' direction='out'/>"
       "<arg type='u' direction='out'/></method></interface></node>")


def on_alarm(*_):
    raise TimeoutError('the programs of this test wait for ever')


@pytest.fixture(autouse=True)
def limit_time():
    signal.signal(signal.SIGALRM, on_alarm)
    signal.alarm(TIMEOUT_SECONDS)
    yield
    signal.alarm(0)


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
def display(tmp_path):
    """An X server that only this test uses. The file Xvfb_screen0 contains its screen."""
    if GLib.find_program_in_path('Xvfb') is None:
        pytest.skip('Xvfb is missing')
    ready, end = os.pipe()
    server = subprocess.Popen(['Xvfb', '-displayfd', str(end), '-screen', '0', '1200x900x24',
                               '-fbdir', tmp_path],
                              pass_fds=[end], stderr=subprocess.DEVNULL)
    os.close(end)
    with open(ready, encoding='ascii') as file:
        number = file.readline().strip()
    assert number.isdigit()
    yield ':' + number
    server.terminate()
    server.wait()


def get_gtk_variables(display):
    return {'DISPLAY': display, 'GDK_BACKEND': 'x11', 'GSK_RENDERER': 'cairo', 'GTK_A11Y': 'none',
            'GSETTINGS_BACKEND': 'memory', 'G_DEBUG': '', 'DBUS_SESSION_BUS_ADDRESS': 'disabled:'}


def require_gtk():
    done = subprocess.run([sys.executable, '-c', 'import gi; gi.require_version("Gtk", "4.0")'],
                          stderr=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        pytest.skip('GTK 4 is missing: install gir1.2-gtk-4.0')


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


@contextlib.contextmanager
def running(*command, **more):
    """Runs a program, and kills it at the end."""
    if GLib.find_program_in_path(str(command[0])) is None:
        pytest.skip(f'{command[0]} is missing')
    process = subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env={**os.environ, **more})
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_until(process, pattern):
    """Reads the output of a program up to a line with a pattern, and returns the match."""
    for line in process.stdout:
        if match := re.search(pattern, line):
            return match
    pytest.fail(f'{process.args} ended: {process.stderr.read()}')


def await_removal(name):
    """Waits until a tracker has removed a block."""
    while (Path('/dev/shm') / name).exists():
        time.sleep(0.01)


ORANGE = 220, 120, 40


@pytest.fixture
def camera_name():
    name = f'camera-{os.getpid()}'
    yield name
    (Path('/dev/shm') / name).unlink(missing_ok=True)


def test_camera(camera_name, tmp_path):
    """Three readers follow a camera that pauses, is killed, and starts again."""
    numpy = pytest.importorskip('numpy')
    folder = EXAMPLES / 'camera'
    camera_command = sys.executable, folder / 'camera.py', camera_name
    with contextlib.ExitStack() as stack:
        camera = stack.enter_context(running(*camera_command))
        read_until(camera, f'^{camera_name} is on$')
        reader = stack.enter_context(
            running(sys.executable, folder / 'brightness.py', camera_name))
        for size in '640 x 480', '320 x 240':
            read_until(reader, f'picture [0-9]+: {size}, brightness 3[0-9], [0-9]+ missed')

        picture = tmp_path / 'picture.ppm'
        output = subprocess.check_output(
            [PROGRAMS / 'example-camera-snapshot', camera_name, picture], text=True)
        assert re.fullmatch(f'picture [0-9]+ is in {picture}\n', output)
        header, _, pixels = picture.read_bytes().partition(b'\n')
        width, height = map(int, re.fullmatch(rb'P6 ([0-9]+) ([0-9]+) 255', header).groups())
        pixels = numpy.frombuffer(pixels, 'u1').reshape(height, width, 3)
        assert (pixels == ORANGE).all(axis=2).sum() == 40 * 40
        assert (pixels == 30).all(axis=2).sum() == (width * height) - 40 * 40

        camera.send_signal(signal.SIGSTOP)
        read_until(reader, '^the camera pauses$')
        camera.send_signal(signal.SIGCONT)
        number = int(read_until(reader, '^picture ([0-9]+):').group(1))

        camera.kill()
        camera.wait()
        camera = stack.enter_context(running(*camera_command))
        read_until(camera, f'^{camera_name} is on$')
        while int(read_until(reader, '^picture ([0-9]+):').group(1)) <= number + 100:
            pass

        motion = stack.enter_context(running('gjs', '-m', folder / 'motion.js', camera_name))
        read_until(motion, '^picture [0-9]+: [1-9][0-9]* bytes differ$')

        for process in reader, camera:  # Ctrl+C in a terminal
            process.send_signal(signal.SIGINT)
            assert (process.wait(), process.stderr.read()) == (0, '')


def test_camera_viewer(display, tmp_path, camera_name):
    """The screen shows the orange square of the camera."""
    require_gtk()
    red, green, blue = ORANGE
    wanted = re.compile(re.escape(bytes([blue, green, red])) + b'.', re.DOTALL)
    folder = EXAMPLES / 'camera'
    with contextlib.ExitStack() as stack:
        camera = stack.enter_context(running(sys.executable, folder / 'camera.py', camera_name))
        read_until(camera, f'^{camera_name} is on$')
        viewer = stack.enter_context(
            running('gjs', '-m', folder / 'viewer.js', camera_name, **get_gtk_variables(display)))
        while len(wanted.findall((tmp_path / 'Xvfb_screen0').read_bytes())) < 30 * 30:
            assert viewer.poll() is None, viewer.stderr.read()
            time.sleep(0.05)


def test_snapshot_refuses_block(camera_name, tmp_path):
    """The block contains no frames, or the frames contain no pictures."""
    command = [PROGRAMS / 'example-camera-snapshot', camera_name, tmp_path / 'picture.ppm']
    for size, message in [(0, 'does not contain frames'), (63, 'not a picture'),
                          (200, 'not a picture')]:
        if size == 0:
            block = Shm.SharedMemory.create(camera_name, 100000)
        else:
            block = Shm.Frames.create(camera_name, size, 3)
            block.write(struct.pack('=II', 100, 100).ljust(size, b'\0'))
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=False)
        Shm.remove_block(camera_name)
        assert done.returncode == 1
        assert re.fullmatch(f'snapshot: .*{message}.*\n', done.stderr)


@pytest.mark.parametrize('folder, program', [('images', 'window.py'), ('pool', 'jobs.py')])
def test_window(display, tmp_path, folder, program):
    """gtk_driver.py looks at the window until it shows what the other processes have computed."""
    require_gtk()
    before = {path.name for path in Path('/dev/shm').iterdir()}
    window = subprocess.run(
        [sys.executable, SOURCE / 'tests/system/gtk_driver.py', EXAMPLES / folder / program, folder,
         tmp_path / 'texture.png'], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, **get_gtk_variables(display)}, check=False)
    assert (window.returncode, window.stdout) == (0, 'checked\n'), window.stderr
    assert 'CRITICAL' not in window.stderr and 'Traceback' not in window.stderr, window.stderr
    # The workers end with the window, and then the blocks are removed.
    while {path.name for path in Path('/dev/shm').iterdir()} - before - {f'.shmobj-{os.getuid()}'}:
        time.sleep(0.05)


def test_service(bus):
    """A thermometer in Python, a service and a client in JavaScript."""
    folder = EXAMPLES / 'service'
    with contextlib.ExitStack() as stack:
        address = {'DBUS_SESSION_BUS_ADDRESS': bus}
        service = stack.enter_context(running('gjs', '-m', folder / 'service.js', **address))
        read_until(service, '^org.example.Thermometers is ready$')
        client = stack.enter_context(running('gjs', '-m', folder / 'client.js', **address))
        for index, degrees, mean in (1, 20, '20.0'), (3, 31, '25.5'), (1, 22, '26.5'):
            subprocess.check_call(
                [sys.executable, folder / 'thermometer.py', str(index), str(degrees)])
            read_until(client, f'^{mean}$')

        second = subprocess.run(['gjs', '-m', folder / 'service.js'], text=True, check=False,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert second.returncode == 1
        assert re.fullmatch('service.js: Block "thermometers" exists already: .*\n', second.stderr)

        for process in client, service:
            process.terminate()
            assert (process.wait(), process.stderr.read()) == (-signal.SIGTERM, '')
        await_removal('thermometers')


def test_service_without_bus(bus):
    """There is no bus, or another program owns the name."""
    owner = connect(bus)
    Gio.bus_own_name_on_connection(owner, NAME_OF_SERVICE, Gio.BusNameOwnerFlags.NONE, None, None)
    owner.call_sync('org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'GetId', None, None,
                    Gio.DBusCallFlags.NONE, -1, None)  # The bus has processed the request before.
    for address, message in ('disabled:', 'there is no session bus'), (bus, 'runs already'):
        with running('gjs', '-m', EXAMPLES / 'service/service.js',
                     DBUS_SESSION_BUS_ADDRESS=address) as service:
            out, err = service.communicate()
        assert (service.returncode, out) == (1, '')
        assert re.fullmatch(f'service.js: .*{message}\n', err)
        await_removal('thermometers')
    owner.close_sync()


@pytest.mark.parametrize('close', ['    block.close()\n', ''])
def test_array_outlives_object(close):
    """The sample of the page about NumPy, with this library and with CPython's class."""
    pytest.importorskip('numpy')
    page = (SOURCE / 'docs/reference/numpy-images.md').read_text()
    sample = re.search('```python\n((?:(?!```).)*def load\\(\\):.*?)```', page, re.DOTALL).group(1)
    assert sample.count('    block.close()\n') == 1
    sample = sample.replace('    block.close()\n', close)
    stock = re.sub('import gi\n.*?import Shm\n', 'import multiprocessing.shared_memory as Shm\n', sample,
                   flags=re.DOTALL)
    for program, status, output in (sample, 0, '3500.0\n'), (stock, -signal.SIGSEGV, ''):
        done = subprocess.run([sys.executable, '-c', program], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
        assert (done.returncode, done.stdout) == (status, output), done.stderr


PYTHON = (sys.executable, '-c', 'import gi; gi.require_version("Shm", "1.0")\n'
          'from gi.repository import Shm\n'
          'Shm.SharedMemory(create=True, size=8).unlink(); Shm.Manager().start()')
JAVASCRIPT = ('gjs', '-c', 'imports.gi.versions.Shm = "1.0"\n'
              'imports.gi.Shm.ShareableList.from([1]).shm.unlink()')


@pytest.mark.parametrize('variable, value, command, message', [
    ('GI_TYPELIB_PATH', None, PYTHON, 'Namespace Shm not available'),
    ('GI_TYPELIB_PATH', None, JAVASCRIPT,
     "Typelib file for namespace 'Shm', version '1.0' not found"),
    ('LD_LIBRARY_PATH', None, PYTHON,
     'ImportError: the library libshmobj-1.0.so.0 cannot be loaded'),
    ('LD_LIBRARY_PATH', None, JAVASCRIPT,
     "Failed to load shared library 'libshmobj-1.0.so.0' referenced by the typelib"),
    ('PYTHONPATH', None, PYTHON, "gobject `ShmSharedMemory' doesn't support property `create'"),
    ('GJS_PATH', None, JAVASCRIPT, 'Shm.ShareableList.from is not a function'),
    ('SHMOBJ_MANAGER', '/nonexistent', PYTHON, "The manager's helper program … does not exist"),
    ('SHMOBJ_TRACKER', '/nonexistent', PYTHON,
     'the program …, which removes tracked blocks, does not exist'),
])
def test_library_is_not_found(variable, value, command, message):
    """Each message is on the page about problems. Nothing else is printed after it."""
    if GLib.find_program_in_path(command[0]) is None:
        pytest.skip(f'{command[0]} is missing')
    variables = {**os.environ, 'G_DEBUG': '', variable: value}  # Warnings are not fatal for a user.
    done = subprocess.run(command, text=True, stderr=subprocess.PIPE, check=False,
                          env={name: text for name, text in variables.items() if text is not None})
    if done.returncode == 0:
        pytest.skip('the library is also installed in a folder of the system')
    pattern = re.escape(message).replace('…', '/nonexistent')
    assert re.search(pattern, done.stderr), done.stderr
    assert 'Exception ignored' not in done.stderr
    page = (SOURCE / 'docs/reference/troubleshooting.md').read_text()
    assert message.replace('`', '') in page.replace('\\`', '')


@pytest.mark.parametrize('page, folder', [('handing-on.md', 'dbus')])
def test_page_shows_example(page, folder):
    """The samples of the page are parts of the example."""
    text = (SOURCE / 'docs/reference' / page).read_text()
    samples = re.findall('^```(?:c|python|js)\n(.*?)^```$', text, re.MULTILINE | re.DOTALL)
    programs = [path.read_text() for path in (EXAMPLES / folder).iterdir()]
    assert samples
    for sample in samples:
        assert any(sample in program for program in programs), sample


@pytest.mark.parametrize('page, folder', [
    ('frames.md', 'camera'), ('handing-on.md', 'dbus'), ('numpy-images.md', 'images'),
    ('worker-pool.md', 'pool'),
    ('javascript-service.md', 'service'), ('sandboxes.md', 'sandboxes')])
def test_page_contains_programs(page, folder):
    """A reader of the page gets complete programs."""
    text = (SOURCE / 'docs/reference' / page).read_text()
    programs = [path for path in (EXAMPLES / folder).iterdir() if path.is_file()]
    assert programs
    for path in programs:
        program = re.sub(r'\A(.*SPDX-.*\n)+\n', '', path.read_text())
        assert f'\n{program}```\n' in text, path
