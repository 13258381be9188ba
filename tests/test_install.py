"""The command that a missing extra names must be one that works: no package index has this project."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

import pytest

from ampo import doctor
from ampo.errors import MissingExtraError
from ampo.install import install_command

GIT = {"vcs": "git", "commit_id": "abc123", "requested_revision": "main"}


@pytest.mark.parametrize(
    ("origin", "command"),
    [
        ({"url": "file:///home/me/ampo", "dir_info": {}}, "pip install '/home/me/ampo[hf]'"),
        ({"url": "file:///home/me/my%20ampo", "dir_info": {"editable": True}}, "pip install -e '/home/me/my ampo[hf]'"),
        (
            {"url": "https://host/ampo.git", "vcs_info": GIT},
            "pip install 'ampo[hf] @ git+https://host/ampo.git@abc123'",
        ),
        ({"url": "file:///w/ampo-0.1.0.whl", "archive_info": {}}, "pip install 'ampo[hf] @ file:///w/ampo-0.1.0.whl'"),
        (None, "pip install '.[hf]' in the project's folder"),
    ],
)
def test_an_extra_comes_from_where_the_project_came(
    origin: dict[str, Any] | None, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Distribution, "read_text", lambda *_: json.dumps(origin) if origin else None, raising=False)
    monkeypatch.setattr("ampo.install.distribution", lambda _: Distribution())  # type: ignore[abstract]
    assert install_command("hf") == command
    assert str(MissingExtraError("torch", "hf", "it")) == f"it needs torch, which is not installed: {command}"


def test_without_an_extra_nothing_is_in_brackets() -> None:
    assert "[" not in install_command("")


@pytest.mark.parametrize(("package", "extra"), [(package, extra) for package, extra, _ in doctor._PACKAGES])
def test_doctor_names_an_extra_that_brings_the_package(package: str, extra: str) -> None:
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]
    needs = project["optional-dependencies"][extra] if extra else project["dependencies"]
    assert package in [re.split(r"[^\w-]", need)[0] for need in needs]
