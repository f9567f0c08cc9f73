"""The one customer of the demo shop."""

from dataclasses import dataclass

from django.contrib.sessions.backends.base import SessionBase

from tests.site.goods import money
from tests.site.switchboard import is_on


@dataclass(frozen=True)
class Order:
    number: str
    placed: str
    items: str
    cents: int
    status: str

    @property
    def total(self) -> str:
        return money(self.cents)


@dataclass(frozen=True)
class Account:
    name: str
    email: str
    password: str
    address: str
    orders: tuple[Order, ...]


DEMO = Account(
    name="Dana Demo",
    email="demo@example.com",
    password="demo-pass-1",
    address="12 Harbour Lane, 21073 Seaside",
    orders=(
        Order("HL-2041", "12 May 2026", "2 Blue Mug, 1 Mustard Teapot", 7400, "On its way"),
        Order("HL-1987", "3 March 2026", "1 Green Backpack", 8900, "Delivered"),
        Order("HL-1702", "19 November 2025", "1 Teal Lamp, 1 Oak Desk Clock", 12600, "Delivered"),
    ),
)


def signed_in(session: SessionBase) -> Account | None:
    return DEMO if session.get("account") == DEMO.email else None


def accepts(email: str, password: str) -> bool:
    if is_on("sign_in_accepts_anything"):
        return True
    return email.strip().lower() == DEMO.email and password == DEMO.password


def sign_in(session: SessionBase) -> None:
    session["account"] = DEMO.email


def sign_out(session: SessionBase) -> None:
    if not is_on("sign_out_broken"):
        session.pop("account", None)
