"""Files: the one place where a file is written whole or not at all, and where lines of JSON are read and appended.

A process may be killed and a disk may be full at any moment. A file that is replaced is the old or the new one, never a
part. A file that grows ends in a whole line, or in a torn one that the next start drops.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self, get_args

from ampo.errors import UserError, nearest

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

_LONGEST = 300  # characters of a library's own words in a line of ours


def first_line(error: BaseException | str) -> str:
    """The first line of an error that says something, at most 300 characters; else the error's kind."""
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return line if len(line) <= _LONGEST else line[:_LONGEST] + " ..."


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """The first complaint of pydantic in one line, with the nearest known key for an unknown one."""
    problem = error.errors()[0]
    path = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        inner = _model_at(model, problem["loc"][:-1])
        return f"unknown key {path!r}: {nearest(str(problem['loc'][-1]), inner.model_fields, 'a key')}"
    if problem["type"] == "missing":
        return f"{path} is missing"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "value_error" or isinstance(problem["input"], Mapping):
        return f"{path}: {message}" if path else message
    return f"{path} is {_short(problem['input'])}: {message[:1].lower()}{message[1:]}"


def _model_at(model: type[BaseModel], path: Iterable[Any]) -> type[BaseModel]:
    """The model of a nested table. Positions in lists and keys of tables without a model are stepped over."""
    for name in path:
        if name in model.model_fields:
            model = next(_models(model.model_fields[name].annotation), model)
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if hasattr(annotation, "model_fields"):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _short(value: Any) -> str:
    text = "unset" if value is None else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def without_none(value: Any) -> Any:
    """TOML has no null: what is None is left out."""
    if isinstance(value, dict):
        return {key: without_none(item) for key, item in value.items() if item is not None}
    return value


def flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested table by dotted names."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return found


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """A line for each setting in which two tables differ."""
    before, now = flat(there), flat(here)
    return [
        f"{key} was {_short(before.get(key))}, is now {_short(now.get(key))}"
        for key in sorted(before.keys() | now.keys())
        if before.get(key) != now.get(key)
    ]


def write(file: Path, text: str) -> None:
    """Replace a file's content, in UTF-8. Raises UserError where that can't be done; then the file is as before."""
    with replacing(file) as stream:
        stream.write(text.encode("utf-8"))


def write_json(file: Path, value: Any, indent: int = 1, default: Callable[[Any], Any] | None = None) -> None:
    """Replace a file's content by a value as JSON.

    Args:
        file: Which.
        value: Of JSON's kinds.
        indent: Spaces a level.
        default: Makes JSON's kinds of others, as for `json.dumps`.
    """
    write(file, json.dumps(value, indent=indent, default=default) + "\n")


@contextmanager
def replacing(file: Path) -> Iterator[IO[bytes]]:
    """A stream whose content takes the file's place when the block has ended well.

    What is not a plain file (`/dev/stdout`, a pipe) is written as it is. The folder must be there.

    Raises:
        UserError: where it can't be written; the file is then as it was before.
    """
    file = Path(os.path.realpath(file))
    try:
        if file.exists() and not file.is_file():
            with file.open("wb") as stream:
                yield stream
            return
        _sweep(file)
        work = file.with_name(f".{file.name}.{os.getpid()}.tmp")
        try:
            with _locked(work) as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
                work.replace(file)
        finally:
            work.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"cannot write {file}: {error.strerror or error}") from error


def _locked(work: Path) -> IO[bytes]:
    """A new file, held by a lock that dies with its process: by that others tell it from what a kill has left."""
    while True:
        stream = work.open("wb")
        with suppress(OSError):  # some network file systems know no locks
            fcntl.flock(stream, fcntl.LOCK_EX)
        if os.fstat(stream.fileno()).st_nlink:
            return stream
        stream.close()  # swept away by another one, before it was locked


def _sweep(file: Path) -> None:
    """Remove what killed processes have left of the same file."""
    for left in file.parent.glob(f".{_literal(file.name)}.*.tmp"):
        with suppress(OSError), left.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()


def _literal(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def fields_of(record: Any) -> dict[str, Any]:
    """A flat dataclass as a row: `dataclasses.asdict` copies what is in it, at five times the price."""
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


def dump(row: Mapping[str, Any], default: Callable[[Any], Any] | None = None) -> str:
    """One line of JSONL. Lone surrogates, which a model can produce, are escaped. default: as for `json.dumps`."""
    line = json.dumps(row, ensure_ascii=False, default=default)
    try:
        line.encode()
    except UnicodeEncodeError:
        line = json.dumps(row, default=default)
    return line + "\n"


class Lines:
    """A JSONL file that is kept open and grows by whole lines. Nobody else writes it meanwhile.

    A line that can't be written whole is taken back, so that the file still ends in a whole one.
    """

    def __init__(self, file: Path) -> None:
        """Raises UserError for a file that can't be opened for writing."""
        self.file = file
        try:
            self._stream = file.open("ab", buffering=0)
            self._end = self._stream.seek(0, os.SEEK_END)
        except OSError as error:
            raise self._failed(error) from error

    def append(self, *rows: Mapping[str, Any]) -> int:
        """Write rows through to the system at once; the byte at which the first begins. Raises UserError."""
        content = "".join(map(dump, rows)).encode()
        rest, start = memoryview(content), self._end
        try:
            while rest:
                rest = rest[self._stream.write(rest) :]
        except OSError as error:
            with suppress(OSError):
                self._stream.truncate(start)
            raise self._failed(error) from error
        self._end += len(content)
        return start

    def _failed(self, error: OSError) -> UserError:
        return UserError(f"cannot write {self.file} ({error.strerror}): make room, then run the same command")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self._stream.close()


def append(file: Path, *rows: Mapping[str, Any]) -> None:
    """Add rows to a JSONL file. Raises UserError where that can't be done."""
    with Lines(file) as lines:
        lines.append(*rows)


def read_jsonl(file: Path, growing: bool = False) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number and object of each line that isn't empty. A byte order mark is skipped.

    Args:
        file: JSON objects, one a line.
        growing: a last line without its newline is still being written, or was never finished, and is left out.

    Raises:
        UserError: with the line's number, for one that is broken; and for a file that can't be read.
    """
    try:
        with file.open("rb") as stream:
            yield from parse_lines(stream, str(file), growing)
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror or error}") from error


def parse_lines(lines: Iterable[bytes], name: str, growing: bool = False) -> Iterator[tuple[int, dict[str, Any]]]:
    """As `read_jsonl`, of lines from anywhere, split at line feeds alone. name: of the file, for messages."""
    for number, line in enumerate(lines, 1):
        line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if line.strip() and not (growing and not line.endswith(b"\n")):
            yield number, parse_line(line, f"{name}:{number}")


def parse_line(line: bytes | str, where: str) -> dict[str, Any]:
    """A line as a JSON object; UserError for one that isn't."""
    try:
        row = json.loads(line.decode("utf-8") if isinstance(line, bytes) else line)
    except UnicodeDecodeError as error:
        raise UserError(f"{where} is not UTF-8 (byte {error.start}): save the file as UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: broken JSON ({error}): mend or remove this line") from error
    if not isinstance(row, dict):
        raise UserError(f"{where}: each line must be a JSON object, this is a {type(row).__name__}")
    return row


def drop_torn_line(file: Path, say: Callable[[str], None]) -> None:
    """Cut off a last line that a killed process left unfinished."""
    if not file.exists():
        return
    try:
        with file.open("rb+") as stream:
            size = stream.seek(0, os.SEEK_END)
            end = _end_of_last_line(stream, size)
            if end < size:
                say(f"{file.name}: dropped a torn last line of {size - end} bytes; what it held is done again")
                stream.truncate(end)
    except OSError as error:
        raise UserError(f"cannot write {file}: {error.strerror or error}") from error


def _end_of_last_line(stream: IO[bytes], size: int) -> int:
    """The offset after the last newline."""
    end = size
    while end > 0:
        start = max(0, end - 65536)
        stream.seek(start)
        newline = stream.read(end - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def well_formed(text: str) -> str:
    """A text that UTF-8 can hold: halves of a character are joined where both are there, else replaced by its sign.

    JSON can bring such halves along ("\\ud800"); files and browsers take none.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
