import pytest

from runs.engine.crawl.challenge import answered_by, shown_by

TURNSTILE = "https://challenges.cloudflare.com/cdn-cgi/challenge-platform/h/b/turnstile/if/ov2"


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (403, {"cf-mitigated": "challenge"}, ""),
        (503, {}, "<script src='/cdn-cgi/challenge-platform/h/b/orchestrate/jsch/v1'>"),
        (403, {}, "<script>window._cf_chl_opt={}</script>"),
        (403, {"x-datadome": "protected"}, ""),
        (405, {"x-amzn-waf-action": "challenge"}, ""),
        (429, {}, "<div id='px-captcha'></div>"),
        (403, {}, "<script src='https://js.hcaptcha.com/1/api.js'>"),
    ],
)
def test_a_gate_before_the_application_is_known_by_what_it_answers(
    status: int, headers: dict[str, str], body: str
) -> None:
    assert answered_by(status, headers, body)


@pytest.mark.parametrize(("status", "body"), [(403, "<h1>Forbidden</h1>"), (404, "px-captcha"), (500, "hcaptcha")])
def test_an_error_of_the_application_is_none(status: int, body: str) -> None:
    assert not answered_by(status, {"server": "cloudflare"}, body)


def test_a_page_that_only_asks_whether_one_is_human_is_known_by_its_words_and_frames() -> None:
    assert shown_by(["Just a moment..."], 0, [])
    assert shown_by(["shop.test", "Verify you are human"], 2, [])
    assert shown_by(["shop.test"], 0, [TURNSTILE])
    assert shown_by(["One more step"], 4, ["https://newassets.hcaptcha.com/captcha/v1/x"])


def test_a_page_with_a_captcha_in_its_form_is_a_page() -> None:
    assert not shown_by(["Contact us"], 24, [TURNSTILE])
    assert not shown_by(["Contact us"], 4, [TURNSTILE])
    assert not shown_by(["How to pass a security check"], 30, [])
    assert not shown_by(["Sign in"], 0, [])
