"""Crawls as several roles: a frontier for each, one budget; and the sessions that they leave."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from projects.models import AuthProfile, Environment, Project, Session
from runs import ledger, reading
from runs.engine.events import Log, SignedIn
from runs.engine.masking import MASK, Masking
from runs.engine.plan import CrawlOptions, RunOptions
from runs.models import Run
from tests.ledger.conftest import Hand, planned, story
from tests.ledger.test_crawling import link, next_page, proposal, visit

Open = Callable[..., Run]
STATE = {"cookies": [{"name": "sid", "value": "s3cr3t"}], "origins": []}


@pytest.fixture
def editor(project: Project) -> AuthProfile:
    row = AuthProfile(project=project, name="editor", access={"login_url": "/login"})
    row.keep_credentials(username="eva", password="let me in", totp="JBSWY3DPEHPK3PXP")
    row.save()
    return row


def signed_in(run: Run, role: str = "editor", **fields: Any) -> SignedIn:
    credentials = reading.site(run).credentials_of(role)
    assert credentials is not None
    known = {"page": "http://shop.test/home", "signs": ("Sign out",), "closed": False, "state": STATE}
    return SignedIn(**{"role": role, "fingerprint": credentials.fingerprint, **known, **fields})


def test_each_role_begins_at_the_start_and_has_a_frontier_of_its_own(crawl: Open, editor: AuthProfile) -> None:
    run = crawl(roles=("visitor", "editor"), shards=1)
    hand = Hand(run)
    visitor, as_editor = next_page(hand), next_page(hand)
    assert [work.role for work in (visitor, as_editor)] == ["visitor", "editor"]
    visit(hand, visitor, [link("/a")])
    visit(hand, as_editor, [link("/a"), link("/edit")])
    assert sorted(run.pages.filter(status="pending").values_list("role", "key")) == [
        ("editor", "http://shop.test/a"),
        ("editor", "http://shop.test/edit"),
        ("visitor", "http://shop.test/a"),
    ]


def test_the_page_budget_is_shared_by_the_roles(crawl: Open, editor: AuthProfile) -> None:
    run = crawl(roles=("visitor", "editor"), max_pages=3)
    hand = Hand(run)
    for _ in range(3):
        visit(hand, next_page(hand, 3), [link(f"/{number}") for number in range(5)])
    assert next_page(hand, 3) is None
    assert run.pages.filter(status="done").count() == 3


def test_pages_of_one_shape_are_counted_for_each_role(crawl: Open, editor: AuthProfile) -> None:
    run = crawl(roles=("visitor", "editor"), same_template=1)
    hand = Hand(run)
    visit(hand, next_page(hand), [link("/p/1", group="/p/*"), link("/p/2", group="/p/*")])
    visit(hand, next_page(hand), [link("/p/1", group="/p/*")])
    visit(hand, next_page(hand))
    assert sorted(run.pages.filter(group="/p/*").values_list("role", "key", "status")) == [
        ("editor", "http://shop.test/p/1", "pending"),
        ("visitor", "http://shop.test/p/1", "done"),
        ("visitor", "http://shop.test/p/2", "skipped"),
    ]


def test_what_several_roles_reached_is_read_once_as_who_needs_least_sees_it(crawl: Open, editor: AuthProfile) -> None:
    run = crawl(roles=("editor", "visitor"))
    hand = Hand(run)
    visit(hand, next_page(hand), [link("/edit")])
    visit(hand, next_page(hand))
    visit(hand, next_page(hand))
    assert [page.url for page in reading.snapshots(run.pk)] == ["http://shop.test/", "http://shop.test/edit"]


def test_a_crawl_as_somebody_unknown_is_refused(order: Callable[..., ledger.RunRequest]) -> None:
    with pytest.raises(ledger.Refused, match="no sign-in called “boss”; there are account, visitor"):
        ledger.open_crawl(order(), CrawlOptions(roles=("boss",)))
    assert not Run.objects.exists()


def test_the_site_of_a_run_has_all_sign_ins(crawl: Open, editor: AuthProfile) -> None:
    site = reading.site(crawl())
    [(name, credentials)] = site.profiles.items()
    assert (name, credentials.kind, credentials.username, credentials.login_url) == ("editor", "form", "eva", "/login")
    assert credentials.totp is not None
    assert "let me in" not in repr(site)
    masking = Masking.of_site(site)
    assert [masking.text(said) for said in ("let me in", "JBSWY3DPEHPK3PXP", "eva")] == [MASK, MASK, "eva"]


def test_a_session_is_kept_sealed_and_comes_with_the_next_run(crawl: Open, editor: AuthProfile) -> None:
    run = crawl()
    hand = Hand(run)
    assert ledger.record(hand.held, [signed_in(run), Log("info", "Signed in as editor.")]) == []
    row = Session.objects.get()
    assert (row.role, row.environment) == ("editor", None)
    assert "s3cr3t" not in row.sealed
    assert "s3cr3t" not in json.dumps(list(run.events.values_list("data", flat=True)))
    assert story(run)[-1] == "log"
    site = reading.site(crawl())
    assert (site.sessions["editor"].state, site.sessions["editor"].signs) == (STATE, ("Sign out",))
    ledger.record(hand.held, [signed_in(run)])
    again = Session.objects.get()
    assert (again.sealed, again.signed_in_at) == (row.sealed, row.signed_in_at)
    assert again.probed_at > row.probed_at


def test_a_session_of_other_credentials_or_another_environment_is_not_used(
    crawl: Open, editor: AuthProfile, project: Project, order: Callable[..., ledger.RunRequest]
) -> None:
    run = crawl()
    ledger.record(Hand(run).held, [signed_in(run)])
    staging = Environment.objects.create(project=project, name="staging", base_url="http://staging.shop.test")
    editor.let_follow(staging.base_url)
    editor.save()
    elsewhere = ledger.open_crawl(order(environment=staging), CrawlOptions())
    assert reading.site(elsewhere).sessions == {}
    assert reading.site(elsewhere).profiles.keys() == {"editor"}
    editor.keep_credentials(password="another")
    editor.save()
    assert reading.site(run).sessions == {}


def test_a_session_that_no_key_opens_is_none(crawl: Open, settings: Any) -> None:
    run = crawl()
    Session.objects.create(
        project=run.project, role="account", sealed="x", signed_in_at=run.created_at, probed_at=run.created_at
    )
    assert reading.site(run).sessions == {}


def test_only_tests_of_an_exclusive_sign_in_wait_for_each_other(
    order: Callable[..., ledger.RunRequest], tests: Callable[..., Any], editor: AuthProfile
) -> None:
    AuthProfile.objects.filter(pk=editor.pk).update(access={"exclusive": True})
    found = [*tests(2, auth="editor"), *tests(1, auth="account")]
    run = ledger.open_test_run(order(), RunOptions(), found)
    keys = dict(run.results.values_list("test", "account"))
    assert keys[found[0].pk] == keys[found[1].pk] != ""
    assert keys[found[2].pk] == ""


def test_proofs_of_an_exclusive_sign_in_wait_for_each_other(crawl: Open, editor: AuthProfile) -> None:
    AuthProfile.objects.filter(pk=editor.pk).update(access={"exclusive": True})
    run = crawl(shards=2)
    hand, other = Hand(run, 0), Hand(run, 1)
    visit(hand, next_page(hand))
    planned(hand)
    assert ledger.take_stage(hand.held, "propose")
    members = [
        one.model_copy(update={"document": {**one.document, "auth": "editor"}}) for one in map(proposal, range(2))
    ]
    ledger.keep_proposals(hand.held, [*members, proposal(2)])
    claimed = {work.title for held in (hand.held, other.held) for work in ledger.claim(held, 0, 3).works}
    assert claimed == {members[0].title, proposal(2).title}
