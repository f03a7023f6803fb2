# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Converts addresses of managers between CPython and the library.

In CPython, an address is a str for a path, bytes that begin with a NUL for an abstract socket, or a
tuple of host and port. In the library, it is a string: a path, '@' and a name, or 'host:port'.
"""

import operator


def _pair_to_string(address):
    try:
        host, port = address
        port = operator.index(port)
    except (TypeError, ValueError):
        raise TypeError(f'an address that is a tuple must have a host and a port: '
                        f'{address!r}') from None

    if not isinstance(host, str):
        raise TypeError(f'the host in an address must be a str: {address!r}')
    if not 0 <= port <= 0xffff:
        raise OverflowError(f'the port in an address must be from 0 to 65535: {address!r}')
    if '/' in host or '\0' in host or host.startswith('@'):
        raise ValueError(f'invalid host in an address: {address!r}')

    host = host or '0.0.0.0'

    return f'[{host}]:{port}' if ':' in host else f'{host}:{port}'


def to_string(address):
    """Converts an address of CPython to an address of the library. Returns None if the library must
    choose an address."""
    if not address:
        return None
    if type(address) is tuple:
        return _pair_to_string(address)
    if isinstance(address, bytes):
        if address[0] != 0:
            raise ValueError('an address that is bytes must begin with a NUL, because it is the '
                             f'name of an abstract socket: {address!r}')
        address = address.decode()  # The library accepts only UTF-8. Other bytes fail here.
    elif not isinstance(address, str):
        raise TypeError(f'an address must be a str, bytes or a tuple: {address!r}')
    elif address.startswith('\\\\'):
        raise ValueError(f'named pipes are not supported on this system: {address!r}')

    if address[0] == '\0':
        address = '@' + address[1:]
    if '\0' in address:
        raise ValueError(f'embedded null character in an address: {address!r}')

    return address


def from_string(text):
    """Converts an address of the library to the form that CPython's managers have in `address`."""
    if text.startswith('@'):
        return b'\0' + text[1:].encode()

    host, colon, port = text.rpartition(':')
    if '/' in text or not colon or not port.isdecimal():
        return text

    return host[1:-1] if host.startswith('[') else host, int(port)
