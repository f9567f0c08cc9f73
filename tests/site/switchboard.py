"""Which defects are on in this process, and which dangerous buttons were pressed in it."""

from collections import Counter
from collections.abc import Iterable

from tests.site.defects import DEFECTS

_on: set[str] = set()
_visits: Counter[str] = Counter()
touched: Counter[str] = Counter({"pay": 0, "delete_account": 0})


class UnknownDefect(ValueError):
    def __init__(self, name: str) -> None:
        super().__init__(f"There is no defect named {name!r}; GET /__defects__ lists all of them.")


def is_on(name: str) -> bool:
    return _known(name) in _on


def active() -> frozenset[str]:
    return frozenset(_on)


def state() -> list[dict[str, str | bool]]:
    return [{"name": name, "on": name in _on, "description": text} for name, text in DEFECTS.items()]


def switch(on: Iterable[str] = (), off: Iterable[str] = (), only: Iterable[str] | None = None) -> None:
    added = {_known(name) for name in on}
    removed = {_known(name) for name in off}
    base = set(_on) if only is None else {_known(name) for name in only}
    _on.clear()
    _on.update((base | added) - removed)
    _visits.clear()


def every_second(key: str) -> bool:
    _visits[key] += 1
    return _visits[key] % 2 == 0


def _known(name: str) -> str:
    if name not in DEFECTS:
        raise UnknownDefect(name)
    return name
