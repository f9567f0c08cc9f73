"""Notifications in the project's settings: channels, signing secret, log of deliveries."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.async_api import expect

from projects.models import Channel
from runs import ledger
from runs.engine.netguard import Guard
from runs.models import Delivery
from tests.receivers import Answer, Receiver, receiver
from tests.web.conftest import Open, World, ended

SECRET = "https://hooks.test/T0/very-secret"


@pytest.fixture
def received() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.fixture
def admin(world: World) -> Client:
    return world.client("admin")


def at(world: World, rest: str = "") -> str:
    return world.at(f"/settings/notifications{rest}")


def add(client: Client, world: World, kind: str, **fields: Any) -> Any:
    return client.post(at(world, f"/new/{kind}"), {"name": "QA", "when": "always", **fields})


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def test_a_channel_is_added_shown_without_its_secret_and_edited(admin: Client, world: World) -> None:
    assert add(admin, world, "teams", url=SECRET).status_code == 302
    row = Channel.objects.get()
    assert (row.kind, row.when, row.settings, str.__str__(row.secrets["url"])) == ("teams", "always", {}, SECRET)
    shown = text(admin.get(at(world)))
    assert "Microsoft Teams · hooks.test" in shown
    form = text(admin.get(at(world, f"/{row.public_id}")))
    assert "Stored; what you write here replaces it." in form
    assert "very-secret" not in shown + form
    admin.post(at(world, f"/{row.public_id}"), {"name": "Team", "when": "changes", "url": ""})
    row.refresh_from_db()
    assert (row.name, row.when, str.__str__(row.secrets["url"])) == ("Team", "changes", SECRET)


@pytest.mark.parametrize(
    ("kind", "fields", "sentence"),
    [
        ("teams", {"url": ""}, "This field is required."),
        ("teams", {"url": "nonsense"}, "This is not an address of the web"),
        ("teams", {"url": "http://169.254.169.254/x"}, "Nothing is sent to this address"),
        ("teams", {"url": SECRET, "name": ""}, "This field is required."),
        ("email", {"to": "ada@shop.test\nnobody"}, "&#x27;nobody&#x27; is not a mail address"),
        ("github", {}, "Give a token, or app id, installation id and private key"),
        ("github", {"app_id": "5", "installation_id": "9", "private_key": "x"}, "The private key is not a PEM key"),
        ("github", {"token": "x", "repo": "octo"}, "Write owner and repository"),
    ],
)
def test_a_channel_that_cannot_be_says_why_and_is_not_kept(
    admin: Client, world: World, kind: str, fields: dict[str, str], sentence: str
) -> None:
    answer = add(admin, world, kind, **fields)
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert not Channel.objects.exists()


def test_a_private_address_is_refused_where_the_installation_does_not_allow_it(
    admin: Client, world: World, settings: Any
) -> None:
    settings.GUARD = Guard()
    answer = add(admin, world, "webhook", url="http://10.0.0.8/x")
    assert answer.status_code == 422
    assert "10.0.0.8 is a private address" in text(answer)


def test_a_name_is_taken_once(admin: Client, world: World) -> None:
    add(admin, world, "email", to="ada@shop.test")
    assert "There is a channel “QA” already." in text(add(admin, world, "teams", url=SECRET))


def test_a_github_channel_changes_from_a_token_to_an_app_by_forgetting_the_token(admin: Client, world: World) -> None:
    add(admin, world, "github", token="ghp_x", repo="octo/shop")
    row = Channel.objects.get()
    kept = admin.post(at(world, f"/{row.public_id}"), {"name": "QA", "app_id": "5", "installation_id": "9"})
    assert kept.status_code == 422
    forgot = {"name": "QA", "forget": "on", "token": "ghp_y"}
    assert admin.post(at(world, f"/{row.public_id}"), forgot).status_code == 302
    row.refresh_from_db()
    assert str.__str__(row.secrets["token"]) == "ghp_y"
    assert row.settings == {}


def test_a_channel_is_tried_disabled_enabled_and_deleted(admin: Client, world: World, received: Receiver) -> None:
    add(admin, world, "webhook", url=f"{received.url}/hook")
    here = at(world, f"/{Channel.objects.get().public_id}")
    said = text(admin.post(f"{here}/test", follow=True))
    assert f"QA: 127.0.0.1:{received.port} answered 200." in said
    received.answers = [Answer(410)]
    assert "the receiver is gone for good" in text(admin.post(f"{here}/test", follow=True))
    for enabled in (False, True):
        admin.post(f"{here}/switch")
        assert Channel.objects.get().enabled == enabled
    admin.post(f"{here}/delete")
    assert not Channel.objects.exists()
    verbs = list(world.project.activities.order_by("pk").values_list("verb", flat=True))
    assert verbs == ["channel created", "channel disabled", "channel enabled", "channel deleted"]


def test_the_signing_secret_is_shown_once(admin: Client, world: World) -> None:
    answer = admin.post(at(world, "/secret"), follow=True)
    (secret,) = re.findall(r"sntr_sig_[\w-]+", answer.content.decode())
    assert "no-store" in answer["Cache-Control"]
    world.project.refresh_from_db()
    assert str.__str__(world.project.signing_secret()) == secret
    assert secret not in admin.get(at(world)).content.decode()


def test_the_log_shows_every_try_and_sends_again(admin: Client, world: World) -> None:
    run = ended(world.run())
    row = Delivery.objects.create(
        run=run, kind="callback", occasion="ended", key=f"{run.public_id}:callback:ended", next_try_at=timezone.now()
    )
    taken = ledger.take_delivery(row.pk)
    assert taken is not None
    ledger.settle_delivery(taken, ledger.DeliveryOutcome(False, "It answered 410.", 12, 410, final=True))
    shown = text(admin.get(at(world, "?state=given_up")))
    assert "1 try: It answered 410." in shown
    assert "12 ms · It answered 410." in shown
    assert "feedback" not in shown
    again = text(admin.post(at(world, f"/deliveries/{row.pk}/again"), follow=True))
    assert f"{row.key} is sent again." in again
    row.refresh_from_db()
    assert row.state == "owed"


def test_a_delivery_of_another_project_is_not_found(world: World) -> None:
    row = ended(world.run()).deliveries.get()
    other = type(world.project).objects.create(workspace=world.project.workspace, name="Blog", url="http://blog.test/")
    path = f"/projects/{other.public_id}/settings/notifications/deliveries/{row.pk}/again"
    assert world.client("admin").post(path).status_code == 404


def test_names_from_outside_are_text(admin: Client, world: World) -> None:
    add(admin, world, "email", to="ada@shop.test", name="<script>alert(1)</script>")
    assert "<script>alert(1)" not in admin.get(at(world)).content.decode()


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
async def test_a_person_adds_a_channel_and_makes_a_secret_on_any_screen(
    visit: Open, shop: World, width: int, scheme: str
) -> None:
    page = await visit(at(shop), "admin", width=width, color_scheme=scheme)
    await page.get_by_role("link", name="Add E-mail").click()
    await page.get_by_label("To").fill("ada@shop.test")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("link", name="E-mail", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Make a secret").click()
    await expect(page.locator("#issued")).to_have_text(re.compile(r"sntr_sig_"))
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
