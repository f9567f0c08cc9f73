"""The pages of sign-ins: a role is added, shown without its secrets, changed, and taken away; and what roles reach."""

from typing import Any

import pytest

from projects.accounts import keep_session
from projects.models import Activity, AuthProfile, Session, Test
from runs import ledger
from runs.engine.plan import CrawlOptions
from tests.ledger.conftest import Hand
from tests.ledger.test_crawling import link, visit
from tests.web.conftest import DOCUMENT, World
from tests.web.test_starting import crawl

FORM = {"name": "editor", "username": "eva", "password": "let me in", "totp": "JBSWY3DPEHPK3PXP"}


def add(world: World, kind: str = "form", **fields: Any) -> Any:
    return world.client("admin").post(world.at(f"/settings/sign-ins/new/{kind}"), {**FORM, **fields})


def test_where_there_is_none_the_page_says_what_one_is_for(world: World) -> None:
    text = world.client("viewer").get(world.at("/settings/sign-ins")).content.decode()
    assert "Add a sign-in for each role" in text
    assert "needs the role Admin" in text


def test_a_sign_in_is_added_listed_changed_and_deleted(world: World) -> None:
    client = world.client("admin")
    assert add(world).status_code == 302
    row = AuthProfile.objects.get()
    Test.write(world.project, None, "As editor", {**DOCUMENT, "auth": "editor"})
    keep_session((world.project.pk, None), "editor", "mark", {"page": "http://shop.test/"})
    text = client.get(world.at("/settings/sign-ins")).content.decode()
    assert 'data-label="Tests">1<' in text
    page = f"/settings/sign-ins/{row.public_id}"
    shown = client.get(world.at(page)).content.decode()
    assert "Stored; what you write here replaces it." in shown
    assert not any(secret in text + shown for secret in ("let me in", "JBSW", "eva"))
    assert client.post(world.at(page), {"name": "chief", "forget_totp": "on"}).status_code == 302
    row.refresh_from_db()
    assert (row.name, {name: str(value) for name, value in row.secrets.items()}) == (
        "chief",
        {"username": "eva", "password": "let me in"},
    )
    assert not Session.objects.exists()
    assert client.post(world.at(f"{page}/delete")).status_code == 302
    assert not AuthProfile.objects.exists()
    assert list(Activity.objects.order_by("pk").values_list("verb", flat=True)) == [
        "sign-in added",
        "sign-in changed",
        "sign-in deleted",
    ]


def test_what_was_written_on_a_page_that_is_out_of_date_changes_nothing(world: World) -> None:
    add(world)
    row = AuthProfile.objects.get()
    client, page = world.client("admin"), world.at(f"/settings/sign-ins/{row.public_id}")
    begun = client.get(page).context["form"].initial["seen"]
    assert f'value="{begun}"' in client.get(page).content.decode()
    first = {"name": "editor", "login_url": "/login", "exclusive": "on", "seen": begun}
    assert client.post(page, first).status_code == 302
    late = client.post(page, {"name": "chief", "login_url": "", "seen": begun})
    assert late.status_code == 422
    assert "Somebody changed this sign-in meanwhile." in late.content.decode()
    row.refresh_from_db()
    assert (row.name, row.access) == ("editor", {"login_url": "/login", "exclusive": True})


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": "account"}, "own sign-in, which the general settings keep"),
        ({"totp": "0189"}, "This is no base32 secret"),
        ({"login_url": "https://evil.test/login"}, "This is another site than the project"),
        ({"password": ""}, "This field is required."),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_kept(world: World, fields: dict[str, str], sentence: str) -> None:
    answer = add(world, **fields)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert "let me in" not in answer.content.decode()
    assert not AuthProfile.objects.exists()


def test_a_name_that_is_taken_is_said(world: World) -> None:
    add(world)
    answer = add(world)
    assert answer.status_code == 422
    assert "This name is taken." in answer.content.decode()


def test_headers_are_written_as_lines(world: World) -> None:
    answer = world.client("admin").post(
        world.at("/settings/sign-ins/new/headers"), {"name": "robot", "headers": "X-Api-Key: k-1\nX-Role: editor"}
    )
    assert answer.status_code == 302
    assert AuthProfile.objects.get().header_names == ["X-Api-Key", "X-Role"]


def test_there_are_three_kinds(world: World) -> None:
    assert world.client("admin").get(world.at("/settings/sign-ins/new/magic")).status_code == 404


def test_a_test_that_starts_as_nobody_known_is_not_saved(world: World) -> None:
    document = '{"title": "T", "auth": "boss", "steps": [{"do": "expect_url", "path": "/"}]}'
    answer = world.client("qa_lead").post(world.at("/tests/new"), {"document": document})
    assert answer.status_code == 422
    assert "there is no sign-in called “boss”; there are account" in answer.content.decode()


def test_a_crawl_whose_default_roles_are_gone_says_so_instead_of_starting(world: World) -> None:
    world.project.settings = {"crawl": {"roles": ["boss"]}}
    world.project.save()
    answer = world.client("qa_lead").post(world.at("/crawl"), crawl(), follow=True)
    assert "There is no sign-in called “boss”; there are account, visitor." in answer.content.decode()
    assert not world.project.runs.exists()


def test_the_pages_of_a_crawl_show_what_each_role_can_reach(world: World) -> None:
    AuthProfile.objects.create(project=world.project, name="editor")
    run = ledger.open_crawl(world.order(), CrawlOptions(roles=("visitor", "editor")))
    hand = Hand(run)
    first, second = ledger.claim_pages(hand.held, 50, 2).works
    visit(hand, first, [link("/edit")])
    visit(hand, second, [link("/edit")])
    client = world.client("viewer")
    work = ledger.claim_pages(hand.held, 50, 2).works
    assert sorted(page.role for page in work) == ["editor", "visitor"]
    for page in work:
        visit(hand, page, final=None if page.role == "editor" else "http://shop.test/")
    text = client.get(world.at(f"/pages?run={run.public_id}")).content.decode()
    reach = text[text.index('id="reach"') : text.index("<h2>Addresses")]
    assert "visitor" in reach
    assert "✓ reached" in reach
    assert " led elsewhere" in reach
    assert reach.index("/edit") < reach.rindex("shop.test/"), "what tells roles apart comes first"
    only = client.get(world.at(f"/pages?run={run.public_id}&role=editor")).content.decode()
    assert only.count(">editor</span>") == 2
    assert ">visitor</span>" not in only
