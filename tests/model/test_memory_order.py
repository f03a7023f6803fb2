# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs herd7, a simulator of memory models, on the litmus tests in this folder.

list.pml assumes that all processes see all accesses in one order. Real processors and compilers
reorder accesses. The litmus tests here show that the orders in the code suffice: each file has the
accesses of a part of the protocol, with the orders of the code, and describes an outcome that must
never occur.

Each litmus test is checked in the memory model of C11 (as repaired in RC11). It is also translated
to the instructions that GCC generates for ARM (64 bits) and POWER, and checked in the models of
these processors.

An annotation `//@ NAME: WEAKER` means that the order in this line is necessary: with the order
WEAKER in its place (`none`: without the fence) the outcome occurs in the model of C11. The section
"Memory order" of docs/reference/internals.md has a table of all names. herd7 is a program of
herdtools7, which Debian does not have: `opam install herdtools7` installs it.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from translate import PPC, AArch64, translate

SOURCE = Path(os.environ.get('SHMOBJ_SOURCE_ROOT') or Path(__file__).resolve().parents[2])
FILES = sorted((SOURCE / 'tests/model').glob('*.litmus'))
ANNOTATION = re.compile(r'^(.*) //@ ([^:\n]+): (\w+)$', re.MULTILINE)
ORDERS = [(file.stem, match[2]) for file in FILES for match in ANNOTATION.finditer(file.read_text())]


def read_litmus(name):
    return (SOURCE / f'tests/model/{name}.litmus').read_text()


def weaken(text, name):
    """Replaces the order of the line with the annotation `name`."""
    def replace(match):
        if match[2] != name:
            return match[0]
        if match[3] == 'none':
            return ''
        line, count = re.subn(r'memory_order_\w+', f'memory_order_{match[3]}', match[1])
        assert count == 1, match[0]
        return line
    result = ANNOTATION.sub(replace, text)
    assert result != text
    return result


@pytest.fixture
def is_possible(tmp_path):
    """Returns a function that returns whether the outcome of a litmus test can occur."""
    if not shutil.which('herd7'):
        pytest.skip('herd7 is missing')

    def is_possible(text, model):
        path = tmp_path / 'test.litmus'
        path.write_text(text)
        result = subprocess.run(['herd7', '-model', model, path], capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        observation = re.search(r'^Observation \S+ (\w+) (\d+) (\d+)$', result.stdout, re.MULTILINE)
        assert observation, result.stdout + result.stderr
        assert int(observation[2]) + int(observation[3]) > 0, result.stdout
        return observation[1] != 'Never'

    return is_possible


@pytest.mark.parametrize('name', [file.stem for file in FILES])
def test_outcome_is_impossible(is_possible, name):
    assert not is_possible(read_litmus(name), 'rc11.cat')


@pytest.mark.parametrize('processor', [AArch64, PPC])
@pytest.mark.parametrize('name', [file.stem for file in FILES])
def test_outcome_is_impossible_on_processor(is_possible, name, processor):
    assert not is_possible(translate(read_litmus(name), processor), processor.model)


@pytest.mark.parametrize('name, order', ORDERS)
def test_order_is_needed(is_possible, name, order):
    assert is_possible(weaken(read_litmus(name), order), 'rc11.cat')


def test_documentation():
    """The table in the documentation has the annotations of all files."""
    page = (SOURCE / 'docs/reference/internals.md').read_text()
    section = re.search(r'^## Memory order$(.*?)^## ', page, re.MULTILINE | re.DOTALL)[1]
    rows = re.findall(r'^\| `([^`]+)` \|', section, re.MULTILINE)
    assert sorted(rows) == sorted({order for _, order in ORDERS})
