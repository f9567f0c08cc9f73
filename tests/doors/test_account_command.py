"""`manage.py sentri_account` makes accounts for scripts: repeatable, and all or nothing."""

import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError

from projects.models import ApiToken, Membership, Workspace

pytestmark = pytest.mark.django_db


def account(*words: str, stdin: str | None = None) -> tuple[str, str]:
    """What it writes to stdout and to stderr."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("sys.stdin", io.StringIO(stdin or ""))
        call_command("sentri_account", *words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_one_command_makes_an_account_that_can_sign_in_and_a_token() -> None:
    words = ("ci", "--password-from-stdin", "--workspace", "Quality", "--role", "qa_lead", "--token", "deploy")
    out, err = account(*words, stdin="a long pass phrase\n")
    user = User.objects.get()
    assert user.check_password("a long pass phrase")
    assert Membership.objects.get().role == "qa_lead"
    assert Workspace.objects.get().slug == "quality"
    assert ApiToken.find(out.strip()).user == user  # type: ignore[union-attr]
    assert "The account ci was made." in err


def test_it_can_be_repeated_and_changes_what_is_asked_for() -> None:
    first, _ = account("ci", "--workspace", "Quality", "--token", "deploy")
    second, err = account("ci", "--workspace", "quality", "--role", "admin", "--superuser", "--token", "deploy")
    assert User.objects.count() == Workspace.objects.count() == Membership.objects.count() == 1
    assert Membership.objects.get().role == "admin"
    assert User.objects.get().is_superuser
    assert ApiToken.find(first.strip()) is None
    assert ApiToken.find(second.strip()) is not None
    assert "the old one was revoked" in err


def test_without_a_password_it_is_for_tokens_only_and_says_so() -> None:
    _, err = account("ci")
    assert not User.objects.get().has_usable_password()
    assert "for tokens only" in err


@pytest.mark.parametrize(
    ("words", "stdin", "sentence"),
    [
        (("a b",), "", "Enter a valid username."),
        (("ADA",), "", "Somebody has this name already."),
        (("x" * 151,), "", "at most 150 characters"),
        (("ci", "--password-from-stdin"), "", "There is no password on stdin"),
        (("ci", "--password-from-stdin"), "short\n", "at least 10 characters"),
        (("ci", "--password-from-stdin"), "x" * 600, "at most 500 characters"),
        (("ci", "--role", "admin"), "", "--role needs --workspace"),
        (("ci", "--workspace", "Q", "--role", "boss"), "", "'boss' is no role: write viewer, qa_lead, admin."),
        (("ci", "--workspace", " "), "", "from 1 to 120 characters"),
        (("ci", "--workspace", "Q", "--token", ""), "", "from 1 to 80 characters"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_nothing_is_made(words: Any, stdin: str, sentence: str) -> None:
    User.objects.create_user("ada")
    with pytest.raises(CommandError, match=sentence.replace("'", ".")) as problem:
        account(*words, stdin=stdin)
    assert problem.value.returncode == 2
    assert User.objects.count() == 1
    assert not Workspace.objects.exists()
