"""The shelf beside the chat: the conversations that this browser keeps, and their way in and out as files and links.

A file is made and read by the browser itself: no conversation is left on the server's disk. What is kept where is
page.js's business.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from typing import Any

import gradio as gr

from ampo.app import downloads, export
from ampo.app.controls import heard, quick, quiet
from ampo.conversation import Conversation, from_dict
from ampo.errors import UserError

_mine: dict[str, Any] = {"api_visibility": "private"}


class Shelf:
    """The components; `join` connects them with the chat.

    wanted: what is to be opened, as the browser sends it: a number that makes it new, "|", and the conversation.
    """

    def __init__(self) -> None:
        self.new = gr.Button("New conversation", variant="primary", size="md", elem_id="ampo-new")
        self.list = gr.Radio([], label="Conversations in this browser", elem_id="ampo-conversations", interactive=True)
        self._search = gr.Textbox(
            label="Search conversations", placeholder="Search", show_label=False, elem_id="ampo-search", max_length=200
        )
        self._undo = gr.Button("Undo delete", size="sm", visible=False, elem_id="ampo-undo-delete")
        with gr.Row():
            self._rename = gr.Button("Rename", size="sm", min_width=60, elem_id="ampo-rename")
            self._delete = gr.Button("Delete", size="sm", min_width=60, variant="stop", elem_id="ampo-delete")
            self._link = gr.Button("Copy link", size="sm", min_width=80, elem_id="ampo-link")
        with gr.Row():
            self._markdown = gr.Button("Markdown", size="sm", min_width=70, elem_id="ampo-export-markdown")
            self._json = gr.Button("JSON", size="sm", min_width=50, elem_id="ampo-export-json")
            self._import = gr.Button("Import", size="sm", min_width=60, elem_id="ampo-import")
        self.wanted = quiet()
        self._text = quiet()  # a conversation on its way to the browser
        self._name, self._file = quiet(), quiet()  # on their way here

    def kept(self, event: Any, now: gr.State, show: bool = True) -> Any:
        """After an event, put the conversation on the shelf. show: as the chosen one."""
        sent = event.then(Conversation.to_json, now, self._text, **quick)
        js, outputs = ("ampo.keep", self.list) if show else ("(text) => { ampo.keep(text); }", None)
        return sent.then(None, self._text, outputs, js=js, **_mine)

    def join(self, left: Callable[[Any], Any], now: gr.State) -> None:
        """left: what ends and keeps the conversation on the page, after an event. now: the conversation."""
        left(self.list.input).then(None, self.list, self.wanted, js="ampo.read", **_mine)
        self.emptied(left(self.new.click))
        gone = left(self._delete.click).then(lambda talk: talk.id, now, self._text, **quick)
        gone = gone.then(None, self._text, [self.wanted, self._undo], js="ampo.forget", **_mine)
        self._undo.click(None, None, [self.wanted, self._undo], js="ampo.undelete", **_mine)
        picked = self._import.click(None, None, self._file, js="ampo.picked", **_mine)
        taken = picked.then(imported, self._file, self._file, **heard)
        left(taken.success).then(None, self._file, self.wanted, js="ampo.imported", **_mine)
        self._search.change(None, [self.list, self._search], self.list, js="ampo.searched", **_mine)
        self._link.click(Conversation.to_json, now, self._text, **quick).then(
            None, self._text, self._link, js="ampo.link", **_mine
        )
        downloads.join(self._markdown, _as_markdown, now)
        downloads.join(self._json, _as_json, now)

    def emptied(self, event: Any) -> None:
        """After an event, begin a new conversation."""
        event.then(None, None, self.wanted, js="() => ampo.fresh()", **_mine)

    def renamed(self, rename: Callable[..., Any], now: gr.State) -> None:
        asked = self._rename.click(Conversation.to_json, now, self._text, **quick)
        asked = asked.then(None, self._text, self._name, js="ampo.askName", **_mine)
        self.kept(asked.then(rename, [now, self._name], now, **quick), now)

    def load(self, page: gr.Blocks) -> None:
        """The list, and the conversation of the address, when a page is opened."""
        page.load(None, None, self.list, js="() => ampo.listed(null)")
        page.load(None, None, self.wanted, js="() => ampo.arrived()")


def imported(sent: str) -> str:
    """The conversation in a file that a browser has read, as JSON; "" where none was chosen.

    sent: what page.js makes of the file. Raises gr.Error for what is no conversation.
    """
    if not sent:
        return ""
    try:
        return _in_file(json.loads(sent)).to_json()
    except UserError as error:
        how = "Choose a file that the button JSON here, or /save in ampo chat, has written."
        raise gr.Error(escape(f"{error}. {how}"), print_exception=False) from error


def _in_file(file: dict[str, Any]) -> Conversation:
    name, size, text = str(file["name"])[:80], file["size"], file["text"]
    if size == 0:
        raise UserError(f"{name} is empty")
    if size > file["largest"]:
        raise UserError(f"{name} has {size / 1e6:,.0f} MB: at most {file['largest'] / 1e6:.0f} are taken here")
    if text is None:
        raise UserError(f"{name} is not text")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{name} is not JSON") from error
    try:
        return from_dict(data)
    except UserError as error:
        raise UserError(f"{name} is JSON, but not a conversation of this page") from error


def _as_markdown(talk: Conversation) -> downloads.File:
    return downloads.File(f"ampo-{_checked(talk).id}.md", export.to_markdown(talk))


def _as_json(talk: Conversation) -> downloads.File:
    return downloads.File(f"ampo-{_checked(talk).id}.json", talk.to_json())


def _checked(talk: Conversation) -> Conversation:
    if not talk.turns:
        raise gr.Error("there is nothing to export yet: ask something", print_exception=False)
    return talk
