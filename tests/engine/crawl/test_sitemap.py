from __future__ import annotations

import gzip

from runs.engine.crawl.sitemap import MAX_BYTES, parse_sitemap

PAGES = b"""<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
  <url><loc>http://shop.test/a?x=1&amp;y=2</loc><lastmod>2024-01-01</lastmod>
    <image:image><image:loc>http://shop.test/a.png</image:loc></image:image></url>
  <url><loc><![CDATA[ http://shop.test/b ]]></loc></url>
</urlset>"""


def test_a_sitemap_lists_pages() -> None:
    assert parse_sitemap(PAGES).pages == ("http://shop.test/a?x=1&y=2", "http://shop.test/b")


def test_a_gzipped_sitemap_reads_the_same() -> None:
    assert parse_sitemap(gzip.compress(PAGES)) == parse_sitemap(PAGES)


def test_an_index_lists_sitemaps() -> None:
    index = b"<sitemapindex><sitemap><loc>http://shop.test/s1.xml</loc></sitemap></sitemapindex>"
    assert parse_sitemap(index).sitemaps == ("http://shop.test/s1.xml",)
    assert parse_sitemap(index).pages == ()


def test_plain_text_lists_pages() -> None:
    assert parse_sitemap(b"http://shop.test/a\n\nhttp://shop.test/b\n").pages == (
        "http://shop.test/a",
        "http://shop.test/b",
    )


def test_the_limit_holds() -> None:
    body = b"<urlset>" + b"<url><loc>http://shop.test/a</loc></url>" * 500 + b"</urlset>"
    assert len(parse_sitemap(body, limit=7).pages) == 7


def test_rubbish_and_bombs_list_nothing() -> None:
    assert parse_sitemap(b"<html><body>Not found</body></html>").pages == ()
    assert parse_sitemap(b"\x1f\x8bbroken").pages == ()
    bomb = gzip.compress(b" " * (MAX_BYTES * 3) + b"<urlset><loc>http://shop.test/late</loc></urlset>")
    assert parse_sitemap(bomb).pages == ()
