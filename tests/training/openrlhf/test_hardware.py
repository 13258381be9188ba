"""Whether a run is for GPUs, and that its processes do as they are told."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from ampo.errors import UserError
from ampo.training.config import load_config
from ampo.training.openrlhf import cpu, hardware

SLEEPS, SEVERAL, SMALL = "ampo-qwen2.5-7b", "sft-qwen2.5-7b", "openrlhf-smoke"


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "_here", lambda: False)


@pytest.mark.parametrize(
    ("name", "device", "asked"),
    [(SLEEPS, None, True), (SEVERAL, None, True), (SMALL, None, None), (SMALL, "cpu", False), (SMALL, "cuda", True)],
)
def test_a_config_says_what_it_is_for(name: str, device: str | None, asked: bool | None) -> None:
    assert hardware.asked(load_config(name, ["--device", device] if device else [])) is asked


@pytest.mark.usefixtures("no_gpu")
def test_a_run_for_gpus_is_shown_anywhere_and_never_made_on_a_cpu() -> None:
    assert hardware.shown(load_config(SLEEPS))
    assert not hardware.shown(load_config(SMALL))
    assert not hardware.found(load_config(SMALL))
    for name in (SLEEPS, SEVERAL):
        with pytest.raises(UserError, match="for GPUs and this machine shows none"):
            hardware.found(load_config(name))
    with pytest.raises(UserError, match="frees a GPU's memory"):
        hardware.found(load_config(SLEEPS, ["--device", "cpu"]))


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize(
    ("resources", "there"), [({"GPU": 8.0, "accelerator_type:H100": 1.0}, True), ({"GPU": 2.0, "CPU": 6.0}, False)]
)
def test_a_joined_cluster_is_looked_at_and_not_this_node(
    resources: dict[str, float], there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = {"init": lambda **_: None, "shutdown": lambda: None}
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(cluster_resources=lambda: resources, **quiet))
    assert hardware.found(load_config(SMALL), "auto") is there
    if there:
        assert hardware.found(load_config(SLEEPS), "auto")
    else:
        with pytest.raises(UserError, match="the cluster at 'auto' shows none"):
            hardware.found(load_config(SLEEPS), "auto")


def test_a_process_that_sees_no_gpu_is_no_run_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray hides the GPUs from the actor of an engine whose workers have them."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    for name in cpu.ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    assert not cpu.needed()
    for name, value in cpu.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert cpu.needed()
