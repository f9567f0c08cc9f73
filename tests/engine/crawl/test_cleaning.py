from typing import Any

import pytest

from runs.engine.crawl.cleaning import Remover, agreement, markers, only_one
from runs.engine.plan import CrawlOptions

PLAIN = CrawlOptions()
FILL = {"do": "fill", "target": {"label": "Title"}}


def control(name: str, record: str = "li", **more: Any) -> Remover:
    return Remover(name=name, css=f"#{name}", record=record, **more)


def test_only_what_was_made_up_for_this_visit_is_ours() -> None:
    path = [
        {**FILL, "value": "Sentri {{random.digits(6)}}"},
        {**FILL, "value": "sentri-{{random.digits(6)}}@example.com"},
        {**FILL, "value": "{{random.name}}"},
        {**FILL, "value": "Sentri 111111"},
        {"do": "click", "target": {"role": "button"}},
    ]
    values = ("Sentri 482913", "sentri-482913@example.com", "Amber Basil", "Sentri 111111", None)
    typed = [{**step, "value": value} for step, value in zip(path, values, strict=True)]
    assert markers(path, typed) == ("Sentri 482913", "sentri-482913")


def test_the_control_of_our_record_is_chosen() -> None:
    edit, delete = control("Edit", "li:nth-of-type(3)"), control("Delete", "li:nth-of-type(3)")
    assert only_one([control("Delete", ""), edit, delete], PLAIN) == delete


def test_an_icon_counts_by_what_its_classes_say() -> None:
    icon = control("", hints="btn icon trash")
    assert only_one([icon], PLAIN) == icon


@pytest.mark.parametrize("name", ["Delete all", "Remove selected", "Alle löschen", "Tout supprimer", "Delete account"])
def test_what_removes_more_than_one_thing_is_never_pressed(name: str) -> None:
    assert only_one([control(name)], PLAIN) is None


def test_two_controls_that_remove_something_of_one_record_are_one_too_many() -> None:
    assert only_one([control("Delete"), control("Remove picture")], PLAIN) is None


def test_what_stands_in_no_record_of_ours_is_not_pressed() -> None:
    assert only_one([control("Delete", record="")], PLAIN) is None


def test_a_question_is_answered_where_one_control_agrees() -> None:
    yes = control("Yes, delete it", answering=True)
    assert agreement([control("Delete"), yes, control("Cancel", answering=True)], PLAIN) == yes
    assert agreement([yes, control("Delete", answering=True)], PLAIN) is None
    assert agreement([control("Delete")], PLAIN) is None


def test_what_is_denied_is_not_pressed_to_clean_up_either() -> None:
    denying = CrawlOptions(deny_actions=("(?i)delete",))
    assert only_one([control("Delete")], denying) is None
    assert only_one([control("", hints="btn delete")], denying) is None
    assert agreement([control("Yes, delete it", answering=True)], denying) is None
    assert only_one([control("Remove")], denying) == control("Remove")
