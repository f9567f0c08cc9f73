"""Notices where something of a site or a person is computed while a transaction of ours is open.

What computes without end would keep its locks: on SQLite it keeps everybody from writing.
"""

import functools
import sys
import threading
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

import pytest
from django.db import transaction

from runs import gates, insight, planning
from runs.engine import identity
from runs.insight import application

COMPUTING = (insight, application, planning, identity, gates)
# Of planning what reads documents and addresses; the rest compares counts of ours, which no site can make costly.
OF_DOCUMENTS = {
    *("proof_estimate", "share", "kinds_of", "fitted", "paths_of", "under", "impact_of"),
    *("skips", "dispatch_order", "risk_order", "risk"),
}


def forbid_computing_in_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on a computing function that the product calls inside of its own transaction fails the test."""
    ours = threading.local()

    def opened() -> list[str]:
        ours.__dict__.setdefault("modules", [])
        return ours.modules  # type: ignore[no-any-return]

    class Watched(transaction.Atomic):
        opener = ""

        def __enter__(self) -> None:
            super().__enter__()
            opened().append(self.opener)

        def __exit__(self, *error: Any) -> None:
            opened().pop()
            super().__exit__(*error)

    def atomic(using: Any = None, savepoint: bool = True, durable: bool = False) -> Any:
        opener = str(sys._getframe(1).f_globals["__name__"])
        if callable(using) or not opener.startswith(("runs.", "projects.")):
            return original(using, savepoint, durable)
        watched = Watched(using, savepoint, durable)
        watched.opener = opener
        return watched

    original = transaction.atomic
    monkeypatch.setattr(transaction, "atomic", atomic)
    for module in COMPUTING:
        for name in computing(module):
            monkeypatch.setattr(module, name, _guarded(getattr(module, name), opened))


def computing(module: ModuleType) -> list[str]:
    """The functions that a package hands out."""
    handed_out = set(getattr(module, "__all__", dir(module)))
    names = handed_out & OF_DOCUMENTS if module is planning else handed_out
    return [name for name in sorted(names) if isinstance(getattr(module, name), FunctionType)]


def _guarded(function: Callable[..., Any], opened: Callable[[], list[str]]) -> Callable[..., Any]:
    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        assert not opened(), f"{function.__module__}.{function.__name__} is computed in a transaction of {opened()[-1]}"
        return function(*args, **kwargs)

    return called
