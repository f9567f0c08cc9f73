import gc
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from runs.engine.browser.find import Executable, find_browser
from tests.certificates import certificate  # noqa: F401 - a fixture for all

if TYPE_CHECKING:
    from tests.databases import Migrated

HERE = Path(__file__).parent
MARKS_OF_FOLDERS = {"browser": "browser", "web": "web", "races": "processes", "tasks": "processes"}
MARKS_OF_FIXTURES = {
    "browser_path": "browser",
    "browser_executable": "browser",
    "db": "database",
    "transactional_db": "database",
    "live_server": "database",
    "product_environment": "processes",
}


# Files that take longest come first where workers share files out: whoever begins one of them last keeps all waiting.
LONGEST_FIRST = (
    "canaries/test_canaries.py",
    "bench/test_twice.py",
    "tasks/test_the_main_job.py",
    "tasks/test_hanging.py",
    "tasks/test_workers_survive.py",
    "tasks/test_stages.py",
    "bench/test_benches.py",
    "storage/test_runs_on_s3.py",
    "web/test_every_page.py",
    "engine/test_remote_browser.py",
    "web/test_starting.py",
    "engine/crawl/test_crawl.py",
    "engine/generate/test_shop.py",
    "engine/crawl/test_states.py",
    "engine/crawl/test_snapshot.py",
    "engine/prove/test_proving.py",
    "hostile/test_answers.py",
    "browser/test_site.py",
    "engine/test_faults.py",
    "web/test_access.py",
    "hostile/test_scripts.py",
    "egress/test_ways.py",
    "egress/test_addresses.py",
    "web/test_watching_browsers.py",
)

# Sites, receivers and browsers of tests listen on loopback.
LOOPBACK = "127.0.0.0/8 [::1]"


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    from runs.engine.netguard import SETTING, Guard

    # Thousands of tests are collected and all stay: searching them for garbage takes longer than collecting them.
    gc.disable()
    os.environ[SETTING] = LOOPBACK
    settings.GUARD = Guard.configured()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.DEBUG = False
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker and settings.ENV.redis_url:
        _take_redis_database(settings, int(worker.removeprefix("gw")) + 1)


def _take_redis_database(settings: Any, number: int) -> None:
    """Tests that run side by side have a Redis database each, as they have a database each."""
    url = f"{settings.ENV.redis_url.rpartition('/')[0]}/{number}"
    settings.ENV = replace(settings.ENV, redis_url=url)
    settings.CACHES["default"]["LOCATION"] = url
    settings.CHANNEL_LAYERS["default"]["CONFIG"]["hosts"] = [url]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    from django.conf import settings

    on_postgresql = "postgresql" in settings.DATABASES["default"]["ENGINE"]
    for item in items:
        folder = item.path.relative_to(HERE).parts[0]
        marks = {MARKS_OF_FOLDERS.get(folder)}
        marks |= {MARKS_OF_FIXTURES.get(name) for name in getattr(item, "fixturenames", ())}
        if item.get_closest_marker("django_db"):
            marks.add("database")
        for mark in sorted(filter(None, marks)):
            item.add_marker(mark)
        if item.get_closest_marker("postgresql") and not on_postgresql:
            item.add_marker(pytest.mark.skip(reason="needs PostgreSQL: python -m tests.servers -- pytest …"))
    if "PYTEST_XDIST_WORKER" in os.environ:
        places = {HERE / name: place for place, name in enumerate(LONGEST_FIRST)}
        items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def migrated() -> "Migrated | None":
    from django.conf import settings

    from tests.databases import Migrated

    on_sqlite = "sqlite3" in settings.DATABASES["default"]["ENGINE"]
    return Migrated(settings.ENV.data_dir / "migrated") if on_sqlite else None


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    tmp_path_factory: pytest.TempPathFactory,
    django_db_modify_db_settings_parallel_suffix: None,
    migrated: "Migrated | None",
) -> None:
    """SQLite as a file of this session: threads and processes must see it, other sessions must not."""
    from django.conf import settings

    if migrated is not None:
        path = tmp_path_factory.mktemp("database") / "test.sqlite3"
        settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(path)
        migrated.copy_to(path)


@pytest.fixture(scope="session")
def django_db_keepdb(migrated: "Migrated | None") -> bool:
    """Django goes on from the copy. It stays in the session's temporary directory."""
    return migrated is not None


@pytest.fixture(scope="session")
def django_db_setup(migrated: "Migrated | None", django_db_setup: None, django_db_blocker: Any) -> None:
    from django.test import TransactionTestCase

    from tests.databases import empty

    TransactionTestCase._fixture_teardown = empty  # type: ignore[attr-defined]
    if migrated is not None:
        with django_db_blocker.unblock():
            migrated.keep()


@pytest.fixture(autouse=True)
def artifacts_apart(tmp_path: Path, settings: Any) -> None:
    """Files that a test stores go into its own directory."""
    settings.MEDIA_ROOT = tmp_path / "artifacts"
    default = settings.STORAGES["default"]
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {**default, "OPTIONS": {**default.get("OPTIONS", {}), "location": settings.MEDIA_ROOT}},
    }


@pytest.fixture(scope="session")
def browser_executable() -> Executable:
    return find_browser()


@pytest.fixture(scope="session")
def browser_path(browser_executable: Executable) -> str:
    return str(browser_executable.path)


@pytest.fixture
def product_environment(transactional_db: None, tmp_path: Path) -> Mapping[str, str]:
    """What a process of the product needs in its environment to work on this test's database."""
    from django.conf import settings
    from django.db import connection

    return {
        **{name: value for name, value in os.environ.items() if name != "SENTRI_REDIS_URL"},
        "SENTRI_DATABASE_URL": database_url(connection.settings_dict),
        "SENTRI_DATA_DIR": str(tmp_path / "data"),
        "SENTRI_SECRET_KEY": settings.SECRET_KEY,
    }


def database_url(database: Mapping[str, Any]) -> str:
    """The URL form of a Django database, as SENTRI_DATABASE_URL wants it."""
    name = quote(str(database["NAME"]))
    if "sqlite3" in database["ENGINE"]:
        return f"sqlite:///{name}"
    host, port = database["HOST"], database["PORT"]
    user = quote(database["USER"]) + (f":{quote(database['PASSWORD'])}" if database["PASSWORD"] else "")
    if host.startswith("/"):
        return f"postgresql://{user}@/{name}?host={quote(host)}"
    return f"postgresql://{user}@{host}:{port}/{name}"


Wait = Callable[..., Any]


@pytest.fixture
def eventually() -> Wait:
    """eventually(lambda: condition) waits for a true answer and returns it."""

    def wait(condition: Callable[[], Any], seconds: float = 180, every: float = 0.05) -> Any:
        deadline = time.monotonic() + seconds
        while not (answer := condition()):
            assert time.monotonic() < deadline, f"did not become true within {seconds:g} s"
            time.sleep(every)
        return answer

    return wait
