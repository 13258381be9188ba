"""What a user reads when a process of a run fails; which checkpoints count after a kill or a full disk."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ampo.errors import EngineError, UserError
from ampo.training.openrlhf import builds, checkpoints, leftovers
from ampo.training.openrlhf.failures import ProcessDiedError, explained, told

LOG = Path("/somewhere/log.txt")


class WrappedError(Exception):
    """As Ray wraps what a worker raised."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(f"ray::f() {cause}")
        self.cause = cause


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (WrappedError(OSError(28, "No space left on device")), UserError, "make room"),
        (RuntimeError("PytorchStreamWriter failed writing file data/0"), UserError, "make room"),
        (
            WrappedError(RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")),
            EngineError,
            "lower [openrlhf] rollout.micro_batch_size, train.micro_batch_size or vllm.gpu_memory_utilization;",
        ),
        (RuntimeError("The actor SeededEngine died unexpectedly"), EngineError, "a vLLM engine died"),
        (ProcessDiedError("a training process died (process 1: killed)"), EngineError, "a training process died"),
        (ProcessDiedError("a training process died (process 1: out of memory)"), EngineError, "is out of memory"),
        (WrappedError(ValueError("first line\nthe reason")), EngineError, "ValueError: the reason"),
    ],
)
def test_one_line_with_the_way_on(error: Exception, kind: type[Exception], words: str) -> None:
    found = told(error, LOG)
    assert type(found) is kind
    assert words in str(found)
    assert "\n" not in str(found)
    assert "the same command goes on" in str(found)
    assert str(LOG) in str(found)


def test_our_own_errors_pass_as_they_are_out_of_another_process() -> None:
    ours = UserError("what, where, how to mend it")
    assert told(WrappedError(WrappedError(ours)), LOG) is ours


def test_the_whole_story_is_in_the_log_and_ctrl_c_passes(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    with pytest.raises(EngineError, match="the reason"), explained(log):
        raise ValueError("a long story\nthe reason")
    assert "a long story" in log.read_text()
    with pytest.raises(KeyboardInterrupt), explained(log):
        raise KeyboardInterrupt
    with pytest.raises(EngineError, match="ended by itself"), explained(log):
        sys.exit(3)


def written(root: Path, step: int) -> Path:
    folder = root / "_actor" / f"global_step{step}"
    folder.mkdir(parents=True)
    (folder / "states.pt").write_text("states")
    (root / "_actor" / "latest").write_text("")  # cut off by a full disk
    return folder


def test_a_run_goes_on_from_the_newest_whole_checkpoint(tmp_path: Path) -> None:
    for step in (2, 10):
        written(tmp_path, step)
        checkpoints.mark_whole(tmp_path, f"global_step{step}")
    half = written(tmp_path, 12)
    assert checkpoints.latest(tmp_path) == 10
    assert checkpoints.repair(tmp_path) == 10
    assert not half.exists()
    assert (tmp_path / "_actor" / "latest").read_text() == "global_step10"
    assert (tmp_path / "_actor" / "global_step2").exists()


def test_without_a_whole_checkpoint_a_run_begins_anew(tmp_path: Path) -> None:
    written(tmp_path, 1)
    assert checkpoints.repair(tmp_path) == 0
    assert not (tmp_path / "_actor").exists()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no /proc here")
def test_only_what_holds_the_sessions_files_is_ended(tmp_path: Path) -> None:
    ours, other, note = tmp_path / "session_1", tmp_path / "session_10", tmp_path / "note"
    started = []
    for folder in (ours, other):
        folder.mkdir()
        command = "import sys, time; f = open(sys.argv[1], 'w'); time.sleep(60)"
        started.append(subprocess.Popen([sys.executable, "-c", command, str(folder / "log")]))
    try:
        while not all((folder / "log").exists() for folder in (ours, other)):
            time.sleep(0.05)
        leftovers.remember(note, ours)
        with (ours / "mine").open("w"):
            leftovers.end(note)
        assert started[0].wait(10) != 0
        assert started[1].poll() is None
        assert not note.exists()
        leftovers.end(note)  # nothing to do
    finally:
        for process in started:
            process.kill()
            process.wait()


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="no /proc here")
def test_a_build_that_nobody_makes_any_more_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path))
    locks = {name: tmp_path / name / "lock" for name in ("killed", "compiling", "starting")}
    for name, lock in locks.items():
        lock.parent.mkdir()
        lock.touch()
        if name != "starting":
            os.utime(lock, (0, 0))
    compiler = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], cwd=tmp_path / "compiling")
    try:
        builds.ready()
    finally:
        compiler.kill()
        compiler.wait()
    assert [name for name, lock in locks.items() if lock.exists()] == ["compiling", "starting"]
