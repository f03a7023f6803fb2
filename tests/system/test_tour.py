# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests that docs/try-it.sh builds what its programs need, and that all of them succeed."""

import shutil

import pytest

from support import SOURCE, bare_environment, run

PROGRAMS = 'meson', 'gjs', 'valac'


@pytest.mark.skipif(not all(map(shutil.which, PROGRAMS)), reason='gjs or valac is missing')
def test_tour(tmp_path):
    # The script must not install packages.
    tool = tmp_path / 'dpkg-query'
    tool.write_text('#!/bin/sh\necho "install ok installed"\n')
    tool.chmod(0o755)

    env = bare_environment(SHMOBJ_WORK_DIR=str(tmp_path), CFLAGS='-O0')  # to build in less time
    env['PATH'] = f'{tmp_path}:{env["PATH"]}'
    result = run(['sh', SOURCE / 'docs/try-it.sh'], env=env)
    assert result.returncode == 0, (result.stdout, result.stderr)
    for program in 'Vala', 'Python', 'JavaScript', 'CPython':
        assert result.stdout.count(f'\n{program} ') >= 2, result.stdout
