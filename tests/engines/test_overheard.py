"""What processes say on stderr: passed on, and the error that ended one of them found."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ampo.engines.vllm.overheard import Overheard

FAILS = """
import sys
print("(EngineCore pid=7) INFO all is well", file=sys.stderr)
print("(Worker pid=8) ERROR 11-30 02:18:06 [multiproc.py:12] torch.OutOfMemoryError: none left", file=sys.stderr)
print("(EngineCore pid=7) Exception: WorkerProc failed in a background process. See stack trace.", file=sys.stderr)
print("(EngineCore pid=7) RuntimeError: Engine core failed. See root cause above.", file=sys.stderr)
"""


def run(code: str) -> Overheard:
    overheard = Overheard()
    with overheard.listening():
        child = subprocess.Popen([sys.executable, "-c", code])
    child.wait()
    return overheard


def test_the_cause_is_found_and_all_of_it_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(FAILS).cause() == "torch.OutOfMemoryError: none left"
    said = capfd.readouterr().err
    assert "all is well" in said
    assert "See root cause above" in said


def test_a_traceback_ends_in_the_cause(capfd: pytest.CaptureFixture[str]) -> None:
    assert run("raise ValueError('no such\\nweights')").cause() == "ValueError: no such"
    assert run("import json; json.loads('{')").cause().startswith("json.decoder.JSONDecodeError: Expecting")
    assert capfd.readouterr().err.count("Traceback") == 2


def test_without_an_error_there_is_no_cause() -> None:
    assert run("import sys; sys.stderr.write('No Error here, said the log')").cause() == ""
    assert Overheard().cause() == ""


def test_stderr_is_as_before_afterwards(capfd: pytest.CaptureFixture[str]) -> None:
    overheard = run("")
    print("OurError: mine", file=sys.stderr, flush=True)
    assert overheard.cause() == ""
    assert "OurError: mine" in capfd.readouterr().err
