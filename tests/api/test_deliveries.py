"""Callbacks with orders, deliveries of a run, and sending one again."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from runs import ledger
from runs.engine.netguard import Guard
from runs.models import Delivery, Run
from tests.api.conftest import Refusal, World

URL = "https://ci.invalid/done?job=7"
SHA = "0123456789abcdef0123456789ABCDEF01234567"


def start(client: APIClient, world: World, where: str, body: Any) -> Any:
    test = world.test("approved")
    path = {
        "run": world.at("/run"),
        "trigger": world.at("/trigger"),
        "crawl": world.at("/crawl"),
        "test": f"/api/v1/tests/{test.public_id}/run",
    }[where]
    return client.post(path, body, format="json")


@pytest.mark.parametrize("where", ["run", "trigger", "crawl", "test"])
def test_an_order_keeps_its_callback(ci: APIClient, world: World, where: str) -> None:
    assert start(ci, world, where, {"callback_url": URL}).status_code == 202
    assert Run.objects.get().callback_url == URL


def test_a_trigger_in_camel_case_keeps_its_callback_and_its_commit(ci: APIClient, world: World) -> None:
    body = {"callbackUrl": URL, "repo": "octo/shop", "sha": SHA, "branch": "main", "prNumber": 7}
    assert start(ci, world, "trigger", body).status_code == 202
    run = Run.objects.get()
    assert run.callback_url == URL
    assert run.commit == {"repo": "octo/shop", "sha": SHA.lower(), "branch": "main", "pull_request": 7}


REFUSED = [
    "",
    "nonsense",
    "ftp://ci.test/",
    "ws://ci.test/",
    "javascript:alert(1)",
    "https://",
    "https://ada:secret@ci.test/",
    "https://ci.test/ x",
    "https://ci.test:99999/",
    "http://169.254.169.254/latest/meta-data/",
    "http://metadata.google.internal/",
    "http://[::ffff:169.254.169.254]/",
    "http://2852039166/",
    "https://ci.test/" + "x" * 2048,
    5,
]
PRIVATE = ["http://127.0.0.1:5000/", "http://localhost/", "http://10.0.0.8/", "http://[::1]/", "http://0x7f000001/"]


@pytest.mark.parametrize("where", ["run", "trigger", "crawl", "test"])
@pytest.mark.parametrize("url", REFUSED)
def test_a_callback_to_where_nothing_may_be_sent_is_422_with_the_field_and_stores_nothing(
    ci: APIClient, world: World, refused: Refusal, where: str, url: Any
) -> None:
    answer = start(ci, world, where, {"callback_url": url})
    assert set(refused(answer, 422, "invalid")["errors"]) == {"callback_url"}
    assert not Run.objects.exists()
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("url", [*PRIVATE, *REFUSED[:-1]])
def test_a_trigger_is_refused_in_its_own_spelling(
    ci: APIClient, world: World, refused: Refusal, settings: Any, url: str
) -> None:
    settings.GUARD = Guard()
    errors = refused(start(ci, world, "trigger", {"callbackUrl": url}), 422)["errors"]
    assert set(errors) == {"callbackUrl"}
    assert len(errors["callbackUrl"]) == 1
    assert not Run.objects.exists()


def test_a_private_callback_is_taken_where_the_installation_allows_it(ci: APIClient, world: World) -> None:
    assert start(ci, world, "trigger", {"callbackUrl": "http://127.0.0.1:5000/"}).status_code == 202


def test_a_name_that_points_to_a_private_address_is_refused_when_it_is_ordered(
    ci: APIClient, world: World, refused: Refusal, settings: Any
) -> None:
    """The machine's own name is in every hosts file; its text says nothing, its address does."""
    import socket

    name = socket.gethostname()
    settings.GUARD = Guard()
    answer = start(ci, world, "run", {"callback_url": f"http://{name}/done"})
    (sentence,) = refused(answer, 422)["errors"]["callback_url"]
    assert sentence.startswith(f"Nothing is sent to this address: {name.lower()} is a private address")
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"repo": "octo"}, "repo"),
        ({"repo": "octo/shop/x"}, "repo"),
        ({"repo": "../../x"}, "repo"),
        ({"sha": "abc"}, "sha"),
        ({"sha": "z" * 40}, "sha"),
        ({"branch": ""}, "branch"),
        ({"branch": "x" * 256}, "branch"),
        ({"pull_request": 0}, "pull_request"),
        ({"pull_request": "7"}, "pull_request"),
        ({"prNumber": 0}, "prNumber"),
    ],
)
def test_a_commit_that_cannot_be_is_422_with_the_field(
    ci: APIClient, world: World, refused: Refusal, body: Any, field: str
) -> None:
    assert set(refused(start(ci, world, "trigger", body), 422)["errors"]) == {field}
    assert not Run.objects.exists()


@pytest.fixture
def owed(world: World) -> Delivery:
    run = world.run(callback_url=URL)
    ledger.abort(run.pk, "Ada")
    return run.deliveries.get()


def test_the_deliveries_of_a_run_are_listed_with_every_try(viewer: APIClient, owed: Delivery) -> None:
    taken = ledger.take_delivery(owed.pk)
    assert taken is not None
    ledger.settle_delivery(taken, ledger.DeliveryOutcome(False, "It answered 410.", 12, 410, final=True))
    (said,) = viewer.get(f"/api/v1/runs/{owed.run.public_id}/deliveries").json()["results"]
    assert said["key"] == f"{owed.run.public_id}:callback:ended"
    assert (said["kind"], said["state"], said["tries"], said["channel"]) == ("callback", "given_up", 1, None)
    assert said["error"] == "It answered 410."
    (entry,) = said["log"]
    assert (entry["number"], entry["sent"], entry["http_status"], entry["detail"]) == (
        1,
        False,
        410,
        "It answered 410.",
    )
    assert "job=7" not in str(said)


def test_a_delivery_is_sent_again_by_hand(lead: APIClient, owed: Delivery, refused: Refusal) -> None:
    taken = ledger.take_delivery(owed.pk)
    path = f"/api/v1/deliveries/{owed.pk}/redeliver"
    refused(lead.post(path, {}, format="json"), 409, "delivery_under_way")
    assert taken is not None
    ledger.settle_delivery(taken, ledger.DeliveryOutcome(True, "It answered 200.", 12, 200))
    answer = lead.post(path, {}, format="json")
    assert answer.status_code == 202
    assert (answer.json()["state"], answer.json()["tries"], answer.json()["key"]) == ("owed", 0, owed.key)
    assert ledger.take_delivery(owed.pk) is not None
    refused(lead.post("/api/v1/deliveries/999999/redeliver", {}, format="json"), 404)
    refused(lead.post(f"/api/v1/deliveries/{2**70}/redeliver", {}, format="json"), 404)


def test_deliveries_of_a_page_take_a_fixed_number_of_queries(
    viewer: APIClient, owed: Delivery, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        Delivery.objects.create(
            run=owed.run, kind="webhook", occasion="ended", key=f"k{number}", next_try_at=owed.next_try_at
        )
    with django_assert_max_num_queries(11):
        assert len(viewer.get(f"/api/v1/runs/{owed.run.public_id}/deliveries").json()["results"]) == 21
