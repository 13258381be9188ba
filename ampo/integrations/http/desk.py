"""The bounded queue before the pool. Where it is full, a request is refused at once, so that a trainer waits and asks
again instead of the server's memory growing."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence

from ampo.types import OUTCOMES, Verdict
from ampo.verify import Claim, VerifierPool

# What is handed over in the event loop itself, since a thread costs more: so many claims, of so many characters.
_INLINE, _INLINE_TEXT = 4, 50_000


class FullError(Exception):
    """The queue has no room for a request."""


class TooLargeError(Exception):
    """A request is larger than the whole queue."""


class Desk:
    """Counts what is accepted and what is answered, and keeps the number of claims under way within `limit`."""

    def __init__(self, pool: VerifierPool, limit: int) -> None:
        self._pool, self.limit = pool, limit
        self.waiting = 0  # claims accepted and not answered
        self.accepted = self.answered = self.refused = self.without_reference = 0
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.seconds = 0.0
        self.started = time.time()

    async def judge_known(self, claims: Sequence[Claim | None]) -> list[Verdict | None]:
        """The same of rows of which some have no reference: None for these, which are counted."""
        verdicts = iter(await self.judge([claim for claim in claims if claim is not None]))
        self.without_reference += claims.count(None)
        return [None if claim is None else next(verdicts) for claim in claims]

    async def judge(self, claims: Sequence[Claim]) -> list[Verdict]:
        """The verdicts, in order. Raises FullError or TooLargeError before anything is accepted."""
        if len(claims) > self.limit:
            raise TooLargeError
        if self.waiting + len(claims) > self.limit:
            self.refused += len(claims)
            raise FullError
        self.waiting += len(claims)
        self.accepted += len(claims)
        try:
            verdicts = await self._judge(claims)
        finally:
            self.waiting -= len(claims)
        self.answered += len(claims)
        for verdict in verdicts:
            self.outcomes[verdict.protocol, verdict.outcome] += 1
            self.seconds += verdict.seconds
        return verdicts

    async def _judge(self, claims: Sequence[Claim]) -> list[Verdict]:
        if len(claims) <= _INLINE and sum(len(claim.response) for claim in claims) <= _INLINE_TEXT:
            futures = [self._pool.submit(claim) for claim in claims]
        else:
            futures = await asyncio.to_thread(lambda: [self._pool.submit(claim) for claim in claims])
        return list(await asyncio.gather(*map(asyncio.wrap_future, futures)))

    def health(self) -> dict[str, object]:
        """For load balancers: that it is there, and how busy; or why it can't judge."""
        status = str(self._pool.failure or "ok")
        return {"status": status, "waiting": self.waiting, "limit": self.limit, "workers": len(self._pool.pids)}

    def metrics(self) -> str:
        """In Prometheus's text format."""
        pool = self._pool.counters
        numbers = {
            "claims_accepted_total": (self.accepted, "counter", "Claims taken in"),
            "claims_answered_total": (self.answered, "counter", "Claims answered"),
            "claims_refused_total": (self.refused, "counter", "Claims refused because the queue was full"),
            "rows_without_reference_total": (self.without_reference, "counter", "Rows of trainers that nothing judges"),
            "claims_waiting": (self.waiting, "gauge", "Claims under way"),
            "queue_limit": (self.limit, "gauge", "Claims that may be under way"),
            "judge_seconds_total": (round(self.seconds, 6), "counter", "Seconds spent on judging"),
            "workers": (len(self._pool.pids), "gauge", "Worker processes"),
            "worker_restarts_total": (pool.restarts, "counter", "Workers that were replaced"),
            "cache_hits_total": (pool.cached, "counter", "Claims answered by an equal one's verdict"),
            "lost_total": (pool.lost, "counter", "Claims given up for another reason than the deadline"),
        }
        lines = []
        for name, (value, kind, what) in numbers.items():
            lines += [f"# HELP ampo_verify_{name} {what}.", f"# TYPE ampo_verify_{name} {kind}"]
            lines.append(f"ampo_verify_{name} {value}")
        lines += ["# HELP ampo_verify_verdicts_total Verdicts.", "# TYPE ampo_verify_verdicts_total counter"]
        protocols = sorted({protocol for protocol, _ in self.outcomes}) or ["ampo"]
        for protocol in protocols:
            for outcome in OUTCOMES:
                labels = f'protocol="{protocol}",outcome="{outcome}"'
                lines.append(f"ampo_verify_verdicts_total{{{labels}}} {self.outcomes[protocol, outcome]}")
        return "\n".join(lines) + "\n"
