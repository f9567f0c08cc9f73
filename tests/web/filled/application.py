"""What is known of the application: pages that a crawl visited, the map, what was changed and what is otherwise."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from django.utils import timezone

from projects.models import Project
from runs.models import Application, Change, Comparison, CrawlPage, Difference, Part, Run
from tests.web.filled import words
from tests.web.filled.runs import Many

AREAS = ("shop", "admin", "help", words.SOLID[:60])
STATES = ("done", "failed", "skipped")
FIELDS = [{"name": title[:60], "label": title[:80], "type": "email", "required": at % 2 == 0}
          for at, title in enumerate(islice(words.titles(), 24))]  # fmt: skip


def learn(project: Project, run: Run, size: Many) -> dict[str, Any]:
    """Writes pages and parts; gives the number of a kind of page, as addresses use it."""
    _visited(run, size.pages)
    application = Application.objects.create(project=project, learned_run=run.pk, learned_at=run.created_at)
    comparison = Comparison.objects.create(run=run, application=application, earlier_run=run.pk, changed=["t1"])
    rows = Part.objects.bulk_create(
        Part(application=application, digest=hashlib.sha256(f"{one['kind']} {one['key']}".encode()).hexdigest(),
             first_seen_run=run.pk, last_seen_run=run.pk, **one)
        for one in _parts(size.pages)
    )  # fmt: skip
    Difference.objects.bulk_create(
        Difference(comparison=comparison, kind="template", what=("new", "changed", "removed")[at % 3], key=f"t{at}",
                   name=title[:500], words=[f"field {title[:90]} is new"] * (at % 3))
        for at, title in enumerate(islice(words.titles(), 60))
    )  # fmt: skip
    return {"number": next(row.pk for row in rows if row.kind == "template" and row.key == "t1")}


def _visited(run: Run, many: int) -> None:
    now = timezone.now()
    pages = CrawlPage.objects.bulk_create(
        CrawlPage(run=run, key=f"{at}", digest=f"{at:064}", url=f"{words.LONG_URL}&n={at}", template=f"/{at % 30}",
                  title=title, role=("", "admin", words.SOLID[:78])[at % 3], depth=at % 9, status=STATES[at % 3],
                  skip_reason="page_budget" if at % 3 == 2 else "", http_status=500 if at % 3 == 1 else 200,
                  error=words.LONG_ERROR[:1000] if at % 3 == 1 else "", action=words.WORDY[:300] if at % 4 else "",
                  path=[{}, {}], snapshot={"forms": [{"name": name[:80]} for name in words.TITLES]},
                  visited_at=now - timedelta(seconds=at))
        for at, title in enumerate(islice(words.titles(), many))
    )  # fmt: skip
    Change.objects.bulk_create(
        Change(run=run, page=page, method=("POST", "DELETE")[page.pk % 2], url=words.LONG_URL,
               status=204 if page.pk % 4 else None, held_back=page.pk % 5 == 0, because=words.WORDY[:300],
               cleaned=page.pk % 3 == 0)
        for page in pages
    )  # fmt: skip


def _parts(kinds: int) -> Iterator[dict[str, Any]]:
    """As many kinds of pages, linked in three layers, with forms, actions, endpoints and pages of each."""
    for at, title in enumerate(islice(words.titles(), kinds)):
        path = "/" if not at else f"/{AREAS[at % 4]}/area-{at}/{'item-' * 12}"
        facts = {"signatures": [f"t{at}"], "url": f"http://shop.test{path}", "pattern": path, "state": False,
                 "pages": 1 + at * at % 997, "depth": min(at, 4)}  # fmt: skip
        yield {"kind": "template", "key": f"t{at}", "name": title, "facts": facts}
        for number in range(3):
            page = {"url": f"{words.LONG_URL}#{number}", "kind": "link", "action": words.WORDY[:90], "depth": 1,
                    "found_on": None}  # fmt: skip
            roles = ["", "admin", words.SOLID[:78]][: number + 1]
            yield {"kind": "page", "key": f"{path}#{number}", "name": title, "facts": page, "template": f"t{at}",
                   "roles": roles}  # fmt: skip
        for to in {at * 2 + 1, at * 2 + 2, at + 7}:
            if to < kinds:
                facts = {"to": f"t{to}", "sentences": [f"link “{title[:80]}”"]}
                yield {"kind": "edge", "key": f"t{at} → t{to}", "name": "way", "facts": facts, "template": f"t{at}"}
    for at, title in enumerate(islice(words.titles(), 12)):
        form = {"method": "POST", "action": f"/send/{words.SOLID[:90]}", "submit": title[:60], "fields": FIELDS,
                "templates": ["t1", "t2", "t3"]}  # fmt: skip
        yield {"kind": "form", "key": f"POST /send {at}", "name": title, "facts": form}
        schema = {"type": "object", "properties": {words.SOLID[:90]: {"type": "integer"}}}
        call = {"method": "DELETE", "path": f"/api/{words.SOLID[:100]}/{{id}}", "type": ("fetch", "websocket")[at % 2],
                "operation": title[:80], "operation_type": "mutation", "request": schema, "response": schema,
                "statuses": [200, 404, 500], "templates": ["t1", "t2"]}  # fmt: skip
        yield {"kind": "endpoint", "key": f"DELETE {at}", "name": title, "facts": call}
        action = {"role": "button", "signatures": ["t1"]}
        yield {"kind": "action", "key": f"a{at}", "name": title[:200], "facts": action, "template": "t1"}
