from collections.abc import Callable

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from tests.site import goods
from tests.site.cart import MOST
from tests.site.goods import CATEGORIES, PRODUCTS, TAGLINES, Product
from tests.site.switchboard import is_on

PAGE_SIZE = 12
SORTS: dict[str, tuple[str, Callable[[Product], int | str], bool]] = {
    "price": ("Price: low to high", lambda product: product.cents, False),
    "-price": ("Price: high to low", lambda product: product.cents, True),
    "name": ("Name", lambda product: product.name, False),
}


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    shelf = list(PRODUCTS.values())
    tiles = [
        {"slug": slug, "name": name, "tagline": TAGLINES[slug], "product": _first_of(slug)}
        for slug, name in CATEGORIES.items()
    ]
    return render(request, "home.html", {"hero": shelf[4:7], "tiles": tiles, "favourites": shelf[8:16]})


@require_safe
def products(request: HttpRequest) -> HttpResponse:
    category = request.GET.get("category", "")
    sort = request.GET.get("sort", "")
    if category and category not in CATEGORIES:
        raise Http404(category)
    shelf = list(PRODUCTS.values())
    if category and not is_on("category_filter_broken"):
        shelf = [product for product in shelf if product.category == category]
    if sort in SORTS and not is_on("sort_ignored"):
        _, key, descending = SORTS[sort]
        shelf.sort(key=key, reverse=descending)
    return render(
        request,
        "products.html",
        {
            "page": page_of(request, shelf),
            "category": category,
            "heading": CATEGORIES.get(category, "All products"),
            "sort": sort,
            "sorts": {name: label for name, (label, _, _) in SORTS.items()},
        },
    )


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    shown = _known(slug)
    related = [other for other in PRODUCTS.values() if other.kind == shown.kind and other != shown]
    related += [other for other in PRODUCTS.values() if other.category == shown.category and other.kind != shown.kind]
    return render(request, "product.html", {"product": shown, "related": related[:4], "most": MOST})


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()
    hits = goods.found(query)
    if is_on("search_ignores_query"):
        hits = list(PRODUCTS.values())
    if is_on("search_empty"):
        hits = []
    return render(request, "search.html", {"query": query, "page": page_of(request, hits)})


@require_safe
def stock(request: HttpRequest, slug: str = "") -> HttpResponse:
    if slug:
        _known(slug)
    return render(request, "stock.html")


@require_safe
def old_shop(request: HttpRequest) -> HttpResponse:
    return redirect("products", permanent=True)


def page_of(request: HttpRequest, shelf: list[Product]) -> Page[Product]:
    pages = Paginator(shelf, PAGE_SIZE)
    page = pages.get_page(request.GET.get("page"))
    if is_on("pagination_same_page"):
        page.object_list = pages.page(1).object_list
    return page


def _known(slug: str) -> Product:
    if slug not in PRODUCTS:
        raise Http404(slug)
    return PRODUCTS[slug]


def _first_of(category: str) -> Product:
    return next(product for product in PRODUCTS.values() if product.category == category)
