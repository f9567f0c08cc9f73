"""How workers of a drill are made to hang, for good and with the interpreter's lock: by signals that only they know."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from django.db import connection

from runs.management.drill.outside import CONTROL

SPIN, SPIN_IN_A_TRANSACTION = signal.SIGUSR1, signal.SIGUSR2


def rehearse() -> None:
    """In a worker of a drill: from now on SPIN computes without end, SPIN_IN_A_TRANSACTION at the next write."""
    if CONTROL in os.environ:
        signal.signal(SPIN, lambda *_: _spin())
        signal.signal(SPIN_IN_A_TRANSACTION, _spin_at_the_next_write)


def _spin() -> None:
    """As a pattern of a site would: in C, so that no thread of this process goes on, and no signal is heard."""
    # Python's re goes back here without end and keeps the interpreter's lock meanwhile (decision 28).
    re.match("(a+)+$", "a" * 64 + "!")


def _spin_at_the_next_write(_number: int, _frame: FrameType | None) -> None:
    def around(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        answer = execute(sql, params, many, context)
        # After the write, so that what it has locked stays locked.
        if context["connection"].in_atomic_block and sql.startswith(("UPDATE", "INSERT", "DELETE")):
            _spin()
        return answer

    connection.execute_wrappers.append(around)
