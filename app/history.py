"""Conversations that the browser keeps, and that nobody else has: the server stores none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import gradio as gr

from app.conversation import Conversation

STORAGE_KEY = "ampo-conversations"
MAX_KEPT = 50
MAX_BYTES = 2_000_000  # a browser grants about five million characters to a site, and they are encrypted


def store() -> gr.BrowserState:
    """The browser's own store. Its secret is fixed, so that what was kept outlives the server's next start."""
    return gr.BrowserState([], storage_key=STORAGE_KEY, secret="ampo-in-your-browser")  # noqa: S106  (hides nothing)


def kept(saved: Any, conversation: Conversation) -> list[dict[str, Any]]:
    """The store's new content: this conversation first, then the others, the oldest dropped where it gets too much."""
    others = [c for c in _list(saved) if c.get("id") != conversation.id]
    entries = [json.loads(conversation.to_json()), *others] if conversation.turns else others
    total, fitting = 0, []
    for entry in entries[:MAX_KEPT]:
        total += len(json.dumps(entry))
        if total > MAX_BYTES and fitting:
            break
        fitting.append(entry)
    return fitting


def without(saved: Any, conversation_id: str) -> list[dict[str, Any]]:
    return [c for c in _list(saved) if c.get("id") != conversation_id]


def find(saved: Any, conversation_id: str) -> Any:
    """A kept conversation as plain data; None where it isn't there."""
    return next((c for c in _list(saved) if c.get("id") == conversation_id), None)


def choices(saved: Any) -> Sequence[tuple[str, str]]:
    """(title, id) for a list to pick from, newest first."""
    return [(str(c.get("title") or "Conversation")[:80], str(c["id"])) for c in _list(saved) if "id" in c]


def _list(saved: Any) -> list[dict[str, Any]]:
    return [c for c in saved if isinstance(c, dict)] if isinstance(saved, list) else []
