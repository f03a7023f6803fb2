# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the stub of shmobj and the sample need of PyGObject. The package pygobject-stubs, which few
# distributions have, contains all of it.

def require_version(namespace: str, version: str) -> None: ...
