"""A write transaction is never open while something of a site or a person is computed."""

from collections.abc import Callable
from types import FunctionType

import pytest
from django.db import transaction

from runs import insight
from tests.ledger.guard import COMPUTING, computing, forbid_computing_in_transactions

pytestmark = pytest.mark.django_db


def _in_a_transaction(verb: Callable[[], object]) -> None:
    with transaction.atomic():
        verb()


def ours(verb: Callable[[], object]) -> None:
    """Computes in a transaction that counts as the product's."""
    known = {"__name__": "runs.made_up", "transaction": transaction}
    FunctionType(_in_a_transaction.__code__, known)(verb)


def test_what_computes_in_a_transaction_of_the_product_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_computing_in_transactions(monkeypatch)
    insight.flakiness([])
    with transaction.atomic():
        insight.flakiness([])
    with pytest.raises(AssertionError, match=r"flakiness is computed in a transaction of runs\.made_up"):
        ours(lambda: insight.flakiness([]))


def test_every_package_that_computes_is_watched() -> None:
    assert all(computing(module) for module in COMPUTING)
    assert "distance" in computing(COMPUTING[3])
    assert "learn" in computing(COMPUTING[1])
