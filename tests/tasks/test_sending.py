from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction
from django_q.models import OrmQ

from runs import queue

pytestmark = pytest.mark.django_db


def test_a_message_is_sent_in_the_callers_transaction() -> None:
    queue.send("shard", 7)
    (row,) = OrmQ.objects.all()
    assert (row.func(), row.args()) == ("runs.tasks.shard", (7,))
    assert queue.waiting() == 1


def test_a_message_is_undone_with_the_callers_transaction() -> None:
    with transaction.atomic():
        queue.send("shard", 7)
        transaction.set_rollback(True)
    assert queue.waiting() == 0


def test_with_another_broker_the_message_follows_the_commit(
    settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.ENV = replace(settings.ENV, broker="redis")
    with django_capture_on_commit_callbacks(execute=True):
        queue.send("judge", 7)
        assert queue.waiting() == 0
    assert queue.waiting() == 1
