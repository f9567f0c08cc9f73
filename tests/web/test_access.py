"""Who sees which page and may press which button."""

import pytest
from django.test import Client

from projects.models import Invitation, Membership
from tests.web.conftest import World, ended

PAGES = {
    "/": "home",
    "/projects/new": "new",
    "/cluster": "home",
    "/account": "home",
    "/workspaces": "home",
    "/workspaces/quality": "viewer",
    "/workspaces/quality/activity": "viewer",
    "{project}/settings/activity": "viewer",
    "{project}": "viewer",
    "{project}/tests": "viewer",
    "{project}/search": "viewer",
    "{project}/search?q=test": "viewer",
    "{project}/review": "viewer",
    "{project}/review?state=rejected": "viewer",
    "{project}/map": "viewer",
    "{project}/pages": "viewer",
    "{project}/runs": "viewer",
    "{project}/settings": "viewer",
    "{project}/settings/defaults": "viewer",
    "{project}/settings/environments": "viewer",
    "{project}/settings/environments/new": "qa_lead",
    "{project}/settings/sign-ins": "viewer",
    "{project}/settings/sign-ins/new/form": "admin",
    "{project}/settings/sign-ins/{profile}": "admin",
    "{project}/settings/tokens": "admin",
    "{project}/settings/notifications": "viewer",
    "{project}/settings/notifications/new/teams": "admin",
    "{project}/settings/notifications/{channel}": "admin",
    "{project}/tests/new": "qa_lead",
    "{test}": "viewer",
    "{test}/edit": "qa_lead",
    "{test}/card": "qa_lead",
    "{test}/comments": "viewer",
    "{project}/review?state=by_score": "viewer",
    "{run}": "viewer",
    "{run}/news": "viewer",
    "{run}/results/{result}": "viewer",
    "{crawl}": "viewer",
    "/trace-viewer/sw.bundle.js": "anyone",
}
FORMS = {
    "/workspaces/quality/members/{member}": "admin",
    "/workspaces/quality/members/{member}/remove": "admin",
    "/workspaces/quality/invitations": "admin",
    "/workspaces/quality/invitations/{invitation}/revoke": "admin",
    "{project}/crawl": "qa_lead",
    "{project}/run": "qa_lead",
    "{project}/tests/run": "qa_lead",
    "{project}/review/decide": "qa_lead",
    "{project}/review/undo": "qa_lead",
    "{project}/settings": "qa_lead",
    "{project}/settings/defaults": "qa_lead",
    "{project}/settings/credentials": "admin",
    "{project}/settings/delete": "admin",
    "{project}/settings/environments/new": "qa_lead",
    "{project}/settings/sign-ins/new/form": "admin",
    "{project}/settings/sign-ins/{profile}": "admin",
    "{project}/settings/sign-ins/{profile}/delete": "admin",
    "{project}/settings/tokens": "admin",
    "{project}/settings/notifications/secret": "admin",
    "{project}/settings/notifications/deliveries/{delivery}/again": "qa_lead",
    "{project}/settings/notifications/{channel}": "admin",
    "{project}/settings/notifications/{channel}/test": "admin",
    "{project}/settings/notifications/{channel}/switch": "admin",
    "{project}/settings/notifications/{channel}/delete": "admin",
    "{project}/tests/new": "qa_lead",
    "{test}/edit": "qa_lead",
    "{test}/card": "qa_lead",
    "{test}/run": "qa_lead",
    "{test}/decide": "qa_lead",
    "{test}/delete": "admin",
    "{run}/abort": "qa_lead",
    "{run}/rerun": "qa_lead",
    "{run}/prove-rest": "qa_lead",
    "{run}/back-to-review": "qa_lead",
}
RANK = ["viewer", "qa_lead", "admin"]


@pytest.fixture
def paths(world: World) -> dict[str, str]:
    run = ended(world.run())
    mail = world.project.channels.create(kind="email", name="Mail", settings={"to": ["ada@shop.test"]})
    return {
        "project": world.at(),
        "member": str(Membership.objects.get(user=world.people["admin"]).pk),
        "invitation": Invitation.issue(world.project.workspace, "viewer", None)[0].public_id,
        "test": f"/tests/{world.project.tests.first().public_id}",  # type: ignore[union-attr]
        "run": f"/runs/{run.public_id}",
        "crawl": f"/runs/{world.crawl().public_id}",
        "result": str(run.results.first().pk),  # type: ignore[union-attr]
        "delivery": str(run.deliveries.get().pk),
        "channel": mail.public_id,
        "profile": world.project.auth_profiles.create(name="editor", kind="basic").public_id,
    }


def test_somebody_who_is_not_signed_in_is_sent_to_the_sign_in_page(paths: dict[str, str]) -> None:
    for path in [*PAGES, *FORMS]:
        client, address = Client(), path.format(**paths)
        answer = client.post(address) if path in FORMS else client.get(address)
        assert answer.status_code == 302, address
        assert answer["Location"].startswith("/sign-in?next="), address


def test_a_fragment_for_somebody_whose_session_is_over_sends_the_whole_page_to_sign_in(world: World) -> None:
    answer = Client().get(world.at("/tests"), headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/x"})
    assert answer["HX-Redirect"] == "/sign-in?next=/x"


def test_a_stranger_finds_nothing(world: World, paths: dict[str, str]) -> None:
    client = world.client("stranger")
    assert b"Shop" not in client.get("/").content
    for path, needed in [*PAGES.items(), *FORMS.items()]:
        if needed in ("home", "new", "anyone"):
            continue
        address = path.format(**paths)
        answer = client.post(address) if path in FORMS else client.get(address)
        assert answer.status_code == 404, address


@pytest.mark.parametrize("role", RANK)
def test_members_see_the_pages_of_their_role(world: World, paths: dict[str, str], role: str) -> None:
    client = world.client(role)
    for path, needed in PAGES.items():
        rank = RANK.index({"home": "viewer", "anyone": "viewer", "new": "qa_lead"}.get(needed, needed))
        address = path.format(**paths)
        expected = 200 if RANK.index(role) >= rank else 403
        assert client.get(address).status_code == expected, address


@pytest.mark.parametrize("role", RANK)
def test_members_may_send_the_forms_of_their_role(world: World, paths: dict[str, str], role: str) -> None:
    for path, needed in FORMS.items():
        address = path.format(**paths)
        refused = world.client(role).post(address).status_code == 403
        assert refused == (RANK.index(role) < RANK.index(needed)), address


def test_every_form_refuses_a_request_without_its_token(world: World, paths: dict[str, str]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.people["admin"])
    for path in FORMS:
        answer = client.post(path.format(**paths))
        assert answer.status_code == 403, path
        assert b"This form has expired" in answer.content


def test_a_viewer_sees_no_button_that_would_be_refused(world: World, paths: dict[str, str]) -> None:
    client = world.client("viewer")
    for path, needed in PAGES.items():
        answer = client.get(path.format(**paths))
        if answer.status_code != 200 or needed == "anyone":
            continue
        for form in FORMS:
            assert f'action="{form.format(**paths)}"' not in answer.content.decode(), (path, form)


def test_a_role_that_is_too_low_is_told_which_one_is_needed(world: World) -> None:
    answer = world.client("viewer").post(world.at("/crawl"))
    assert "This needs the role QA lead in the workspace." in answer.content.decode()


@pytest.mark.parametrize("address", ["/projects/PRJ-999", "/projects/x", "/runs/RUN-999", "/tests/TC-0", "/nothing"])
def test_what_does_not_exist_is_a_404_in_our_own_words(world: World, address: str) -> None:
    answer = world.client("admin").get(address)
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


def test_a_deleted_project_is_gone_for_its_members(world: World) -> None:
    world.project.delete_softly()
    assert world.client("admin").get(world.at()).status_code == 404
