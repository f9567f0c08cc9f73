"""What every template may show: navigation, cart count, the visitor's name."""

from django.http import HttpRequest

from tests.site import accounts, cart, switchboard
from tests.site.goods import CATEGORIES


def surroundings(request: HttpRequest) -> dict[str, object]:
    return {
        "categories": CATEGORIES,
        "cart_count": 0 if switchboard.is_on("cart_count_frozen") else cart.count(request.session),
        "account": accounts.signed_in(request.session),
        "defects": switchboard.active(),
    }
