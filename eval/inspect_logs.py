"""inspect_ai's logs, read as far as they go into the shape of our metrics.json; without inspect_ai.

A log is one task's run: `<date>_<task>_<id>.eval`, a zip archive of JSON with an entry a sample, or the same as one
`.json`. A folder's newest log of each task counts. The score is the first scorer's; C, I, P and N are worth 1, 0, 1/2
and 0, as inspect_ai's own accuracy takes them. An epoch is a sample of a problem.
"""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ampo.errors import MissingExtraError, UserError
from ampo.eval.sampled import Sample, benchmark, metrics
from ampo.files import first_line

HARNESS = "inspect_ai"
_WORTH = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
_ZSTD = 93  # zip's number of a compression that zipfile doesn't know before Python 3.14
_DAMAGES = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error, struct.error, RuntimeError, MemoryError),
    *(ValueError, TypeError, AttributeError),
)
"""What a damaged archive, an entry that is no JSON, and JSON of another shape raise."""
_HEAD = 4096  # bytes in which a log of JSON names its version, status and eval

Log = Mapping[str, Any]


def find(path: Path) -> list[Path]:
    """The logs that a path means: itself, or those in a folder, the oldest first; none where it is something else."""
    files = [path] if path.is_file() else sorted(filter(Path.is_file, path.iterdir())) if path.is_dir() else []
    return [file for file in files if file.suffix == ".eval" or (file.suffix == ".json" and _is_log(file))]


def read(path: Path) -> dict[str, Any]:
    """The metrics of a log, or of a folder's: see `ampo.eval.sampled`. With them `harness_version`, `date`.

    Raises UserError for a log that is broken or without scores, and for logs of several models in one folder.
    """
    found: dict[str, tuple[Log, dict[str, Any]]] = {}
    for file in find(path):
        head, entry = _read(file)
        found[str(head["eval"].get("task"))] = head, entry
    if not found:
        raise UserError(f"{path} holds no log of inspect_ai")
    evals = [head["eval"] for head, _ in found.values()]
    models = sorted({str(one.get("model")) for one in evals})
    if len(models) > 1:
        raise UserError(f"{path} holds logs of several models ({', '.join(models)}): give the files of each")
    return metrics(
        {task: entry for task, (_, entry) in found.items()},
        HARNESS,
        models[0],
        harness_version=(evals[-1].get("packages") or {}).get("inspect_ai"),
        date=evals[-1].get("created"),
    )


def _is_log(file: Path) -> bool:
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            head = stream.read(_HEAD)
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror or error}") from error
    return head.lstrip().startswith("{") and all(f'"{name}"' in head for name in ("version", "status", "eval"))


def _read(file: Path) -> tuple[Log, dict[str, Any]]:
    """The head of a log, and its figures."""
    try:
        if file.suffix == ".json":
            log = _checked(json.loads(file.read_text(encoding="utf-8")), file)
            return log, _benchmark(file, log.get("samples") or [])
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            if "header.json" not in names:
                raise UserError(f"{file} did not come to its end: its header is missing")
            return _checked(_entry(archive, "header.json"), file), _benchmark(file, _samples(archive, names))
    except _DAMAGES as error:
        raise UserError(f"cannot read {file} as a log of inspect_ai ({first_line(error)}): is it whole?") from error


def _checked(head: Any, file: Path) -> Log:
    if not isinstance(head, dict) or not isinstance(head.get("eval"), dict):
        raise UserError(f"{file} is no log of inspect_ai: it has no `eval`")
    return head


def _samples(archive: zipfile.ZipFile, names: Iterable[str]) -> Iterator[Log]:
    return (_entry(archive, name) for name in names if name.startswith("samples/") and name.endswith(".json"))


def _entry(archive: zipfile.ZipFile, name: str) -> Any:
    info = archive.getinfo(name)
    return json.loads(_unpacked(archive, info) if info.compress_type == _ZSTD else archive.read(info))


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """An entry that is compressed by zstandard. Before its bytes stand 30 of a header, a name and an extra field."""
    try:
        from pyarrow import Codec
    except ImportError as error:
        raise MissingExtraError("pyarrow", "data", "reading .eval logs") from error
    assert archive.filename is not None
    with open(archive.filename, "rb") as stream:
        stream.seek(info.header_offset + 26)
        stream.seek(sum(struct.unpack("<HH", stream.read(4))), 1)
        packed = stream.read(info.compress_size)
    return Codec("zstd").decompress(packed, decompressed_size=info.file_size, asbytes=True)


def _benchmark(file: Path, samples: Iterable[Log]) -> dict[str, Any]:
    problems: defaultdict[str, list[Sample]] = defaultdict(list)
    scorer, unscored = None, 0
    for sample in samples:
        scores = sample.get("scores") or {}
        scorer = scorer or next(iter(scores), None)
        value = (scores.get(scorer) or {}).get("value")
        worth = _worth(value)
        if worth is None:
            unscored += 1
        else:
            problems[str(sample.get("id"))].append(_sample(sample, value, worth))
    if not problems:
        raise UserError(f"{file} holds no scores in [0, 1]: did that run of inspect_ai finish?")
    return benchmark(problems) | {"metric": scorer, "unscored": unscored}


def _worth(value: Any) -> float | None:
    """A score's value; None for what is no share: a dictionary, a text, a number outside [0, 1]."""
    value = _WORTH.get(value) if isinstance(value, str) else value
    return float(value) if isinstance(value, (bool, int, float)) and 0 <= value <= 1 else None


def _sample(sample: Log, value: Any, score: float) -> Sample:
    output = sample.get("output") or {}
    stop = next((choice.get("stop_reason") for choice in output.get("choices") or []), None)
    tokens = (output.get("usage") or {}).get("output_tokens")
    answered = value != "N" if isinstance(value, str) else None
    return Sample(score, tokens, answered, None if stop is None else stop in ("max_tokens", "model_length"))
