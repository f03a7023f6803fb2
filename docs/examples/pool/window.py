# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""window.py: the window of jobs.py."""

import gi

gi.require_version('Gtk', '4.0')
from gi.repository import Gtk


class Row(Gtk.ListBoxRow):
    """Shows two values of the shared list: how much is done, and a text."""

    def __init__(self, done, text):
        super().__init__(activatable=False)
        self.bar = Gtk.ProgressBar(show_text=True, margin_top=6, margin_bottom=6)
        self.set_child(self.bar)
        self.done, self.text = done, text  # An item emits signals as long as it exists.
        for item in done, text:
            item.connect('notify::value', self.update)
        self.update()

    def update(self, *_):
        self.bar.set_fraction(self.done.value)
        self.bar.set_text(f'{self.text.value.strip()}: {self.done.value:.0%}')


class Window(Gtk.ApplicationWindow):
    def __init__(self, jobs, **properties):
        super().__init__(title='Jobs', default_width=400, **properties)
        self.model = jobs.get_model()
        rows = Gtk.ListBox(selection_mode=Gtk.SelectionMode.NONE)
        for i in range(0, len(self.model), 2):
            rows.append(Row(self.model[i], self.model[i + 1]))
        self.set_child(rows)


def run(jobs):
    """Shows the window, and returns when it is closed."""
    app = Gtk.Application()
    app.connect('activate', lambda app: Window(jobs, application=app).present())
    app.run()
