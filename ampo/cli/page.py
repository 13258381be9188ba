"""`ampo app`: the page, joined with what it shows of benchmarks and run directories."""

from __future__ import annotations

import threading
import webbrowser
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ampo.cli.groups import grouped
from ampo.cli.options import (
    SAMPLING,
    DataDir,
    MaxTokens,
    MinP,
    RepetitionPenalty,
    Seed,
    Temperature,
    TopK,
    TopP,
    given_sampling,
)
from ampo.cli.page_address import PAGE, AddressFlags
from ampo.cli.page_judge import PageJudgeFlags, opinion
from ampo.cli.page_models import PageModelFlags
from ampo.console import say
from ampo.errors import UserError

if TYPE_CHECKING:
    from ampo.app.server import Server
    from ampo.engines import Engine
    from ampo.types import SamplingParams

QueueSize = Annotated[int, typer.Option("--queue-size", min=1, help="Questions that may wait.", rich_help_panel=PAGE)]
_RUNS = Path("runs")
Runs = Annotated[Path, typer.Option("--runs", help="Folder of run directories to browse.", rich_help_panel=PAGE)]
Votes = Annotated[
    Path, typer.Option("--votes", help="File that the votes of comparisons are appended to.", rich_help_panel=PAGE)
]
System = Annotated[
    str | None, typer.Option("--system", help="System prompt to begin with; none by default.", rich_help_panel=SAMPLING)
]
_USUAL_TOKENS = 8192  # the authors' own limit, for the slider's first position


@dataclass(frozen=True)
class BeginFlags:
    """What a talk begins with: the system prompt, and where the sliders stand."""

    system: System = None
    temperature: Temperature = None
    top_p: TopP = None
    top_k: TopK = None
    min_p: MinP = None
    max_tokens: MaxTokens = None
    repetition_penalty: RepetitionPenalty = None
    seed: Seed = None


@grouped
def app(
    model: PageModelFlags,
    where: AddressFlags,
    *,
    queue_size: QueueSize = 64,
    runs: Runs = _RUNS,
    votes: Votes = Path("votes.jsonl"),
    data_dir: DataDir = None,
    judge: PageJudgeFlags,
    begin: BeginFlags,
) -> None:
    """Talk with a model in a browser: its thought, its answer, and whether it is right."""
    _require_gradio()
    from ampo.app.build import Server, launch
    from ampo.app.desk import Desk
    from ampo.cli.lent import services
    from ampo.engines.source import shown_name
    from ampo.verify import VerifierPool

    given, settings = given_sampling(asdict(begin)), model.settings()
    asked = judge.asked(model)
    if runs != _RUNS and not runs.is_dir():
        raise UserError(f"--runs {runs}: no such folder: name one that holds run directories of `ampo eval`")
    address = where.address()
    if asked:
        asked.check()
    server = Server(address, shown_name(model.model, model.backend, model.base_url))
    say(_where(server) + " while the model loads (Ctrl-C ends it)")
    if where.open_browser:
        webbrowser.open(server.url)
    engines: dict[str, Engine] = {}
    try:
        with VerifierPool(workers=2) as verifier:
            engines = model.start(settings)
            limits, params = _limits(next(iter(engines.values())), given)
            with opinion(asked) as second:
                lent, system = services(runs, data_dir, second), begin.system or ""
                desk = Desk(engines, verifier, params, limits, system, lent, votes, model.concurrency, queue_size)
                launch(desk, address, server)
                say(_where(server))
                threading.Event().wait()
    finally:
        server.close()
        for engine in engines.values():
            engine.close()


def _require_gradio() -> None:
    try:
        import ampo.app.build  # noqa: F401
    except ImportError as error:
        if error.name != "gradio":
            raise
        from ampo.errors import MissingExtraError

        raise MissingExtraError("gradio", "app", "the page") from error


def _where(server: Server) -> str:
    others = f", for other machines {server.others}" if server.others else ""
    public = f", for everybody {server.public}" if server.public else ""
    return f"the page is at {server.url}{others}{public}"


def _limits(engine: Engine, given: dict[str, Any]) -> tuple[Any, SamplingParams]:
    """What one question may cost, and the sampling to begin with: the model's own, with what was given."""
    from ampo.app.controls import Limits

    context = getattr(engine, "max_model_len", None) or getattr(engine, "context", None)
    card = engine.describe().get("settings", {}).get("model_card") or {}
    context = context or card.get("max_model_len")
    limits = Limits(max_tokens=context or Limits().max_tokens)
    usual = min(_USUAL_TOKENS, limits.max_tokens * 3 // 4)
    return limits, replace(engine.default_sampling_params(), **({"max_tokens": usual} | given))
