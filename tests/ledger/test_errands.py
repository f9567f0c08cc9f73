"""What must not wait for a free worker is carried out beside them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from runs import ledger
from runs.management import fallback_worker
from runs.models import Delivery, Run
from tests.ledger.conftest import Hand
from tests.receivers import receiver

Open = Callable[..., Run]


def long_ago() -> None:
    then = timezone.now() - timedelta(seconds=30)
    Run.objects.update(sent_at=then)
    Delivery.objects.update(next_try_at=then)


def test_R18_a_verdict_does_not_wait_for_a_free_worker(opened: Open) -> None:
    run = opened(1)
    Hand(run).work_off()
    assert fallback_worker.carry() == 0, "a worker may come for it any moment"
    long_ago()
    assert fallback_worker.carry() >= 1
    run.refresh_from_db()
    assert (run.status, run.verdict) == ("completed", "passed")


@pytest.mark.django_db(transaction=True)
def test_R19_a_delivery_does_not_wait_for_a_free_worker_and_is_sent_once(order: Any, opened: Open) -> None:
    with receiver() as found:
        run = opened(1, callback_url=f"{found.url}/callback")
        ledger.abort(run.pk, "Ada")
        assert fallback_worker.carry() == 0
        long_ago()
        fallback_worker.carry()
        fallback_worker.carry()
        assert [request.path for request in found.arrived] == ["/callback"]
    assert Delivery.objects.get().state == "sent"
    assert OrmQ.objects.exists(), "the message is still there and will find nothing to do"
