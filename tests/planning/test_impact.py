"""Changed files, the routes they stand for, and the tests that name them."""

import pytest

from runs.planning import impact_of, paths_of, under


@pytest.mark.parametrize(
    ("file", "routes"),
    [
        ("src/pages/CartPage.tsx", {"/cart"}),
        ("src/pages/shop/OrderHistory.vue", {"/shop/order-history", "/shop"}),
        ("app/products/[id]/page.tsx", {"/products"}),
        ("app/(shop)/cart/page.tsx", {"/cart"}),
        ("src/routes/account/+page.svelte", {"/account"}),
        ("src/app/pages/checkout/index.jsx", {"/checkout"}),
        ("web/src/views/SettingsView.vue", {"/settings"}),
        ("./src/screens/LoginScreen.js", {"/login"}),
        ("pages/app/settings.tsx", {"/app/settings", "/app"}),
        ("app/shop/layout.tsx", {"/shop"}),
        ("pages/index.tsx", {"/"}),
        ("src\\pages\\Cart.tsx", {"/cart"}),
        ("README.md", set()),
        ("docs/how/to.png", set()),
        ("LICENSE", set()),
        ("src/pages/cart.test.tsx", set()),
        ("tests/e2e/cart.py", set()),
        ("tests/pages/cart_page.ts", set()),
        ("src/pages/__tests__/cart.tsx", set()),
        ("src/pages/test/Drive.tsx", {"/test/drive", "/test"}),
    ],
)
def test_a_file_of_a_screen_stands_for_its_route_and_the_one_above(file: str, routes: set[str]) -> None:
    found = impact_of([file], {})
    assert found.fallback_reason is None
    assert set(found.route_prefixes) == routes


@pytest.mark.parametrize(
    "file",
    [
        "server/orders.py",
        "src/api/client.ts",
        "pages/api/cart.ts",
        "app/layout.tsx",
        "src/pages/_app.tsx",
        "pages/[id].tsx",
        "src/components/Button.tsx",
        "src/pages/components/Button.tsx",
        "src/lib/http.ts",
        "src/pages/cart.css",
        "package.json",
        "migrations/0003.sql",
        "vite.config.ts",
        "Dockerfile",
        "app/services/pay.ts",
        "pages/requirements.txt",
        " ",
        "/",
        "..",
    ],
)
def test_what_cannot_be_attributed_selects_everything(file: str) -> None:
    found = impact_of(["src/pages/Cart.tsx", file], {})
    assert (found.fallback_reason, found.because) == ("unknown_files", file)


def test_no_changed_files_select_everything() -> None:
    assert impact_of([], {}).fallback_reason == "no_changed_files"


@pytest.mark.parametrize("pattern", ["server/orders.py", "server", "server/", "server/*.py", "*/orders.py", "orders"])
def test_the_route_map_of_the_project_decides_first(pattern: str) -> None:
    found = impact_of(["server/orders.py"], {pattern: ["/orders/", "/account/orders"]})
    assert found.route_prefixes == {"/orders", "/account/orders"}


def test_a_pattern_of_the_route_map_that_does_not_match_changes_nothing() -> None:
    assert impact_of(["server/orders.py"], {"client": ["/x"], "*.ts": ["/y"]}).fallback_reason == "unknown_files"


@pytest.mark.parametrize(
    ("path", "prefix", "answer"),
    [
        ("/cart", "/cart", True),
        ("/cart/7/edit", "/cart", True),
        ("/carton", "/cart", False),
        ("/", "/cart", False),
        ("/cart", "/", False),
        ("/", "/", True),
    ],
)
def test_addresses_are_compared_by_whole_segments(path: str, prefix: str, answer: bool) -> None:
    assert under([path], {prefix}) is answer


def test_a_test_names_the_addresses_of_its_steps_and_of_the_page_that_it_was_made_on() -> None:
    document = {
        "kind": "ui",
        "start": "/shop?sort=price",
        "steps": [{"do": "goto", "path": "/p/{{id}}/reviews"}, {"do": "click"}, {"do": "expect_url", "path": "/cart/"}],
    }
    assert paths_of(document) == {"/shop", "/p", "/cart"}
    assert paths_of(document, "http://host/base/about", "http://host/base/") == {"/shop", "/p", "/cart", "/about"}


def test_a_test_without_a_start_opens_the_start_page_unless_its_first_step_goes_elsewhere() -> None:
    assert paths_of({"kind": "ui", "steps": [{"do": "click"}]}) == {"/"}
    assert paths_of({"kind": "ui", "steps": [{"do": "goto", "path": "/a"}]}) == {"/a"}
    assert paths_of({"kind": "api", "steps": [{"do": "request", "path": "/api/cart"}]}) == {"/api/cart"}
    assert paths_of({"kind": "api", "steps": [{"do": "request", "path": "{{url}}"}]}) == set()
