"""What tests of execution are made of: a small site with an account, plans, works, and ways to read a story."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from runs.engine.browser import Browser
from runs.engine.events import AttemptEnded, Event, TestEnded
from runs.engine.execute import execute
from runs.engine.plan import Credentials, RunOptions, ShardPlan, Site, TestWork
from tests.engine.pages import Answer, Asked, Pages

PASSWORD = "open sesame"
FORM = """<h1>Sign in</h1><form method="post" action="/sign-in"><label>E-mail <input name="who"></label>
  <label>Password <input name="pass" type="password"></label><button>Sign in</button></form>"""


def sign_in_page(asked: Asked) -> Answer:
    if asked.method == "POST" and b"pass=open+sesame" in asked.body:
        return Answer("", 303, {"Location": "/account", "Set-Cookie": "member=ali; Path=/"})
    return Answer(FORM + ("<p role=alert>Wrong password</p>" if asked.method == "POST" else ""))


def account_page(asked: Asked) -> Answer:
    if "member=ali" in asked.headers.get("cookie", ""):
        return Answer("<h1>Hello Ali</h1>")
    return Answer("", 302, {"Location": "/sign-in"})


def visits(asked: Asked) -> Answer:
    again = "seen=1" in asked.headers.get("cookie", "")
    return Answer("<h1>Again</h1>" if again else "<h1>First visit</h1>", headers={"Set-Cookie": "seen=1"})


def planned(site: Pages, tmp_path: Path, **options: Any) -> ShardPlan:
    where = Site(
        base_url=site.url,
        secrets={"token": SecretStr("t0ken/ä")},
        credentials=Credentials(username="ali", password=SecretStr(PASSWORD)),
    )
    return ShardPlan(site=where, options=RunOptions(**{"timeout_ms": 10_000, **options}), artifacts=str(tmp_path))


def see(heading: str, **more: Any) -> dict[str, Any]:
    return {"do": "expect_visible", "target": {"role": "heading", "name": heading}, **more}


def miss(heading: str, **more: Any) -> dict[str, Any]:
    return see(heading, timeout=400, **more)


def work(*steps: dict[str, Any], result: int = 1, more: dict[str, Any] | None = None, **rest: Any) -> TestWork:
    document = {"title": "T", "steps": list(steps), **(more or {})}
    return TestWork(result=result, title="T", document=document, **rest)


def puller(*works: TestWork) -> Callable[[], Awaitable[TestWork | None]]:
    left = iter(works)

    async def pull() -> TestWork | None:
        return next(left, None)

    return pull


async def played(browser: Browser, plan: ShardPlan, *works: TestWork) -> list[Event]:
    return [event async for event in execute(browser, plan, puller(*works))]


def ends(events: list[Event]) -> dict[int, TestEnded]:
    return {event.result: event for event in events if isinstance(event, TestEnded)}


def attempts(events: list[Event]) -> list[AttemptEnded]:
    return [event for event in events if isinstance(event, AttemptEnded)]
