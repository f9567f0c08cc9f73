"""The cart of one visitor: product slugs and quantities in the signed session cookie."""

from dataclasses import dataclass

from django.contrib.sessions.backends.base import SessionBase

from tests.site.goods import PRODUCTS, Product, money
from tests.site.switchboard import is_on

MOST = 10


@dataclass(frozen=True)
class Line:
    product: Product
    quantity: int

    @property
    def cents(self) -> int:
        return self.product.cents * self.quantity

    @property
    def total(self) -> str:
        return money(self.cents)


def quantities(session: SessionBase) -> dict[str, int]:
    kept: dict[str, int] = session.get("cart", {})
    return {slug: quantity for slug, quantity in kept.items() if slug in PRODUCTS}


def lines(session: SessionBase) -> list[Line]:
    return [Line(PRODUCTS[slug], quantity) for slug, quantity in quantities(session).items()]


def count(session: SessionBase) -> int:
    return sum(quantities(session).values())


def total_cents(session: SessionBase) -> int:
    if is_on("cart_total_wrong"):
        return sum(line.product.cents for line in lines(session))
    return sum(line.cents for line in lines(session))


def add(session: SessionBase, product: Product, quantity: int) -> None:
    held = quantities(session)
    session["cart"] = {**held, product.slug: min(MOST, held.get(product.slug, 0) + quantity)}


def change(session: SessionBase, product: Product, quantity: int) -> None:
    held = quantities(session)
    if product.slug in held and not is_on("cart_quantity_ignored"):
        session["cart"] = {**held, product.slug: quantity}


def remove(session: SessionBase, product: Product) -> None:
    if not is_on("cart_remove_broken"):
        session["cart"] = {slug: held for slug, held in quantities(session).items() if slug != product.slug}


def clear(session: SessionBase) -> None:
    session["cart"] = {}
