# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""thermometer.py INDEX DEGREES...: measures temperatures, and stores them in the list of service.js."""

import sys
import time

import gi

gi.require_version('Shm', '1.0')
from gi.repository import Shm

thermometers = Shm.ShareableList(name='thermometers')
for degrees in sys.argv[2:]:
    thermometers[int(sys.argv[1])] = float(degrees)
    time.sleep(0.1)
