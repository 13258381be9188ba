"""The line in front of the engine: who waits, at which place, and who is served now.

Used in one event loop. First come, first served; whoever leaves gives the place to those behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from ampo.errors import UserError


class Line:
    """width: how many are served at once. length: how many may wait."""

    def __init__(self, width: int, length: int) -> None:
        self.width, self.length = width, length
        self._inside: set[Ticket] = set()
        self._waiting: list[Ticket] = []

    def join(self) -> Ticket:
        """A ticket. Raises UserError where the line is full."""
        if len(self._inside) >= self.width and len(self._waiting) >= self.length:
            raise UserError(f"the queue is full: {len(self._waiting)} questions wait; try again in a moment")
        ticket = Ticket(self)
        self._waiting.append(ticket)
        self._move()
        return ticket

    def place(self, ticket: Ticket) -> int:
        """How many answers must end before it is served; 0 once it is."""
        return self._waiting.index(ticket) + 1 if ticket in self._waiting else 0

    def leave(self, ticket: Ticket) -> None:
        self._inside.discard(ticket)
        if ticket in self._waiting:
            self._waiting.remove(ticket)
        self._move()

    def _move(self) -> None:
        while self._waiting and len(self._inside) < self.width:
            self._inside.add(self._waiting.pop(0))
            self._tell(self._inside)
        self._tell(self._waiting)

    @staticmethod
    def _tell(tickets: set[Ticket] | list[Ticket]) -> None:
        for ticket in tickets:
            ticket.moved.set()


class Ticket:
    """A place in a line; leave it, whatever happens (it is a context manager)."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.moved = asyncio.Event()

    async def places(self) -> AsyncIterator[int]:
        """The place as it changes, until it is this ticket's turn."""
        while place := self._line.place(self):
            yield place
            self.moved.clear()
            await self.moved.wait()

    def __enter__(self) -> Ticket:
        return self

    def __exit__(self, *exc: object) -> None:
        self._line.leave(self)
