"""Files that are written whole or not at all, and lines that survive kills and full disks."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationError

from ampo.errors import UserError
from ampo.files import (
    Lines,
    append,
    differences,
    drop_torn_line,
    dump,
    explain,
    first_line,
    read_jsonl,
    replacing,
    write,
)


@given(st.integers(0, 60))
def test_a_torn_last_line_is_dropped_wherever_it_was_torn(tmp_path_factory, cut: int) -> None:
    whole = dump({"id": "a#0"}) + dump({"id": "a#1", "text": "zwölf"})
    torn = whole.encode()[: max(0, len(whole.encode()) - cut)]
    file = tmp_path_factory.mktemp("torn") / "responses.jsonl"
    file.write_bytes(torn)
    said: list[str] = []
    drop_torn_line(file, said.append)
    left = file.read_bytes()
    assert torn.startswith(left)
    assert left == b"" or left.endswith(b"\n")
    assert bool(said) == (left != torn)
    assert [row["id"] for _, row in read_jsonl(file)] == ["a#0", "a#1"][: left.count(b"\n")]


def test_a_torn_line_longer_than_a_block(tmp_path: Path) -> None:
    file = tmp_path / "responses.jsonl"
    file.write_bytes(b'{"id": 1}\n' + b'{"text": "' + b"x" * 200_000)
    drop_torn_line(file, lambda _: None)
    assert file.read_bytes() == b'{"id": 1}\n'


@pytest.mark.parametrize("line", ["{broken", "[1]", "\x00"])
def test_a_broken_line_is_named_by_its_number(tmp_path: Path, line: str) -> None:
    file = tmp_path / "f.jsonl"
    file.write_text('{"a": 1}\n' + line + "\n")
    with pytest.raises(UserError, match=r"f\.jsonl:2: "):
        list(read_jsonl(file))


def test_what_a_model_can_write_survives(tmp_path: Path) -> None:
    for text in ("\ud800", "\u2028\u2029", "\x00", "é∫", '"\\'):
        file = tmp_path / "f.jsonl"
        file.write_text(dump({"text": text}), encoding="utf-8")
        assert [row["text"] for _, row in read_jsonl(file)] == [text]


def test_replacing_a_file_leaves_the_old_one_on_failure(tmp_path: Path) -> None:
    file = tmp_path / "metrics.json"
    write(file, json.dumps({"a": 1}))
    with pytest.raises(UnicodeEncodeError):
        write(file, "\ud800")
    with pytest.raises(ZeroDivisionError), replacing(file) as stream:
        stream.write(b"half" * (1 // 0))
    assert json.loads(file.read_text()) == {"a": 1}
    assert os.listdir(tmp_path) == ["metrics.json"]


def test_what_a_kill_has_left_is_swept_away_and_what_is_being_written_is_not(tmp_path: Path) -> None:
    file = tmp_path / "a[1].json"
    write(file, "old")
    code = (
        "import sys, time, pathlib; from ampo.files import replacing\n"
        "with replacing(pathlib.Path(sys.argv[1])) as stream:\n"
        "    stream.write(b'new'); stream.flush(); print('go', flush=True); time.sleep(99)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(file)], stdout=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stdout.readline() == b"go\n"
        write(file, "newer")
        assert len(os.listdir(tmp_path)) == 2, "another one's work was taken away"
        child.kill()
        child.wait()
    assert file.read_text() == "newer"
    write(file, "newest")
    assert os.listdir(tmp_path) == [file.name]


def test_a_link_stays_a_link_and_a_device_is_written(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write(tmp_path / "link", "x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "x"
    write(Path("/dev/null"), "x")
    with pytest.raises(UserError, match="cannot write /dev/full: No space"):
        write(Path("/dev/full"), "x")


def test_a_full_disk_costs_the_line_and_not_the_file(tmp_path: Path) -> None:
    """A limit on the size of files stands in for a full disk: the system refuses the same calls."""
    file = tmp_path / "f.jsonl"
    code = """
import pathlib, resource, sys
from ampo.errors import UserError
from ampo.files import Lines, write
file = pathlib.Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
for act in (lambda: write(file.with_name("w"), "x" * 2000), lambda: [lines.append({"a": "x" * 300}) for _ in range(9)]):
    try:
        with Lines(file) as lines:
            act()
    except UserError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [line.partition(str(tmp_path))[0] for line in done.stdout.splitlines()] == ["cannot write "] * 2
    assert len(list(read_jsonl(file))) == 3
    assert file.read_bytes().endswith(b"}\n")
    assert os.listdir(tmp_path) == ["f.jsonl"]


def test_no_handles_left_is_one_line(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[0], 256), before[1]))
        with suppress(OSError):
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        with pytest.raises(UserError, match="Too many open files"):
            write(tmp_path / "a", "x")
        with pytest.raises(UserError, match="Too many open files"):
            append(tmp_path / "b", {"a": 1})
    finally:
        for file in held:
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_lines_are_on_disk_as_they_are_appended(tmp_path: Path) -> None:
    with Lines(tmp_path / "f") as lines:
        lines.append({"a": 1}, {"a": 2})
        assert [row["a"] for _, row in read_jsonl(tmp_path / "f")] == [1, 2]
    (tmp_path / "f").write_bytes(b'\xef\xbb\xbf{"a": 3}\n\n{"a": 4}')
    assert [row["a"] for _, row in read_jsonl(tmp_path / "f")] == [3, 4]
    assert [row["a"] for _, row in read_jsonl(tmp_path / "f", growing=True)] == [3]


class _Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    samples: int = 1


class _Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    parts: tuple[_Inner, ...] = ()
    name: str = ""


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"parts": [{"sample": 1}]}, "unknown key 'parts.0.sample': did you mean samples?"),
        ({"nmae": "x"}, "unknown key 'nmae': did you mean name?"),
        ({"parts": [{"samples": "x"}]}, "parts.0.samples is 'x': input should be a valid integer"),
    ],
)
def test_pydantic_is_explained_in_one_line(values: dict[str, object], line: str) -> None:
    with pytest.raises(ValidationError) as error:
        _Outer.model_validate(values)
    assert explain(error.value, _Outer).startswith(line)


def test_short_words() -> None:
    assert first_line(ValueError("\n\n  why \nmore")) == "why"
    assert first_line(KeyError()) == "KeyError"
    assert differences({"a": {"b": 1}}, {"a": {"c": 1}}) == ["a.b was 1, is now unset", "a.c was unset, is now 1"]
