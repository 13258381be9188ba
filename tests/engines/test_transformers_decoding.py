"""The decode loop, its sampling and its text, on a random Llama of a few thousand parameters in float32."""

import os
import queue
import threading
import time
from collections.abc import Sequence

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as loading.py does, which comes after torch here
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from ampo.engines.transformers import Decoder, Row, new_row  # noqa: E402
from ampo.engines.transformers.loading import _dtype  # noqa: E402
from ampo.engines.transformers.sampling import pick  # noqa: E402
from ampo.engines.transformers.scheduler import Job, Scheduler  # noqa: E402
from ampo.engines.transformers.text import TextStream  # noqa: E402
from ampo.errors import EngineError  # noqa: E402
from ampo.types import SamplingParams  # noqa: E402

PROMPTS = [[5, 6, 7], [9, 8, 7, 6, 5, 4, 3, 11, 12], [40], [21, 22, 23, 24, 25]]
GREEDY, SEEDED = SamplingParams(temperature=0), SamplingParams(temperature=1.0, top_p=0.95, top_k=40, seed=11)


@pytest.fixture(scope="module", params=["llama", "sliding"])
def model(request: pytest.FixtureRequest):
    torch.manual_seed(0)
    shape = {
        "vocab_size": 64,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "initializer_range": 0.4,  # spread logits: near ties would test rounding instead
    }
    if request.param == "llama":
        return transformers.LlamaForCausalLM(transformers.LlamaConfig(**shape)).eval()
    return transformers.MistralForCausalLM(transformers.MistralConfig(**shape, sliding_window=8)).eval()


def decode(model, rows: Sequence[Row]) -> list[list[int]]:
    decoder = Decoder(model)
    decoder.step(rows)
    while any(row.finish is None for row in rows):
        decoder.step()
    decoder.prune()
    assert decoder.rows == []
    return [row.tokens for row in rows]


def row(prompt: list[int], params: SamplingParams = GREEDY, limit: int = 30, index: int = 0) -> Row:
    return new_row(prompt, params, {2}, limit, index)


def test_greedy_is_what_generate_gives(model):
    for prompt, tokens in zip(PROMPTS, decode(model, [row(p) for p in PROMPTS]), strict=True):
        expected = model.generate(
            torch.tensor([prompt]), max_new_tokens=30, do_sample=False, eos_token_id=2, pad_token_id=0
        )
        assert tokens == expected[0, len(prompt) :].tolist()


def test_a_repetition_penalty_is_that_of_generate(model):
    params = SamplingParams(temperature=0, repetition_penalty=1.5)
    for prompt, tokens in zip(PROMPTS, decode(model, [row(p, params) for p in PROMPTS]), strict=True):
        expected = model.generate(
            torch.tensor([prompt]),
            max_new_tokens=30,
            do_sample=False,
            repetition_penalty=1.5,
            eos_token_id=2,
            pad_token_id=0,
        )
        assert tokens == expected[0, len(prompt) :].tolist()


@pytest.mark.parametrize("params", [GREEDY, SEEDED], ids=["greedy", "seeded"])
def test_a_batch_is_its_rows_one_at_a_time(model, params: SamplingParams):
    together = decode(model, [row(p, params) for p in PROMPTS])
    alone = [decode(model, [row(p, params)])[0] for p in PROMPTS]
    assert together == alone
    assert len({tuple(tokens) for tokens in alone}) == len(PROMPTS)  # else the comparison says little


def test_who_joins_and_leaves_changes_nothing_for_the_others(model):
    """Short rows leave, long ones join (in more than the cache's slack of columns), and one is made to leave."""
    plan = [(0, PROMPTS[0], 60), (0, PROMPTS[1], 4), (3, PROMPTS[2], 150), (7, PROMPTS[3] * 20, 25), (9, PROMPTS[1], 9)]
    rows = [row(p, SEEDED, limit, index) for index, (_, p, limit) in enumerate(plan)]
    victim = row([33, 34], SEEDED, 100)
    decoder = Decoder(model)
    for step in range(200):
        joining = [r for (at, _, _), r in zip(plan, rows, strict=True) if at == step]
        decoder.step([*joining, *([victim] if step == 1 else [])])
        if step == 5:
            victim.finish = "abort"
    assert len(victim.tokens) == 5
    for index, (_, prompt, limit) in enumerate(plan):
        assert rows[index].finish is not None
        assert rows[index].tokens == decode(model, [row(prompt, SEEDED, limit, index)])[0]


def test_rows_that_were_interrupted_go_on_as_before(model):
    undisturbed = decode(model, [row(p, SEEDED) for p in PROMPTS])
    rows = [row(p, SEEDED) for p in PROMPTS]
    decoder = Decoder(model)
    decoder.step(rows)
    for _ in range(6):
        decoder.step()
    again = [r for r in decoder.reset() if r.finish is None]
    decoder.step(again[:2])
    decoder.step(again[2:])
    while decoder.step():
        pass
    assert [r.tokens for r in rows] == undisturbed


def run(scheduler: Scheduler, rows: Sequence[Row]) -> list[Job]:
    """The rows' jobs, all finished."""
    finished: queue.SimpleQueue[Job] = queue.SimpleQueue()

    def tell(job: Job, _: str) -> None:
        if job.done:
            finished.put(job)

    scheduler.submit(Job(r, TextStream(str, r.prompt), tell) for r in rows)
    return [finished.get(timeout=30) for _ in rows]


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("not enough memory")])
def test_out_of_memory_goes_on_with_half_of_the_rows(model, monkeypatch: pytest.MonkeyPatch, error: Exception):
    """It strikes at the sixth token; the tokens are the same as without."""
    expected = decode(model, [row(p, SEEDED) for p in PROMPTS])
    sizes, forward = [], Decoder._forward

    def failing(self: Decoder, ids, *rest):
        sizes.append(len(ids))
        if len(sizes) == 6:
            raise error
        return forward(self, ids, *rest)

    monkeypatch.setattr(Decoder, "_forward", failing)
    rows = [row(p, SEEDED) for p in PROMPTS]
    scheduler = Scheduler(Decoder(model), 4, 2048)
    try:
        jobs = run(scheduler, rows)
    finally:
        scheduler.close()
    assert scheduler.max_batch_size == 2
    assert sizes[:6] == [4] * 6
    assert max(sizes[6:]) == 2
    assert [r.tokens for r in rows] == expected
    assert all(job.error is None for job in jobs)


def test_one_row_that_does_not_fit_fails_alone(model, monkeypatch: pytest.MonkeyPatch):
    forward = Decoder._forward

    def failing(self: Decoder, ids, lengths, cache):
        if int(lengths.max()) > 12:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(self, ids, lengths, cache)

    monkeypatch.setattr(Decoder, "_forward", failing)
    scheduler = Scheduler(Decoder(model), 2, 2048)
    try:
        jobs = run(scheduler, [row(PROMPTS[0] * 9), row(PROMPTS[0], limit=4)])
    finally:
        scheduler.close()
    errors = {len(job.row.prompt): str(job.error or "") for job in jobs}
    assert errors[3] == ""
    assert "out of memory with a single sequence of 27 tokens" in errors[27]


def test_a_failure_keeps_what_caused_it(model, monkeypatch: pytest.MonkeyPatch):
    def failing(*_):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(Decoder, "_forward", failing)
    scheduler = Scheduler(Decoder(model), 2, 2048)
    try:
        (job,) = run(scheduler, [row(PROMPTS[0], limit=4)])
    finally:
        scheduler.close()
    assert "the transformers engine failed: ZeroDivisionError" in str(job.error)
    assert isinstance(job.error, EngineError)
    assert isinstance(job.error.__cause__, ZeroDivisionError)


def test_an_abort_frees_the_rows(model):
    scheduler = Scheduler(Decoder(model), 2, 2048)
    running = threading.Event()
    jobs = [Job(row(p, SEEDED, 10**6), TextStream(str, p), lambda *_: running.set()) for p in PROMPTS]
    try:
        scheduler.submit(jobs)
        assert running.wait(10)
        assert scheduler.unfinished == 4
        scheduler.abort(jobs)
        deadline = time.monotonic() + 10
        while scheduler.unfinished and time.monotonic() < deadline:
            time.sleep(0.005)
        assert scheduler.unfinished == 0
        assert [job.row.tokens for job in run(scheduler, [row(PROMPTS[0])])] == decode(model, [row(PROMPTS[0])])
    finally:
        scheduler.close()


def test_samples_of_one_prompt_share_its_prefill(model):
    seen: list[tuple[int, ...]] = []
    handle = model.register_forward_pre_hook(
        lambda _, __, kwargs: seen.append(tuple(kwargs["input_ids"].shape)), with_kwargs=True
    )
    try:
        rows = [row(PROMPTS[1], SEEDED, 8, index) for index in range(4)] + [row(PROMPTS[0], SEEDED, 8)]
        together = decode(model, rows)
    finally:
        handle.remove()
    assert seen[0] == (2, 9)
    assert seen[1][1] == 1
    assert together[:4] == [decode(model, [row(PROMPTS[1], SEEDED, 8, i)])[0] for i in range(4)]
    assert len({tuple(tokens) for tokens in together[:4]}) > 1


def test_a_limit_and_a_stop_token(model):
    [tokens] = decode(model, [row(PROMPTS[0], GREEDY, 5)])
    assert len(tokens) == 5
    ending = new_row(PROMPTS[0], GREEDY, {tokens[2]}, 5)
    decode(model, [ending])
    assert (ending.tokens, ending.finish) == (tokens[: tokens.index(tokens[2]) + 1], "stop")


def draws(params: dict, logits: Sequence[float], tokens: Sequence[int] = (), count: int = 2000) -> list[float]:
    """How often each token is drawn."""
    scores = torch.tensor([list(logits)])
    sampled = new_row([0], SamplingParams(seed=1, **params), (), 10**9)
    sampled.tokens = list(tokens)
    counts = torch.bincount(torch.tensor([pick(scores, [sampled])[0] for _ in range(count)]), minlength=len(logits))
    return (counts / count).tolist()


LOGITS = [0.4, 0.3, 0.2, 0.1]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, [0.4, 0.3, 0.2, 0.1]),
        ({"temperature": 0.5}, [16 / 30, 9 / 30, 4 / 30, 1 / 30]),
        ({"top_k": 2}, [4 / 7, 3 / 7, 0, 0]),
        ({"top_p": 0.65}, [4 / 7, 3 / 7, 0, 0]),
        ({"min_p": 0.4}, [4 / 9, 3 / 9, 2 / 9, 0]),
        ({"top_k": 3, "top_p": 0.7}, [4 / 7, 3 / 7, 0, 0]),  # top_p counts the mass that top_k has left
    ],
)
def test_the_filters_shape_the_distribution(params: dict, expected: list[float]):
    found = draws(params, torch.tensor(LOGITS).log().tolist())
    assert found == pytest.approx(expected, abs=0.03)
    assert [p == 0 for p in found] == [p == 0 for p in expected]


def test_presence_and_frequency_count_the_output_alone():
    logits = torch.tensor([[1.0, 1.2, 1.1]])
    for params, tokens, expected in [
        ({"presence_penalty": 0.15}, [1, 1, 1], 2),
        ({"presence_penalty": 0.15}, [], 1),
        ({"frequency_penalty": 0.06}, [1, 2, 2], 1),
        ({"frequency_penalty": 0.15}, [1, 1, 2], 0),
    ]:
        sampled = new_row([1, 1, 1], SamplingParams(temperature=0, **params), (), 99)
        sampled.tokens = tokens
        assert pick(logits, [sampled]) == [expected], (params, tokens)


def test_each_row_has_its_own_parameters():
    logits = torch.tensor(LOGITS).log().repeat(3, 1)
    rows = [row([0], SamplingParams(temperature=t, top_k=k, seed=3)) for t, k in ((0.0, 0), (2.0, 1), (1.0, 0))]
    batches = [pick(logits, rows) for _ in range(200)]
    assert {b[0] for b in batches} == {0}
    assert {b[1] for b in batches} == {0}
    assert {b[2] for b in batches} == {0, 1, 2, 3}


def stream(pieces: list[str], stop: tuple[str, ...]) -> tuple[list[str], TextStream]:
    """Tokens whose text is known: token i is pieces[i]."""
    text = TextStream(lambda ids: "".join(pieces[i] for i in ids), [], stop)
    shown = []
    for i in range(len(pieces)):
        shown.append(text.push(i))
        if text.stopped:
            break
    return [*shown, text.finish()], text


@pytest.mark.parametrize(
    ("able", "expected"), [({"avx512_bf16": True}, torch.bfloat16), ({"avx512_bf16": False}, torch.float32)]
)
def test_the_dtype_of_a_cpu(monkeypatch: pytest.MonkeyPatch, able: dict[str, bool], expected: object):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able, raising=False)
    assert _dtype("auto", torch.device("cpu")) == expected
    assert _dtype("float16", torch.device("cpu")) == torch.float16


def test_a_stop_string_across_tokens_never_shows():
    shown, text = stream(["The ", "answer", " </an", "sw", "er> and", " more"], ("</answer>",))
    assert text.stopped
    assert "".join(shown) == text.text == "The answer "
    assert shown[:3] == ["The ", "answer", " "]


def test_what_only_began_like_a_stop_string_is_shown():
    shown, text = stream(["a ST", "OO", "L ST", "O"], ("STOP", "STOOP"))
    assert not text.stopped
    assert "".join(shown) == text.text == "a STOOL STO"
    assert shown[-1] == "STO"


def test_the_first_stop_string_in_the_text_counts():
    assert stream(["one two three"], ("three", "two"))[1].text == "one "
