"""Short, realistic tests of the demo shop, as documents: six shapes, filled from what the shop sells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from typing import Any

from tests.site.goods import CATEGORIES, PRODUCTS, Product

Step = dict[str, Any]
Document = dict[str, Any]


def journeys(number: int) -> list[Document]:
    """The first so many documents; shapes take turns, so that any stretch of them holds all shapes."""
    return list(islice(_all(), number))


def _all() -> Iterator[Document]:
    products = [product for product in PRODUCTS.values() if product.stock]
    for turn in count():
        title, shape = SHAPES[turn % len(SHAPES)]
        product = products[turn // len(SHAPES) % len(products)]
        yield {"title": f"{title}: {product.name} ({turn + 1})", "kind": "ui", "steps": shape(product)}


def _read(product: Product) -> Sequence[Step]:
    crumb = {"role": "link", "name": "Shop", "within": {"role": "navigation", "name": "Breadcrumb"}}
    return [
        {"do": "goto", "path": f"/products/{product.slug}"},
        _sees_heading(product.name),
        {"do": "click", "target": crumb},
        _sees_heading("All products"),
        _is_at("/products"),
    ]


def _browse(product: Product) -> Sequence[Step]:
    category = CATEGORIES[product.category]
    return [
        {"do": "goto", "path": "/"},
        {"do": "click", "target": {"role": "link", "name": category, "within": FOOTER}},
        _sees_heading(category),
        {"do": "click", "target": {"role": "link", "name": product.name, "exact": False, "within": MAIN}},
        _sees_heading(product.name),
        _is_at(f"/products/{product.slug}"),
    ]


def _search(product: Product) -> Sequence[Step]:
    field = {"label": "Search products"}
    return [
        {"do": "goto", "path": "/"},
        {"do": "fill", "target": field, "value": product.name},
        {"do": "press", "target": field, "key": "Enter"},
        _says("status", f'1 result for "{product.name}"'),
        {"do": "expect_visible", "target": {"role": "heading", "name": product.name}},
        _is_at("/search"),
    ]


def _buy(product: Product) -> Sequence[Step]:
    return [
        {"do": "goto", "path": f"/products/{product.slug}"},
        {"do": "click", "target": {"role": "button", "name": "Add to cart"}},
        _says("status", f"Added {product.name} to your cart."),
        {"do": "click", "target": {"role": "link", "name": "Cart 1 item"}},
        _sees_heading("Your cart"),
        {"do": "expect_visible", "target": {"role": "heading", "name": product.name}},
    ]


def _ask(product: Product) -> Sequence[Step]:
    return [
        {"do": "goto", "path": "/contact"},
        {"do": "fill", "target": {"label": "Message"}, "value": f"When will {product.name} be back?"},
        {"do": "click", "target": {"role": "button", "name": "Send message"}},
        _says("alert", "There is a problem"),
        _is_at("/contact"),
    ]


def _look_up(product: Product) -> Sequence[Step]:
    return [
        {"do": "goto", "path": "/stock"},
        {"do": "fill", "target": {"label": "Filter by name"}, "value": product.name},
        _says("status", "1 of 48 products"),
        {"do": "click", "target": {"role": "link", "name": product.name}},
        _sees_heading(product.name),
        _is_at(f"/stock/{product.slug}"),
    ]


MAIN = {"role": "main"}
FOOTER = {"role": "navigation", "name": "Footer"}


def _sees_heading(name: str) -> Step:
    return {"do": "expect_visible", "target": {"role": "heading", "name": name, "exact": True}}


def _says(role: str, words: str) -> Step:
    return {"do": "expect_text", "target": {"role": role}, "contains": words}


def _is_at(path: str) -> Step:
    return {"do": "expect_url", "path": path}


SHAPES: tuple[tuple[str, Callable[[Product], Sequence[Step]]], ...] = (
    ("Reading about a product", _read),
    ("Browsing a category", _browse),
    ("Searching", _search),
    ("Putting into the cart", _buy),
    ("Asking without a name", _ask),
    ("Looking up the stock", _look_up),
)
