"""A run played on a clock that does not tick: workers, tests that take their time, a worker that dies."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from runs.planning import patience_ms, slowest, worth_hedging


@dataclass(frozen=True)
class Piece:
    """A test: its estimate, and what its first and its second execution take, in ms."""

    estimate: int
    first: int
    second: int


@dataclass(frozen=True)
class Loss:
    """A worker dies at a moment and does not come back; what it ran is free again when its lease has expired."""

    worker: int
    at: int
    lease: int


@dataclass
class Turn:
    """One execution of a test on a worker."""

    worker: int
    piece: int
    began: int
    ends: int


@dataclass
class Floor:
    """Our rules: own home in order, then the slowest sibling's first, then a hedge of what takes far too long."""

    pieces: Sequence[Piece]
    homes: Sequence[int]
    order: Sequence[int]
    workers: int
    loss: Loss | None = None
    hedges: int = 0
    begun: dict[int, int] = field(default_factory=dict)
    _turns: dict[int, Turn] = field(default_factory=dict)
    _events: list[tuple[int, int, str, int]] = field(default_factory=list)
    _idle: set[int] = field(default_factory=set)
    _dead: set[int] = field(default_factory=set)
    _left: int = 0

    def makespan(self) -> int:
        """When the last test is resolved."""
        self._pending = [deque[int]() for _ in range(self.workers)]
        for piece, home in zip(self.order, self.homes, strict=True):
            self._pending[home].append(piece)
        self._home = dict(zip(self.order, self.homes, strict=True))
        self._rest = [sum(self.pieces[piece].estimate for piece in share) for share in self._pending]
        self._done = [False] * len(self.pieces)
        self._left = len(self.pieces)
        self._idle = set(range(self.workers))
        if self.loss:
            self._plan(self.loss.at, "die", self.loss.worker)
        now = 0
        self._give(now)
        while self._left:
            now, _, what, subject = heapq.heappop(self._events)
            getattr(self, f"_{what}")(now, subject)
            self._give(now)
        return now

    def _plan(self, at: int, what: str, subject: int) -> None:
        heapq.heappush(self._events, (at, len(self._events), what, subject))

    def _give(self, now: int) -> None:
        for worker in sorted(self._idle - self._dead):
            piece = self._claim(worker)
            again = piece is None
            if piece is None:
                piece = self._to_hedge(now)
            if piece is None:
                self._come_back()
                return
            self._begin(worker, piece, now, again)

    def _claim(self, worker: int) -> int | None:
        left = {home: self._rest[home] for home, share in enumerate(self._pending) if share}
        home = worker if self._pending[worker] else slowest(left)
        if home is None:
            return None
        piece = self._pending[home].popleft()
        self._rest[home] -= self.pieces[piece].estimate
        return piece

    def _begin(self, worker: int, piece: int, now: int, again: bool) -> None:
        takes = self.pieces[piece].second if again else self.pieces[piece].first
        self.hedges += again
        self.begun.setdefault(piece, now)
        self._turns[worker] = Turn(worker, piece, now, now + takes)
        self._idle.discard(worker)
        self._plan(now + takes, "end", worker)

    def _alone(self) -> list[Turn]:
        running = [turn.piece for turn in self._turns.values()]
        return [turn for turn in self._turns.values() if running.count(turn.piece) == 1]

    def _to_hedge(self, now: int) -> int | None:
        worth = [turn for turn in self._alone() if worth_hedging(now - turn.began, self.pieces[turn.piece].estimate)]
        if not worth:
            return None
        return max(worth, key=lambda turn: now - turn.began - self.pieces[turn.piece].estimate).piece

    def _come_back(self) -> None:
        """Idle workers look again when the next running test becomes worth a hedge."""
        for turn in self._alone():
            self._plan(turn.began + int(patience_ms(self.pieces[turn.piece].estimate)) + 1, "look", turn.worker)

    def _look(self, now: int, worker: int) -> None:
        """Time has passed; what is to be given is seen afterwards."""

    def _end(self, now: int, worker: int) -> None:
        turn = self._turns.get(worker)
        if turn is None or turn.ends != now:
            return
        for other in [one.worker for one in self._turns.values() if one.piece == turn.piece]:
            del self._turns[other]
            self._idle.add(other)
        self._done[turn.piece] = True
        self._left -= 1

    def _die(self, now: int, worker: int) -> None:
        self._dead.add(worker)
        turn = self._turns.pop(worker, None)
        if turn is not None and self.loss:
            self._plan(now + self.loss.lease, "expire", turn.piece)

    def _expire(self, now: int, piece: int) -> None:
        if self._done[piece]:
            return
        home = self._home[piece]
        self._pending[home].appendleft(piece)
        self._rest[home] += self.pieces[piece].estimate


def parted(pieces: Sequence[Piece], homes: Sequence[int], workers: int, loss: Loss | None = None) -> int:
    """The makespan of fixed shares. What a lost worker leaves, its test included, is run by whoever is done first."""
    clocks = [0] * workers
    left: list[int] = []
    for piece, home in enumerate(homes):
        takes = pieces[piece].first
        if loss and home == loss.worker and clocks[home] + takes > loss.at:
            left.append(takes)
        else:
            clocks[home] += takes
    if loss and left:
        others = [clock for worker, clock in enumerate(clocks) if worker != loss.worker]
        return max(*others, max(min(others), loss.at + loss.lease) + sum(left))
    return max(clocks)


def slices(count: int, workers: int) -> list[int]:
    """Homes as Playwright's --shard gives them: contiguous, the first ones longer by one where a rest remains."""
    each, more = divmod(count, workers)
    return [worker for worker in range(workers) for _ in range(each + (worker < more))]
