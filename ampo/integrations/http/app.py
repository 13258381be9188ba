"""The routes. Bodies are JSON objects; what is wrong with one is said in a line, with status 422."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.requests import ClientDisconnect

from ampo.errors import EngineError, UserError
from ampo.integrations.http import forms
from ampo.integrations.http.desk import Desk, FullError, TooLargeError

FORMS: Mapping[str, Callable[[Mapping[str, Any]], forms.Asked]] = {
    "/verify": forms.verify,
    "/openrlhf": forms.openrlhf,
    "/verl": forms.verl,
    "/run_code": forms.sandbox,
    "/nemo": forms.nemo,
}
BUSY = {"/run_code": 504}  # the only status after which veRL's sandbox client asks again; whoever else: 429
MAX_BODY = 256 * 2**20  # bytes
GRACE = 120  # seconds for what is under way, once the server is told to stop
PATIENCE = 30.0  # seconds for the next part of a body: who sends none must not hold the server when it is to stop
_CLOSED = 499  # as nginx logs a client that is gone; nobody gets it


def build(desk: Desk, close: Callable[[], None] = lambda: None) -> FastAPI:
    """The application. close: called when the server has answered its last request."""

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        yield
        close()

    app = FastAPI(title="ampo verify", lifespan=life, openapi_url=None)
    for path, form in FORMS.items():
        app.post(path)(_route(desk, form, BUSY.get(path, 429)))

    @app.get("/health")
    async def health() -> JSONResponse:
        said = desk.health()
        return JSONResponse(said, 200 if said["status"] == "ok" else 503)

    @app.get("/metrics")
    async def metrics() -> PlainTextResponse:
        return PlainTextResponse(desk.metrics(), media_type="text/plain; version=0.0.4")

    return app


def _route(desk: Desk, form: Callable[[Mapping[str, Any]], forms.Asked], busy: int) -> Callable[..., Any]:
    async def route(request: Request) -> Response:
        try:
            asked = form(await _body(request))
            return _Answer(asked.answer(await desk.judge_known(asked.claims)))
        except UserError as error:
            return _refusal(422, str(error))
        except FullError:
            full = f"the queue is full ({desk.waiting} of {desk.limit} claims under way): ask again later"
            return _refusal(busy, full, {"Retry-After": "1"})
        except TooLargeError:
            return _refusal(413, f"a request may hold {desk.limit} claims and {MAX_BODY >> 20} MiB: send several")
        except TimeoutError:
            return _refusal(
                408, f"nothing came for {PATIENCE:g} s, and the body isn't complete", {"Connection": "close"}
            )
        except RecursionError:
            return _refusal(422, "the body is nested too deeply")
        except EngineError as error:  # no worker can be started
            return _refusal(503, str(error))
        except ClientDisconnect:
            return Response(status_code=_CLOSED)

    return route


async def _body(request: Request) -> dict[str, Any]:
    parts, size = [], 0
    stream = request.stream()
    while (part := await asyncio.wait_for(anext(stream, None), PATIENCE)) is not None:
        parts.append(part)
        size += len(part)
        if size > MAX_BODY:
            raise TooLargeError
    try:
        body = json.loads(b"".join(parts), parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise UserError(f"the body is not valid JSON ({error})") from error
    if not isinstance(body, dict):
        raise UserError("the body must be a JSON object")
    return body


def _finite(text: str) -> float:
    """JSON has no NaN and no infinity, and none could be sent back."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number")
    return number


class _Answer(JSONResponse):
    """In ASCII: a response may hold lone surrogates, which UTF-8 can't."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, separators=(",", ":"), allow_nan=False).encode("ascii")


def _refusal(status: int, why: str, headers: dict[str, str] | None = None) -> Response:
    return _Answer({"detail": " ".join(why.split())}, status, headers)
