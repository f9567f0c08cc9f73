"""The style sheet's promises, computed from its tokens."""

import gzip
import re

import pytest
from django.conf import settings
from django.test import Client

from tests.test_architecture import ROOT

STATIC = ROOT / "sentri" / "static"
LINKS = (ROOT / "templates" / "components" / "_styles.html").read_text(encoding="utf-8")
SHEETS = [STATIC / name for name in re.findall(r"'(style/\w+\.css)'", LINKS)]
STYLE = "".join(sheet.read_text(encoding="utf-8") for sheet in SHEETS)
TOKENS = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", STYLE)
THEMES = {"light": {name: light for name, light, _ in TOKENS}, "dark": {name: dark for name, _, dark in TOKENS}}
ON_SURFACES = ["text", "muted", "accent", "passed", "failed", "flaky", "skipped", "running"]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mixed(top: str, share: float, bottom: str) -> str:
    pairs = [(int(top[at : at + 2], 16), int(bottom[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ON_SURFACES)
def test_every_text_colour_can_be_read_on_every_surface(theme: str, name: str) -> None:
    tokens = THEMES[theme]
    for surface in ("surface", "raised"):
        assert contrast(tokens[name], tokens[surface]) >= 4.5, (theme, name, surface)


@pytest.mark.parametrize("theme", THEMES)
def test_buttons_toasts_and_the_current_place_can_be_read(theme: str) -> None:
    tokens = THEMES[theme]
    assert contrast(tokens["on-accent"], tokens["accent"]) >= 4.5
    assert contrast(tokens["on-accent"], mixed(tokens["accent"], 0.88, tokens["text"])) >= 4.5
    assert contrast(tokens["surface"], tokens["text"]) >= 4.5
    assert contrast(tokens["accent"], mixed(tokens["accent"], 0.10, tokens["raised"])) >= 4.5
    assert contrast(tokens["text"], mixed(tokens["line"], 0.55, tokens["raised"])) >= 4.5


def test_the_tokens_are_those_of_the_design() -> None:
    wanted = {
        "surface": ("#ffffff", "#0f1216"),
        "raised": ("#f6f7f9", "#171b21"),
        "line": ("#e3e6ea", "#2a3038"),
        "text": ("#16191d", "#e8ebef"),
        "muted": ("#5a6572", "#98a3b0"),
        "accent": ("#3b5bdb", "#7c93f5"),
    }
    assert {name: (light, dark) for name, light, dark in TOKENS if name in wanted} == wanted


def test_every_style_sheet_is_loaded() -> None:
    administration = [STATIC / "admin.css"]
    assert [style(None) for style in settings.UNFOLD["STYLES"]] == ["/static/admin.css"]
    assert {*SHEETS, *administration} == {*STATIC.rglob("*.css")}


def test_rules_use_tokens_and_no_colours_of_their_own() -> None:
    rules = STYLE[STYLE.index('[data-theme="dark"]') :]
    assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", rules)) <= {"#00000066"}


SCRIPTS = {"the review": {"review.js", "steps.js"}, "a run": {"live.js", "frames.js"}, "the editor": {"editor.js"}}


@pytest.mark.parametrize("page", ["the review", "a run"])
def test_no_page_fetches_more_than_40_kilobytes_of_assets(page: str) -> None:
    others = {name for of_page, names in SCRIPTS.items() if of_page != page for name in names}
    ours = [path for path in STATIC.rglob("*.*") if path.name not in others]
    assert sum(path.stat().st_size for path in ours) < 70_000
    names = [*(path.relative_to(STATIC).as_posix() for path in ours), "django_htmx/htmx-2.min.js"]
    answers = [Client().get(f"/static/{name}", headers={"Accept-Encoding": "gzip"}) for name in names]
    assert {answer.status_code for answer in answers} == {200}
    assert sum(len(answer.content) for answer in answers) < 40_000


def test_a_browser_that_takes_nothing_compressed_gets_files_as_they_are() -> None:
    plain = Client().get("/static/style/base.css")
    small = Client().get("/static/style/base.css", headers={"Accept-Encoding": "gzip, br"})
    assert "Content-Encoding" not in plain
    assert (small["Content-Encoding"], gzip.decompress(small.content)) == ("gzip", plain.content)
    assert plain["Vary"] == small["Vary"] == "Accept-Encoding"
