from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tests.site import accounts, cart, switchboard
from tests.site.forms import CartForm, ProductForm, ShippingForm
from tests.site.goods import PRODUCTS, money


def _contents(request: HttpRequest) -> dict[str, object]:
    return {
        "lines": cart.lines(request.session),
        "total": money(cart.total_cents(request.session)),
        "choices": range(1, cart.MOST + 1),
    }


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    return render(request, "cart.html", _contents(request))


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    form = CartForm(request.POST)
    if form.is_valid():
        product = form.cleaned_data["product"]
        cart.add(request.session, product, form.cleaned_data["quantity"])
        messages.success(request, f"Added {product.name} to your cart.")
    else:
        messages.error(request, f"Choose a quantity from 1 to {cart.MOST}.")
    slug = request.POST.get("product", "")
    return redirect("product", slug) if slug in PRODUCTS else redirect("products")


@require_POST
def update(request: HttpRequest) -> HttpResponse:
    form = CartForm(request.POST)
    if form.is_valid():
        product = form.cleaned_data["product"]
        cart.change(request.session, product, form.cleaned_data["quantity"])
        messages.success(request, f"Changed the quantity of {product.name}.")
    else:
        messages.error(request, f"Choose a quantity from 1 to {cart.MOST}.")
    return redirect("cart")


@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    form = ProductForm(request.POST)
    if form.is_valid():
        product = form.cleaned_data["product"]
        cart.remove(request.session, product)
        messages.success(request, f"Removed {product.name} from your cart.")
    return redirect("cart")


@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    if not cart.count(request.session):
        messages.error(request, "Your cart is empty: add something before you check out.")
        return redirect("cart")
    form = ShippingForm(request.POST or None, initial=_known_address(request))
    if request.method == "POST" and (form.is_valid() or switchboard.is_on("checkout_validation_missing")):
        request.session["shipping"] = {key: str(value) for key, value in form.cleaned_data.items()}
        return redirect("payment")
    return render(request, "checkout.html", {"form": form, **_contents(request)})


@require_http_methods(["GET", "HEAD", "POST"])
def payment(request: HttpRequest) -> HttpResponse:
    if "shipping" not in request.session or not cart.count(request.session):
        return redirect("checkout")
    if request.method == "POST":
        switchboard.touched["pay"] += 1
        cart.clear(request.session)
        del request.session["shipping"]
        return redirect("done")
    shipping = request.session["shipping"]
    extra = 900 if shipping.get("delivery") == "express" else 0
    return render(
        request,
        "payment.html",
        {
            **_contents(request),
            "shipping": shipping,
            "delivery": money(extra) if extra else "Free",
            "total": money(cart.total_cents(request.session) + extra),
        },
    )


@require_safe
def done(request: HttpRequest) -> HttpResponse:
    return render(request, "done.html")


def _known_address(request: HttpRequest) -> dict[str, str]:
    account = accounts.signed_in(request.session)
    return {"name": account.name, "email": account.email} if account else {}
