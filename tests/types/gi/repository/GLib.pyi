# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

from collections.abc import Callable, Sequence
from typing import Any

SOURCE_REMOVE: bool

class Error(RuntimeError):
    message: str
    domain: str
    code: int
    def matches(self, domain: int, code: int) -> bool: ...

class Bytes:
    @classmethod
    def new(cls, data: Sequence[int] | None) -> Bytes: ...
    def get_data(self) -> bytes | None: ...

class Variant:
    def __init__(self, format_string: str, value: Any) -> None: ...
    def unpack(self) -> Any: ...

class Source:
    def set_callback(self, callback: Callable[..., bool]) -> None: ...
    def attach(self, context: MainContext | None = None) -> int: ...

class MainContext: ...
