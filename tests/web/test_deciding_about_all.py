"""What is decided about everything is decided about it as it was shown."""

import re

import pytest

from projects.models import Test
from tests.web.conftest import DOCUMENT, World
from tests.web.test_reviewing import decided, states, undone


def all_shown(world: World, where: str = "") -> dict[str, str]:
    """What the buttons above the queue send about everything."""
    page = world.client("qa_lead").get(world.at(f"/review{where}")).content.decode()
    form = page[page.index('id="bulk"') :]
    return dict(re.findall(r'type="hidden" name="(until|newest|expected|everything)" value="([^"]*)"', form))


@pytest.mark.parametrize(
    ("action", "word", "state"), [("approve", "Approved", "approved"), ("reject", "Rejected", "rejected")]
)
def test_of_everything_what_somebody_else_has_edited_meanwhile_is_left_out_and_told(
    world: World, action: str, word: str, state: str
) -> None:
    tests = world.tests(5)
    Test.objects.get(pk=tests[0].pk).edit(None, "Edited before the page was shown", DOCUMENT)
    shown = all_shown(world)
    for test in tests[2:4]:
        Test.objects.get(pk=test.pk).edit(world.people["admin"], "Something else", DOCUMENT)
    text = decided(world, {"action": action, **shown})
    assert f"{word}: 3 tests; 2 had been decided or changed meanwhile and were left out" in text
    assert states(world) == [state, state, "draft", "draft", state]
    assert "Undone: 3 tests" in undone(world, text)


def test_of_everything_what_one_has_edited_oneself_is_meant(world: World) -> None:
    first, second, _ = world.tests(3)
    shown = all_shown(world)
    Test.objects.get(pk=first.pk).edit(world.people["qa_lead"], "My words", DOCUMENT)
    Test.objects.get(pk=second.pk).edit(world.people["qa_lead"], "My words", DOCUMENT)
    Test.objects.get(pk=second.pk).edit(None, "Not my words", DOCUMENT)
    text = decided(world, {"action": "approve", **shown})
    assert "Approved: 2 tests; 1 had been decided or changed meanwhile and was left out" in text
    assert states(world) == ["approved", "draft", "approved"]


def test_all_that_is_one_is_left_alone_where_it_was_edited_meanwhile(world: World) -> None:
    test = world.tests(1)[0]
    shown = all_shown(world)
    Test.objects.get(pk=test.pk).edit(None, "Something else", DOCUMENT)
    assert "Nothing changed: others have decided" in decided(world, {"action": "approve", **shown})
    assert states(world) == ["draft"]


def test_on_its_own_page_a_test_is_decided_about_as_it_was_shown(world: World) -> None:
    test = world.tests(1)[0]
    client = world.client("qa_lead")
    page = client.get(f"/tests/{test.public_id}").content.decode()
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found
    Test.objects.get(pk=test.pk).edit(None, "Something else", DOCUMENT)
    for version, state in ((found[1], "draft"), ("2", "approved")):
        client.post(f"/tests/{test.public_id}/decide", {"action": "approve", "version": version})
        assert states(world) == [state]
