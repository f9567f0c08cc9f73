"""States of pages that an address alone does not show, as data: what each is called and how a person gets there.

Dialogs and menus, everything that folds open, editors, forms that were refused, strangers' pages and errors.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.test import Client
from playwright.async_api import Error, Page, expect

from projects.api import problems
from tests.web.filled import words

Reach = Callable[[Page], Awaitable[None]]
SEND = """([action, fields, token]) => {
  const form = document.createElement("form");
  form.method = "post";
  form.action = action || location.href;
  const said = token ? { csrfmiddlewaretoken: document.querySelector("[name=csrfmiddlewaretoken]").value } : {};
  for (const [name, value] of Object.entries({ ...said, ...fields })) {
    const field = form.appendChild(document.createElement("textarea"));
    [field.name, field.value] = [name, value];
  }
  document.body.append(form);
  form.submit();
}"""
UNFOLD = "for (const one of document.querySelectorAll('main details')) one.open = true"


@dataclass(frozen=True)
class State:
    """`path` has the names of examples in braces; `shows` is there once the state is reached."""

    name: str
    path: str
    shows: str
    reach: Reach | None = None
    who: str | None = "all"
    width: int = 1280


def clicks(*places: str) -> Reach:
    async def reach(page: Page) -> None:
        for place in places:
            await page.locator(place).first.click()

    return reach


def presses(key: str) -> Reach:
    async def reach(page: Page) -> None:
        await page.keyboard.press(key)

    return reach


def sends(action: str = "", token: bool = True, /, **fields: str) -> Reach:
    """A form with these fields, to this page or to another one."""

    async def reach(page: Page) -> None:
        async with page.expect_navigation():
            await page.evaluate(SEND, [action, fields, token])

    return reach


async def reached(page: Page, state: State) -> str:
    """Goes there; what is in the way, in words, "" where nothing is."""
    try:
        if state.reach is not None:
            await state.reach(page)
        await expect(page.locator(state.shows).first).to_be_visible()
    except (AssertionError, Error) as problem:
        return f"not reached: {str(problem).splitlines()[0]}"
    return ""


def said(heading: str) -> str:
    return f"h1:text-is('{heading}')"


async def unfolds(page: Page) -> None:
    await page.evaluate(UNFOLD)


async def signs_out_meanwhile(page: Page) -> None:
    await page.context.clear_cookies()
    await page.get_by_role("button", name="Save", exact=True).click()


ALERT = "[role=alert], .errorlist"
MANY = {f"field{at}": "" for at in range(5100)}
STATES = (
    State("the shortcuts", "/", "#keys[open]", presses("?")),
    State("the account's menu", "/", ".menu[open]", clicks(".menu summary")),
    State("the rest of the rail", "/projects/{project}", "#rail-more:popover-open", clicks(".rail .more"), width=360),
    State("options of crawls and runs", "/projects/{project}", ".start details[open]", unfolds),
    State("options of selected tests", "/projects/{project}/tests", ".bulk details[open]", unfolds),
    State("all that a review unfolds", "/projects/{project}/review", ".reject[open]", unfolds),
    State("a rejection", "/projects/{project}/review", ".current .reject[open]", presses("r")),
    State("an edit in the review", "/projects/{project}/review", ".proposal form.wide-body", presses("e")),
    State("comments in the review", "/projects/{project}/review", ".current .talk[open]", presses("c")),
    State("a test in JSON", "/tests/{test}/edit", "#editor textarea.code", clicks(".tabs [value=json]")),
    State("a test that was refused", "/tests/{test}/edit", ALERT, clicks("#edits .primary")),
    State("options of a run", "/runs/{run}", "details[open]", unfolds),
    State("watching browsers", "/runs/{living}", "#watch[aria-expanded=true]", clicks("#watch")),
    State("repeating what changed", "/runs/{run}", "[name=values]", clicks("#actions .primary")),
    State("tries of deliveries", "/projects/{project}/settings/notifications", "details[open]", unfolds),
    State("a second press", "/account", "button.danger >> text=Press again", clicks("[data-confirm] button")),
    State("a saved form", "/projects/{project}/settings", ".toast", clicks("main form .primary")),
    State("an ended session", "/projects/{project}/settings", "dialog[open] [name=password]", signs_out_meanwhile),
    State("a project that was refused", "/projects/new", ALERT, sends(url="ftp://nowhere", name="")),
    State("an environment that was refused", "/projects/{project}/settings/environments/new", ALERT, sends(name="")),
    State("a sign-in that was refused", "/projects/{project}/settings/sign-ins/new/form", ALERT, sends(name="")),
    State("a channel that was refused", "/projects/{project}/settings/notifications/new/email", ALERT, sends(to="x")),
    State("values that were refused", "/projects/{project}/settings/values", ALERT, sends(headers="nonsense")),
    State("a password that was refused", "/account", ALERT, sends("/account/password", new_password="short")),
    State("signing in", "/sign-in", "[name=password]", who=None),
    State("signing in with a wrong password", "/sign-in", ALERT, sends(username="eva", password="x"), who=None),
    State("signing in too often", "/sign-in", ALERT, sends(username="often", password="x"), who=None),
    State("an invitation", "/invitations/{text}", "[name=username]", who=None),
    State("an account that was refused", "/invitations/{text}", ALERT, sends(username="a b"), who=None),
    State("an invitation that is over", "/invitations/nothing", said("This link leads nowhere"), who=None),
    State(
        "403: a role too low", "/projects/{shop}/settings/environments/new", said("You may not do this"), who="viewer"
    ),
    State("403: a form without a token", "/", said("This form has expired"), sends("/sign-out", False)),
    State("403: a signed link that has ended", "/artifacts/nonsense", said("You may not do this"), who=None),
    State("403: a trace from elsewhere", "/trace-viewer/index.html?trace=http://x.test/", said("You may not do this")),
    State("404", "/nothing-here", said("There is nothing here")),
    State("404 for strangers", "/nothing-here", said("There is nothing here"), who=None),
    State("400", "/", said("This request makes no sense"), sends("/sign-out", **MANY)),
    State("413", "/sign-in", said("This is too long to be sent"), sends(username="x" * 20_000), who=None),
)

# Pages of the administration, one of each sort.
ADMINISTRATION = (
    "/admin/",
    "/admin/projects/project/",
    "/admin/projects/project/add/",
    "/admin/projects/project/{project}/change/",
    "/admin/projects/workspace/{workspace}/change/",
    "/admin/projects/project/{project}/history/",
    "/admin/projects/workspace/{workspace}/delete/",
    "/admin/projects/test/?review_status__exact=draft",
    "/admin/runs/run/{run}/change/",
)


def errors(client: Client) -> dict[str, HttpResponseBase]:
    """Answers that cannot be had from a server that is well, as its views make them for this person."""
    request: Any = client.get("/account").wsgi_request
    return {
        "429": render(request, "429.html", {"why": "Too many failed sign-ins. Try again in 15 minutes."}),
        "500": problems.server_error(request),
        "503-of-the-database": problems.unavailable(request),
        "503-of-files": render(request, "503.html", {"exception": words.WORDY}),
    }
