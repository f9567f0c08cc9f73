"""Addresses that a person or a site may write, by what has to be made of them.

`PORT` stands for where a canary listens, and words in angle brackets for what cannot be seen in a line.
"""

# ruff: noqa: RUF001 - letters that look like others are what this is about

from __future__ import annotations

UNSEEN = {
    "<tab>": "\t",
    "<lf>": "\n",
    "<cr>": "\r",
    "<soh>": "\x01",
    "<shy>": "\u00ad",
    "<zwsp>": "\u200b",
    "<long-s>": "\u017f",
}


def each(lines: str, port: int = 9) -> list[str]:
    """The addresses as they are written, with their port."""
    found = []
    for line in lines.strip().splitlines():
        address = line.replace("PORT", str(port))
        for word, meant in UNSEEN.items():
            address = address.replace(word, meant)
        found.append(address)
    return found


# This machine, in every spelling that something between a person and a socket takes for it.
LOOPBACK = r"""
http://127.0.0.1:PORT/
http://127.0.0.1:0PORT/
http://127.0.0.1.:PORT/
http://127.1:PORT/
http://127.0.1:PORT/
http://127.0.0.2:PORT/
http://127.255.255.254:PORT/
http://127.000.000.001:PORT/
http://0177.0.0.1:PORT/
http://0177.1:PORT/
http://00000177.0.0.01:PORT/
http://017700000001:PORT/
http://2130706433:PORT/
http://0x7f000001:PORT/
http://0X7F000001:PORT/
http://0x7f.1:PORT/
http://0x7f.0x0.0x0.0x1:PORT/
http://0x7f.0.0.1:PORT/
http://0x7f.0.0x0.01:PORT/
http://127.0x0.1:PORT/
http://0x000000007f.1:PORT/
http://%31%32%37.0.0.1:PORT/
http://127%2e0%2e0%2e1:PORT/
http://127.0.0.%31:PORT/
http://%6c%6f%63%61%6c%68%6f%73%74:PORT/
http://１２７.0.0.1:PORT/
http://127。0。0。1:PORT/
http://127．0．0．1:PORT/
http://127｡0｡0｡1:PORT/
http://①②⑦.⓪.⓪.①:PORT/
http://𝟏𝟐𝟕.𝟎.𝟎.𝟏:PORT/
http://ｌｏｃａｌｈｏｓｔ:PORT/
http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:PORT/
http://loc<shy>alhost:PORT/
http://loca<zwsp>lhost:PORT/
http://localho<long-s>t:PORT/
http://localhost:PORT/
http://LOCALHOST:PORT/
http://localhost.:PORT/
http://api.localhost:PORT/
http://a.b.localhost.:PORT/
http://[::1]:PORT/
http://[0:0:0:0:0:0:0:1]:PORT/
http://[0000:0000:0000:0000:0000:0000:0000:0001]:PORT/
http://[::0.0.0.1]:PORT/
http://[::ffff:127.0.0.1]:PORT/
http://[::ffff:7f00:1]:PORT/
http://[::FFFF:7F00:0001]:PORT/
http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/
http://[0:0:0:0:0:ffff:7f00:0001]:PORT/
http://[::127.0.0.1]:PORT/
http://[::7f00:1]:PORT/
http://[::ffff:0:127.0.0.1]:PORT/
http://[::ffff:0:7f00:1]:PORT/
http://[64:ff9b::127.0.0.1]:PORT/
http://[64:ff9b::7f00:1]:PORT/
http://[64:ff9b:1::127.0.0.1]:PORT/
http://[64:ff9b:1:7f00:0:100::]:PORT/
http://[2002:7f00:1::]:PORT/
http://[2002:7f00:1::1]:PORT/
http://[2001:0:7f00:1::]:PORT/
http://[2001::80ff:fffe]:PORT/
http://[2001:4860::5efe:127.0.0.1]:PORT/
http://[2001:4860::200:5efe:7f00:1]:PORT/
http://[::]:PORT/
http://[0:0:0:0:0:0:0:0]:PORT/
http://[::ffff:0.0.0.0]:PORT/
http://0.0.0.0:PORT/
http://0:PORT/
http://0x0:PORT/
http://00:PORT/
http://0.1.2.3:PORT/
http://user@127.0.0.1:PORT/
http://user:password@127.0.0.1:PORT/
http://8.8.8.8@127.0.0.1:PORT/
http://8.8.8.8:80@127.0.0.1:PORT/
http://8.8.8.8%40x@127.0.0.1:PORT/
http://shop.example%2f@127.0.0.1:PORT/
http://127.0.0.1:PORT\@shop.example/
http://127.0.0.1:PORT\\@shop.example/
http://127.0.0.1:PORT#@shop.example/
http://127.0.0.1:PORT?@shop.example/
http://127.0.0.1:PORT/@shop.example/
http:127.0.0.1:PORT/
http:/127.0.0.1:PORT/
http:///127.0.0.1:PORT/
http:////127.0.0.1:PORT/
http:\\127.0.0.1:PORT/
http:/\127.0.0.1:PORT/
http://<tab>127.0.0.1:PORT/
http://127.0.<tab>0.1:PORT/
ht<lf>tp://127.0.0.1:PORT/
http:/<lf>/127.0.0.1:PORT/
<soh> http://127.0.0.1:PORT/
HTTP://127.0.0.1:PORT/
hTtP://127.0.0.1:PORT/%0d%0aHost:%20shop.example
https://127.0.0.1:PORT/
ws://127.0.0.1:PORT/
wss://localhost:PORT/
"""

# Networks that are no part of the public internet, by the registries of IANA.
PRIVATE = r"""
http://10.0.0.0/
http://10.0.0.1/
http://10.255.255.255:8080/
http://012.0.0.1/
http://0xa000001/
http://167772161/
http://10.1/
http://100.64.0.1/
http://100.100.0.1/
http://100.127.255.255/
http://172.16.0.1/
http://172.17.0.1:2375/
http://172.31.255.255/
http://192.168.0.1/
http://192.168.1.254:9000/
http://0300.0250.1.1/
http://3232235777/
http://192.0.0.1/
http://192.0.0.8/
http://192.0.0.170/
http://192.0.2.1/
http://192.88.99.1/
http://198.18.0.1/
http://198.19.255.255/
http://198.51.100.7/
http://203.0.113.9/
http://224.0.0.1/
http://239.255.255.250:1900/
http://240.0.0.1/
http://255.255.255.254/
http://255.255.255.255/
http://4294967295/
http://[100::1]/
http://[2001:2::1]/
http://[2001:10::1]/
http://[2001:20::1]/
http://[2001:db8::1]/
http://[3fff::1]/
http://[5f00::1]/
http://[fc00::1]/
http://[fd00::1]/
http://[fd12:3456:789a::1]:443/
http://[fdff:ffff::1]/
http://[fec0::1]/
http://[ff00::1]/
http://[ff02::1]/
http://[ff05::1:3]/
http://[::ffff:10.0.0.1]/
http://[::ffff:a00:1]/
http://[::ffff:192.168.1.1]/
http://[::ffff:0:10.0.0.1]/
http://[::10.0.0.1]/
http://[64:ff9b::10.0.0.1]/
http://[64:ff9b::c0a8:101]/
http://[64:ff9b:1::10.0.0.1]/
http://[64:ff9b:1:ffff::1]/
http://[2002:a00:1::]/
http://[2002:c0a8:101::1]/
http://[2001:0:a00:1::]/
http://[2001:4860::5efe:10.0.0.1]/
http://[1::1]/
http://[4000::1]/
ws://10.0.0.1/socket
wss://192.168.1.1/socket
"""

# Link-local addresses and what clouds tell their machines; not even a list of everything opens these.
NEVER = r"""
http://169.254.169.254/latest/meta-data/
http://169.254.169.254./latest/
http://169.254.170.2/v2/credentials
http://169.254.0.1/
http://0xA9FEA9FE/
http://0xa9.0xfe.0xa9.0xfe/
http://2852039166/
http://0251.0376.0251.0376/
http://025177524776/
http://169.254.43518/
http://169.16689662/
http://１６９.254.169.254/
http://169%2e254%2e169%2e254/
http://169。254。169。254/
http://user@169.254.169.254/
http://[::ffff:169.254.169.254]/
http://[::ffff:a9fe:a9fe]/
http://[::ffff:0:169.254.169.254]/
http://[::169.254.169.254]/
http://[64:ff9b::169.254.169.254]/
http://[64:ff9b:1::a9fe:a9fe]/
http://[2002:a9fe:a9fe::]/
http://[2001:0:a9fe:a9fe::]/
http://[2001:4860::5efe:169.254.169.254]/
http://[fe80::1]/
http://[febf::1]/
http://[fd00:ec2::254]/
http://[fd20:ce::254]/
http://100.100.100.200/
http://168.63.129.16/
http://192.0.0.192/
http://metadata/
http://metadata.google.internal/computeMetadata/v1/
http://metadata.google.internal./
http://METADATA.goog/
http://instance-data/
"""

# What is no address of the web at all, or none that a browser opens.
NO_WEB = r"""
file:///etc/passwd
file://localhost/etc/passwd
FILE:/etc/passwd
view-source:http://127.0.0.1:PORT/
view-source:file:///etc/passwd
chrome://version
chrome-untrusted://new-tab-page
devtools://devtools/bundled/inspector.html
about:blank
javascript:alert(1)
data:text/html,<h1>x</h1>
blob:http://127.0.0.1:PORT/1-2-3
filesystem:http://127.0.0.1:PORT/temporary/x
ftp://127.0.0.1:PORT/
gopher://127.0.0.1:PORT/_GET%20/
dict://127.0.0.1:PORT/
ldap://127.0.0.1:PORT/
jar:http://127.0.0.1:PORT!/
mailto:a@b.example
tel:1
/just/a/path
//127.0.0.1:PORT/
\\127.0.0.1\share
127.0.0.1:PORT
http://
http://%
http://[::1
http://[::1%25lo]:PORT/
http://[::1%lo]:PORT/
http://[fe80::1%25eth0]/
http://[::127.0.0.1.1]/
http://[127.0.0.1]/
http://127.0.0.1:99999/
http://127.0.0.1:-1/
http://127.0.0.1:PORT:80/
http://256.0.0.1/
http://127.0.0.256/
http://127.0.0.0.1/
http://0x100000000/
http://4294967296/
http://1.2.3.4.5/
http://127.0.0.1%00.shop.example/
http://127.0.0.1%20/
http://127.0.0.1%2f.shop.example/
http://127.0.0.1%23.shop.example/
http://127.0.0.1<x>/
http://exa mple/
"""

PUBLIC = r"""
https://shop.example/
http://example.com:8080/
wss://example.com/live
http://8.8.8.8/
http://[2606:4700:4700::1111]/
http://[64:ff9b::8.8.8.8]/
http://[::ffff:8.8.8.8]/
http://beef.example/
http://localhost.example/
http://127.0.0.1.example/
http://xn--strae-oqa.de/
http://straße.de/
http://a_b.example/
http://172.32.0.1/
http://100.128.0.1/
http://192.167.1.1/
http://11.0.0.1/
http://128.0.0.1/
"""
