"""Defects that replace or delay a whole answer. The others are asked for where the feature is."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from tests.site import switchboard

SPARED = ("/__defects__", "/__touched__", "/api/health")
TITLES = {404: "Not found", 500: "Something went wrong"}


@dataclass(frozen=True)
class Fault:
    path: str
    method: str = ""
    status: int = 500
    alternating: bool = False

    def hits(self, request: HttpRequest) -> bool:
        if self.method not in ("", request.method) or not re.fullmatch(self.path, request.path):
            return False
        return not self.alternating or switchboard.every_second(request.path)


FAULTS: dict[str, Fault] = {
    "all_500": Fault(".*"),
    "api_products_500": Fault("/api/products", "GET"),
    "cart_500": Fault("/cart/add|/api/cart", "POST"),
    "flaky_home": Fault("/", "GET", alternating=True),
    "stylesheet_404": Fault("/assets/shop.css", status=404),
}
DELAYS: dict[str, tuple[str, float]] = {"slow_product": ("/products/[^/]+", 2.5)}


class Breakage:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in SPARED:
            return self.get_response(request)
        for name, (path, seconds) in DELAYS.items():
            if switchboard.is_on(name) and re.fullmatch(path, request.path):
                time.sleep(seconds)
        for name, fault in FAULTS.items():
            if switchboard.is_on(name) and fault.hits(request):
                return _broken(request, fault.status)
        return self.get_response(request)


def _broken(request: HttpRequest, status: int) -> HttpResponse:
    if request.path.startswith("/api/"):
        body = {"title": TITLES[status], "status": status}
        return JsonResponse(body, status=status, content_type="application/problem+json")
    return render(request, f"{status}.html", status=status)
