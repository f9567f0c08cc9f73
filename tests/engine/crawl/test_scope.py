from __future__ import annotations

import pytest

from runs.engine.crawl.scope import Scope, is_destructive, is_file, same_site
from runs.engine.plan import CrawlOptions

BASE = "http://shop.test:8000/"


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("http://shop.test:8000/a", True),
        ("http://www.shop.test:8000/a", True),
        ("http://SHOP.test:8000/a", True),
        ("http://shop.test:9000/a", False),
        ("http://shop.test/a", False),
        ("http://blog.shop.test:8000/a", False),
        ("http://evilshop.test:8000/a", False),
    ],
)
def test_a_site_is_one_host_and_port(url: str, same: bool) -> None:
    assert same_site(url, BASE) is same


def test_a_site_that_moved_to_https_is_the_same_site() -> None:
    assert same_site("https://www.shop.test/a", "http://shop.test/")


@pytest.mark.parametrize(
    "path",
    [
        "/a.css",
        "/logo.PNG",
        "/list.csv?x=1",
        "/doc.pdf",
        "/feed.xml",
        "/api/items.json",
        "/items?_format=csv",
        "/x?export=xlsx",
    ],
)
def test_files_are_not_pages(path: str) -> None:
    assert is_file(BASE + path)


@pytest.mark.parametrize(
    "path", ["/", "/a", "/a.html", "/index.php?id=3", "/v1.2/notes", "/@jane.doe", "/x?format=list"]
)
def test_pages_are_not_files(path: str) -> None:
    assert not is_file(BASE + path)


@pytest.mark.parametrize(
    "path",
    [
        "logout",
        "-/logout",
        "accounts/sign-out/",
        "users/LogOut?now=1",
        "unsubscribe/x",
        "items/3/delete",
        "items/blue-shirt/delete",
        "delete-item/blue-shirt",
        "items/blue-shirt/delete-item",
        "account/delete",
        "delete_account",
        "x?action=delete&id=3",
        "cart?remove=3",
        "cart/clear",
        "orders/3/pay",
        "#/items/3/delete",
        "konto/l%C3%B6schen",
        "konto-loeschen",
        "panier/vider",
        "koszyk/usun",
        "items/3/ta-bort",
        "kosik/7/odstranit",
        "items/3/%E5%89%8A%E9%99%A4",
        "%E3%82%A2%E3%82%AB%E3%82%A6%E3%83%B3%E3%83%88%E5%89%8A%E9%99%A4",
        "urun/3/sil",
        "urun/blue-shirt/sil",
        "x?action=sil",
        "?q=logout",
        "x?tag=3&action=cancelar",
        "items/3/help/delete",
        "kijelentkezes",
        "kijelentkez%C3%A9s",
        "odhlasit",
        "odhlaseni",
        "cikis",
        "terminar-sessao",
        "newsletter/abbestellen",
    ],
)
def test_addresses_that_could_destroy_are_recognised(path: str) -> None:
    assert is_destructive(BASE + path)


@pytest.mark.parametrize(
    "path",
    [
        "shop/delete_review",
        "blog/how-to-delete-files",
        "password/reset",
        "catalogue/removed_12/",
        "blog/log",
        "payments",
        "shop/bewertung-loeschen",
        "p/stain-remover/3",
        "blog/3/payer",
        "klantenservice/betalen",
        "wissen",
        "elimet/maksa",
        "licenses/sil-ofl",
        "kasse/3",
        "team/paga",
        "?lang=sil",
        "search?q=annuler",
        "?tag=pagar",
        "products?q=%E5%8F%96%E6%B6%88",
        "ayuda/cancelar",
        "faq/annuler",
        "de-de/hilfe/stornieren",
        "vanliga-fr%C3%A5gor/avbryt",
        "blog/%E5%89%8A%E9%99%A4%E6%96%B9%E6%B3%95",
    ],
)
def test_pages_that_only_talk_about_it_are_not_destructive(path: str) -> None:
    assert not is_destructive(BASE + path)


@pytest.mark.parametrize(
    "text",
    [
        "Sil",
        "Log out",
        "Sign out",
        "Logout (jane)",
        "Delete",
        "Remove",
        "Abmelden",
        "Déconnexion",
        "Kijelentkezés",
        "Odhlášení",
        "ログアウト",
        "アカウントからログアウト",
        "退出登录",
        "로그아웃",
        "Usuń",
        "Ta bort",
        "Удалить",
        "KALDIR",
        "削除する",
        "삭제",
        "配信停止",
    ],
)
def test_what_a_link_says_counts_too(text: str) -> None:
    assert is_destructive(BASE + "a/b", text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Login",
        "Sign in",
        "Blog",
        "Delete a review",
        "Removed items",
        "Clear water, 1 l",
        "ログイン",
        "ログアウトできない不具合について",
        "登录",
        "削除されたコメント",
        "Wissen",
        "Adhesive remover",
    ],
)
def test_harmless_words_do_not_count(text: str) -> None:
    assert not is_destructive(BASE + "a/b", text)


def test_a_scope_keeps_to_wanted_pages_of_the_site() -> None:
    scope = Scope.for_crawl(BASE, CrawlOptions(include=("^/shop",), exclude=(r"[?&]sort=", "/secret")))
    assert scope.admits(BASE + "shop/books")
    assert not scope.admits(BASE + "blog")
    assert not scope.admits(BASE + "shop/books?sort=price")
    assert not scope.admits(BASE + "shop/secret")
    assert not scope.admits("http://other.test/shop")
    assert not scope.admits(BASE + "shop/logout")


def test_destructive_links_are_followed_only_when_allowed() -> None:
    careful, bold = Scope.for_crawl(BASE, CrawlOptions()), Scope.for_crawl(BASE, CrawlOptions(allow_destructive=True))
    assert not careful.admits(BASE + "items/3/delete")
    assert bold.admits(BASE + "items/3/delete")
    assert not careful.admits(BASE + "items/3/go", guarded=True)
    assert bold.admits(BASE + "items/3/go", guarded=True)


def test_a_link_that_says_what_is_denied_is_not_opened_by_its_address_either() -> None:
    scope = Scope.for_crawl(BASE, CrawlOptions(deny_actions=("(?i)export",), allow_destructive=True))
    assert not scope.admits(BASE + "reports/7", "Export everything")
    assert scope.admits(BASE + "reports/7", "Show")
