"""Comments on the page of a test and on its card."""

import html

import pytest
from django.contrib.auth.models import User

from projects.models import Comment, Test
from tests.web.conftest import World

HTMX = {"HX-Request": "true"}


@pytest.fixture
def test(world: World) -> Test:
    return world.tests(1)[0]


def at(test: Test, rest: str = "") -> str:
    return f"/tests/{test.public_id}/comments{rest}"


def said(world: World, test: Test, text: str, who: str = "qa_lead") -> str:
    answer = world.client(who).post(at(test), {"text": text}, headers=HTMX)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_comment_keeps_its_lines_and_links_and_runs_nothing(world: World, test: Test) -> None:
    text = said(world, test, "Look:\r\nhttps://shop.test/?a=1&b=2 <script>alert(1)</script> javascript:alert(2)")
    assert 'href="https://shop.test/?a=1&amp;b=2"' in text
    assert 'rel="nofollow"' in text
    assert "Look:<br>" in text
    assert "<script>" not in text
    assert 'href="javascript' not in text
    assert "alert(1)" in world.client("viewer").get(f"/tests/{test.public_id}").content.decode()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("", "This field is required."), (" \n ", "This field is required."), ("a" * 4001, "at most 4000 characters")],
)
def test_a_comment_that_cannot_be_is_refused_beside_its_field_and_not_lost(
    world: World, test: Test, text: str, sentence: str
) -> None:
    answer = said(world, test, text)
    assert sentence in answer
    assert text.strip() in answer
    assert not Comment.objects.exists()


def test_ends_of_lines_count_as_one_character(world: World, test: Test) -> None:
    said(world, test, "a\r\n" * 1999 + "bb")
    assert len(Comment.objects.get().text) == 4000


def test_a_viewer_reads_and_a_qa_lead_writes(world: World, test: Test) -> None:
    said(world, test, "Is it stable?")
    shown = world.client("viewer").get(at(test), headers=HTMX).content.decode()
    assert "Is it stable?" in shown
    assert "<form" not in shown
    assert world.client("viewer").post(at(test), {"text": "No"}, headers=HTMX).status_code == 403
    assert world.client("stranger").get(at(test)).status_code == 404
    assert world.client("stranger").post(at(test), {"text": "No"}).status_code == 404


def test_authors_and_administrators_delete_comments_and_nobody_else(world: World, test: Test) -> None:
    world.people["other"] = User.objects.create_user("other")
    world.people["other"].memberships.create(workspace=world.project.workspace, role="qa_lead")
    for who, status in (("viewer", 403), ("stranger", 404), ("other", 403), ("qa_lead", 200), ("admin", 200)):
        said(world, test, "Mine")
        comment = Comment.objects.latest("pk")
        answer = world.client(who).post(at(test, f"/{comment.pk}/delete"), headers=HTMX)
        assert answer.status_code == status, who
        assert Comment.objects.filter(pk=comment.pk).exists() is (status != 200), who


def test_a_comment_of_another_test_is_not_found_under_this_one(world: World, test: Test) -> None:
    said(world, test, "Mine")
    other = world.tests(1)[0]
    path = at(other, f"/{Comment.objects.get().pk}/delete")
    assert world.client("admin").post(path).status_code == 404


def test_names_stay_when_people_are_deleted(world: World, test: Test) -> None:
    world.people["qa_lead"].first_name, world.people["qa_lead"].last_name = "Grace", "Hopper"
    world.people["qa_lead"].save()
    said(world, test, "Nice")
    world.people["qa_lead"].delete()
    assert "Grace Hopper" in world.client("viewer").get(at(test)).content.decode()


def test_cards_count_comments(world: World, test: Test) -> None:
    said(world, test, "One")
    said(world, test, "Two")
    assert "2 comments" in world.client("viewer").get(world.at("/review")).content.decode()


def test_without_scripts_commenting_comes_back_to_the_test_or_keeps_the_text(world: World, test: Test) -> None:
    client = world.client("qa_lead")
    assert client.post(at(test), {"text": "Hello"})["Location"] == f"/tests/{test.public_id}#comments"
    answer = client.post(at(test), {"text": "x" * 4001})
    assert answer.status_code == 422
    assert "x" * 4001 in html.unescape(answer.content.decode())
