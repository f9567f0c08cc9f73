"""Names and sentences that pages have to stand, and the documents and evidence that go with them."""

from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Any

SOLID = "Averylongwordwithoutanyplacetobreakitinto" * 8
WORDY = (
    "Adding the seventh mug to a cart that already holds six of them keeps the sum of all lines right and says so " * 3
)
ARABIC = "إضافة منتج إلى سلة التسوق تعرض المجموع الصحيح وتحفظ العنوان بعد تسجيل الدخول مرة أخرى " * 2
EMOJI = "🛒👩🏽‍💻🇪🇺 checkout 🎉 " * 12
MARKUP = "<script>alert(\"title\")</script> & “quoted” 'title' <b>bold</b>"
SNAKE = "tests/e2e/checkout/payment_methods/credit_card.spec.ts::checkout::pays_with_an_expired_card_and_sees_why"
SHORT = "Cart opens"
TITLES = (SOLID, WORDY, ARABIC, EMOJI, MARKUP, SNAKE, SHORT)
LONG_URL = f"http://shop.test/catalogue/{'very-long-segment-' * 9}/index.html?{'q=value&' * 20}"
LONG_ERROR = (
    f'Expected heading "{SOLID[:120]}" to contain "{WORDY[:140]}", but after 5.0 s it is "{ARABIC}" '
    f"(headings there: {', '.join(SNAKE for _ in range(4))})"
)
TRACE = f"Uncaught TypeError: {SOLID[:90]} is not a function\n    at checkout ({LONG_URL}:1:28391)"
FAMILIES = ("form", "link", "journey", "search", "api", "averylongfamilynamewithoutanyspaceinit")
TEMPLATES = ("/p/{id}", "/cart", f"/{SOLID[:70]}", "/search?q={text}")


def titles(limit: int = 300) -> Iterator[str]:
    """Titles that differ, for ever; the first letters of each say its number."""
    for number, words in enumerate(cycle(TITLES), 1):
        yield f"{words[: limit - 8]} {number}".strip()


def document(title: str) -> dict[str, Any]:
    return {
        "title": title,
        "start": "/",
        "steps": [
            {"do": "goto", "path": f"/{'deep/' * 20}?{'q=v&' * 30}"},
            {"do": "fill", "target": {"label": SOLID[:120]}, "value": WORDY[:200]},
            {"do": "click", "target": {"role": "button", "name": WORDY[:150]}},
            {"do": "request", "method": "POST", "path": f"/api/{SOLID[:100]}"},
            {"do": "expect_text", "target": {"role": "heading", "name": ARABIC[:100]}, "text": EMOJI[:100]},
            {"do": "expect_url", "path": "/"},
        ],
    }


def evidence(result: int | None = None) -> dict[str, Any]:
    """Everything that a proof can say, at length."""
    breakages = [
        {"kind": "gone", "what": f"“{words[:150]}” is gone", "noticed": at % 2 == 0, "by": f"Click “{words[:150]}”"}
        for at, words in enumerate(TITLES)
    ]
    return {
        "replays": 3, "passed": 3, "duration_ms": 1_234_567, "why": WORDY, "checks": list(TITLES),
        "breakages": breakages, "ineffective": 1200, "noticed": 4, "effective": 7, "result": result,
        "dropped": [{"step": LONG_ERROR, "because": WORDY}], "added": [LONG_ERROR], "pruned": [SOLID],
        "score_parts": {"replays": 30, "breakages": 12}, "merged": list(TITLES),
    }  # fmt: skip


def steps(fail_at: int | None) -> list[dict[str, Any]]:
    """What an attempt did: sentences of the document above, up to the step that failed."""
    sentences: Sequence[tuple[str, str]] = (
        ("goto", f"Open /{'deep/' * 20}"),
        ("fill", f"Fill “{SOLID[:120]}” with “{WORDY[:200]}”"),
        ("click", f"Click button “{WORDY[:150]}”"),
        ("request", f"POST /api/{SOLID[:100]} is answered 201"),
        ("expect_text", f"Heading “{ARABIC[:100]}” says “{EMOJI[:100]}”"),
    )
    last = len(sentences) - 1 if fail_at is None else fail_at
    return [
        {
            "index": at, "do": do, "sentence": sentence, "ok": at != fail_at, "duration_ms": 4_000 * at,
            "error": LONG_ERROR if at == fail_at else None,
        }
        for at, (do, sentence) in enumerate(sentences[: last + 1])
    ]  # fmt: skip


def requests(status: int, many: int = 60) -> list[dict[str, Any]]:
    """What a page asked for; the last is a call that is answered with this status."""
    found = [
        {"method": "GET", "url": LONG_URL, "type": "document", "status": 200, "failed": None, "at_ms": 20,
         "duration_ms": 812, "step": 0},
        *({"method": "GET", "url": f"http://cdn.test/{SOLID[:80]}/{at}.js", "type": "script", "status": 200,
           "failed": None, "at_ms": 900 + at, "duration_ms": at, "step": 0} for at in range(many)),
    ]  # fmt: skip
    failed = str(status) if status >= 400 else None
    call = {"method": "POST", "url": f"http://shop.test/api/cart/{SOLID[:60]}/items", "type": "fetch"}
    return [*found, {**call, "status": status, "failed": failed, "at_ms": 8000, "duration_ms": 12_345, "step": 2}]
