import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as live_settings

from sentri.checks import environment
from sentri.databases import database
from sentri.env import BadSetting, Env, read
from sentri.keys import secret_key


def test_every_setting_has_a_default_and_is_read_from_its_variable() -> None:
    assert read({}) == Env()
    env = read({"SENTRI_WORKERS": "4", "SENTRI_DEBUG": "yes", "SENTRI_ALLOWED_HOSTS": "a.test, b.test"})
    assert (env.workers, env.debug, env.allowed_hosts) == (4, True, ("a.test", "b.test"))


@pytest.mark.parametrize(
    ("name", "value"), [("SENTRI_WORKERS", "many"), ("SENTRI_DEBUG", "perhaps"), ("SENTRI_LEASE_SECONDS", "soon")]
)
def test_a_value_that_makes_no_sense_is_named(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=f"{name}='{value}' cannot be used"):
        read({name: value})


def test_the_database_is_sqlite_beside_the_data_unless_told_otherwise(tmp_path: Path) -> None:
    assert database("", tmp_path)["NAME"] == tmp_path / "sentri.sqlite3"
    assert database("sqlite:////srv/a%20b.sqlite3", tmp_path)["NAME"] == Path("/srv/a b.sqlite3")
    assert database("", tmp_path)["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_a_postgresql_address_is_taken_apart(tmp_path: Path) -> None:
    found = database("postgresql://ada:p%40ss@db.test:5544/qa", tmp_path)
    assert [found[key] for key in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == [
        "ada",
        "p@ss",
        "db.test",
        "5544",
        "qa",
    ]


def test_another_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="starts with 'mysql:'"):
        database("mysql://x/y", tmp_path)


def test_a_secret_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    made = secret_key("", tmp_path / "data")
    assert secret_key("", tmp_path / "data") == made
    assert len(made) > 40
    assert (tmp_path / "data" / "secret_key").stat().st_mode & 0o077 == 0
    assert secret_key("given", tmp_path) == "given"


@pytest.mark.parametrize(
    ("change", "number"),
    [
        ({"broker": "rabbit"}, "sentri.E001"),
        ({"broker": "redis", "redis_url": ""}, "sentri.E002"),
        ({"renew_seconds": 9.0}, "sentri.E003"),
        ({"workers": 0}, "sentri.E004"),
        ({"log_format": "xml"}, "sentri.E005"),
        ({"otlp_endpoint": "collector:4317"}, "sentri.E006"),
        ({"base_url": "https://qa.test", "secret_key": ""}, "sentri.W001"),
        ({"browser_ws": "browsers:9222"}, "sentri.E020"),
        ({"browser_ws": "http://browsers:9222"}, "sentri.W020"),
    ],
)
def test_a_configuration_that_cannot_work_is_reported_with_what_to_do(
    settings: Any, change: dict[str, Any], number: str
) -> None:
    settings.ENV = replace(Env(), **change)
    [found] = environment()
    assert found.id == number
    assert found.hint


def test_a_setting_of_earlier_versions_is_not_passed_over(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ENV = Env()
    assert environment() == []
    monkeypatch.setenv("SENTRI_ALLOW_PRIVATE", "1")
    [found] = environment()
    assert found.id == "sentri.W021"
    assert "SENTRI_ALLOW_PRIVATE means nothing any more" in found.msg
    assert "SENTRI_ALLOWED_PRIVATE_HOSTS" in (found.hint or "")


def test_browsers_elsewhere_pass_the_checks_when_they_can_reach_this_machine(settings: Any) -> None:
    settings.ENV = replace(Env(), browser_ws="ws://browsers:3000/", egress_host="10.0.0.7")
    assert environment() == []
    settings.ENV = replace(Env(), browser_ws="http://127.0.0.1:9222")
    assert environment() == []


def test_the_defaults_pass_the_checks(settings: Any) -> None:
    settings.ENV = Env()
    assert environment() == []
    assert live_settings.Q_CLUSTER["retry"] > live_settings.Q_CLUSTER["timeout"]


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((live_settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == live_settings.VERSION
