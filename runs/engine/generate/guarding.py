"""What breaks us in one kind of test costs that kind alone, and is told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from runs.engine.events import Log

log = logging.getLogger(__name__)
Item = TypeVar("Item")


def guarded(make: Callable[[], Iterable[Item]], what: str, logs: list[Log] | None) -> Iterator[Item]:
    """The items until making one fails with an error of ours; `logs` then says that there are no more of `what`."""
    try:
        yield from make()
    except Exception as error:
        log.exception("making %s broke", what)
        said = f"There are no more {what}, for Sentri broke: {type(error).__name__}: {error}"
        if logs is not None:
            logs.append(Log("error", said[:500]))
