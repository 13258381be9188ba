"""Which model the endpoints have: asked once, before the first request."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, NamedTuple

import aiohttp

from ampo.engines.openai.endpoint import Endpoint, Endpoints, FailedError, RefusedError
from ampo.engines.openai.faults import refusal
from ampo.errors import UserError, nearest

log = logging.getLogger(__name__)

_PROBE_SECONDS = 5.0  # long enough for a far gateway, short enough for a person who mistyped a port

Cards = dict[str, dict[str, Any]]
"""What is told of each model, by its name."""


class Served(NamedTuple):
    """The model that is asked, and what the endpoints tell of it.

    listed: whether they list their models at all. card: what is told of this one. vllm: whether vLLM serves it.
    version: vLLM's own; other servers have no common way to tell theirs.
    """

    model: str
    listed: bool
    card: dict[str, Any]
    vllm: bool
    version: str | None


async def find_model(
    endpoints: Endpoints, session: aiohttp.ClientSession, model: str | None, say: Callable[[str], None]
) -> Served:
    """The model that is to be asked.

    Args:
        endpoints: of several, all must have it; one that can't be reached is left out until it can.
        session: what they are asked with.
        model: as the endpoints name it; None takes the only one.
        say: takes the note about an endpoint that is left out.

    Raises:
        UserError: where no endpoint can be reached, one refuses the key, or they don't have the model.
    """
    cards = await _listed(endpoints, session, say)
    name = _choose(model, cards, endpoints.where)
    card = cards.get(name, {})
    vllm = card.get("owned_by") == "vllm"
    return Served(name, bool(cards), card, vllm, await _version(endpoints, session) if vllm else None)


async def _listed(endpoints: Endpoints, session: aiohttp.ClientSession, say: Callable[[str], None]) -> Cards:
    """The models that all endpoints have; empty where none lists them."""
    found: list[Cards] = []
    lost: list[FailedError] = []
    for one in endpoints.members:
        try:
            found.append(await _cards(one, session))
        except RefusedError as error:
            if error.status in (401, 402, 403):
                raise refusal(error, endpoints.where) from error
            log.debug("no list of models: %s", error)  # a courtesy: some servers have none, or of another form
        except FailedError as error:
            if error.lost:
                lost.append(error)
                endpoints.failed(one, error)
    if len(lost) == len(endpoints.members):
        raise UserError(
            f"cannot reach {endpoints.where}: is the server running? (`ampo serve` starts one; {lost[0]})"
        ) from lost[0]
    for error in lost:
        say(f"note: {error}; it is left out until it answers")
    return _common([cards for cards in found if cards])


async def _cards(one: Endpoint, session: aiohttp.ClientSession) -> Cards:
    """The models of one endpoint; empty where its list has another form."""
    cards = (await one.get(session, "models", _PROBE_SECONDS)).get("data")
    try:
        return {card["id"]: card for card in cards if isinstance(card, dict) and card.get("id")}  # type: ignore[union-attr]
    except TypeError:
        log.debug("%s: a list of models of another form", one.url)
        return {}


def _common(found: list[Cards]) -> Cards:
    return {name: card for name, card in found[0].items() if all(name in cards for cards in found)} if found else {}


def _choose(model: str | None, cards: Cards, where: str) -> str:
    if model and (not cards or model in cards):
        return model
    if model:
        raise UserError(f"{where} has no model {model!r}: {nearest(model, cards, 'the model')}")
    if len(cards) == 1:
        return next(iter(cards))
    if cards:
        raise UserError(f"{where} has several models: name one of {', '.join(cards)}")
    raise UserError(f"{where} does not list its models: name the one to ask")


async def _version(endpoints: Endpoints, session: aiohttp.ClientSession) -> str | None:
    try:
        page = await endpoints.pick().get(session, "/version", _PROBE_SECONDS)
        return str(page.get("version"))
    except (FailedError, RefusedError):
        return None
