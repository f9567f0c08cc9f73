from __future__ import annotations

import asyncio
import platform
import time
from collections.abc import Callable, Iterator
from typing import Any

import django
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor

from runs import queue, storage
from runs.engine.browser.doctor import Unfit, prove
from runs.engine.browser.find import NoBrowser

Line = tuple[str, str]


class Ill(Exception):
    """One part is not well; the message says what to do."""


def python() -> Iterator[Line]:
    yield "Python", f"{platform.python_version()} on {platform.platform(terse=True)}"
    yield "Django", django.get_version()


def database() -> Iterator[Line]:
    began = time.monotonic()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Error as problem:
        raise Ill(f"{problem} (is SENTRI_DATABASE_URL right, and the server up?)") from problem
    yield "Database", f"{connection.vendor}, {connection.settings_dict['NAME']}, {time.monotonic() - began:.3f} s"
    if pending:
        raise Ill(f"{len(pending)} migrations are pending: run manage.py migrate, or bin/serve, which does it")


def messages() -> Iterator[Line]:
    try:
        waiting = queue.waiting()
    except (Error, OSError) as problem:
        raise Ill(f"the {settings.ENV.broker} broker does not answer: {problem}") from problem
    yield "Queue", f"{settings.ENV.broker} broker, {waiting} messages waiting, {settings.ENV.workers} workers"


def files() -> Iterator[Line]:
    began = time.monotonic()
    try:
        place = storage.prove()
    except storage.Away as problem:
        raise Ill(str(problem)) from problem
    yield "Files", f"{place}, written, read and deleted in {time.monotonic() - began:.3f} s"


def browser() -> Iterator[Line]:
    try:
        proof = asyncio.run(prove())
    except NoBrowser as problem:
        raise Ill(str(problem)) from problem
    except Unfit as problem:
        hint = "" if settings.ENV.browser_ws else "; set SENTRI_BROWSER_PATH to another Chromium or Chrome"
        raise Ill(f"{problem}{hint}") from problem
    yield "Browser", f"{proof.found}, Playwright {proof.playwright}"
    yield "Proof", f"started in {proof.started_in_ms} ms, one page with a screenshot in {proof.page_in_ms} ms"


PARTS: dict[str, Callable[[], Iterator[Line]]] = {
    "Python": python,
    "Database": database,
    "Queue": messages,
    "Files": files,
    "Browser": browser,
}


class Command(BaseCommand):
    help = "Says what Sentri found on this machine, and proves the browser on one page."
    # A check that fails would end the command before it says what is wrong.
    requires_system_checks = ()

    def handle(self, *_: Any, **__: Any) -> None:
        ill = 0
        for name, part in PARTS.items():
            try:
                for label, text in part():
                    self.stdout.write(f"{label:10} {text}")
            except Ill as problem:
                ill += 1
                self.stdout.write(self.style.ERROR(f"{name:10} {problem}"))
        if ill:
            raise CommandError(f"{ill} of {len(PARTS)} parts are not well.", returncode=1)
        self.stdout.write(self.style.SUCCESS("All is well."))
