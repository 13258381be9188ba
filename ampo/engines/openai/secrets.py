"""Keys: from a file or the environment, so that they stand in no list of processes and in no history of a shell."""

from __future__ import annotations

import os
from pathlib import Path

from ampo.errors import UserError


def secret(value: str | None, default_name: str = "") -> str:
    """What a key is given as: "@FILE" is the file's text, "env:NAME" the variable's value, anything else itself.

    Args:
        value: as it was given; None or empty takes the variable `default_name`.
        default_name: an environment variable.

    Raises:
        UserError: for a file that can't be read and a variable that isn't set.
    """
    if not value:
        return os.environ.get(default_name, "")
    if value.startswith("@"):
        try:
            return Path(value[1:]).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"cannot read a key from {value[1:]} ({error}): give @FILE with the key alone") from error
    if value.startswith("env:"):
        if value[4:] not in os.environ:
            raise UserError(f"the environment has no variable {value[4:]!r}, from which a key is to be taken")
        return os.environ[value[4:]]
    return value
