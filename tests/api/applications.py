"""An application that crawls have taught."""

from __future__ import annotations

from typing import Any

from projects.models import Environment
from runs import ledger, states
from runs.engine.traffic import infer
from runs.ledger.opening import digest_of
from runs.models import CrawlPage, Run
from tests.api.conftest import World


def learnt(world: World, *paths: str, left: Any = 1, environment: Environment | None = None) -> Run:
    """A crawl that saw these pages, the first with an endpoint and a form, and has been learnt from."""
    run = world.crawl(environment=environment)
    base = run.site["base_url"].rstrip("/")
    run.pages.all().delete()
    nothing = {"content_type": None, "schema": None}
    call = {"method": "POST", "url": f"{base}/api/stock/7", "path": "/api/stock/7", "template": "/api/stock/{id}",
            "type": "fetch", "status": 200, "operation": None, "operation_type": None,
            "request": {"content_type": "application/json", "schema": infer({"count": 1})},
            "response": {**nothing, "schema": infer({"left": left})}}  # fmt: skip
    form = {"name": "Contact", "method": "post", "action": "", "fields": [{"name": "mail", "type": "email"}]}
    for path in paths or ("/",):
        url = f"{base}{path}"
        first = path == "/"
        snapshot = {"url": url, "headings": [], "forms": [form] * first, "actions": [], "requests": [call] * first}
        CrawlPage.objects.create(run=run, key=url, digest=digest_of(url), url=url, title=path, template=f"t{path}",
                                 status=states.DONE, http_status=200, snapshot=snapshot)  # fmt: skip
    Run.objects.filter(pk=run.pk).update(end_reason="all_visited")
    ledger.learn_application(run.pk)
    return run
