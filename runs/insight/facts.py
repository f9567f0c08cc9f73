"""What a failure stands on: facts that explain it whatever the test then said."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from runs.engine.kinds import kind_named
from runs.insight.normalising import host, path_template, words
from runs.report import FailedRequest, FailedTest

NO_ANSWER = re.compile(
    r"ERR_(NAME_NOT_RESOLVED|NAME_RESOLUTION_FAILED|CONNECTION_\w+|TIMED_OUT|ADDRESS_\w+|INTERNET_DISCONNECTED"
    r"|EMPTY_RESPONSE|NETWORK_\w+|TUNNEL_\w+|PROXY_\w+|CERT_?\w*|SSL_\w+)"
    r"|\b(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)\b"
    r"|could not be (opened|sent): (the name server does not know|the connection was (refused|cut)"
    r"|the server sent nothing|the host |there is no network|the address is blocked|the certificate"
    r"|the encrypted connection)"
)
REASONS = {
    ("NAME_", "ENOTFOUND", "EAI_AGAIN", "name server"): "its name is not known",
    ("CONNECTION_REFUSED", "ECONNREFUSED", "was refused"): "the connection is refused",
    ("CERT", "SSL", "certificate", "encrypted"): "no secure connection can be made",
    ("",): "it does not answer",
}
# What proxies answer when the application behind them is away.
GATEWAY = frozenset({502, 503, 504})
OF_THE_PAGE = frozenset({"document", "xhr", "fetch"})
# A picture or a font that is missing explains no failure.
TELLING = OF_THE_PAGE | {"script", "stylesheet"}
ANSWERED = re.compile(r"the answer was ([45]\d\d)\b")
UNCAUGHT = re.compile(r"Uncaught (?:\(in promise\) )?(.+)")
# Bounded, and without question marks in the name: with a query in each address it took the square of the text.
FRAME = re.compile(r"(?<![^\s/@()])([^\s/@()?]{1,300}\.m?js)(?:\?[^:\s]{0,300})?:(\d+)")

PAST = {
    " answers ": " answered ",
    " gets no answer": " got no answer",
    "The page's script fails:": "The page's script failed:",
}

# The lower the rank, the more a fact explains.
HOST, SERVER, SCRIPT, CLIENT = range(4)


@dataclass(frozen=True, slots=True)
class Fact:
    """`key` is equal for equal facts; `label` says it in words, `place` where."""

    rank: int
    key: str
    label: str
    place: str

    @property
    def happened(self) -> str:
        """The label as it is said of one failure that is over: POST /cart/add answered 500."""
        said = self.label.removeprefix(self.place)
        for present, past in PAST.items():
            said = said.replace(present, past, 1)
        return f"{self.place}{said}" if self.label.startswith(self.place) else said


def facts(failure: FailedTest) -> frozenset[Fact]:
    """Every fact of a failure that may be its cause."""
    found, kind = set(_of_requests(failure.requests)) | set(_of_console(failure.console)), kind_named(failure.step)
    if failure.kind == "navigation" and (code := NO_ANSWER.search(f"{failure.received} {failure.error}")):
        found.add(_unreachable(failure.host, code[0]))
    elif kind.about == "console":
        found |= set(_of_console((failure.received,)))
    elif kind.asks_api and (status := ANSWERED.search(failure.error)):
        found.add(_answer(failure.target, int(status[1]), severe=status[1] >= "500"))
    return frozenset(found)


def explanation(failure: FailedTest, harmless: Collection[str] = ()) -> Fact | None:
    """The fact that explains a failure best, of equals the last before it; None where nothing else went wrong."""
    order = {fact: at for at, fact in enumerate((*_of_requests(failure.requests), *_of_console(failure.console)))}
    found = (fact for fact in facts(failure) if fact.key not in harmless)
    return min(found, key=lambda fact: (fact.rank, -order.get(fact, len(order)), fact.key), default=None)


def keys(requests: Iterable[FailedRequest], console: Iterable[str]) -> frozenset[str]:
    """Keys of what went wrong in a test that passed nevertheless, and so explains no failure."""
    return frozenset(fact.key for fact in (*_of_requests(requests), *_of_console(console)))


def _of_requests(requests: Iterable[FailedRequest]) -> Iterator[Fact]:
    for request in requests:
        if request.type == "document" and (request.status in GATEWAY or NO_ANSWER.search(request.failed)):
            yield _unreachable(host(request.url), request.failed or str(request.status))
        elif request.type in TELLING:
            yield _request(request)


def _request(request: FailedRequest) -> Fact:
    severe = request.type in OF_THE_PAGE and (request.status is None or request.status >= 500)
    return _answer(f"{request.method} {path_template(request.url)}", request.status, severe)


def _answer(at: str, status: int | None, severe: bool) -> Fact:
    said = f"answers {status}" if status else "gets no answer"
    return Fact(SERVER if severe else CLIENT, f"request {at} {status}", f"{at} {said}", at)


def _unreachable(where: str, code: str) -> Fact:
    why = next(reason for signs, reason in REASONS.items() if any(sign in code for sign in signs))
    name = where or "the application"
    return Fact(HOST, f"host {where}", f"{name} cannot be reached: {why}", name)


def _of_console(lines: Iterable[str]) -> Iterator[Fact]:
    for line in lines:
        uncaught = UNCAUGHT.match(line)
        if uncaught:
            said = uncaught[1].split("\n", 1)[0]
            frame = FRAME.search(line)
            place = f"{frame[1]}:{frame[2]}" if frame else ""
            yield Fact(SCRIPT, f"script {words(said)} {place}", f"The page's script fails: {said[:120]}", place)
