"""Trying a sign-in: what is done is told step by step, with a picture, and why it failed; no run is begun for it."""

from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from pydantic import SecretStr

from runs.engine.browser import Browser
from runs.engine.events import SignInTried, StepEnded
from runs.engine.execute import try_sign_in
from runs.engine.plan import Credentials, Site
from tests.engine.members import ONE, credentials, members
from tests.engine.pages import pages

pytestmark = pytest.mark.asyncio(loop_scope="module")
JPEG = b"\xff\xd8\xff"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser(browser_path) as browser:
        yield browser


async def tried(browser: Browser, site: Site) -> tuple[list[str], SignInTried]:
    events = [event async for event in try_sign_in(browser, site, 7)]
    *steps, end = events
    assert isinstance(end, SignInTried)
    return [step.step.sentence for step in steps if isinstance(step, StepEnded)], end


async def test_what_a_sign_in_does_is_told_step_by_step(browser: Browser) -> None:
    with members(code=ONE) as (site, gate):
        account = credentials("eva", totp=SecretStr(gate.codes["eva"]))
        steps, end = await tried(browser, Site(base_url=site.url, credentials=account))
    assert steps == [
        f"Found a sign-in form on {site.url}/sign-in",
        "Typed the user name",
        "Typed the password",
        "Sent the form",
        "Typed a one-time code",
        f"The site took it, and shows {site.url}/account",
        "Opened a new window with the session, and was still signed in",
    ]
    assert end.problem == ""
    assert end.picture is not None
    assert end.picture.startswith(JPEG)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda url: Site(base_url=url, credentials=None), "There are no credentials"),
        (
            lambda url: Site(base_url=url, credentials=Credentials(username="ali", password=SecretStr("wr0ng-one"))),
            "did not accept the credentials: it says “Wrong name or password”",
        ),
        (
            lambda url: Site(
                base_url=url,
                credentials=Credentials(username="ali", password=SecretStr("x"), login_url="/nowhere"),
            ),
            "answered 404",
        ),
        (
            lambda _: Site(base_url="http://10.1.2.3", credentials=Credentials(username="a", password=SecretStr("b"))),
            "is not opened",
        ),
    ],
    ids=["none", "wrong password", "no page", "blocked address"],
)
async def test_why_a_sign_in_failed_is_said(browser: Browser, make: Callable[[str], Site], problem: str) -> None:
    with members() as (site, _):
        _steps, end = await tried(browser, make(site.url))
    assert problem in end.problem
    assert "wr0ng-one" not in end.problem


async def test_a_site_without_a_form_says_so(browser: Browser) -> None:
    with pages({"/": "<h1>Shop</h1>"}) as site:
        account = Credentials(username="ali", password=SecretStr("open sesame"))
        _steps, end = await tried(browser, Site(base_url=site.url, credentials=account))
    assert end.problem.startswith("No sign-in form was found")


async def test_what_the_site_repeats_of_the_password_is_masked(browser: Browser) -> None:
    form = (
        '<form method="post" action="/in"><input name="who"><input type="password" name="p"><button>In</button></form>'
    )
    with pages({"/": form, "/in": f'<p role="alert">“open sesame 1” is wrong</p>{form}'}) as site:
        account = Credentials(username="ali", password=SecretStr("open sesame 1"))
        _steps, end = await tried(browser, Site(base_url=site.url, credentials=account))
    assert "it says ““•••” is wrong”" in end.problem
