"""Files for whoever looks at the page, made by the browser from text that the server sends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import gradio as gr

from ampo.app.controls import heard, quiet


class File(NamedTuple):
    """A file's name and its text."""

    name: str
    text: str


def join(button: gr.Button, made: Callable[..., File], *inputs: Any) -> None:
    """A button that gives a file. made: takes the inputs' values; may raise gr.Error."""
    name, text = quiet(), quiet()
    sent = button.click(made, list(inputs), [name, text], **heard)
    sent.success(None, [name, text], None, js="ampo.download", api_visibility="private")
