import json

from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from tests.site import cart as carts
from tests.site import goods
from tests.site.forms import CartForm
from tests.site.goods import PRODUCTS, Product
from tests.site.views.catalogue import PAGE_SIZE


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


@require_safe
def products(request: HttpRequest) -> HttpResponse:
    number, query = request.GET.get("page", "1"), request.GET.get("q", "").strip()
    if not number.isdecimal() or int(number) < 1:
        return problem(400, "page must be a whole number from 1.")
    pages = Paginator(goods.found(query) if query else list(PRODUCTS.values()), PAGE_SIZE)
    items = list(pages.page(int(number))) if int(number) <= pages.num_pages else []
    return JsonResponse(
        {
            "items": [_summary(product) for product in items],
            "page": int(number),
            "pages": pages.num_pages,
            "total": pages.count,
        }
    )


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    if slug not in PRODUCTS:
        return problem(404, f"There is no product called {slug!r}.")
    found = PRODUCTS[slug]
    reviews = [{"author": review.author, "stars": review.stars, "text": review.text} for review in found.reviews]
    return JsonResponse({**_summary(found), "description": found.kind.pitch, "reviews": reviews})


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def cart(request: HttpRequest) -> HttpResponse:
    return _add(request) if request.method == "POST" else _cart(request, 200)


def problem(status: int, detail: str) -> HttpResponse:
    body = {"title": "Wrong input" if status < 500 else "Error", "status": status, "detail": detail}
    return JsonResponse(body, status=status, content_type="application/problem+json")


def document(request: HttpRequest) -> dict[str, object] | None:
    try:
        body = json.loads(request.body)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _add(request: HttpRequest) -> HttpResponse:
    body = document(request)
    if body is None:
        return problem(400, "Send a JSON object with product and quantity.")
    form = CartForm({"quantity": 1, **body})
    if not form.is_valid():
        return problem(422, _first_error(form))
    carts.add(request.session, form.cleaned_data["product"], form.cleaned_data["quantity"])
    return _cart(request, 201)


def _first_error(form: Form) -> str:
    field, errors = next(iter(form.errors.items()))
    return f"{field}: {errors[0]}"


def _cart(request: HttpRequest, status: int) -> HttpResponse:
    items = [
        {"product": line.product.slug, "name": line.product.name, "quantity": line.quantity, "cents": line.cents}
        for line in carts.lines(request.session)
    ]
    body = {"items": items, "count": carts.count(request.session), "cents": carts.total_cents(request.session)}
    return JsonResponse(body, status=status)


def _summary(product: Product) -> dict[str, object]:
    return {
        "slug": product.slug,
        "name": product.name,
        "category": product.category,
        "price": product.price,
        "cents": product.cents,
        "stock": product.stock,
    }
