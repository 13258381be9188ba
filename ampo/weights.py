"""Which model a folder holds, as a short hash: what a local folder has for a revision.

A folder whose model was trained on is another model, a copy of it elsewhere the same one. So the hash is over contents
and file names, never over dates or the folder's own name. What is small is read whole. Of a large file of weights it
takes the size, the head (where safetensors keep names and shapes) and 1,024 blocks spread evenly, 5 MB in all: training
moves weights all over a file. A change confined to less than the distance of two blocks (5 MB in a file of 5 GB) may go
unseen: that is the price of not reading 15 GB before every run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from ampo.errors import UserError

WEIGHTS = frozenset({".safetensors", ".bin", ".pt"})
WHOLE = 1 << 28
"""Bytes up to which a file is read whole: 256 MiB, which takes a fraction of a second."""

_READ_WITH_THEM = ("config.json", "generation_config.json", "token*", "special_tokens_map.json", "added_tokens.json",
                   "vocab*", "merges.txt", "chat_template*", "*.jinja", "*.model", "*.py")  # fmt: skip
_HEAD, _BLOCK, _BLOCKS = 1 << 20, 1 << 12, 1024


def folder_hash(folder: Path) -> str:
    """Over the config, the tokenizer, the template and the weights. Raises UserError for a file that can't be read."""
    digest = hashlib.sha256()
    try:
        for file in sorted(f for f in folder.iterdir() if f.is_file() and _counts(f)):
            digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
            for part in _parts(file):
                digest.update(part)
    except OSError as error:
        raise UserError(f"cannot read {error.filename or folder}: {error.strerror or error}") from error
    return digest.hexdigest()[:12]


def _counts(file: Path) -> bool:
    return file.suffix in WEIGHTS or any(file.match(pattern) for pattern in _READ_WITH_THEM)


def _parts(file: Path) -> Iterator[bytes]:
    size = file.stat().st_size
    with file.open("rb", buffering=0) as stream:
        if size <= WHOLE:
            yield hashlib.file_digest(stream, "sha256").digest()
            return
        yield stream.read(_HEAD)
        for i in range(_BLOCKS):
            stream.seek((size - _BLOCK) * i // (_BLOCKS - 1))
            yield stream.read(_BLOCK)
