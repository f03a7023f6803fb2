#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Checks that the reference documents each symbol and that all its links work. Prints TAP.

`gi-docgen check` does not check links between pages and to anchors, the Devhelp book, macros, and
`Since:` lines. This program checks them too. It reads macros and `Since:` lines from the source
files. It also checks that the map of the guide contains each page and that each page links to the map,
that the links of README are right, that each error code has a remedy, and that no text
contains an `@` that gi-docgen would remove."""

import argparse
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# The symbols that need no documentation, because programs do not use them or a type documents them.
UNDOCUMENTED = re.compile(r'SHM_(EXTERN|(AVAILABLE|DEPRECATED)_IN_\w+|TYPE_\w+)$|shm_\w+_get_type$')


# The sources

class Block:
    """A documentation comment."""

    def __init__(self, text):
        lines = [re.sub(r'^\s*\* ?', '', line) for line in text.splitlines()]
        lines = [line for line in lines if line]
        self.symbol = re.match(r'[\w:-]*\w', lines[0]).group() if lines else ''
        self.parameters = [match.group(1) for line in lines
                           if (match := re.match(r'@(\w+):\s*\S', line))]
        self.has_returns = any(re.match(r'Returns:\s*\S', line) for line in lines)
        since = [match.group(1) for line in lines
                 if (match := re.match(r'Since: (\d+\.\d+)$', line))]
        self.since = since[0] if len(since) == 1 else None


def find_blocks(paths):
    for path in paths:
        for text in re.findall(r'/\*\*\n(.*?)\*/', path.read_text(), re.DOTALL):
            yield Block(text)


class Symbol:
    """A declaration in a public header."""

    def __init__(self, name, since=None, parameters=(), returns=False):
        self.name = name
        self.since = since
        self.parameters = list(parameters)
        self.returns = returns


def split_parameters(text):
    names = [re.search(r'(\w+)\s*(\[\w*\])?\s*$', part) for part in text.split(',')]
    return [match.group(1) for match in names if match and match.group(1) != 'void']


def find_functions(text):
    for since, returned, name, parameters in re.findall(
            r'SHM_AVAILABLE_IN_(\d+_\d+)\s+([\w\s*]+?)\b(shm_\w+)\s*\(([^)]*)\)', text):
        yield Symbol(name, since.replace('_', '.'), split_parameters(parameters),
                     returned.strip() != 'void')


def find_macros(text):
    for name, parameters in re.findall(r'^#define (SHM_\w+)(?:\(([^)]*)\))?', text, re.MULTILINE):
        yield Symbol(name, None, split_parameters(parameters))


def find_types(text):
    for body, name in re.findall(r'typedef enum[^{]*\{(.*?)\}\s*(Shm\w+);', text, re.DOTALL):
        yield Symbol(name, None, re.findall(r'^\s*(SHM_\w+)', body, re.MULTILINE))
    for name in re.findall(r'typedef struct _?\w+ (Shm\w+);', text):
        body = re.search(r'^struct _%s\s*\{(.*?)^\};' % name, text, re.MULTILINE | re.DOTALL)
        yield Symbol(name, None, re.findall(r'(\w+);', body.group(1)) if body else [])
    for name in re.findall(r'G_DECLARE_\w+_TYPE \((Shm\w+),', text):
        yield Symbol(name)


def find_symbols(headers):
    for path in headers:
        text = re.sub(r'^ */\*< private >\*/.*?^\}', '}', path.read_text(),
                      flags=re.DOTALL | re.MULTILINE)
        text = re.sub(r'/\*.*?\*/', '', text, flags=re.DOTALL)
        for symbol in (*find_functions(text), *find_macros(text), *find_types(text)):
            if not UNDOCUMENTED.match(symbol.name):
                yield symbol


def check_sources(paths):
    blocks = {}
    for block in find_blocks(paths):
        if block.symbol in blocks:
            yield f'{block.symbol} is documented twice'
        if block.since is None:
            yield f'{block.symbol or "a comment without a symbol"} has no Since: line'
        blocks[block.symbol] = block

    symbols = list(find_symbols([path for path in paths if path.suffix == '.h']))
    if not symbols:
        yield 'no symbols were found'
    for symbol in symbols:
        block = blocks.get(symbol.name)
        if block is None:
            yield f'{symbol.name} is not documented'
            continue
        if symbol.parameters != block.parameters:
            yield (f'{symbol.name} has {", ".join(symbol.parameters) or "no parameters"}, but its '
                   f'comment documents {", ".join(block.parameters) or "none"}')
        if symbol.returns != block.has_returns:
            yield f'{symbol.name}: its comment is wrong about whether it returns something'
        if symbol.since not in (None, block.since):
            yield f'{symbol.name} exists since {symbol.since}, but its comment says {block.since}'


def find_error_codes(paths):
    """Yields each code of ShmError with its description."""
    for path in paths:
        for text in re.findall(r'/\*\*\n \* ShmError:\n(.*?)\n \*\n', path.read_text(), re.DOTALL):
            text = re.sub(r'\n \*\s*', ' ', text)
            yield from re.findall(r'@(SHM_ERROR_\w+): (.*?)(?= @SHM_ERROR_|$)', text)


def check_errors(paths):
    """The first sentence about an error code is its meaning. A remedy must follow."""
    codes = list(find_error_codes(paths))
    if not codes:
        yield 'no error code was found'
    for code, description in codes:
        if not re.search(r'\. [A-Z[].*\.$', description):
            yield f'{code} has no remedy: {description}'


def check_sigils(paths):
    """gi-docgen removes an @ before a word, because it takes the word for a parameter, also in code
    (`@name`). It does not do this in code blocks."""
    for path in paths:
        text = path.read_text(encoding='utf-8')
        if path.suffix != '.md':
            text = '\n'.join(re.sub(r'^ *\* ?', '', comment, flags=re.MULTILINE) for comment in
                             re.findall(r'/\*\*\n(.*?)\*/', text, re.DOTALL))
        text = re.sub(r'^```.*?^```', '', text, flags=re.MULTILINE | re.DOTALL)
        for code in re.findall(r'`([^`\n]+)`', text):
            if re.search(r'(?:^|\W)@\w', code):
                yield f'{path.name}: gi-docgen removes the @ of `{code}`'


# The guide

MAP_PAGE = 'overview.md'
MAP_LINK = '[map](overview.html#where-to-start)'


def read_section(text, title):
    """Returns the section with this heading of level 2."""
    section = re.search(rf'^## {re.escape(title)}\n(.*?)(?=^## |\Z)', text,
                        re.MULTILINE | re.DOTALL)
    return section.group(1) if section else ''


def check_map(pages):
    """The map links to each page."""
    for path in pages:
        if path.name == MAP_PAGE:
            text = read_section(path.read_text(encoding='utf-8'), 'Where to start')
            linked = set(re.findall(r'\]\(([\w-]+)\.html', text))
            for other in sorted({other.stem for other in pages if other != path} - linked):
                yield f'the map in {path.name} has no link to {other}.html'


def check_footers(pages):
    """The last paragraph of each page names related pages, and links to the map."""
    for path in pages:
        if path.name == MAP_PAGE:
            continue
        paragraph = path.read_text(encoding='utf-8').rstrip().split('\n\n')[-1].replace('\n', ' ')
        if not paragraph.startswith('Related pages: ') or MAP_LINK not in paragraph:
            yield f'{path.name} does not end with related pages and {MAP_LINK}'
            continue
        related = set(re.findall(r'\]\(([\w-]+)\.html\)', paragraph))
        if not 2 <= len(related) <= 4:
            yield f'{path.name} names {len(related)} related pages instead of 2 to 4'


def check_guide(pages, config):
    """Checks that the reference contains each page, and that a reader finds it."""
    for path in pages:
        if not path.read_text(encoding='utf-8').startswith('Title: '):
            yield f'{path.name} does not begin with "Title: "; gi-docgen would not know its title'

    content = set(re.findall(r'"([\w-]+\.md)"', Path(config).read_text(encoding='utf-8')))
    given = {path.name for path in pages}
    folders = {path.parent for path in pages}
    for path in sorted(path for folder in folders for path in folder.glob('*.md')):
        if path.name not in given:
            yield f'{path.name} is not in guide_pages of docs/meson.build'
        if path.name not in content:
            yield f'{path.name} is not in content_files of Shm.toml.in'

    yield from check_map(pages)
    yield from check_footers(pages)


# README

README_LINES = 200


def find_anchors(text):
    """Returns the anchors that a forge makes for the headings of a page."""
    text = re.sub(r'^```.*?^```', '', text, flags=re.MULTILINE | re.DOTALL)
    for heading in re.findall(r'^#+ (.*)$', text, re.MULTILINE):
        yield re.sub(r'[^\w -]', '', heading.lower()).replace(' ', '-')


def check_readme_links(readme, text):
    links = re.findall(r'\]\(([^)\s]+)\)', text.replace('\n', ' '))
    links += re.findall(r'(?:src|srcset)="([^"]+)"', text)
    for link in links:
        parts = urlsplit(link)
        target = readme.parent / parts.path if parts.path else readme
        if parts.scheme:
            continue
        if not target.exists():
            yield f'{link} does not exist'
        elif parts.fragment and parts.fragment not in find_anchors(target.read_text('utf-8')):
            yield f'{link}: the page has no such heading'


def check_readme(readme):
    text = readme.read_text(encoding='utf-8')
    if (count := text.count('\n')) > README_LINES:
        yield f'README has {count} lines; move something to the guide'
    yield from check_readme_links(readme, text)


# The pages

class Page(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links = set()
        self.anchors = set()
        self.feed(path.read_text(encoding='utf-8'))

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ('href', 'src') and value:
                self.links.add(value)
            elif name == 'id' and value:
                self.anchors.add(normalize_anchor(value))


def normalize_anchor(anchor):
    # gi-docgen 2025 generates links to error.Error.html#not-supported, but the anchor is
    # not_supported.
    return unquote(anchor).replace('_', '-')


def check_links(folder):
    """Follows all links, beginning at the first page. Yields a problem for each broken link."""
    pages = {}
    to_visit = ['index.html']
    links = {}  # maps (target page, anchor) to the pages that contain the link
    while to_visit:
        name = to_visit.pop()
        if name in pages or not (folder / name).is_file():
            continue
        pages[name] = Page(folder / name)
        for link in pages[name].links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = unquote(parts.path) or name
            links.setdefault((target, parts.fragment), []).append(name)
            if target.endswith('.html'):
                to_visit.append(target)

    for (target, fragment), names in sorted(links.items()):
        source = names[0] if len(names) == 1 else f'{names[0]} and {len(names) - 1} more'
        if not (folder / target).is_file():
            yield f'{target}, which {source} links to, does not exist'
        elif (target in pages and fragment
              and normalize_anchor(fragment) not in pages[target].anchors):
            yield f'{target}#{fragment}, which {source} links to, does not exist'

    for path in (folder / name for name in sorted(pages)):
        for reference in re.findall(r'\[\w+@[\w.:-]+\]', path.read_text(encoding='utf-8')):
            yield f'{path.name} shows {reference}, which should be a link'


def check_devhelp(folder):
    path = folder / f'{folder.name}.devhelp2'
    if not path.is_file():
        yield f'there is no {path.name}'
        return

    names = set()
    for element in ElementTree.parse(path).iter():
        names.add(element.get('name'))
        link = element.get('link')
        if link and not (folder / urlsplit(link).path).is_file():
            yield f'{path.name} links to {link}, which does not exist'
    if 'SharedMemory' not in names:
        yield f'{path.name} does not list the class SharedMemory'


def check_introspection(gi_docgen, config, gir):
    done = subprocess.run([gi_docgen, 'check', '--config', config, gir], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        yield from done.stdout.splitlines()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--gi-docgen', required=True)
    parser.add_argument('--config', required=True, help='the configuration of gi-docgen')
    parser.add_argument('--gir', required=True)
    parser.add_argument('--html', required=True, type=Path, help='the folder of the pages')
    parser.add_argument('sources', nargs='+', type=Path,
                        help='public headers, sources, and the pages of the guide')
    parser.add_argument('--readme', required=True, type=Path)
    options = parser.parse_args()

    pages = [path for path in options.sources if path.suffix == '.md']
    sources = [path for path in options.sources if path.suffix != '.md']

    checks = {
        'gi-docgen finds no undocumented symbol':
            check_introspection(options.gi_docgen, options.config, options.gir),
        'the sources document every public symbol': check_sources(sources),
        'each error code has a remedy': check_errors(sources),
        'gi-docgen removes no @': check_sigils(options.sources),
        'the guide contains each page, and each page links to its map':
            check_guide(pages, options.config),
        'the links of README are right': check_readme(options.readme),
        'links are not broken': check_links(options.html.resolve()),
        'the Devhelp book lists the class': check_devhelp(options.html.resolve()),
    }

    print(f'1..{len(checks)}')
    failed = False
    for number, (name, check) in enumerate(checks.items(), start=1):
        problems = list(check)
        failed = failed or bool(problems)
        print(f'{"not ok" if problems else "ok"} {number} - {name}')
        for problem in problems:
            print(f'# {problem}')

    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
