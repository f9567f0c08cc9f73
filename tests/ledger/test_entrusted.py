"""A run sends no secret to an origin that it was not entered for, and is refused before it begins."""

from collections.abc import Callable
from typing import Any

import pytest

from projects.models import AuthProfile, Environment, Project, Test
from runs import ledger, reading
from runs.engine.plan import CrawlOptions, RunOptions
from runs.models import Run

Make = Callable[..., Any]
EVIL = "http://evil.test/"
FILL = {"do": "fill", "target": {"label": "P"}, "value": "{{ account.password }}"}


@pytest.fixture
def moved(project: Project) -> Project:
    """A project with secrets whose address somebody has changed."""
    project.keep_credentials(username="ada", password="correct horse")
    project.entrust("variable api_key", [project.address], {"variable api_key": "k3y-for-the-api"})
    project.url = EVIL
    project.save()
    return project


def run_of(order: Make, tests: Make, **document: Any) -> Run:
    return ledger.open_test_run(order(), RunOptions(), tests(1, **document))


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ({"auth": "account"}, "The credentials were"),
        (
            {"steps": [{"do": "fill", "target": {"label": "P"}, "value": "{{ account.password }}"}]},
            "The credentials were",
        ),
        ({"start": "/?k={{api_key}}"}, "The variable api_key was"),
    ],
)
def test_a_test_run_that_would_send_a_secret_elsewhere_is_refused(
    order: Make, tests: Make, moved: Project, document: dict[str, Any], name: str
) -> None:
    with pytest.raises(ledger.Refused) as refused:
        run_of(order, tests, **document)
    assert refused.value.code == "secret_elsewhere"
    sentence = f"{name} entered for http://shop.test, and may not be sent to http://evil.test."
    assert str(refused.value).startswith(sentence)
    assert not Run.objects.exists()


def test_a_test_run_that_needs_no_secret_goes_on_without_them(order: Make, tests: Make, moved: Project) -> None:
    site = reading.site(run_of(order, tests))
    assert (site.base_url, site.credentials, site.secrets, site.secret_headers) == (EVIL, None, {}, {})


def test_secret_headers_go_with_every_request_so_that_every_run_elsewhere_is_refused(
    order: Make, tests: Make, project: Project
) -> None:
    project.entrust("header X-Key", [project.address], {"header X-Key": "k3y-of-the-site"})
    project.save()
    site = reading.site(run_of(order, tests))
    assert site.sent_headers == {"X-Key": "k3y-of-the-site"}
    assert "k3y-of-the-site" not in repr(site)
    project.url = EVIL
    project.save()
    with pytest.raises(ledger.Refused, match=r"The header X-Key was entered for http://shop.test"):
        run_of(order, tests)


def test_a_crawl_elsewhere_is_refused_unless_it_goes_as_a_visitor(order: Make, moved: Project) -> None:
    with pytest.raises(ledger.Refused, match=r"The credentials were entered for http://shop.test"):
        ledger.open_crawl(order(), CrawlOptions())
    run = ledger.open_crawl(order(), CrawlOptions(roles=("visitor",)))
    assert reading.site(run).credentials is None


def test_a_further_sign_in_is_used_where_it_was_entered_for_only(order: Make, tests: Make, project: Project) -> None:
    editor = AuthProfile(project=project, name="editor")
    editor.keep_credentials(username="eva", password="let me in")
    editor.save()
    staging = Environment.objects.create(project=project, name="staging", base_url="http://staging.test")
    (test,) = tests(1, auth="editor")
    with pytest.raises(ledger.Refused, match=r"The sign-in “editor” was entered for http://shop.test"):
        ledger.open_test_run(order(environment=staging), RunOptions(), [test])
    with pytest.raises(ledger.Refused, match=r"may not be sent to http://staging.test"):
        ledger.open_crawl(order(environment=staging), CrawlOptions(roles=("editor",)))
    editor.let_follow("http://staging.test")
    editor.save()
    run = ledger.open_test_run(order(environment=staging), RunOptions(), [test])
    assert reading.site(run).profiles["editor"].origins == ("http://shop.test", "http://staging.test")


def test_R3_a_secret_that_was_given_to_another_origin_before_pick_up_fails_the_run(
    order: Make, tests: Make, project: Project
) -> None:
    project.keep_credentials(username="ada", password="correct horse")
    project.save()
    run = run_of(order, tests, auth="account")
    assert reading.site(run).credentials is not None
    project.entrust("credentials", ["https://another.test"], {"username": "ada", "password": "another horse"})
    project.save()
    with pytest.raises(
        reading.SecretsMissing, match=r"entered for https://another.test, and may not be sent to http://shop"
    ):
        reading.site(run)


def test_R3_a_secret_header_taken_away_before_pick_up_fails_the_run(order: Make, tests: Make, project: Project) -> None:
    project.keep_credentials(username="ada", password="correct horse")
    project.entrust("header X-Key", [project.address], {"header X-Key": "k3y-of-the-site"})
    project.save()
    run = run_of(order, tests)
    project.forget("header X-Key", ["header X-Key"])
    project.save()
    with pytest.raises(reading.SecretsMissing, match="The header X-Key that this run was queued with is gone"):
        reading.site(run)


def test_R3_a_change_of_address_before_pick_up_changes_nothing(order: Make, tests: Make, project: Project) -> None:
    project.keep_credentials(username="ada", password="correct horse")
    project.save()
    run = run_of(order, tests, auth="account")
    project.url = EVIL
    project.save()
    site = reading.site(run)
    assert site.base_url == "http://shop.test/"
    assert site.credentials is not None


def test_sign_ins_of_before_are_of_all_addresses_that_they_were_used_at(project: Project) -> None:
    from importlib import import_module

    from django.apps import apps

    migration = import_module("projects.migrations.0007_origins_of_secrets")
    Environment.objects.create(project=project, name="staging", base_url="http://staging.test/x")
    project.keep_secrets(username="ada", password="correct horse", api="older variable")
    project.headers = {"X-Api-Key": "k3y", "X-Team": "qa"}
    project.variables = {"currency": "EUR", "access_token": "t0k3n"}
    project.save()
    editor = AuthProfile(project=project, name="editor")
    editor.keep_secrets(username="eva", password="let me in")
    editor.save()
    migration.entrust(apps, None)
    project.refresh_from_db()
    editor.refresh_from_db()
    own = ["http://shop.test"]
    names = ["credentials", "variable api", "header X-Api-Key", "variable access_token"]
    assert project.origins == dict.fromkeys(names, own)
    assert str.__str__(project.secrets["header X-Api-Key"]) == "k3y"
    assert (project.headers, project.variables) == ({"X-Team": "qa"}, {"currency": "EUR"})
    assert editor.origins == {"credentials": ["http://shop.test", "http://staging.test"]}
    assert not Test.objects.exists()
