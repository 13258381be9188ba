"""The shelf beside the chat: the conversations that this browser keeps, and their way out as files.

A file is made by the browser itself from text that the server sends it: no conversation is left on the server's disk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from ampo.app import export
from ampo.app.controls import heard, quick
from ampo.app.conversation import Conversation

_DOWNLOAD = """(name, text) => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], {type: 'text/plain'}));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  return [name, text];
}"""


class Shelf:
    """The components; `join` connects them with the chat. What is kept where is page.js's business."""

    def __init__(self) -> None:
        self.new = gr.Button("New conversation", variant="primary", size="md", elem_id="ampo-new")
        self.list = gr.Radio([], label="Conversations in this browser", elem_id="ampo-conversations", interactive=True)
        with gr.Row():
            self._markdown = gr.Button("Markdown", size="sm", min_width=80, elem_id="ampo-export-markdown")
            self._json = gr.Button("JSON", size="sm", min_width=60, elem_id="ampo-export-json")
            self.delete = gr.Button("Delete", size="sm", min_width=60, variant="stop", elem_id="ampo-delete")
        self._text = gr.Textbox(visible="hidden")  # a conversation on its way to the browser or back

    def kept(self, event: Any, now: gr.State, show: bool = True) -> Any:
        """After an event, put the conversation on the shelf. show: as the chosen one."""
        sent = event.then(Conversation.to_json, now, self._text, **quick)
        js, outputs = ("ampo.keep", self.list) if show else ("(text) => { ampo.keep(text); }", None)
        return sent.then(None, self._text, outputs, js=js, api_visibility="private")

    def join(self, left: Callable[[Any], Any], open_: Callable[..., Any], now: gr.State, shown: list[Any]) -> None:
        """left: what ends and keeps the conversation on the page, after an event. open_: the chat's handler, which
        takes a kept conversation, or nothing. now: the conversation. shown: what the handler shows.
        """
        picked = left(self.list.input).then(None, self.list, self._text, js="ampo.read", api_visibility="private")
        picked.then(open_, self._text, shown, **heard).then(
            None, self.list, self.list, js="ampo.listed", api_visibility="private"
        )
        self.cleared(left(self.new.click), open_, shown)
        gone = left(self.delete.click).then(lambda talk: talk.id, now, self._text, **quick)
        self.cleared(gone.then(None, self._text, None, js="ampo.forget", api_visibility="private"), open_, shown)
        name, text = gr.Textbox(visible="hidden"), gr.Textbox(visible="hidden")
        for button, made in ((self._markdown, _as_markdown), (self._json, _as_json)):
            button.click(made, now, [name, text], **heard).success(
                None, [name, text], [name, text], js=_DOWNLOAD, api_visibility="private"
            )

    def cleared(self, event: Any, open_: Callable[..., Any], shown: list[Any]) -> None:
        """After an event, begin a new conversation."""
        emptied = event.then(None, None, self._text, js="() => ''", api_visibility="private")
        emptied.then(open_, self._text, shown, **heard).then(
            None, None, self.list, js="() => ampo.listed(null)", api_visibility="private"
        )

    def load(self, page: gr.Blocks) -> None:
        """The list, when a page is opened."""
        page.load(None, None, self.list, js="() => ampo.listed(null)")


def _as_markdown(talk: Conversation) -> tuple[str, str]:
    return f"ampo-{_checked(talk).id}.md", export.to_markdown(talk)


def _as_json(talk: Conversation) -> tuple[str, str]:
    return f"ampo-{_checked(talk).id}.json", talk.to_json()


def _checked(talk: Conversation) -> Conversation:
    if not talk.turns:
        raise gr.Error("there is nothing to export yet: ask something", print_exception=False)
    return talk
