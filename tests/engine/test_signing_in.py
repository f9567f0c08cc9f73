import asyncio
import re
from collections.abc import AsyncIterator

import pyotp
import pytest
import pytest_asyncio
from pydantic import SecretStr

from runs.engine.browser import Browser, SignInFailed, codes, sign_in
from runs.engine.browser.codes import NoCode, next_code, unlimited
from runs.engine.plan import BrowserOptions, Credentials, Site
from tests.engine.members import BOXES, LONG, ONE, behind_http, credentials, members
from tests.engine.pages import Answer, Asked, pages
from tests.held import PATIENCE

PLAIN = BrowserOptions()
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser() as browser:
        yield browser


class Clock:
    """Time that only passes when somebody waits."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(round(seconds, 2))
        self.now += seconds


async def test_a_one_time_code_is_given_out_once_and_never_just_before_its_end() -> None:
    secret, clock = SecretStr(pyotp.random_base32()), Clock(1_000_000_020.0 + 28)
    given = [await next_code(secret, clock=clock, sleep=clock.sleep) for _ in range(2)]
    key = secret.get_secret_value()
    assert given == [pyotp.TOTP(key).at(1_000_000_050), pyotp.TOTP(key).at(1_000_000_080)]
    assert clock.waits == [2.05, 30.0]


async def test_a_code_that_another_worker_was_given_is_waited_out() -> None:
    secret, clock, asked = SecretStr(pyotp.random_base32()), Clock(1_000_000_000.0), []

    async def claim(of: SecretStr, window: int) -> bool:
        asked.append((of, window))
        return len(asked) > 2

    code = await next_code(secret, claim, clock=clock, sleep=clock.sleep)
    assert asked == [(secret, 33_333_333), (secret, 33_333_334), (secret, 33_333_335)]
    assert code == pyotp.TOTP(secret.get_secret_value()).at(1_000_000_050)


async def test_two_sign_ins_of_one_worker_never_ask_for_the_same_code() -> None:
    secret, clock, asked = SecretStr(pyotp.random_base32()), Clock(1_000_000_000.0), []

    async def claim(_of: SecretStr, window: int) -> bool:
        asked.append(window)
        await asyncio.sleep(0)
        return True

    given = await asyncio.gather(*(next_code(secret, claim, clock=clock, sleep=clock.sleep) for _ in range(3)))
    assert len(set(given)) == len(set(asked)) == len(asked) == 3


async def test_nobody_waits_for_a_code_for_ever() -> None:
    async def claim(_of: SecretStr, _window: int) -> bool:
        return False

    clock = Clock(1_000_000_000.0)
    with pytest.raises(NoCode):
        await next_code(SecretStr(pyotp.random_base32()), claim, clock=clock, sleep=clock.sleep)
    assert 300 <= clock.now - 1_000_000_000 < 331


async def test_waiting_for_a_code_is_not_held_against_the_site() -> None:
    async with asyncio.timeout(PATIENCE) as limit:
        until = limit.when() or 0
        async with unlimited(limit):
            assert limit.when() is None
            await asyncio.sleep(0.3)
        assert (limit.when() or 0) >= until + 0.3

    async def dawdles() -> None:
        async with asyncio.timeout(0.01) as limit:
            async with unlimited(limit):
                pass
            await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        await dawdles()


async def test_a_sign_in_asks_for_its_code_and_says_when_there_is_none(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def claim(of: SecretStr, _window: int) -> bool:
        asked.append(of.get_secret_value())
        return True

    with members(code=ONE) as (site, gate):
        where = Site(base_url=site.url, credentials=credentials("ali", totp=SecretStr(gate.codes["ali"])))
        monkeypatch.setattr(codes, "TOO_LATE_SECONDS", 0.0)
        assert await sign_in(browser, where, PLAIN, claim_code=claim)
        monkeypatch.setattr(codes, "MOST_WINDOWS", 0)
        with pytest.raises(SignInFailed, match="Others signed in with the same one-time codes for 5 minutes"):
            await sign_in(browser, where, PLAIN, claim_code=claim)
        assert asked == [gate.codes["ali"]]


async def test_codes_are_those_of_the_standard() -> None:
    clock = Clock(1_234_567_890)
    secret = SecretStr("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    assert await next_code(secret, clock=clock, sleep=clock.sleep) == "005924"


@pytest.mark.parametrize("fields", [ONE, BOXES], ids=["one field", "a box for each digit"])
async def test_a_one_time_code_is_entered_where_the_site_asks_for_it(browser: Browser, fields: str) -> None:
    with members(code=fields) as (site, gate):
        account = credentials("ali", totp=SecretStr(gate.codes["ali"]))
        session = await sign_in(browser, Site(base_url=site.url, credentials=account), PLAIN)
    assert session is not None
    assert session.closed
    assert list(gate.living.values()) == ["ali"]


async def test_a_code_that_nobody_has_is_said(browser: Browser) -> None:
    with members(code=ONE) as (site, _), pytest.raises(SignInFailed, match="asks for a one-time code"):
        await sign_in(browser, Site(base_url=site.url, credentials=credentials("ali")), PLAIN)


async def test_a_form_with_more_fields_is_filled_and_remembers(browser: Browser) -> None:
    with members(form=LONG) as (site, gate):
        await sign_in(browser, Site(base_url=site.url, credentials=credentials("ali")), PLAIN)
    assert gate.sent == {
        "company": ["Harbour"], "country": ["FR"], "who": ["ali"], "pass": ["open sesame"], "keep": ["on"]
    }  # fmt: skip


async def test_a_form_in_a_frame_is_found(browser: Browser) -> None:
    with members(framed=True) as (site, gate):
        session = await sign_in(browser, Site(base_url=site.url, credentials=credentials("ali")), PLAIN)
    assert session is not None
    assert (session.page, session.closed) == (f"{site.url}/account", True)
    assert list(gate.living.values()) == ["ali"]


async def test_a_notice_that_stood_there_before_is_no_refusal(browser: Browser) -> None:
    notice = '<div class="alert-error">Please sign in to see this.</div>'
    with members() as (site, gate):
        gate.form = notice + gate.form
        await sign_in(browser, Site(base_url=site.url, credentials=credentials("ali")), PLAIN)
    assert list(gate.living.values()) == ["ali"]


async def test_an_account_page_with_a_form_to_change_the_password_is_no_sign_in_page(browser: Browser) -> None:
    change = '<form><input type="password" name="old"><input type="password" name="new"><button>Change</button></form>'
    with members() as (site, gate):

        def account(asked: Asked) -> Answer:
            answer = gate.account(asked)
            return Answer(answer.body + change, answer.status, answer.headers)

        site.answers["/account"] = account
        session = await sign_in(browser, Site(base_url=site.url, credentials=credentials("ali")), PLAIN)
    assert session is not None
    assert session.closed
    assert {"Sign out", "Orders of ali"} <= set(session.signs)


async def test_a_sign_in_that_lives_in_one_tab_only_is_said(browser: Browser) -> None:
    form = """<h1>Sign in</h1><form onsubmit="event.preventDefault(); sessionStorage.me = 1; location.reload()">
      <input name="user"><input type="password"><button>Sign in</button></form>
      <script>if (sessionStorage.me) document.body.innerHTML = '<h1>Hello</h1><a href="/x">Orders</a>'</script>"""
    account = credentials("ali", login_url="/in")
    with pages({"/in": form}) as site, pytest.raises(SignInFailed, match="keeps it in one tab only"):
        await sign_in(browser, Site(base_url=site.url, credentials=account), PLAIN)


async def test_a_site_that_breaks_while_one_signs_in_is_said(browser: Browser) -> None:
    form = "<form method=post action=/in><input name=user><input type=password name=key><button>Sign in</button></form>"

    def entrance(asked: Asked) -> str | Answer:
        return Answer("<h1>Sorry</h1>", 500) if asked.method == "POST" else form

    account = credentials("ali", login_url="/in")
    with pages({"/in": entrance}) as site, pytest.raises(SignInFailed, match="answered the sign-in with an error, 500"):
        await sign_in(browser, Site(base_url=site.url, credentials=account), PLAIN)


async def test_http_basic_answers_the_site_and_nobody_else(browser: Browser) -> None:
    def other(asked: Asked) -> Answer:
        return Answer("<h1>401</h1>", 401, {"WWW-Authenticate": 'Basic realm="elsewhere"'})

    account = Credentials(kind="basic", username="ali", password=SecretStr("open sesame"))
    with pages({"/": behind_http}) as site, pages({"/": other}) as elsewhere:
        where = Site(base_url=site.url, credentials=account, headers={"X-Preview": "1"})
        assert await sign_in(browser, where, PLAIN) is None
        context = await browser.context(PLAIN, where)
        page = await context.new_page()
        await page.goto(site.url)
        assert await page.inner_text("h1") == "Staging"
        answer = await page.goto(elsewhere.url)
        assert answer is not None
        assert answer.status == 401
        requests = await browser.requests(where)
        assert (await requests.get(site.url)).status == 200
        await requests.dispose()
        await context.close()
    assert not any("authorization" in asked.headers for asked in elsewhere.asked)
    assert all(asked.headers["x-preview"] == "1" for asked in site.asked[:2])


async def test_http_credentials_that_are_refused_are_said(browser: Browser) -> None:
    wrong = Credentials(kind="basic", username="ali", password=SecretStr("wrong"))
    with pages({"/": behind_http}) as site:
        sentence = f"The site did not accept the credentials: {site.url} answered 401."
        with pytest.raises(SignInFailed, match=re.escape(sentence)):
            await sign_in(browser, Site(base_url=site.url, credentials=wrong), PLAIN)


async def test_headers_of_a_sign_in_go_to_the_site_only(browser: Browser) -> None:
    key = Credentials(kind="headers", headers={"X-Api-Key": SecretStr("k-1")})
    with pages({"/": "<h1>Elsewhere</h1>"}) as elsewhere:
        home = f'<h1>Home</h1><img src="{elsewhere.url}/">'
        with pages({"/": home}) as site:
            where = Site(base_url=site.url, credentials=key)
            assert await sign_in(browser, where, PLAIN) is None
    assert site.asked[0].headers["x-api-key"] == "k-1"
    assert elsewhere.asked
    assert not any("x-api-key" in asked.headers for asked in elsewhere.asked)
