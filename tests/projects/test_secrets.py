from dataclasses import replace
from typing import Any

import pytest

from projects.models import Project
from projects.secrets import Hidden, SecretUnreadable, seal, unseal
from sentri.env import Env


def test_what_is_sealed_comes_out_again_and_shows_nowhere() -> None:
    sealed = seal({"password": "open sesame"})
    assert "sesame" not in sealed
    opened = unseal(sealed)
    assert opened["password"] == "open sesame"
    assert "sesame" not in repr(opened)
    assert "sesame" not in f"{[Hidden('open sesame')]}"


def test_no_secrets_are_no_text() -> None:
    assert seal({}) == ""
    assert unseal("") == {}


def test_keys_rotate_the_old_one_still_opens(settings: Any) -> None:
    settings.ENV = replace(Env(), credential_keys=("old",))
    sealed = seal({"password": "x"})
    settings.ENV = replace(Env(), credential_keys=("new", "old"))
    assert unseal(sealed) == {"password": "x"}


def test_a_lost_key_says_what_to_do(settings: Any) -> None:
    settings.ENV = replace(Env(), credential_keys=("old",))
    sealed = seal({"password": "x"})
    settings.ENV = replace(Env(), credential_keys=("new",))
    with pytest.raises(SecretUnreadable, match="SENTRI_CREDENTIAL_KEYS"):
        unseal(sealed)


def test_secrets_are_put_in_and_taken_out_one_by_one() -> None:
    project = Project(name="Shop", url="http://shop.test/")
    project.keep_credentials(username="ada", password="x")
    project.keep_credentials(password="y")
    assert project.secrets == {"username": "ada", "password": "y"}
    assert project.has_credentials
    project.forget("credentials", ["username", "password"])
    assert project.sealed == ""
    assert not project.has_credentials
