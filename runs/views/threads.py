"""The comments of a test as a page shows them, and the form for one more."""

from __future__ import annotations

from typing import Any

from django import forms

from projects.models import Test
from projects.place import Place

MOST_CHARACTERS = 4_000


class MultilineField(forms.CharField):
    """Text of several lines. A browser sends two characters for each end of a line and counts one."""

    widget = forms.Textarea(attrs={"rows": 3})

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value) or "").replace("\r\n", "\n")


class CommentForm(forms.Form):
    text = MultilineField(label="Comment", max_length=MOST_CHARACTERS)

    def __init__(self, data: Any, test: Test) -> None:
        # Several tests may stand on one page, each with this form.
        super().__init__(data, auto_id=f"comment-{test.pk}-%s")


def thread(place: Place, test: Test, form: CommentForm | None = None) -> dict[str, Any]:
    """The context of a test's comments: each with whether the person may take it away."""
    found = list(test.comments.all())
    mine = [(comment, place.may_administer or comment.written_by(place.person)) for comment in found]
    return {"place": place, "test": test, "comments": mine, "comment_form": form or CommentForm(None, test)}
