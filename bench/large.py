"""A large run filled in below the ledger, for benches of what reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from random import Random
from typing import Any

from bench.journeys import journeys

REQUESTS, OUTCOMES, BATCH = 30, 10, 500
STATIC = ("app.js", "style.css", "logo.svg", "cart.js", "menu.js")
VITALS = {"lcp": 2600, "cls": 0.101, "inp": 205, "ttfb": 810}

# Why tests fail here, by weight: message, kind, step that fails, requests that fail, lines of the console.
WHYS: tuple[tuple[int, dict[str, Any]], ...] = (
    (
        40,
        {
            "error": 'Expected status to contain "Added {n}", but after 5.0 s it is "Sorry"',
            "fails": [("POST", "/api/cart", 500)],
        },
    ),
    (20, {"error": 'There is no button "Pay" after 5.0 s (buttons there: "Back", "Help {n}")', "kind": "not_found"}),
    (10, {"error": "/products/{n} did not finish loading within 15.0 s", "kind": "navigation"}),
    (10, {"error": "Expected the total to be {n}.50, but it is {n}.00", "fails": [("GET", "/api/prices/{n}", 404)]}),
    (
        8,
        {
            "error": "Expected no errors in the console",
            "console": "Uncaught TypeError: basket.item{k} is not a function",
        },
    ),
    (7, {"error": "Expected the list {word} of {other} to show {word} first, but {other} is first after {n}.0 s"}),
    (5, {"error": "{word} {other} {third} {fourth} {n} {word} {third}"}),
)
WORDS = ("order", "basket", "price", "sum", "mug", "cup", "lamp", "search", "menu", "offer", "guest", "saved", "old")


class Large:
    """A run of so many results, filled in below the ledger: what is measured is reading it."""

    def __init__(self, results: int, failures: int) -> None:
        from projects.models import Project, Workspace

        self.chance = Random(7)
        self.failed = set(self.chance.sample(range(results), failures))
        workspace = Workspace.objects.create(name="Bench", slug="bench-report")
        self.project = Project.objects.create(
            workspace=workspace,
            name="Shop",
            url="http://shop.test/",
            quality_gates={"min_pass_rate": 95, "max_failures": 10, "max_flaky_pct": 2},
            web_vitals_budgets={"lcp": 2500, "cls": 0.1, "inp": 200, "ttfb": 800},
        )
        self.run = self._run()
        self._fill(results)

    def _run(self) -> Any:
        from django.utils import timezone

        from runs.models import Run

        site = {"base_url": self.project.url}
        now = timezone.now()
        return Run.objects.create(
            project=self.project, kind="test", status="judging", stage="execute", site=site, started_at=now
        )

    def _fill(self, results: int) -> None:
        from django.utils import timezone

        from projects.models import Test
        from runs.models import Attempt, Result, TestHistory

        documents = journeys(results)
        tests = [Test(project=self.project, title=one["title"], document=one) for one in documents]
        Test.keep_proposed(tests)
        whys = [self._why() if number in self.failed else None for number in range(results)]
        now = timezone.now()
        rows = Result.objects.bulk_create(
            (self._result(number, test, why, now) for number, (test, why) in enumerate(zip(tests, whys, strict=True))),
            batch_size=BATCH,
        )
        attempts = (self._attempts(row, why, now) for row, why in zip(rows, whys, strict=True))
        every = (attempt for group in attempts for attempt in group)
        while batch := list(islice(every, BATCH)):
            Attempt.objects.bulk_create(batch)
        histories = (TestHistory(test=test, outcomes=self._outcomes(), durations=[900] * 10) for test in tests)
        TestHistory.objects.bulk_create(histories, batch_size=BATCH)

    def _why(self) -> dict[str, Any]:
        (why,) = self.chance.choices([why for _, why in WHYS], [weight for weight, _ in WHYS])
        words = dict(zip(("word", "other", "third", "fourth"), self.chance.sample(WORDS, 4), strict=True))
        fields = {"n": self.chance.randrange(1000), "k": self.chance.randrange(4), **words}
        return {
            **why,
            "error": why["error"].format(**fields),
            "console": why.get("console", "").format(**fields),
            "fails": [(method, path.format(**fields), status) for method, path, status in why.get("fails", ())],
        }

    def _result(self, number: int, test: Any, why: dict[str, Any] | None, now: Any) -> Any:
        from runs.models import Result

        return Result(
            run=self.run,
            position=number,
            test=test,
            title=test.title,
            version=1,
            status="failed" if why else "passed",
            error=why["error"] if why else "",
            error_kind=why.get("kind", "expectation") if why else "",
            attempt_count=3 if why else 1,
            retries=2 if why else 0,
            failed_after_retry=bool(why),
            duration_ms=self.chance.randrange(300, 9000),
            vitals={name: {"value": self.chance.random() * most, "path": "/"} for name, most in VITALS.items()},
            finished_at=now,
        )

    def _attempts(self, row: Any, why: dict[str, Any] | None, now: Any) -> Iterator[Any]:
        from runs.models import Attempt

        steps = [
            {"index": n, "do": one["do"], "sentence": f"Do {n}", "ok": True, "duration_ms": 40, "error": None}
            for n, one in enumerate(row.test.document["steps"])
        ]
        failure = {"kind": why.get("kind", "expectation"), "message": why["error"], "step": 3} if why else None
        requests = list(self._requests(why["fails"] if why else ()))
        for number in range(1, row.attempt_count + 1):
            yield Attempt(
                result=row,
                number=number,
                passed=why is None,
                started_at=now,
                duration_ms=row.duration_ms,
                steps=steps,
                failure=failure,
                console=[why["console"]] if why and why["console"] else [],
                requests=requests,
            )

    def _requests(self, fails: Sequence[tuple[str, str, int]]) -> Iterator[dict[str, Any]]:
        url = "http://shop.test"
        yield {"method": "GET", "url": f"{url}/cart", "type": "document", "status": 200, "failed": None}
        for number in range(REQUESTS):
            path = f"/static/{STATIC[number % len(STATIC)]}?v={number}"
            yield {"method": "GET", "url": url + path, "type": "script", "status": 200, "failed": None}
        for method, path, status in fails:
            yield {"method": method, "url": url + path, "type": "fetch", "status": status, "failed": str(status)}

    def _outcomes(self) -> list[dict[str, Any]]:
        wild = self.chance.random() < 0.1
        states = self.chance.choices(("passed", "flaky", "failed"), (8, 1, 1) if wild else (200, 1, 1), k=OUTCOMES)
        return [
            {"run": -age, "status": state, "retries": int(state == "flaky"), "version": 1}
            for age, state in enumerate(states, 1)
        ]
