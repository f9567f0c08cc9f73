import re
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from tests.site.defects import DEFECTS
from tests.site.server import ShopDidNotStart, serve
from tests.site.visitor import ADDRESS, MESSAGE, TRUTH, Forms, Visitor, visiting


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    with serve() as url:
        yield url


@pytest.fixture
def shop_url(shop: str) -> Iterator[str]:
    httpx.post(f"{shop}/__defects__", json={"only": []})
    yield shop
    httpx.post(f"{shop}/__defects__", json={"only": []})


@pytest.fixture
def visitor(shop_url: str) -> Iterator[Visitor]:
    with visiting(shop_url) as visitor:
        yield visitor


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium(browser_path: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(chromium: Browser) -> AsyncIterator[Page]:
    page = await chromium.new_page()
    yield page
    await page.close()


def switch(url: str, **wanted: list[str]) -> httpx.Response:
    return httpx.post(f"{url}/__defects__", json=wanted)


def named(kind: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("truth", TRUTH[kind], ids=lambda truth: truth.get("name") or truth.get("path"))


@named("templates")
def test_every_template_of_the_truth_has_a_page_with_one_heading(visitor: Visitor, truth: dict[str, Any]) -> None:
    visitor.satisfy(truth.get("needs", []))
    answer = visitor.get(truth["example"])
    assert answer.status_code == 200
    assert re.search(truth["pattern"], answer.url.path)
    assert answer.text.count("<h1") == 1
    for landmark in ("<header", "<nav", "<main", "<footer"):
        assert landmark in answer.text


@named("forms")
def test_every_form_of_the_truth_is_where_it_says(visitor: Visitor, truth: dict[str, Any]) -> None:
    visitor.satisfy(truth.get("needs", []))
    form = next(form for form in Forms(visitor.get(truth["path"]).text).found if form["action"] == truth["action"])
    assert form["method"] == truth["method"]
    assert {name for name, (kind, _) in form["fields"].items() if kind != "hidden"} == set(truth["fields"])
    assert form["required"] >= set(truth.get("required", []))


@named("endpoints")
def test_every_endpoint_answers_with_the_status_of_the_truth(visitor: Visitor, truth: dict[str, Any]) -> None:
    answer = visitor.client.request(truth["method"], truth["path"], json=truth.get("body"))
    assert answer.status_code == truth["status"]
    expected = "application/json" if answer.is_success else "application/problem+json"
    assert answer.headers["content-type"] == expected


def test_redirects_and_missing_pages_are_those_of_the_truth(shop_url: str) -> None:
    with httpx.Client(base_url=shop_url) as client:
        for redirect in TRUTH["redirects"]:
            answer = client.get(redirect["from"])
            assert (answer.status_code, answer.headers["location"]) == (redirect["status"], redirect["to"])
        for path in TRUTH["not_found"]:
            answer = client.get(path)
            assert answer.status_code == 404
            assert "Page not found" in answer.text


def test_every_flow_breaks_with_defects_that_exist() -> None:
    for flow in TRUTH["flows"]:
        assert set(flow["breaks_with"]) | set(flow.get("changes_with", [])) <= DEFECTS.keys()


def test_the_shop_has_48_products_on_4_pages(visitor: Visitor) -> None:
    first = visitor.get("/api/products").json()
    assert (first["total"], first["pages"], len(first["items"])) == (TRUTH["products"], 4, TRUTH["page_size"])
    slugs = {item["slug"] for page in range(1, 5) for item in visitor.get(f"/api/products?page={page}").json()["items"]}
    assert len(slugs) == TRUTH["products"]
    for category in TRUTH["categories"]:
        assert "12 products" in visitor.get(f"/products?category={category}").text


def test_robots_and_the_sitemap_tell_what_links_do_not(visitor: Visitor) -> None:
    robots, sitemap = visitor.get("/robots.txt").text, visitor.get("/sitemap.xml").text
    assert "Disallow: /private/" in robots
    assert "Disallow: /__defects__" in robots
    assert "/gift-cards</loc>" in sitemap
    assert "/gift-cards" not in visitor.get("/").text
    assert "/__defects__" not in visitor.get("/").text


def test_the_calendar_goes_on_for_ever(visitor: Visitor) -> None:
    path = "/calendar?month=2026-01"
    for _ in range(24):
        following = re.search(r'rel="next" href="([^"]+)"', visitor.get(path).text)
        assert following
        path = following[1]
    assert path == "/calendar?month=2028-01"


def test_searching_counts_its_results(visitor: Visitor) -> None:
    assert "3 results for &quot;mug&quot;" in visitor.get("/search?q=mug").text.replace('"mug"', "&quot;mug&quot;")
    assert "We found nothing" in visitor.get("/search?q=zebra").text


def test_the_cart_adds_changes_and_removes(visitor: Visitor) -> None:
    assert "Added Blue Mug to your cart." in visitor.submit("/products/blue-mug", "/cart/add", quantity="2").text
    assert "$28.00" in visitor.get("/cart").text
    changed = visitor.submit("/cart", "/cart/update", quantity="3")
    assert "$42.00" in changed.text
    assert visitor.get("/api/cart").json()["count"] == 3
    assert "Your cart is empty." in visitor.submit("/cart", "/cart/remove").text


def test_a_quantity_outside_the_bounds_is_refused(visitor: Visitor) -> None:
    answer = visitor.submit("/products/blue-mug", "/cart/add", quantity="11")
    assert 'role="alert">Choose a quantity from 1 to 10.' in answer.text
    assert visitor.get("/api/cart").json()["count"] == 0


def test_shipping_asks_for_what_is_missing_before_payment(visitor: Visitor) -> None:
    visitor.satisfy(["cart"])
    assert "Enter your postcode" in visitor.submit("/checkout", "/checkout").text
    paying = visitor.submit("/checkout", "/checkout", **ADDRESS, delivery="express")
    assert paying.url.path == "/checkout/payment"
    assert "Pay now" in paying.text
    assert "$23.00" in paying.text


def test_dangerous_buttons_are_counted() -> None:
    with serve() as url, visiting(url) as visitor:
        assert visitor.get("/__touched__").json() == {"pay": 0, "delete_account": 0}
        visitor.satisfy(["sign_in", "cart", "shipping"])
        assert "Order placed" in visitor.submit("/checkout/payment", "/checkout/payment").text
        assert "Your account is deleted." in visitor.submit("/account", "/account/delete").text
        assert visitor.get("/__touched__").json() == {"pay": 1, "delete_account": 1}


def test_signing_in_leads_to_where_the_visitor_wanted(visitor: Visitor) -> None:
    assert visitor.get("/account/orders").url.path == "/sign-in"
    refused = visitor.submit("/sign-in", "/sign-in", email="demo@example.com", password="wrong")
    assert "Email or password is incorrect" in refused.text
    assert 'role="alert"' in refused.text
    welcomed = visitor.submit("/sign-in?next=/account/orders", "/sign-in", **TRUTH["credentials"])
    assert welcomed.url.path == "/account/orders"
    assert "HL-2041" in welcomed.text
    assert "You are signed out." in visitor.submit("/", "/sign-out").text
    assert visitor.get("/account").url.path == "/sign-in"


def test_signing_in_never_leads_to_another_host(visitor: Visitor) -> None:
    answer = visitor.submit("/sign-in?next=https://elsewhere.example/", "/sign-in", **TRUTH["credentials"])
    assert answer.url.path == "/account"


def test_a_message_is_checked_and_gets_a_reference(visitor: Visitor) -> None:
    refused = visitor.submit("/contact", "/contact", **{**MESSAGE, "email": "nonsense"})
    assert "Enter an email address like name@example.com" in refused.text
    assert 'role="alert"' in refused.text
    sent = visitor.submit("/contact", "/contact", **MESSAGE)
    assert "<h1>Thank you</h1>" in sent.text
    assert re.search(r"HL-\d{5}", sent.text)


def test_the_newsletter_answers_on_the_page_it_was_asked_on(visitor: Visitor) -> None:
    answer = visitor.submit("/about", "/newsletter", email="ada@example.com")
    assert answer.url.path == "/about"
    assert 'role="status">Thank you, you are on the list.' in answer.text


def test_defects_are_switched_on_and_off(shop_url: str) -> None:
    assert {defect["name"] for defect in httpx.get(f"{shop_url}/__defects__").json()} == DEFECTS.keys()
    assert switch(shop_url, on=["all_500", "footer_missing"]).status_code == 200
    assert httpx.get(f"{shop_url}/about").status_code == 500
    assert httpx.get(f"{shop_url}/api/products").status_code == 500
    assert httpx.get(f"{shop_url}/api/health").status_code == 200
    switch(shop_url, off=["all_500"])
    assert "<footer" not in httpx.get(f"{shop_url}/about").text
    state = switch(shop_url, only=["search_empty"]).json()
    assert [defect["name"] for defect in state if defect["on"]] == ["search_empty"]


def test_an_unknown_defect_is_refused_and_changes_nothing(shop_url: str) -> None:
    answer = switch(shop_url, on=["cart_500", "no_such_defect"])
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("There is no defect named 'no_such_defect'")
    assert not any(defect["on"] for defect in httpx.get(f"{shop_url}/__defects__").json())
    assert switch(shop_url, sideways=["cart_500"]).status_code == 422


def test_shops_side_by_side_have_their_own_defects(shop_url: str) -> None:
    with serve(defects=["product_heading_missing"]) as other:
        assert "<h1" not in httpx.get(f"{other}/products/blue-mug").text
        assert "<h1" in httpx.get(f"{shop_url}/products/blue-mug").text


def test_a_shop_that_cannot_start_says_why(shop_url: str) -> None:
    with pytest.raises(ShopDidNotStart, match="There is no defect named 'nonsense'"), serve(defects=["nonsense"]):
        pass
    with pytest.raises(ShopDidNotStart, match="Address already in use"), serve(port=urlsplit(shop_url).port):
        pass


def of_page(path: str) -> Any:
    return lambda visitor: visitor.get(path).text


def of_form(path: str, action: str, /, **values: str) -> Any:
    return lambda visitor: visitor.submit(path, action, **values).text


def of_cart(action: str, **values: str) -> Any:
    return lambda visitor: (visitor.satisfy(["cart"]), visitor.submit("/cart", action, **values).text)[1]


def added(visitor: Visitor) -> str:
    visitor.satisfy(["cart"])
    return visitor.get("/cart").text


def total(visitor: Visitor) -> str:
    visitor.submit("/products/blue-mug", "/cart/add", quantity="3")
    return str(visitor.get("/api/cart").json()["cents"])


def shipped(visitor: Visitor) -> str:
    visitor.satisfy(["cart"])
    return visitor.submit("/checkout", "/checkout").text


def signed_out(visitor: Visitor) -> str:
    visitor.satisfy(["sign_in"])
    return visitor.submit("/", "/sign-out").text


# What a visitor does, and what is on the page only as long as the shop is healthy.
SEEN: dict[str, tuple[Any, str]] = {
    "account_unprotected": (of_page("/account"), "<h1>Sign in</h1>"),
    "add_button_gone": (of_page("/products/blue-mug"), "Add to cart</button>"),
    "add_button_renamed": (of_page("/products/blue-mug"), "Add to cart</button>"),
    "all_500": (of_page("/about"), "About Harbour Lane"),
    "api_products_500": (of_page("/api/products"), '"total": 48'),
    "cart_500": (added, "Blue Mug"),
    "cart_count_frozen": (added, '<span class="count">1'),
    "cart_quantity_ignored": (of_cart("/cart/update", quantity="3"), "$42.00"),
    "cart_remove_broken": (of_cart("/cart/remove"), "Your cart is empty."),
    "cart_total_wrong": (total, "4200"),
    "category_filter_broken": (of_page("/products?category=desk"), "12 products"),
    "checkout_validation_missing": (shipped, "There is a problem"),
    "contact_label_missing": (of_page("/contact"), 'for="id_email"'),
    "contact_success_missing": (of_form("/contact", "/contact", **MESSAGE), "<h1>Thank you</h1>"),
    "contact_validation_missing": (of_form("/contact", "/contact"), "There is a problem"),
    "footer_missing": (of_page("/"), "<footer"),
    "nav_link_dead": (of_page("/contact"), '<li><a href="/about">About'),
    "newsletter_silent": (of_form("/", "/newsletter", email="ada@example.com"), "you are on the list"),
    "pagination_same_page": (of_page("/products?page=2"), "Sand Candle"),
    "product_heading_missing": (of_page("/products/blue-mug"), "<h1>Blue Mug</h1>"),
    "search_empty": (of_page("/search?q=mug"), "3 results"),
    "search_ignores_query": (of_page("/search?q=mug"), "3 results"),
    "sign_in_accepts_anything": (of_form("/sign-in", "/sign-in", email="a@b.example", password="x"), "incorrect"),
    "sign_in_error_missing": (of_form("/sign-in", "/sign-in", email="a@b.example", password="x"), "incorrect"),
    "sign_out_broken": (signed_out, ">Sign in</a>"),
    "sort_ignored": (of_page("/products?sort=-price"), "Mustard Backpack"),
    "stylesheet_404": (of_page("/assets/shop.css"), ":root"),
}
ELSEWHERE = {"console_error_home", "flaky_home", "slow_product", "stock_script_broken"}


@pytest.mark.parametrize("defect", SEEN)
def test_a_defect_takes_away_what_a_healthy_shop_shows(shop_url: str, defect: str) -> None:
    look, expected = SEEN[defect]
    with visiting(shop_url) as visitor:
        assert expected in look(visitor)
    switch(shop_url, only=[defect])
    with visiting(shop_url) as visitor:
        assert expected not in look(visitor)


def test_the_cart_fails_by_api_as_by_form(shop_url: str) -> None:
    switch(shop_url, on=["cart_500"])
    assert httpx.post(f"{shop_url}/api/cart", json={"product": "blue-mug"}).status_code == 500
    assert httpx.get(f"{shop_url}/api/cart").status_code == 200


def test_every_defect_is_tried_by_some_test() -> None:
    assert SEEN.keys() | ELSEWHERE == DEFECTS.keys()


def test_the_flaky_home_fails_every_second_time(shop_url: str) -> None:
    switch(shop_url, on=["flaky_home"])
    assert [httpx.get(shop_url).status_code for _ in range(4)] == [200, 500, 200, 500]


def test_the_slow_product_is_slow(shop_url: str) -> None:
    switch(shop_url, on=["slow_product"])
    assert httpx.get(f"{shop_url}/products/blue-mug").elapsed.total_seconds() >= 2.5


@pytest.mark.asyncio(loop_scope="module")
async def test_no_page_has_console_errors_or_failed_requests(visitor: Visitor, shop_url: str, page: Page) -> None:
    complaints: list[str] = []
    bad = ("error", "warning")
    page.on("console", lambda message: complaints.append(message.text) if message.type in bad else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.on("response", lambda answer: complaints.append(answer.url) if answer.status >= 400 else None)
    visitor.satisfy(["sign_in", "cart", "shipping", "contact"])
    jar = visitor.client.cookies.jar
    await page.context.add_cookies([{"name": kept.name, "value": kept.value or "", "url": shop_url} for kept in jar])
    for template in TRUTH["templates"]:
        await page.set_viewport_size({"width": 1280, "height": 800})
        await page.goto(shop_url + template["example"], wait_until="networkidle")
        await page.set_viewport_size({"width": 360, "height": 800})
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360, template["name"]
    assert complaints == []


@pytest.mark.asyncio(loop_scope="module")
async def test_the_stock_is_drawn_filtered_and_opened_by_its_script(shop_url: str, page: Page) -> None:
    await page.goto(f"{shop_url}/stock")
    await page.get_by_label("Filter by name").fill("mug")
    await page.get_by_text("3 of 48 products").wait_for()
    assert await page.locator("tbody tr").count() == 3
    await page.get_by_role("link", name="Blue Mug").click()
    await page.get_by_role("heading", name="Blue Mug").wait_for()
    assert urlsplit(page.url).path == "/stock/blue-mug"
    await page.go_back()
    await page.get_by_text("48 of 48 products").wait_for()


@pytest.mark.asyncio(loop_scope="module")
async def test_defects_of_scripts_are_seen_by_the_browser(shop_url: str, page: Page) -> None:
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    switch(shop_url, on=["console_error_home", "stock_script_broken"])
    await page.goto(shop_url, wait_until="networkidle")
    assert "Recommendations could not be loaded" in errors.pop()
    await page.goto(f"{shop_url}/stock", wait_until="networkidle")
    assert "stock.js is broken" in errors.pop()
    assert await page.get_by_text("Loading stock…").is_visible()
    switch(shop_url, only=["api_products_500"])
    await page.goto(f"{shop_url}/stock")
    assert await page.get_by_role("alert").inner_text() == "Stock could not be loaded."


@pytest.mark.asyncio(loop_scope="module")
async def test_the_tabs_of_the_about_page_change_what_is_shown(shop_url: str, page: Page) -> None:
    await page.goto(f"{shop_url}/about")
    await page.get_by_role("tab", name="Returns").click()
    assert "60 days" in await page.get_by_role("tabpanel").inner_text()
