"""The demo shop's API: what pages ask for becomes tests whose proofs notice wrong types and missing properties."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from runs.engine.browser import Browser
from runs.engine.events import PageSnapshot
from runs.engine.generate.cases import Crawled, Draft
from runs.engine.generate.openapi.operations import read
from runs.engine.generate.proposals import api, contract
from runs.engine.plan import CrawlOptions, CrawlPlan, ProofPlan, RunOptions, Site, TestWork
from runs.engine.prove import choosing
from runs.engine.steps.answer import Answer
from runs.engine.steps.base import StepFailed
from runs.engine.steps.document import parse
from runs.engine.steps.request import Request
from runs.engine.traffic import infer
from tests.engine.generate.stages import observed
from tests.engine.prove.proofs import proofs, proposal, proved, see
from tests.site.server import serve

pytestmark = pytest.mark.asyncio(loop_scope="module")

SUMMARY = {
    "type": "object",
    "required": ["slug", "cents"],
    "properties": {"slug": {"type": "string"}, "cents": {"type": "integer"}},
}
OPENAPI = {
    "openapi": "3.1.0",
    "paths": {
        "/api/products/{slug}": {
            "get": {
                "parameters": [{"name": "slug", "in": "path", "required": True, "example": "blue-mug"}],
                "responses": {"200": {"content": {"application/json": {"schema": SUMMARY}}}, "404": {}},
            }
        },
        "/api/cart": {"get": {"responses": {"200": {"content": {"application/json": {"schema": {"type": "object"}}}}}}},
    },
}
KINDS = ("missing_property", "wrong_type")
KNOWN = "GET /api/products?page answers with JSON of the known shape"
ONE = "GET /api/products/blue-mug answers with JSON of the known shape"
NONSENSE = "GET /api/products?page answers nonsense with 400"
DOCUMENTED = "GET /api/products/{slug} answers as it is documented"
UNKNOWN = "GET /api/products/{slug} answers an unknown id with 404"
OPEN = "GET /api/cart answers as it is documented"


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    with serve() as base_url:
        yield base_url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with Browser(browser_path) as browser:
        yield browser


def fetched(shop: str, path: str) -> Any:
    return httpx.get(f"{shop}{path}").json()


def stock(shop: str) -> PageSnapshot:
    """The stock page as a crawl sees it, with what it asked for."""
    requests = []
    for path in ("/api/products?page=1", "/api/products?page=2", "/api/products/blue-mug"):
        shape = infer(fetched(shop, path))
        asked = {"method": "GET", "url": f"{shop}{path}", "status": 200, "type": "fetch"}
        requests.append(asked | {"response": {"schema": shape}})
    return PageSnapshot(url=f"{shop}/stock", path="/stock", requests=tuple(requests))


def plan_of(shop: str, tmp_path: Path) -> ProofPlan:
    options = RunOptions(retries=0, trace="off", screenshot="off", timeout_ms=3_000)
    site = Site(base_url=shop)
    return ProofPlan(site=site, options=options, artifacts=str(tmp_path), max_breakages=12)


def unnoticed(proof: dict[str, Any]) -> list[str]:
    return [one["what"] for one in proof["breakages"] if not one["noticed"]]


async def written(browser: Browser, shop: str) -> dict[str, Draft]:
    """Tests of what the stock page asked for, and of what a description says, by their titles."""
    plan = CrawlPlan(site=Site(base_url=shop), options=CrawlOptions())
    operations = tuple(read(json.dumps(OPENAPI), shop))
    crawled = Crawled((stock(shop),), plan.options, contract=operations)
    seen = await observed(browser, plan, crawled, [*api.cases(crawled), *contract.cases(crawled)])
    heard = [one for one in seen if one.case.family == "api"]
    described = [one for one in seen if one.case.family == "contract"]
    drafts = [*api.tests(crawled, heard), *contract.tests(crawled, described)]
    return {draft.title: draft for draft in drafts}


def message(document: dict[str, Any], body: Any) -> str:
    """What the test says of another answer."""
    step = parse(document).steps[-1]
    assert isinstance(step, Request)
    with pytest.raises(StepFailed) as failed:
        step.expect.verify(Answer(200, {"content-type": "application/json"}, json.dumps(body).encode(), 1.0))
    return failed.value.message


async def test_tests_from_traffic_and_descriptions_notice_wrong_types(
    browser: Browser, shop: str, tmp_path: Path
) -> None:
    drafts = await written(browser, shop)
    works = [
        TestWork(result=number, title=one.title, document=one.document, replays=1)
        for number, one in enumerate(drafts.values())
    ]
    ends = proofs(await proved(browser, plan_of(shop, tmp_path), *works))
    assert [end.outcome for end in ends.values()] == ["passed"] * len(drafts)
    by_title = {end.document["title"]: end.proof for end in ends.values()}
    assert set(by_title) == {KNOWN, ONE, DOCUMENTED, OPEN, NONSENSE, UNKNOWN}
    missed = {title: what for title, proof in by_title.items() if (what := unnoticed(proof))}
    # What a description says nothing of may be otherwise.
    assert set(missed) == {DOCUMENTED}
    assert not any("cents" in what or "slug" in what for what in missed[DOCUMENTED])
    (check,) = by_title[KNOWN]["checks"]
    assert check.startswith(
        "Send GET /api/products?page=1; the answer is 200 and has items (list, each with category (text)"
    )
    assert by_title[OPEN]["checks"] == [
        "Send GET /api/cart; the answer is 200 and has cents (number), count (number) and items (list)"
    ]
    answer = fetched(shop, "/api/products?page=1")
    answer["items"][3]["cents"] = "1400"
    assert message(drafts[KNOWN].document, answer) == "Expected $.items[3].cents to be a number, but it is text"
    del answer["items"][3]["cents"]
    lacking = "Expected $.items[3] to have “cents”, but there is no such property"
    assert message(drafts[KNOWN].document, answer) == lacking


async def test_a_page_is_shown_answers_that_go_wrong(
    browser: Browser, shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "ENOUGH_KINDS", 100)  # to the last of them
    mug = {"do": "expect_visible", "target": {"role": "link", "name": "Blue Mug", "exact": True}}
    plan = plan_of(shop, tmp_path)
    end = proofs(await proved(browser, plan, proposal(see("Stock"), mug, start="/stock")))[1]
    assert end.outcome == "passed"
    mutated = {one["what"]: one["noticed"] for one in end.proof["breakages"] if one["kind"] in KINDS}
    assert mutated["GET /api/products answers without “name”"]
    assert mutated["GET /api/products answers with “name” as a number instead of text"]
