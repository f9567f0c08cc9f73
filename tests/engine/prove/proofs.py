"""What tests of proofs are made of: plans, works, and ways to read what came of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runs.engine.browser import Browser
from runs.engine.events import AttemptEnded, Event, Proved
from runs.engine.plan import ProofPlan, RunOptions, Site, TestWork
from runs.engine.prove import prove
from tests.engine.executing import puller
from tests.engine.pages import Pages


def see(name: str, role: str = "heading") -> dict[str, Any]:
    return {"do": "expect_visible", "target": {"role": role, "name": name, "exact": True}}


def click(name: str, role: str = "button") -> dict[str, Any]:
    return {"do": "click", "target": {"role": role, "name": name, "exact": True}}


def says(role: str, words: str) -> dict[str, Any]:
    return {"do": "expect_text", "target": {"role": role}, "contains": words}


def proposal(*steps: dict[str, Any], result: int = 1, start: str | None = "/", **more: Any) -> TestWork:
    document = {"title": f"Test {result}", "kind": "ui", "start": start, "steps": list(steps), **more}
    if start is None:
        del document["start"]
    return TestWork(result=result, title=f"Test {result}", document=document, replays=2)


def plan_of(site: Pages, tmp_path: Path, **more: Any) -> ProofPlan:
    options = RunOptions(retries=0, trace="off", screenshot="on_failure", timeout_ms=3_000)
    fields = {"max_breakages": 12, **more}
    return ProofPlan(site=Site(base_url=site.url), options=options, artifacts=str(tmp_path), **fields)


async def proved(browser: Browser, plan: ProofPlan, *works: TestWork, seed: int = 1) -> list[Event]:
    return [event async for event in prove(browser, plan, puller(*works), chance=lambda: seed)]


def proofs(events: list[Event]) -> dict[int, Proved]:
    return {event.result: event for event in events if isinstance(event, Proved)}


def replays(events: list[Event]) -> list[AttemptEnded]:
    return [event for event in events if isinstance(event, AttemptEnded)]


def told(proof: dict[str, Any], kind: str) -> list[bool]:
    """Whether the mutations of a kind were noticed."""
    return [one["noticed"] for one in proof["breakages"] if one["kind"] == kind]
