"""What is kept of each open page, let go within minutes of its being closed.

Gradio keeps it for an hour and more, and takes a page that has lost its network for a moment for a closed one. So open
pages are counted here by the connection that each holds, and the others are let go.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

KEPT_SECONDS = 180.0
"""After a page is closed: as long as a lost network may last."""
KEPT_WITHOUT_PAGE = 1800.0
"""Of a caller that has never held a connection, after its last call."""
LOOK_SECONDS = 20.0
_HEARTBEAT = "/gradio_api/heartbeat/"


class Sessions:
    """ASGI middleware that counts the open pages of a Gradio app. `sweep` lets the closed ones go."""

    def __init__(self, app: Any, gradio: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._holder, self._clock = app, gradio.state_holder, clock
        self._open: Counter[str] = Counter()
        self._closed: dict[str, float] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_HEARTBEAT):
            await self._app(scope, receive, send)
            return
        session = scope["path"].removeprefix(_HEARTBEAT)
        self._open[session] += 1
        self._closed.pop(session, None)
        if session in self._holder:
            self._holder.session_data[session].is_closed = False
        try:
            await self._app(scope, receive, send)
        finally:
            self._open[session] -= 1
            if not self._open[session]:
                del self._open[session]
                self._closed[session] = self._clock()

    def sweep(self) -> list[str]:
        """Let go what nobody will come back to; gives its sessions."""
        now = self._clock()
        gone = [session for session, since in self._closed.items() if now - since > KEPT_SECONDS]
        without_page = set(self._holder.session_data) - self._open.keys() - self._closed.keys()
        gone += [session for session in without_page if self._idle(session) > KEPT_WITHOUT_PAGE]
        for session in gone:
            self._closed.pop(session, None)
            self._holder.delete_state(session)
            self._holder.session_data.pop(session, None)
            self._holder.time_last_used.pop(session, None)
        return gone

    def _idle(self, session: str) -> float:
        used = self._holder.time_last_used.get(session)
        return (datetime.now() - used).total_seconds() if used else 0.0
