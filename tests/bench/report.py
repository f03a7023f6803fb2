#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Makes tables, a page and a chart of the results of benchmarks. run-bench.py uses this module.

A benchmark prints lines of JSON: the group, the row, and for each contender its times in
nanoseconds, one for each round. In one round all contenders were measured. The first contender is
the one to which the others are compared: nearly always this library. A line with the unit B has
numbers of bytes instead of times.

A ratio is the time of the first contender divided by the time of another contender in the same
round. A table shows the median of the ratios of all rounds, and in brackets the lower and the upper
quartile. If the ratio is below 1, the first contender is faster."""

import re
import statistics
import subprocess

LIMIT = 'limit: '
HEADINGS = 'operation', 'shmobj', 'compared with', 'time', 'ratio'


class Comparison:
    """Another contender of a row."""

    def __init__(self, name, times, first_times):
        ratios = [first / other for first, other in zip(first_times, times)]
        self.name = name
        self.time = statistics.median(times)
        self.low, self.ratio, self.high = statistics.quantiles(ratios, n=4, method='inclusive')
        self.is_limit = name.startswith(LIMIT)


class Row:
    def __init__(self, line):
        (self.name, times), *others = line['contenders'].items()
        self.title = line['row']
        self.unit = line.get('unit', 'ns')
        self.time = statistics.median(times)
        self.comparisons = [Comparison(name, other, times) for name, other in others]


class Group:
    """The rows of a table, and the contenders that were not measured."""

    def __init__(self, name):
        self.name = name
        self.rows = []
        self.skipped = []


def read_groups(lines):
    groups = {}
    for line in lines:
        group = groups.setdefault(line['group'], Group(line['group']))
        if 'skipped' in line:
            group.skipped.append(f'not measured: {line["skipped"]} ({line["reason"]})')
        else:
            group.rows.append(Row(line))

    return groups


# Tables

UNITS = {'ns': (('ns', 1), ('µs', 1e3), ('ms', 1e6), ('s', 1e9)),
         'B': (('B', 1), ('KiB', 1024), ('MiB', 1024 ** 2))}


def format_amount(amount, unit):
    for name, factor in UNITS[unit]:
        if amount < 999.5 * factor:
            break
    return f'{format_number(amount / factor)} {name}'


def format_number(number):
    """Formats a number with three digits, or with two digits if it is below 1."""
    for digits, limit in (0, 99.95), (1, 9.995), (2, 0.995):
        if number >= limit:
            return f'{number:.{digits}f}'
    return f'{number:#.2g}'


def format_ratio(comparison):
    low, ratio, high = (format_number(number) for number in
                        (comparison.low, comparison.ratio, comparison.high))
    return f'{ratio} [{low}–{high}]'


def get_cells(group):
    """Yields the cells of each line of the table. The first two cells are empty if they are the
    same as those of the line before."""
    for row in group.rows:
        cells = row.title, format_amount(row.time, row.unit)
        if row.name != 'shmobj':
            cells = f'{row.title} ({row.name})', cells[1]
        for comparison in row.comparisons:
            yield (*cells, comparison.name, format_amount(comparison.time, row.unit),
                   format_ratio(comparison))
            cells = '', ''
        if not row.comparisons:
            yield *cells, '', '', ''


def format_text(group):
    lines = [HEADINGS, *get_cells(group)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    text = [f'{group.name}']
    for line in lines:
        cells = [cell.rjust(width) if column in (1, 3) else cell.ljust(width)
                 for column, (cell, width) in enumerate(zip(line, widths))]
        text.append('  '.join(cells).rstrip())

    return '\n'.join([*text, *group.skipped, ''])


def format_markdown(group):
    lines = ['| ' + ' | '.join(HEADINGS) + ' |', '| --- | ---: | --- | ---: | --- |']
    lines += ['| ' + ' | '.join(cells) + ' |' for cells in get_cells(group)]
    for note in group.skipped:
        lines += ['', note[0].upper() + note[1:] + '.']

    return '\n'.join(lines)


def format_counts(text):
    """Makes a table of the counts in instruction-counts.txt."""
    configuration = re.search(r'^configuration: (.*)', text, re.MULTILINE).group(1)
    counts = re.findall(r'^(\w+: .*\S) +([\d.]+)$', text, re.MULTILINE)
    lines = ['| operation | instructions |', '| --- | ---: |']
    lines += [f'| {title} | {format_number(float(count))} |' for title, count in counts]

    return '\n'.join([f'Counted with {configuration}.', '', *lines])


# The page

def update_page(path, groups, machine, counts):
    """Replaces the tables of the page that were measured, the description of the machine, and the
    table of instructions. Each is between the comments `<!-- NAME -->` and `<!-- end -->`."""
    texts = {name: format_markdown(group) for name, group in groups.items()}
    texts['machine'] = machine
    texts['instructions'] = format_counts(counts)

    def replace(match):
        text = texts.get(match.group(1))
        return match.group() if text is None else \
            f'<!-- {match.group(1)} -->\n\n{text}\n\n<!-- end -->'

    old = path.read_text(encoding='utf-8')
    path.write_text(re.sub(r'<!-- (\w+) -->\n.*?<!-- end -->', replace, old, flags=re.DOTALL),
                    encoding='utf-8')


# README

# The rows of the table in README: the text, the group and the operation of the page, the contender
# of this library, another contender, and what README says of it.
CPYTHON, BOOST = 'CPython', 'Boost vector and mutex'
README_ROWS = [
    ('get an integer of a list, in C', 'lists', 'get an int', 'shmobj', BOOST,
     'with a vector and a mutex of Boost'),
    ('the same in Python', 'python', 'get int', 'shmobj', CPYTHON, "with CPython's class"),
    ('the same in JavaScript', 'javascript', 'list.at(): int', 'shmobj', None, ''),
    ('set an integer of a list, in C', 'lists', 'set an int', 'shmobj', BOOST,
     'with a vector and a mutex of Boost'),
    ('attach to a block of 4 KiB, touch it, close it', 'blocks', 'attach, touch, close: 4 KiB',
     'shmobj', 'limit: shm_open, fstat, mmap', 'with system calls alone'),
    ('create a block of 4 KiB, touch it, remove it', 'blocks',
     'create, touch, close, unlink: 4 KiB', 'shmobj', 'limit: shm_open, posix_fallocate, mmap',
     'with system calls alone'),
    ('wake a process that waits, and be woken by it', 'waiting',
     'blocked processes wake each other with an event', 'shmobj', 'limit: futex',
     'with a bare futex'),
    ('create a block of a manager, in Python', 'manager', 'create a block of 4 KiB (shmobj in C)',
     'shmobj in Python', CPYTHON, "with CPython's class"),
]


def read_times(page, group, operation):
    """Returns the time of each contender of a row of the page."""
    table = re.search(rf'<!-- {group} -->\n(.*?)<!-- end -->', page, re.DOTALL).group(1)
    times = {}
    title = None
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip('|').split('|')]
        if len(cells) != len(HEADINGS):
            continue
        title = cells[0] or title
        if title == operation:
            times.setdefault('shmobj', cells[1])
            # The version of CPython differs between machines.
            times[re.sub(r'^(CPython) [\d.]+$', r'\1', cells[2])] = cells[3]

    return times


def make_readme_table(page):
    lines = ['| Operation | shmobj | For comparison |', '| --- | ---: | --- |']
    for text, group, operation, own, other, remark in README_ROWS:
        times = read_times(page, group, operation)
        comparison = f'{times[other]} {remark}' if other else ''
        lines.append(' '.join(f'| {text} | {times[own]} | {comparison} |'.split()))

    return '\n'.join(lines)


def update_readme(path, page):
    old = path.read_text(encoding='utf-8')
    table = make_readme_table(page.read_text(encoding='utf-8'))
    path.write_text(re.sub(r'\| Operation \| shmobj \|.*?(?=\n\n)', lambda _: table, old,
                           flags=re.DOTALL), encoding='utf-8')


# The chart

CHART = '''\
set terminal svg size 1100,{height} font "sans-serif,12" background "white" noenhanced
set output "{output}"
set lmargin at screen 0.53
set rmargin at screen 0.97
set logscale x
set xrange [{left}:{right}]
set yrange [{count}-0.3:-0.7]
set title "shmobj / the other: left of 1 (green), shmobj is faster"
set format x "%g"
set ytics ({labels})
set grid x
set bars 0.4
unset key
set arrow from 1,graph 0 to 1,graph 1 nohead linewidth 1.5
set style fill solid 0.8 noborder
$data << EOD
{data}
EOD
plot $data using (1):1:(1):2:($1-0.35):($1+0.35):($2 < 1 ? 0x2e8b57 : 0xd2782d) \\
         with boxxyerror linecolor rgb variable, \\
     $data using 2:1:3:4 with xerrorbars linecolor "black" pointtype 7 pointsize 0.3
'''

# The rows of the chart. The page has all others.
CHARTED = {
    'blocks': r'create.*: (4 KiB|256 MiB)|attach.*: 4 KiB',
    'lists': r'(get|set) (an int|a text)|.*(random|count|create).* 1,000,000',
    'python': r'(get|set) (int|str of 5|None)|.*100,000 (ints|mixed)|(create|attach).*touch|read',
    'javascript': r'list\.(at|setAt)\(\): (int|str$)|.*100,000 mixed',
    'manager': r'(start|create)',
}


def get_chart_rows(groups):
    """Yields the label and the comparison of each row of the chart: the first alternative that is
    not this library, or the first limit."""
    for name, pattern in CHARTED.items():
        for row in groups[name].rows if name in groups else ():
            others = [comparison for comparison in row.comparisons
                      if not comparison.name.startswith('shmobj')]
            others.sort(key=lambda comparison: (comparison.is_limit, ',' in comparison.name))
            if others and re.match(pattern, row.title):
                title = re.sub(r', (per value|touch, close(, unlink)?)', '', row.title)
                other = re.sub(r'(CPython) .*', r'\1', others[0].name.removeprefix(LIMIT))
                yield f'{name}: {title} / {other}', others[0]


def draw_chart(path, groups, gnuplot='gnuplot'):
    rows = list(get_chart_rows(groups))
    numbers = [number for _, row in rows for number in (row.low, row.high)] + [1]
    data = [f'{i} {row.ratio} {row.low} {row.high}' for i, (_, row) in enumerate(rows)]
    labels = [f'"{label}" {i}' for i, (label, _) in enumerate(rows)]
    script = CHART.format(height=80 + 18 * len(rows), output=path, count=len(rows),
                          left=min(numbers) / 1.3, right=max(numbers) * 1.3,
                          labels=', '.join(labels), data='\n'.join(data))
    subprocess.run([gnuplot], input=script, text=True, check=True)
