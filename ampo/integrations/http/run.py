"""The server in one process, with the pool's workers beside it. It stops when what it has accepted is answered."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

from ampo.access import BearerKey, LoopbackNames
from ampo.errors import MissingExtraError, UserError
from ampo.verify import VerifierPool

if TYPE_CHECKING:
    from ampo.serve import Door

_BACKLOG = 4096
_GRACE = 120  # seconds for what is under way, once the server is told to stop


def serve(door: Door, workers: int | None, timeout: float, queue: int) -> None:
    """Serve until told to stop.

    Args:
        door: Where it listens, and whom it lets in.
        workers: Processes that judge; None is one for each processor.
        timeout: Seconds an item.
        queue: Claims that may be under way; a request beyond them is told to come again.

    Raises:
        UserError: The port is taken, or the door is open to everybody.
    """
    try:
        import uvicorn

        from ampo.integrations.http.app import build
        from ampo.integrations.http.desk import Desk
    except ImportError as error:
        raise MissingExtraError(error.name or "fastapi", "serve", "ampo verify serve") from error
    door.check()
    pool = VerifierPool(workers, timeout)
    desk = Desk(pool, queue)
    app = build(desk, lambda: pool.close(cancel=False))
    if door.api_key:
        app.add_middleware(BearerKey, key=door.api_key)
    elif not door.no_key:
        app.add_middleware(LoopbackNames)
    config = uvicorn.Config(
        app,
        door.host,
        door.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_GRACE,
        backlog=_BACKLOG,
    )
    server = uvicorn.Server(config)
    try:
        socket = config.bind_socket()
    except SystemExit as error:  # uvicorn's way to say that it can't listen
        raise UserError(f"cannot listen on {door.host}:{door.port}: is the port taken? Give another --port") from error
    socket.listen(_BACKLOG)  # whoever reads the address on the next line may use it at once
    print(f"the verifier is on http://{door.host}:{socket.getsockname()[1]}/verify", file=sys.stderr, flush=True)
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # uvicorn raises them again once it has stopped: it has, that will do
        signal.signal(number, lambda *_: None)
    try:
        server.run([socket])
    finally:
        pool.close()
        print(
            f"stopped: {desk.accepted} claims accepted, {desk.answered} answered, {desk.refused} refused",
            file=sys.stderr,
            flush=True,
        )
