from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import ampo.weights
from ampo import models
from ampo.errors import UserError

# What a conversion is to the lock and the hash check, without the 20 seconds of the real one.
CONVERT = """
import sys, time
from ampo import models
def convert(gguf, folder, say):
    print("converting", flush=True)
    time.sleep(1.5)
    folder.mkdir()
    (folder / "model.safetensors").write_text("weights")
    manifest = {"source_sha256": models._GGUF_SHA256, "conversion": models._CONVERSION, "files": {
        "model.safetensors": models._sha256(folder / "model.safetensors")}}
    (folder / models._MANIFEST).write_text(models.json.dumps(manifest))
models._convert = convert
models._gguf_file = lambda: models.Path("x.gguf")
print(models.resolve("smollm2-135m", lambda line: print(line, flush=True)).path)
"""


def start(cache: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CONVERT],
        stdout=subprocess.PIPE,
        text=True,
        env={"AMPO_CACHE": str(cache), "PATH": "", "HOME": str(cache)},
        cwd=Path(__file__).parent.parent,
    )


def test_a_second_start_waits_for_the_first(tmp_path: Path) -> None:
    first = start(tmp_path)
    time.sleep(0.7)
    second = start(tmp_path)
    one, two = first.communicate(timeout=60)[0], second.communicate(timeout=60)[0]
    assert (one + two).count("converting") == 1
    assert one.splitlines()[-1] == two.splitlines()[-1]


def test_a_killed_conversion_blocks_nobody(tmp_path: Path) -> None:
    first = start(tmp_path)
    assert first.stdout is not None
    first.stdout.readline()
    first.kill()
    first.wait()
    assert "converting" in start(tmp_path).communicate(timeout=60)[0]


def test_the_embedded_model_is_converted_whole(model_path: str) -> None:
    files = {file.name for file in Path(model_path).iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"} <= files
    assert models._intact(Path(model_path))


def test_damage_is_noticed(tmp_path: Path) -> None:
    start(tmp_path).wait(60)
    folder = next(f for f in tmp_path.iterdir() if f.is_dir())
    assert models._intact(folder)
    (folder / "model.safetensors").write_text("weightz")
    assert not models._intact(folder)


def test_local_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"config\.json is missing"):
        models.resolve(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UserError, match="no weights"):
        models.resolve(str(tmp_path))
    (tmp_path / "model.safetensors").write_text("x")
    assert models.resolve(str(tmp_path)) == models.ModelRef(str(tmp_path), str(tmp_path), "local")


@pytest.mark.parametrize("name", ["smollm", "./nowhere", "/no/such/folder", "a/b/c", ""])
def test_names_that_mean_nothing(name: str) -> None:
    with pytest.raises(UserError):
        models.resolve(name)


def test_hub_ids() -> None:
    assert models.resolve("owner/name@abc") == models.ModelRef("owner/name@abc", "owner/name", "hub", "abc")
    assert models.resolve("SII-Enigma/Qwen2.5-7B-Ins-AMPO").hub_revision is None


def test_an_unreachable_hub_is_noticed_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UserError, match="hub can't be reached"):
        models.locate(models.ModelRef("no-such-owner/no-such-model", "no-such-owner/no-such-model", "hub"))


def test_a_local_folder_has_its_contents_for_a_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every change of what the model is changes it; a copy, new dates and other files don't. Small and large files."""
    folder = tmp_path / "model"
    folder.mkdir()
    weights = {"config.json": b"{}", "tokenizer.json": b"{}", "model.safetensors": bytes(1 << 21)}
    for name, content in weights.items():
        (folder / name).write_bytes(content)

    def revision(where: Path = folder) -> str | None:
        return models.locate(models.resolve(str(where))).revision

    for whole in (1 << 28, 1 << 16):
        monkeypatch.setattr(ampo.weights, "WHOLE", whole)
        first = revision()
        (folder / "README.md").write_text("trained")
        os.utime(folder / "model.safetensors", (0, 0))
        assert revision() == first
        assert revision(Path(shutil.copytree(folder, tmp_path / f"copy{whole}"))) == first
        changes = {"config.json": b"{ }", "chat_template.jinja": b"x", "model.safetensors": b"x" * (1 << 21)}
        for name, content in changes.items():
            (folder / name).write_bytes(content)
            assert revision() != first
            (folder / name).unlink() if name not in weights else (folder / name).write_bytes(weights[name])
        assert revision() == first


@pytest.mark.parametrize("endpoint", ["http://[::1", "http://hub:port"])
def test_a_hub_whose_address_is_none_is_not_reachable(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("urllib.request.getproxies", dict)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    assert not models.hub_reachable()


def test_without_the_hub_its_client_is_told_also_after_it_was_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    constants = pytest.importorskip("huggingface_hub").constants
    config = pytest.importorskip("datasets").config
    monkeypatch.setenv("HF_HUB_OFFLINE", "")
    for module in (constants, config):
        monkeypatch.setattr(module, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(models, "hub_reachable", lambda: True)
    assert not models.offline()
    assert not constants.HF_HUB_OFFLINE
    monkeypatch.setattr(models, "hub_reachable", lambda: False)
    assert models.offline()
    assert constants.HF_HUB_OFFLINE
    assert config.HF_HUB_OFFLINE
