"""What machines read: robots.txt, the sitemap, assets, and the switchboard that nothing links to."""

from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from tests.site import switchboard
from tests.site.goods import PRODUCTS
from tests.site.views.api import document, problem

ASSETS = Path(__file__).resolve().parent.parent / "assets"
CONTENT_TYPES = {
    "favicon.svg": "image/svg+xml",
    "shop.css": "text/css; charset=utf-8",
    "stock.js": "text/javascript; charset=utf-8",
    "tabs.js": "text/javascript; charset=utf-8",
}
LISTED = ["/", "/products", "/stock", "/about", "/contact", "/gift-cards", *(f"/products/{slug}" for slug in PRODUCTS)]


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *", "Disallow: /private/", "Disallow: /__defects__", "Disallow: /__touched__", ""]
    lines.append(f"Sitemap: {request.build_absolute_uri('/sitemap.xml')}")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain")


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    places = "".join(f"<url><loc>{request.build_absolute_uri(path)}</loc></url>\n" for path in LISTED)
    opening = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    return HttpResponse(f"{opening}{places}</urlset>\n", content_type="application/xml")


@require_safe
def asset(request: HttpRequest, name: str) -> HttpResponse:
    if name not in CONTENT_TYPES:
        raise Http404(name)
    body = (ASSETS / name).read_text()
    if name == "stock.js" and switchboard.is_on("stock_script_broken"):
        body = f"throw new Error('stock.js is broken');\n{body}"
    return HttpResponse(body, content_type=CONTENT_TYPES[name], headers={"Cache-Control": "no-cache"})


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def defects(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        refusal = _switched(document(request))
        if refusal:
            return problem(422, refusal)
    return JsonResponse(switchboard.state(), safe=False)


@require_safe
def touched(request: HttpRequest) -> HttpResponse:
    return JsonResponse(switchboard.touched)


def _switched(wanted: dict[str, object] | None) -> str:
    if not wanted or not set(wanted) <= {"on", "off", "only"}:
        return "Send a JSON object with on, off or only, each a list of names."
    names = {key: _names(value) for key, value in wanted.items()}
    try:
        switchboard.switch(on=names.get("on", []), off=names.get("off", []), only=names.get("only"))
    except switchboard.UnknownDefect as unknown:
        return str(unknown)
    return ""


def _names(value: object) -> list[str]:
    return [str(name) for name in value] if isinstance(value, list) else [str(value)]
