"""`ampo verify serve`, the real one: a process, trainers' requests, refusals, and a stop under load."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any, NamedTuple

import pytest

from ampo.errors import MissingExtraError, UserError
from ampo.integrations.http import run
from ampo.serve import Door

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")

RIGHT, WRONG = r"so \boxed{0.5}", r"so \boxed{0.6}"


class Server(NamedTuple):
    url: str
    process: subprocess.Popen[str]


class Reply(NamedTuple):
    status: int
    body: Any
    headers: Any


def start(*arguments: str) -> Server:
    command = [sys.executable, "-m", "ampo", "verify", "serve", "--port", "0", "--workers", "1", *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "AMPO_VERIFY_KEY"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stderr is not None
    said = process.stderr.readline()
    found = re.search(r"http://[\d.:]+", said)
    assert found, said + process.stderr.read()
    return Server(found.group(), process)


def ask(server: Server, path: str, body: Any = None, key: str = "") -> Reply:
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(server.url + path, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            text = answer.read().decode()
            return Reply(answer.status, text if path == "/metrics" else json.loads(text), answer.headers)
    except urllib.error.HTTPError as error:
        return Reply(error.code, json.loads(error.read() or b"{}"), error.headers)


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=120)


def stop(server: Server) -> str:
    """Its last words."""
    server.process.send_signal(signal.SIGTERM)
    said = server.process.communicate(timeout=150)[1]
    assert "Traceback" not in said, said
    return said


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = start("--queue", "100")
    yield server
    stop(server)


def test_one_claim_and_several(server: Server) -> None:
    one = ask(server, "/verify", {"gold": "1/2", "response": RIGHT, "question": "A half?"}).body
    assert (one["outcome"], one["correct"], one["extracted"]) == ("correct", True, "0.5")
    claims = [{"gold": "1/2", "response": text, "protocol": p} for text in (RIGHT, WRONG) for p in ("ampo", "official")]
    several = ask(server, "/verify", {"claims": claims}).body["verdicts"]
    assert [(v["correct"], v["protocol"]) for v in several] == [
        (True, "ampo"),
        (True, "official"),
        (False, "ampo"),
        (False, "official"),
    ]


def test_the_forms_of_trainers(server: Server) -> None:
    one = {"query": ["Q: " + RIGHT + "<|im_end|>"], "prompts": ["Q: "], "labels": ["1/2"]}
    assert ask(server, "/openrlhf", one).body["rewards"] == 1.0
    two = {"query": ["Q: " + RIGHT, "Q: " + WRONG], "prompts": ["Q: "] * 2, "labels": ["1/2"] * 2}
    assert ask(server, "/openrlhf", two).body["scores"] == [1.0, 0.0]
    one = {"data_source": "math", "solution_str": RIGHT, "ground_truth": "1/2", "extra_info": {"question": "?"}}
    assert ask(server, "/verl", one).body["score"] == 1.0
    two = {"solution_strs": [RIGHT, WRONG], "ground_truths": ["1/2", ["1/2"]]}
    assert [row["acc"] for row in ask(server, "/verl", two).body["scores"]] == [1.0, 0.0]
    sandbox = {"stdin": "1/2", "language": "python", "run_timeout": 10, "compile_timeout": 10, "memory_limit_MB": 1024}
    for text, said in ((RIGHT, "correct"), (WRONG, "wrong"), ("", "no_answer")):
        found = ask(server, "/run_code", sandbox | {"code": text + "\n\n"}).body
        assert (found["status"], found["run_result"]["status"], found["run_result"]["stdout"]) == (
            "Success",
            "Finished",
            said,
        )
    message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": RIGHT}]}
    body = {"responses_create_params": {"input": []}, "response": {"output": [message]}, "expected_answer": "1/2"}
    found = ask(server, "/verify", body).body
    assert (found["reward"], found["expected_answer"], found["extracted_answer"]) == (1.0, "1/2", "0.5")


def test_a_trainers_row_without_a_reference_is_counted_and_the_others_are_judged(server: Server) -> None:
    rows = {"query": ["Q: " + RIGHT] * 2, "prompts": ["Q: "] * 2, "labels": ["1/2", ""]}
    assert ask(server, "/openrlhf", rows).body["extra_logs"] == {"outcome": [0.0, -1.0], "reward_failed": [0.0, 1.0]}
    rows = {"solution_strs": [RIGHT] * 2, "ground_truths": [None, "1/2"]}
    assert [row["ampo_no_reference"] for row in ask(server, "/verl", rows).body["scores"]] == [1.0, 0.0]
    found = ask(server, "/nemo", {"response": RIGHT, "expected_answer": " "}).body
    assert (found["reward"], found["outcome"]) == (0.0, "no_reference")
    assert "ampo_verify_rows_without_reference_total 3" in ask(server, "/metrics").body


def test_openrlhfs_own_client_gets_its_reward(server: Server) -> None:
    agent = pytest.importorskip("openrlhf.utils.agent")
    import asyncio

    executor = agent.SingleTurnAgentExecutor(server.url + "/openrlhf")
    (found,) = asyncio.run(executor._fetch_rewards_via_http(["Q: " + RIGHT], ["Q: "], ["1/2"]))
    assert found["rewards"] == 1.0


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/verify", b"{", 422, "not valid JSON"),
        ("/verify", [1], 422, "must be a JSON object"),
        ("/verify", {"gold": "1"}, 422, "the claim has no `response`"),
        ("/verify", {"claims": [{"gold": "1", "response": "1", "quesiton": "?"}]}, 422, "did you mean question"),
        ("/verify", {"claims": [{"gold": "", "response": "1"}]}, 422, "claims[0]: there is no reference answer"),
        ("/verify", {"gold": "1", "response": "1", "protocol": "officious"}, 422, "did you mean official?"),
        ("/verify", {"gold": "1", "response": "1", "options": 7}, 422, "must be a list of texts"),
        ("/openrlhf", {"query": ["a"], "prompts": [], "labels": ["1"]}, 422, "lists of one length"),
        ("/verl", {"solution_str": "1"}, 422, "no `ground_truth`"),
        ("/run_code", {"code": "1", "stdin": None}, 422, "no reference answer"),
        ("/verify", b'{"gold": NaN, "response": "1"}', 422, "NaN is no number"),
        ("/verify", b'{"gold": "1", "response": 1e999}', 422, "1e999 is no number"),
        ("/verify", b"[" * 100_000, 422, "not valid JSON"),
        ("/verify", {"gold": "1", "response": "1", "protocol": 5}, 422, "unknown protocol 5"),
        ("/verify", {"expected_answer": "1", "response": {"output": 5}}, 422, "must be a list of items"),
        ("/verl", {"solution_str": "1", "ground_truth": "1", "extra_info": "x"}, 422, "must be an object"),
        ("/verl", {"solution_strs": ["1"], "ground_truths": ["1"], "extra_infos": {"a": 1}}, 422, "a list of them"),
        ("/verify", {"claims": [{"gold": "1", "response": "1"}] * 101}, 413, "may hold 100 claims"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(server: Server, path: str, body: Any, status: int, said: str) -> None:
    reply = ask(server, path, body)
    assert reply.status == status, reply
    assert said in reply.body["detail"]


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/verify", {"gold": "1", "response": "\\boxed{\ud800}"}, {"correct": False}),
        ("/nemo", {"response": "1", "expected_answer": "1", "id": "\ud800"}, {"id": "\ud800", "reward": 1.0}),
        ("/openrlhf", {"query": [1], "prompts": [None], "labels": ["1"]}, {"rewards": 1.0}),
        ("/verl", {"solution_str": None, "ground_truth": "1", "extra_info": None}, {"score": 0.0}),
    ],
)
def test_an_odd_request_is_answered(server: Server, path: str, body: Any, said: dict[str, Any]) -> None:
    reply = ask(server, path, body)
    assert reply.status == 200, reply
    assert said.items() <= reply.body.items()


def test_what_is_nested_too_deeply_to_be_sent_back_is_refused(server: Server) -> None:
    body = b'{"response": "1", "expected_answer": "1", "more": ' + b"[" * 950 + b"]" * 950 + b"}"
    assert ask(server, "/nemo", body).status == 422


def test_a_long_response_keeps_nobody_else_waiting(server: Server) -> None:
    """It takes seconds to read, in which the server is still there."""
    long = threading.Thread(target=ask, args=(server, "/verify", {"gold": "1", "response": "x " * 6_000_000}))
    long.start()
    asked = 0
    while long.is_alive():
        assert ask(server, "/health").status == 200
        asked += long.is_alive()
    assert asked > 3


def test_who_leaves_in_the_middle_of_a_request_leaves_no_traceback() -> None:
    server = start()
    for sent in (b"{", b'{"gold": "x+y", "response": "y+x"}'):
        with connect(server) as one:
            one.sendall(b"POST /verify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 34\r\n\r\n" + sent)
    assert ask(server, "/verify", {"gold": "1", "response": "1"}).body["correct"]
    stop(server)


def test_who_sends_no_more_of_a_body_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    from ampo.integrations.http import app
    from ampo.integrations.http.desk import Desk
    from ampo.verify import VerifierPool

    monkeypatch.setattr(app, "PATIENCE", 0.05)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(60)
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/verify", "headers": [], "query_string": b""}
    with VerifierPool(1, eager=False) as pool:
        asyncio.run(app.build(Desk(pool, 10))(scope, receive, send))
    assert sent[0]["status"] == 408
    assert b"the body isn't complete" in sent[1]["body"]


def test_health_and_metrics(server: Server) -> None:
    ask(server, "/verify", {"gold": "1", "response": "1"})
    health = ask(server, "/health").body
    assert (health["status"], health["limit"], health["workers"]) == ("ok", 100, 1)
    text = ask(server, "/metrics").body
    parser = pytest.importorskip("prometheus_client.parser")
    families = {family.name: family for family in parser.text_string_to_metric_families(text)}
    assert families["ampo_verify_claims_accepted"].samples[0].value >= 1
    verdicts = {s.labels["outcome"]: s.value for s in families["ampo_verify_verdicts"].samples}
    assert verdicts["correct"] >= 1


def test_health_says_where_no_worker_can_be_started() -> None:
    from ampo.integrations.http.desk import Desk
    from ampo.verify import Claim, VerifierPool, WorkerStartError

    with VerifierPool(1, memory_mb=20) as pool:
        desk = Desk(pool, 10)
        assert desk.health()["status"] == "ok"
        with pytest.raises(WorkerStartError):
            pool.submit(Claim("x+y", r"\boxed{y+x}")).result(60)
        assert "cannot be started" in str(desk.health()["status"])


def test_a_key_is_asked_for_everywhere_but_at_health() -> None:
    server = start("--api-key", "secret")
    claim = {"gold": "1", "response": "1"}
    assert ask(server, "/verify", claim).status == 401
    assert ask(server, "/verify", claim, key="wrong").status == 401
    assert ask(server, "/metrics").status == 401
    assert ask(server, "/verify", claim, key="secret").body["correct"]
    assert ask(server, "/health").status == 200
    stop(server)


def test_a_full_queue_says_so_and_a_stop_under_load_loses_nothing() -> None:
    """Slow claims from 16 clients at once: each is answered, or refused with 429, or was never taken."""
    server = start("--queue", "4", "--timeout", "0.3")
    answered, refused, unheard = [], [], []
    claims = [{"gold": f"{i}x+1", "response": rf"\boxed{{\int_0^{i} \sin(x^{i})\,dx+{i}}}"} for i in range(16)]
    stopping = threading.Event()

    def client(number: int) -> None:
        while not stopping.is_set():
            try:
                reply = ask(server, "/verify", claims[number])
            except (OSError, HTTPException):  # the server takes no more connections
                unheard.append(number)
                return
            (answered if reply.status == 200 else refused).append(reply)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    while not (answered and refused) and any(thread.is_alive() for thread in threads):
        stopping.wait(0.05)
    said = stop(server)
    stopping.set()
    for thread in threads:
        thread.join(150)
    assert {reply.status for reply in refused} == {429}
    assert refused[0].headers["Retry-After"] == "1"
    counts = re.search(r"stopped: (\d+) claims accepted, (\d+) answered", said)
    assert counts, said
    assert counts.groups() == (str(len(answered)),) * 2


@pytest.mark.parametrize(
    ("absent", "raised", "said"),
    [
        ("uvicorn", MissingExtraError, "ampo verify serve needs uvicorn"),
        ("ampo.integrations.http.app", ImportError, "ampo.integrations.http.app"),  # a defect, not an extra
    ],
)
def test_only_a_missing_package_is_called_one(
    monkeypatch: pytest.MonkeyPatch, absent: str, raised: type[Exception], said: str
) -> None:
    monkeypatch.setitem(sys.modules, absent, None)
    with pytest.raises(raised, match=re.escape(said)):
        run.serve(Door("127.0.0.1", 0, None, False), 1, 5.0, 8)


def test_a_ray_serve_that_would_break_is_said_before_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = pytest.importorskip("ampo.integrations.http.cluster")
    there = {"ray": "2.55.0", "protobuf": "7.36.2"}
    monkeypatch.setattr(cluster, "version", there.__getitem__)
    with pytest.raises(UserError, match="breaks with protobuf 7"):
        cluster._check_versions()
    there["protobuf"] = "6.33.1"
    cluster._check_versions()
