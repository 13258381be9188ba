"""The command that adds an extra to this installation. The project is on no package index: it is asked where it is."""

from __future__ import annotations

import json
import shlex
from importlib.metadata import PackageNotFoundError, distribution
from urllib.parse import urlsplit
from urllib.request import url2pathname


def install_command(extra: str) -> str:
    """The `pip install` that adds an extra (or several: "hf,embedded") to what is installed, from where that came.

    Installers record the origin in direct_url.json (PEP 610): a folder, a repository, or a file.
    """
    origin, extras = _origin(), f"[{extra}]" if extra else ""
    url = str(origin.get("url", ""))
    if "dir_info" in origin:
        editable = "-e " if origin["dir_info"].get("editable") else ""
        return f"pip install {editable}{shlex.quote(url2pathname(urlsplit(url).path) + extras)}"
    if vcs := origin.get("vcs_info"):
        url = f"{vcs['vcs']}+{url}@{vcs['commit_id']}"
    return f"pip install 'ampo{extras} @ {url}'" if url else f"pip install '.{extras}' in the project's folder"


def _origin() -> dict:
    try:
        return json.loads(distribution("ampo").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return {}
