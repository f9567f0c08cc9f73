"""Secrets are told to the origins that they were entered for, and to no others, whatever a site or a test does."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from projects.origins import origin_of
from runs.engine.browser import Browser, SignInFailed, sign_in
from runs.engine.masking.trusted_origins import headers_to
from runs.engine.plan import BrowserOptions, Credentials, RunOptions, ShardPlan, Site
from tests.engine.executing import PASSWORD, attempts, ends, played, see, work
from tests.engine.pages import Answer, Answers, Pages, pages

pytestmark = pytest.mark.asyncio(loop_scope="module")
FORM = """<h1>Sign in</h1><form method="post" action="/take"><label>E-mail <input name="who"></label>
  <label>Password <input name="pass" type="password"></label><button>Sign in</button></form>"""
EVERYTHING = (PASSWORD, "open+sesame", "open%20sesame", "v4riable-key", "h34der-key")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser(browser_path) as browser:
        yield browser


def site_of(pages: Pages, **fields: object) -> Site:
    account = Credentials(username="ali", password=SecretStr(PASSWORD), **fields)  # type: ignore[arg-type]
    return Site(
        base_url=pages.url,
        credentials=account,
        secrets={"key": SecretStr("v4riable-key")},
        secret_headers={"X-Key": SecretStr("h34der-key")},
    )


def told(elsewhere: Pages) -> list[str]:
    """What of all secrets reached the other site, in addresses, headers and bodies."""
    heard = repr([(asked.path, asked.headers, asked.body) for asked in elsewhere.asked])
    return [secret for secret in EVERYTHING if secret in heard]


async def test_a_password_is_typed_into_no_page_of_another_origin_unless_it_is_named(browser: Browser) -> None:
    with pages({"/": FORM, "/take": "<h1>Welcome</h1>"}) as elsewhere:  # noqa: SIM117 - the other names it
        with pages({"/": Answer("", 302, {"Location": elsewhere.url})}) as home:
            with pytest.raises(SignInFailed) as failed:
                await sign_in(browser, site_of(home), BrowserOptions())
            assert str(failed.value) == (
                f"The sign-in was not filled in: the credentials were entered for {home.url}, and this is"
                f" {elsewhere.url}. An admin can name that origin in the sign-in."
            )
            assert told(elsewhere) == []
            named = site_of(home, origins=(origin_of(elsewhere.url),))
            with contextlib.suppress(SignInFailed):  # the other site sends nobody back
                await sign_in(browser, named, BrowserOptions())
            assert told(elsewhere) == ["open+sesame"]


async def test_a_password_is_typed_into_no_frame_of_another_origin(browser: Browser) -> None:
    with pages({"/": FORM}) as elsewhere, pages({"/": f"<h1>Hi</h1><iframe src='{elsewhere.url}'></iframe>"}) as home:
        with pytest.raises(SignInFailed, match="was not filled in"):
            await sign_in(browser, site_of(home), BrowserOptions())
        assert told(elsewhere) == []


FILL = {"do": "fill", "target": {"label": "Password"}, "value": "{{account.password}}"}
PRESS = {"do": "click", "target": {"role": "button", "name": "Sign in"}}
FRAMED = {"label": "Password", "frame": [{"css": "iframe"}]}


@pytest.mark.parametrize(
    ("answers", "steps"),
    [
        ({"/": "<a href='{there}'>Go</a>"}, [{"do": "click", "target": {"text": "Go"}}, see("Sign in"), FILL, PRESS]),
        ({"/": "<h1>Hi</h1><iframe src='{there}'></iframe>"}, [{**FILL, "target": FRAMED}]),
        (
            {"/": "<input aria-label=Name><a href='{there}'>Go</a>"},
            [
                {"do": "fill", "target": {"label": "Name"}, "value": "x{{key}}y"},
                {"do": "save", "target": {"label": "Name"}, "name": "copied", "of": "value"},
                {"do": "click", "target": {"text": "Go"}},
                see("Sign in"),
                {**FILL, "value": "{{copied}}"},
                PRESS,
            ],
        ),
        (
            {"/": "<h1>Hi</h1>", "/out": Answer("", 307, {"Location": "{there}/take"})},
            [{"do": "request", "method": "POST", "path": "/out", "json": {"p": "{{account.password}}"}}],
        ),
        (
            {"/": "<h1>Hi</h1>", "/out": lambda asked: Answer("", 302, {"Location": "{there}/take?" + asked.path})},
            [{"do": "request", "path": "/out", "query": {"k": "{{key}}"}}],
        ),
    ],
    ids=["a link", "a frame", "a copy", "a redirect that repeats the body", "a redirect that repeats the address"],
)
async def test_no_step_tells_a_secret_to_another_origin(
    browser: Browser, tmp_path: Path, answers: Answers, steps: list[dict[str, object]]
) -> None:
    with pages({"/": FORM, "/take": "<h1>Taken</h1>"}) as elsewhere:  # noqa: SIM117 - the other names it
        with pages({path: pointed(answer, elsewhere.url) for path, answer in answers.items()}) as home:
            options = RunOptions(timeout_ms=8_000, retries=0, trace="off")
            plan = ShardPlan(site=site_of(home), options=options, artifacts=str(tmp_path))
            events = await played(browser, plan, work(*steps))
    failure = ends(events)[1].failure
    assert failure is not None, attempts(events)
    assert (failure.kind, "entered for" in failure.message) == ("blocked", True)
    assert told(elsewhere) == []


def pointed(answer: Any, there: str) -> Any:
    """The answer with the address of the other site in it."""
    if callable(answer):
        return lambda asked: pointed(answer(asked), there)
    if isinstance(answer, Answer):
        return Answer(answer.body, answer.status, {k: v.replace("{there}", there) for k, v in answer.headers.items()})
    return str(answer).replace("{there}", there)


async def test_secret_headers_do_not_follow_redirects_and_sub_resources(browser: Browser, tmp_path: Path) -> None:
    with pages({"/": "<h1>There</h1>", "/a.js": Answer("1", type="text/javascript")}) as elsewhere:
        answers: Answers = {
            "/": f"<h1>Hi</h1><script src='{elsewhere.url}/a.js'></script><img src='{elsewhere.url}/b.png'>",
            "/out": Answer("", 302, {"Location": elsewhere.url}),
        }
        with pages(answers) as home:
            site = site_of(home)
            options = RunOptions(timeout_ms=8_000, retries=0, trace="off")
            plan = ShardPlan(site=site, options=options, artifacts=str(tmp_path))
            steps = [see("Hi"), {"do": "request", "path": "/out"}, {"do": "goto", "path": "/out"}, see("There")]
            await played(browser, plan, work(*steps))
        assert {asked.path for asked in elsewhere.asked} >= {"/", "/a.js", "/b.png"}
        assert told(elsewhere) == []
        assert any(asked.headers.get("x-key") == "h34der-key" for asked in home.asked)
    # A crawl takes www and https for the same site; its sitemaps there are asked for without the headers.
    assert headers_to(site, f"http://www.{home.url.removeprefix('http://')}") == {}
