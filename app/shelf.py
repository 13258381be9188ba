"""The shelf beside the chat: the conversations that this browser keeps, and their way out as files.

A file is made by the browser itself from text that the server sends it: no conversation is left on the server's disk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from app import export, history
from app.controls import quick
from app.conversation import Conversation

_DOWNLOAD = """(name, text) => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], {type: 'text/plain'}));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  return [name, text];
}"""


class Shelf:
    """The components; `join` connects them with the chat."""

    def __init__(self) -> None:
        self.saved = history.store()
        self._new = gr.Button("New conversation", variant="primary", size="md", elem_id="ampo-new")
        self._list = gr.Radio([], label="Conversations in this browser", elem_id="ampo-conversations", interactive=True)
        with gr.Row():
            self._markdown = gr.Button("Markdown", size="sm", min_width=80, elem_id="ampo-export-markdown")
            self._json = gr.Button("JSON", size="sm", min_width=60, elem_id="ampo-export-json")
            self._delete = gr.Button("Delete", size="sm", min_width=60, variant="stop", elem_id="ampo-delete")
        self.shown: list[Any] = [self.saved, self._list]

    def keep(self, saved: Any, talk: Conversation) -> tuple[Any, Any]:
        """Put the conversation on the shelf, first."""
        now = history.kept(saved, talk)
        return now, _listed(now, talk.id)

    def join(self, open_: Callable[..., Any], clear: Callable[..., Any], now: gr.State, shown: list[Any]) -> None:
        """open_, clear: the chat's handlers. now: the conversation. shown: what they show."""
        self._list.input(open_, [self.saved, self._list], shown, **quick)
        self._new.click(clear, None, shown, **quick).then(lambda: gr.Radio(value=None), None, self._list, **quick)
        self._delete.click(self._without, [self.saved, now], self.shown, **quick).then(clear, None, shown, **quick)
        name, text = gr.Textbox(visible="hidden"), gr.Textbox(visible="hidden")
        for button, made in ((self._markdown, _as_markdown), (self._json, _as_json)):
            button.click(made, now, [name, text], **quick).success(
                None, [name, text], [name, text], js=_DOWNLOAD, api_visibility="private"
            )

    def refresh(self, saved: Any) -> Any:
        """The list, when a page is opened."""
        return _listed(saved, None)

    def _without(self, saved: Any, talk: Conversation) -> tuple[Any, Any]:
        now = history.without(saved, talk.id)
        return now, _listed(now, None)


def _listed(saved: Any, chosen: str | None) -> Any:
    choices = list(history.choices(saved))
    return gr.Radio(choices=choices, value=chosen if chosen in {c for _, c in choices} else None)


def _as_markdown(talk: Conversation) -> tuple[str, str]:
    return f"ampo-{_checked(talk).id}.md", export.to_markdown(talk)


def _as_json(talk: Conversation) -> tuple[str, str]:
    return f"ampo-{_checked(talk).id}.json", talk.to_json()


def _checked(talk: Conversation) -> Conversation:
    if not talk.turns:
        raise gr.Error("there is nothing to export yet: ask something", print_exception=False)
    return talk
