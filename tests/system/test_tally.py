# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tests that the summary of tests/run.sh names each failed test and the reason. Meson runs test
programs that fail in different ways."""

import json
import re
import shutil
import sys

import pytest

from support import SOURCE, run, run_checked

PROJECT = '''
project('failures', meson_version: '>= 1.0.1')
sh = find_program('sh')
python = find_program('%s')
foreach name, script : {
  'tap-passes': 'printf "1..2\\nok 1 first\\nok 2 second # SKIP no key\\n"',
  'tap-fails': 'printf "1..2\\nnot ok 1 - first\\n# it broke\\n# in two\\nok 2 - second\\n"; exit 1',
  'tap-bails-out': 'printf "1..2\\nok 1 /a\\nnot ok 2 /b\\nBail out! x.c:7: no\\n"; kill -ABRT $$',
  'tap-crashes': 'printf "1..3\\nok 1 /a\\n"; kill -SEGV $$',
  'tap-hangs': 'printf "1..2\\nok 1 /a\\n"; exec sleep 1000',
}
  test(name, sh, args: ['-c', script], protocol: 'tap', timeout: name == 'tap-hangs' ? 1 : 3600)
endforeach
test('passes', sh, args: ['-c', 'exit 0'])
test('fails', sh, args: ['-c', 'echo the reason >&2; exit 3'])
test('hangs', sh, args: ['-c', 'exec sleep 1000'], timeout: 1)
foreach name : ['mixed', 'hanging', 'broken']
  test(name, python, args: ['-m', 'pytest', '-q', '-p', 'no:cacheprovider',
    '--junitxml=' + meson.project_build_root() / 'meson-logs' / f'pytest-@name@.xml',
    files(f'test_@name@.py')], timeout: name == 'hanging' ? 5 : 3600)
endforeach
'''

FILES = {
    'test_mixed.py': '''
import pytest

def test_fails():
    assert 6 * 9 == 42, 'the wrong question'

def test_passes():
    pass

def test_skips():
    pytest.skip('no time')
''',
    'test_hanging.py': 'import time\n\ndef test_hang():\n    time.sleep(1000)\n',
    'test_broken.py': 'import no_such_module\n',
}

EXPECTED = [
    'failed: all: tap-fails: first: it broke in two',
    'failed: all: tap-bails-out: /b: x.c:7: no',
    'failed: all: tap-crashes: the program ended early: killed by SIGSEGV, after /a, 1 of 3',
    'failed: all: tap-hangs: the program ended early: timed out after 1 seconds, after /a, 1 of 2',
    'failed: all: fails: exit status 3: the reason',
    'failed: all: hangs: timed out after 1 seconds',
    'failed: all: mixed: fails: AssertionError: the wrong question',
    'failed: all: hanging: timed out after 5 seconds',
    'failed: all: broken: broken: collection failure: ModuleNotFoundError: ',
    'skipped: all: no key (1 tests)',
    'skipped: all: no time (1 tests)',
]


@pytest.fixture
def results(tmp_path):
    """Runs the tests of the project as tests/run.sh does, and returns the folder of the results."""
    source, build, results = (tmp_path / name for name in ('source', 'build', 'results'))
    source.mkdir()
    (source / 'meson.build').write_text(PROJECT % sys.executable)
    for name, text in FILES.items():
        (source / name).write_text(text)
    run_checked(['meson', 'setup', build, source])
    status = run(['meson', 'test', '-C', build]).returncode
    folder = results / 'all'
    folder.mkdir(parents=True)
    (folder / 'status').write_text(f'{status}\n')
    for log in [*(build / 'meson-logs').glob('*.json'), *(build / 'meson-logs').glob('*.xml')]:
        shutil.copy(log, folder)
    return results


def tally(results):
    return run([sys.executable, SOURCE / 'tests/tally.py', results])


def test_reasons(results):
    result = tally(results)
    lines = result.stdout.splitlines()
    assert result.returncode == 1, result.stderr
    for expected in EXPECTED:
        assert [line for line in lines if line.startswith(expected)], (expected, lines)
    assert lines[-1] == '7 passed, 9 failed, 2 skipped'


def test_failure_of_meson(results):
    """If `meson test` fails although no test fails, the summary says so."""
    folder = results / 'all'
    for log in folder.glob('*.json'):
        records = [line for line in log.read_text().splitlines()
                   if re.split(' / |:', json.loads(line)['name'])[-1] == 'passes']
        log.write_text('\n'.join(records) + '\n')
    (folder / 'status').write_text('125\n')
    result = tally(results)
    assert result.returncode == 1
    assert result.stdout.splitlines() == ['failed: all: meson test: exit status 125',
                                          '1 passed, 1 failed, 0 skipped']
