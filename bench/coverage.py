"""What crawls find of sites whose contents are known: the demo shop and the targets, as stranger and in all roles."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich import box
from rich.table import Table

from bench import rounds
from bench.flows import flows_of, missing_flows
from bench.product import Workspace, ended, settle_in, workers
from bench.rounds import say
from bench.sides import Broken
from bench.targets import SHOP, TARGETS, Ground, KnownForm, ground, serve
from runs.engine.browser.find import NoBrowser
from runs.engine.events import Form, PageSnapshot

PARTS = ("templates", "forms", "flows")
PATIENCE_SECONDS = 3_000.0
PAGE_TIMEOUT_MS = 60_000  # a busy machine is no page that was missed


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/coverage", description=__doc__)
    parser.add_argument("--sites", default=",".join((SHOP, *TARGETS)), help="(%(default)s)")
    parser.add_argument("--mode", choices=("links", "states"), default="links", help="of the crawl (%(default)s)")
    parser.add_argument("--login", choices=("with", "without", "both"), default="both", help="(%(default)s)")
    parser.add_argument("--allow", default="", metavar="PATTERN", help="names of what is pressed although it orders")
    parser.add_argument("--pages", type=int, default=250, help="visited per crawl and role at most (%(default)s)")
    parser.add_argument("--states", type=int, default=100, help="tried per crawl and role at most (%(default)s)")
    parser.add_argument("--tests", type=int, default=0, help="proposed per crawl; with some, flows count (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one object as the last line")
    wanted = parser.parse_args(given)
    wanted.sites = wanted.sites.split(",")
    if not set(wanted.sites) <= {SHOP, *TARGETS}:
        parser.error(f"--sites are some of {', '.join((SHOP, *TARGETS))}")
    return wanted


@dataclass(frozen=True)
class Part:
    """Things that are there to be found, those that were not, and after how many pages each of the others was."""

    there: int
    missed: tuple[str, ...]
    after: tuple[int, ...] = ()

    @classmethod
    def of(
        cls, snapshots: Sequence[PageSnapshot], names: Iterable[str], found: Callable[[str, PageSnapshot], bool]
    ) -> Part:
        """`snapshots` in the order of their visits."""
        listed = list(names)
        first = {
            name: next((number for number, shown in enumerate(snapshots, 1) if found(name, shown)), 0)
            for name in listed
        }
        return cls(
            len(listed),
            tuple(name for name in listed if not first[name]),
            tuple(sorted(number for number in first.values() if number)),
        )

    @property
    def share(self) -> float:
        return 1 - len(self.missed) / self.there if self.there else 1.0

    def __str__(self) -> str:
        return f"{self.share:.1%} ({self.there - len(self.missed)}/{self.there})" if self.there else "-"


@dataclass(frozen=True)
class Found:
    """What one crawl found of one site."""

    site: str
    signed_in: bool
    pages: int
    seconds: float
    parts: dict[str, Part] = field(default_factory=dict)

    @property
    def after(self) -> list[int]:
        """After how many pages each thing that was found was there, in order."""
        return sorted(number for part in self.parts.values() for number in part.after)


def covered(site: Ground, snapshots: Sequence[PageSnapshot], *, signed_in: bool) -> dict[str, Part]:
    """A template is found where a visited address is of its pattern, a form where such a page or a state shows it."""
    templates = {one.name: one for one in site.templates if signed_in or not one.needs_login}
    forms = {one.name: one for one in site.forms if signed_in or not one.needs_login}
    return {
        "templates": Part.of(snapshots, templates, lambda name, shown: templates[name].matches(shown.url)),
        "forms": Part.of(snapshots, forms, lambda name, shown: shows(shown, forms[name])),
    }


def shows(snapshot: PageSnapshot, wanted: KnownForm) -> bool:
    """Whether a page has a form of that method; where more is known of it, with that action and those fields."""
    if not wanted.page.search(snapshot.path):
        return bool(wanted.action) and any(_sends_to(form, wanted) for form in snapshot.forms)
    if wanted.action:
        return any(_sends_to(form, wanted) for form in snapshot.forms)
    return any(form.method == wanted.method or _scripted(form, snapshot) for form in snapshot.forms)


def _sends_to(form: Form, wanted: KnownForm) -> bool:
    names = {one.name for one in form.fields}
    return (
        form.method == wanted.method and urlsplit(form.action).path == wanted.action and names.issuperset(wanted.fields)
    )


def _scripted(form: Form, snapshot: PageSnapshot) -> bool:
    """A form that says neither where nor how it sends is sent by a script; one with a search field only asks."""
    own = not form.action or form.action.partition("#")[0] == snapshot.url.partition("#")[0]
    asks = all(one.type == "search" for one in form.fields)
    return own and form.method == "get" and not asks and bool(form.submit)


class Bench:
    def __init__(self, stack: ExitStack, wanted: argparse.Namespace) -> None:
        self._wanted = wanted
        settle_in(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sentri-bench-"))))
        stack.enter_context(workers(1))

    def measure(self) -> list[Found]:
        return [found for name in self._wanted.sites for found in self._crawled(ground(name))]

    def _crawled(self, site: Ground) -> list[Found]:
        as_whom = {"with": (True,), "without": (False,), "both": (False, True)}[self._wanted.login]
        return [self._crawl(site, signed_in) for signed_in in as_whom if site.login or not signed_in]

    def _crawl(self, site: Ground, signed_in: bool) -> Found:
        from runs import ledger
        from runs.engine.plan import CrawlOptions

        with serve(site.name) as url:
            workspace = Workspace(f"{url}/")
            roles = give_accounts(workspace, site) if signed_in else ()
            options = CrawlOptions(
                mode=self._wanted.mode,
                max_pages=self._wanted.pages * max(1, len(roles)),
                max_states=self._wanted.states * max(1, len(roles)),
                max_depth=8,
                roles=roles,
                allow_actions=(self._wanted.allow,) if self._wanted.allow else (),
                test_count=self._wanted.tests,
                page_timeout_ms=PAGE_TIMEOUT_MS,
            )
            run = ledger.open_crawl(ledger.RunRequest(workspace.project, None, "bench"), options)
            ended(run.pk, PATIENCE_SECONDS)
        return self._told(site, run.pk, workspace, signed_in)

    def _told(self, site: Ground, run: int, workspace: Workspace, signed_in: bool) -> Found:
        from projects.models import Test
        from runs import states
        from runs.models import CrawlPage, Run

        row = Run.objects.get(pk=run)
        if row.started_at is None or row.finished_at is None or row.status == states.FAILED:
            raise Broken(f"The crawl of {site.name} failed: {row.error}")
        visited = CrawlPage.objects.filter(run=run, status=states.DONE, snapshot__isnull=False)
        visited = visited.order_by("visited_at", "pk")
        snapshots = [PageSnapshot.model_validate(page) for page in visited.values_list("snapshot", flat=True)]
        parts = covered(site, snapshots, signed_in=signed_in)
        if self._wanted.tests:
            proved = Test.objects.filter(project=workspace.project).waiting()
            documents = list(proved.values_list("document", flat=True))
            flows = flows_of(site.name)
            missed = missing_flows(flows, documents)
            parts["flows"] = Part(len(flows), tuple(missed))
        seconds = (row.finished_at - row.started_at).total_seconds()
        say(f"{site.name}: {len(snapshots)} pages in {seconds:.0f} s")
        return Found(site.name, signed_in, len(snapshots), seconds, parts)


def give_accounts(workspace: Workspace, site: Ground) -> tuple[str, ...]:
    """The site's account, and its other users as sign-ins of their own; the roles that there are then."""
    from projects.models import AuthProfile
    from runs.engine.plan import ACCOUNT, VISITOR

    assert site.login is not None
    selectors = ("username_selector", "password_selector", "submit_selector")
    access = {name: site.login[name] for name in selectors if name in site.login}
    access |= {"login_url": site.login["path"]}
    project = workspace.project
    project.access = access
    project.keep_credentials(username=site.login["username"], password=site.login["password"])
    project.save()
    others = site.login.get("other_users", {})
    for name, password in others.items():
        profile = AuthProfile(project=project, name=name, access=access)
        profile.keep_credentials(username=name, password=password)
        profile.save()
    return (VISITOR, ACCOUNT, *others)


def table(found: Sequence[Found], title: str) -> Table:
    drawn = Table(title=title, title_justify="left", box=box.MARKDOWN)
    for heading in ("site", "as", "pages", "seconds", "90% after", "all after", "templates", "forms", "flows"):
        drawn.add_column(heading, justify="left" if heading in ("site", "as", *PARTS) else "right")
    for one in found:
        parts = [str(one.parts[name]) if name in one.parts else "-" for name in PARTS]
        after = [str(pages_to(one.after, share)) for share in (0.9, 1.0)]
        drawn.add_row(one.site, _whom(one), str(one.pages), f"{one.seconds:.0f}", *after, *parts)
    return drawn


def pages_to(after: Sequence[int], share: float) -> int:
    """How many pages it took until that share of all that was found in the end was found."""
    return after[ceil(len(after) * share) - 1] if after else 0


def _whom(one: Found) -> str:
    return "every role" if one.signed_in else "stranger"


def missed(found: Sequence[Found]) -> list[str]:
    return [
        f"{one.site}, {_whom(one)}: {kind} not found: {', '.join(part.missed)}."
        for one in found
        for kind, part in one.parts.items()
        if part.missed
    ]


def main(given: Sequence[str] | None = None) -> int:
    wanted = arguments(given)
    try:
        with ExitStack() as stack:
            found = Bench(stack, wanted).measure()
    except (Broken, NoBrowser) as problem:
        say(f"bench/coverage: {problem}")
        return 1
    except KeyboardInterrupt:
        return 130
    title = f"mode {wanted.mode}, at most {wanted.pages} pages; {rounds.machine()}"
    rounds.show(table(found, title), *missed(found))
    if wanted.json:
        rounds.last_line({"mode": wanted.mode, "sites": [_values(one) for one in found]})
    return 0


def _values(one: Found) -> dict[str, Any]:
    parts = {name: {"share": round(part.share, 4), "missed": list(part.missed)} for name, part in one.parts.items()}
    known = {"site": one.site, "signed_in": one.signed_in, "pages": one.pages, "seconds": round(one.seconds)}
    return known | parts | {"after": one.after}


if __name__ == "__main__":
    sys.exit(main())
