"""The server in one process, with the pool's workers beside it. It stops when what it has accepted is answered."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

from ampo.access import BearerKey, LoopbackNames
from ampo.errors import MissingExtraError, UserError
from ampo.verify import VerifierPool

if TYPE_CHECKING:
    import socket

    from fastapi import FastAPI
    from uvicorn import Config

    from ampo.serve import Door

_BACKLOG = 4096
_NEEDED = ("uvicorn", "fastapi", "starlette")


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

        from ampo.integrations.http.app import GRACE, build
        from ampo.integrations.http.desk import Desk
    except ImportError as error:
        if error.name not in _NEEDED:
            raise
        raise MissingExtraError(error.name, "serve", "ampo verify serve") from error
    door.check()
    pool = VerifierPool(workers, timeout)
    desk = Desk(pool, queue)
    app = build(desk, lambda: pool.close(cancel=False))
    _guard(app, door)
    config = uvicorn.Config(
        app,
        door.host,
        door.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=GRACE,
        backlog=_BACKLOG,
    )
    server = uvicorn.Server(config)
    bound = _listening(config, door)
    # uvicorn raises signals again once it has stopped: it has, that will do
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    try:
        server.run([bound])
    finally:
        pool.close()
        print(
            f"stopped: {desk.accepted} claims accepted, {desk.answered} answered, {desk.refused} refused",
            file=sys.stderr,
            flush=True,
        )


def _guard(app: FastAPI, door: Door) -> None:
    """Let in whoever the door lets in."""
    if door.api_key:
        app.add_middleware(BearerKey, key=door.api_key)
    elif not door.no_key:
        app.add_middleware(LoopbackNames)


def _listening(config: Config, door: Door) -> socket.socket:
    """The socket, whose address has been told. Raises UserError where the port is taken."""
    try:
        bound = config.bind_socket()
    except SystemExit as error:  # uvicorn's way to say that it can't listen
        raise UserError(f"cannot listen on {door.host}:{door.port}: is the port taken? Give another --port") from error
    bound.listen(_BACKLOG)  # whoever reads the address on the next line may use it at once
    print(f"the verifier is on http://{door.host}:{bound.getsockname()[1]}/verify", file=sys.stderr, flush=True)
    return bound
