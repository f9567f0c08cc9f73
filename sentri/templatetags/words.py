"""How pages write states, times and durations."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

DASH = "\N{EN DASH}"

register = template.Library()

# state → (colour, glyph, word). The colour never stands alone.
MARKS: dict[str, tuple[str, str, str]] = {
    "passed": ("passed", "✓", "passed"),
    "failed": ("failed", "✕", "failed"),
    "flaky": ("flaky", "≈", "flaky"),
    "skipped": ("skipped", DASH, "skipped"),
    "running": ("running", "●", "running"),
    "pending": ("skipped", "○", "waiting"),
    "queued": ("running", "○", "queued"),
    "judging": ("running", "◐", "judging"),
    "completed": ("passed", "✓", "completed"),
    "broken": ("failed", "!", "could not run"),
    "aborted": ("skipped", "■", "aborted"),
    "empty": ("skipped", "∅", "nothing ran"),
    "done": ("passed", "✓", "done"),
    "barren": ("skipped", "∅", "no tests found"),
    "owed": ("running", "○", "owed"),
    "sent": ("passed", "✓", "sent"),
    "given_up": ("failed", "✕", "given up"),
    "draft": ("flaky", "◇", "waits for review"),
    "approved": ("passed", "✓", "approved"),
    "rejected": ("skipped", "✕", "rejected"),
    "by_score": ("passed", "✓", "approved by score"),
    "fit": ("passed", "✓", "fit"),
    "unfit": ("failed", "✕", "unfit"),
    "stopping": ("running", "◐", "stopping"),
    "silent": ("flaky", "?", "silent"),
    "gone": ("skipped", "∅", "gone"),
    "hung": ("failed", "✕", "hung"),
    "stale": ("flaky", "∅", "stale"),
    "covered": ("passed", "✓", "tested"),
    "proposed": ("flaky", "◇", "proposals only"),
    "none": ("skipped", "○", "no tests"),
    "new": ("running", "+", "new"),
    "changed": ("flaky", "△", "changed"),
    "removed": ("failed", "✕", "removed"),
    "proved": ("passed", "✓", "proved"),
    "not_proved": ("skipped", "✕", "not proved"),
    "not_tried": ("skipped", DASH, "not tried"),
}
# What the states of results are called where a crawl proves its proposals: one that does not hold is no failed test.
PROOFS = {"passed": "proved", "flaky": "proved", "failed": "not_proved", "skipped": "not_tried"}


class Judged(Protocol):
    """What of a run its mark is made from."""

    kind: str
    status: str
    verdict: str


def mark_of(run: Judged) -> str:
    """The one mark that says where a run stands: its verdict once it has one, else its status."""
    if run.status == "completed":
        return {"passed": "done", "empty": "barren"}[run.verdict] if run.kind == "crawl" else run.verdict
    return "broken" if run.status == "failed" else run.status


@register.simple_tag
def badge(state: str, word: str = "") -> SafeString:
    """A state as glyph and word."""
    colour, glyph, known = MARKS.get(state, ("skipped", "·", state))
    return format_html(
        '<span class="badge {}"><span class="glyph" aria-hidden="true">{}</span> {}</span>',
        colour,
        glyph,
        word or known,
    )


@register.simple_tag
def drawn_badge(state: str) -> SafeString:
    """The same in a drawing."""
    colour, glyph, _ = MARKS.get(state, ("skipped", "·", state))
    return format_html('<tspan class="{}">{} {}</tspan>', colour, glyph, state)


@register.simple_tag
def run_badge(run: Judged) -> SafeString:
    return badge(mark_of(run))


@register.filter
def in_kind(state: str, kind: str) -> str:
    """A result's state as it is called in a run of this kind."""
    return PROOFS.get(state, state) if kind == "crawl" else state


@register.filter
def at_most(number: int, most: int) -> str:
    """A number for a small badge: 999, and 999+ for all that are larger."""
    return str(number) if number <= most else f"{most}+"


@register.filter
def colour(state: str) -> str:
    return MARKS.get(state, ("skipped", "", ""))[0]


@register.filter
def glyph(state: str) -> str:
    return MARKS.get(state, ("", "·", ""))[1]


@register.filter
def word(state: str) -> str:
    return MARKS.get(state, ("", "", state))[2]


@register.simple_tag
def when(moment: datetime | None, form: str = "relative") -> SafeString | str:
    """A moment for page.js to show in the reader's zone; UTC where scripts are off and in the title."""
    if moment is None:
        return DASH
    utc = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}" data-form="{}" title="{} UTC">{} UTC</time>',
        utc.isoformat(timespec="milliseconds"),
        form,
        f"{utc:%Y-%m-%d %H:%M:%S}",
        f"{utc:%Y-%m-%d %H:%M}",
    )


@register.filter
def duration(milliseconds: Any) -> str:
    """85 ms, 1.2 s, 3 min 05 s, 2 h 10 min."""
    if milliseconds is None or milliseconds == "":
        return DASH
    ms = int(milliseconds)
    if ms < 1000:
        return f"{ms} ms"
    if ms < 60_000:
        return f"{ms / 1000:.1f} s"
    if ms < 3_600_000:
        return f"{ms // 60_000} min {ms // 1000 % 60:02} s"
    return f"{ms // 3_600_000} h {ms // 60_000 % 60:02} min"


@register.filter
def vital(value: float, metric: str) -> str:
    """A web vital as one writes it: 2,600 ms; the layout shift has no unit."""
    return f"{value:.3g}" if metric == "cls" else f"{value:,.0f} ms"


@register.filter
def sharing_words(makespan: Mapping[str, Any]) -> str:
    """The ideal and the achieved makespan of a run, and what ideal means."""
    windows = makespan["slots"]
    return (
        f"Ideal: {duration(makespan['ideal_ms'])}, the work divided among {windows} browser window"
        f"{'' if windows == 1 else 's'} or the longest test, whichever is more. "
        f"Achieved: {duration(makespan['achieved_ms'])}."
    )


@register.filter
def field_names(fields: Iterable[Mapping[str, Any]]) -> str:
    """The fields of a form as people read them, in their order."""
    return ", ".join(field["label"] or field["name"] for field in fields)


@register.filter
def pretty(value: Any) -> str:
    """JSON as one reads it."""
    return json.dumps(value, indent=2, ensure_ascii=False)


@register.filter
def spaced(name: str) -> str:
    return name.replace("_", " ")


@register.filter
def short_url(url: str) -> str:
    """Path and query of an address; the host is known from the place."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "") if parts.scheme else url


@register.filter
def host(url: str) -> str:
    return urlsplit(url).netloc or url
