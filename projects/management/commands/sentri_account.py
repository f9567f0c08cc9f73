from __future__ import annotations

import sys
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from projects.account_forms import LONGEST_PASSWORD, free_name
from projects.models import ApiToken, Membership, Workspace
from projects.models.workspace import Role


class Command(BaseCommand):
    help = "Makes an account, or changes it to what is asked for: for scripts, asking nothing and safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the account's user name")
        parser.add_argument("--password-from-stdin", action="store_true", help="set the password, read from stdin")
        parser.add_argument("--workspace", help="name or slug of a workspace to belong to; made where there is none")
        parser.add_argument("--role", help=f"role in the workspace: {', '.join(Role.values)} (default: viewer)")
        parser.add_argument("--superuser", action="store_true", help="administers the whole installation")
        parser.add_argument("--token", metavar="NAME", help="print a new personal token; replaces the one of that name")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            text = self._carried_out(options)
        except ValidationError as problem:
            raise CommandError(" ".join(problem.messages), returncode=2) from problem
        if text:
            self.stdout.write(text)

    def _carried_out(self, options: dict[str, Any]) -> str:
        """All of it or nothing; the token's text. Raises ValidationError."""
        role = _role(options)
        password = _password() if options["password_from_stdin"] else None
        with transaction.atomic():
            user = self._account(options["name"], password)
            if options["superuser"]:
                user.is_staff = user.is_superuser = True
            user.save()
            if options["workspace"] is not None:
                self._join(user, options["workspace"], role)
            return self._token(user, options["token"]) if options["token"] is not None else ""

    def _account(self, name: str, password: str | None) -> User:
        user = User.objects.filter(username=name).first()
        if user is None:
            user = User(username=free_name(name))
            user.set_unusable_password()
            self._say(f"The account {user.username} was made.")
        if password is not None:
            validate_password(password, user)
            user.set_password(password)
        elif not user.has_usable_password():
            self._say("It has no password, so it is for tokens only; --password-from-stdin gives it one.")
        return user

    def _join(self, user: User, text: str, role: str) -> None:
        name = text.strip()
        if not 1 <= len(name) <= 120 or "\0" in name:
            raise ValidationError("The name of a workspace has from 1 to 120 characters.")
        known = Workspace.objects.filter(slug=name).first() or Workspace.objects.filter(name=name).first()
        workspace = known or Workspace.called(name)
        Membership.objects.update_or_create(workspace=workspace, user=user, defaults={"role": role})
        self._say(f"{user.username} is {Role(role).label} of {workspace.name} ({workspace.slug}).")

    def _token(self, user: User, name: str) -> str:
        if not 1 <= len(name.strip()) <= 80 or "\0" in name:
            raise ValidationError("The name of a token has from 1 to 80 characters.")
        old = ApiToken.objects.filter(user=user, name=name.strip(), revoked_at=None).update(revoked_at=timezone.now())
        if old:
            self._say(f"The token {name.strip()} is a new one; the old one was revoked.")
        return ApiToken.issue(name.strip(), user=user)[1]

    def _say(self, sentence: str) -> None:
        """To people; what a script reads, the token, stands alone on stdout."""
        self.stderr.write(sentence)


def _role(options: dict[str, Any]) -> str:
    role = options["role"]
    if role is not None and options["workspace"] is None:
        raise ValidationError("--role needs --workspace: a role is one in a workspace.")
    if role is not None and role not in Role.values:
        raise ValidationError(f"'{role}' is no role: write {', '.join(Role.values)}.")
    return str(role or Role.VIEWER.value)


def _password() -> str:
    """One line. Raises ValidationError."""
    line = sys.stdin.readline(LONGEST_PASSWORD + 2).rstrip("\r\n")
    if not line:
        raise ValidationError("There is no password on stdin: write it as one line, e.g. from a file.")
    if len(line) > LONGEST_PASSWORD:
        raise ValidationError(f"A password has at most {LONGEST_PASSWORD} characters.")
    return line
