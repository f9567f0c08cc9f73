"""Whether what was shown is the page, or a test for robots in its place. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from runs.engine.lexicon import Topic, topics

FEW_LINKS = 5
OF_THE_GATE = 2
# 405 is what AWS WAF sends its CAPTCHA with.
STATUSES = frozenset({401, 403, 405, 429, 503})
BY_HEADER = {"cf-mitigated": "challenge", "x-amzn-waf-action": "challenge", "x-datadome": "protected"}
BODY = re.compile(
    r"/cdn-cgi/challenge-platform|cf[-_]chl[-_]|_cf_chl_opt|captcha-delivery\.com|px-captcha|_Incapsula_Resource"
    r"|awswaf|AwsWafIntegration|sec-if-cpt-container|hcaptcha\.com/1/api\.js|recaptcha/challengepage|geo\.captcha",
    re.IGNORECASE,
)
FRAME = re.compile(
    r"challenges\.cloudflare\.com|hcaptcha\.com|captcha-delivery\.com|recaptcha/(api2|enterprise)/(anchor|bframe)"
    r"|arkoselabs\.com|geetest\.com",
    re.IGNORECASE,
)


def answered_by(status: int, headers: Mapping[str, str], body: str) -> bool:
    """Whether an answer with an error comes from a gate before the application."""
    if any(value in headers.get(name, "").lower() for name, value in BY_HEADER.items()):
        return True
    return status in STATUSES and bool(BODY.search(body))


def shown_by(words: Iterable[str], links: int, frames: Iterable[str]) -> bool:
    """Whether a page with these titles and headings, links and frames only asks whether a person is there.

    A form with a captcha stands on a page that has more to it.
    """
    if links > FEW_LINKS:
        return False
    telling = any(Topic.CHALLENGE in topics(text) for text in words)
    gated = any(FRAME.search(url) for url in frames)
    return (gated and (telling or links == 0)) or (telling and links <= OF_THE_GATE)
