"""`ampo verify`: the verifier on one answer, or on a table of any size. Needs the light install only."""

from __future__ import annotations

import json as jsonlib
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer
from typer.core import TyperGroup

from ampo.console import say
from ampo.errors import UserError, nearest
from ampo.types import OUTCOMES, AnswerKind, Protocol, Verdict, as_protocol

if TYPE_CHECKING:
    from ampo.integrations.table import Columns, Write
    from ampo.verify import VerifierPool

_CLAIM = "claim"


class _ClaimFirst(TyperGroup):
    """What is no subcommand is the claim's own command: `ampo verify FILE`, `ampo verify --gold ...`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = args and args[0] in self.commands
        return super().parse_args(ctx, args if named else [_CLAIM, *args])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return "" if name == _CLAIM else name, command, rest  # so that its help doesn't call it by this name


app = typer.Typer(cls=_ClaimFirst, help="Judge answers against reference answers.")

Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Processes; default: one a processor.")]
Timeout = Annotated[float, typer.Option("--timeout", min=0.01, help="Seconds a claim.")]


@app.command(
    name=_CLAIM,
    no_args_is_help=True,
    epilog=r"Examples: [bold]ampo verify --gold 1/2 --response 'so \boxed{0.5}'[/bold]   "
    "[bold]ampo verify out.jsonl --gold-column answer --response-column completion -o verdicts.jsonl[/bold]   "
    "`ampo verify serve --help`: over HTTP.",
)
def claim(
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE", help="JSONL, CSV or Parquet; - is JSON lines from standard input."),
    ] = None,
    gold: Annotated[str | None, typer.Option("--gold", help="One reference answer, in place of a file.")] = None,
    response: Annotated[str | None, typer.Option("--response", help="The response to judge.")] = None,
    question: Annotated[str, typer.Option("--question", help="What was asked, if known: it settles units.")] = "",
    option: Annotated[
        list[str] | None, typer.Option("--option", help="An option of a choice question; repeat in order.")
    ] = None,
    kind: Annotated[str, typer.Option("--kind", help="What the gold is: auto, math or choice.")] = "auto",
    protocol: Annotated[
        list[str] | None, typer.Option("--protocol", help="ampo or official; repeat for both side by side.")
    ] = None,
    gold_column: Annotated[str, typer.Option("--gold-column", help="Reference answers.")] = "gold",
    response_column: Annotated[str, typer.Option("--response-column", help="Responses.")] = "response",
    question_column: Annotated[str | None, typer.Option("--question-column")] = None,
    options_column: Annotated[
        str | None, typer.Option("--options-column", help="Of choice questions; a list, in CSV its JSON.")
    ] = None,
    id_column: Annotated[str | None, typer.Option("--id-column", help="Copied into the output.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="JSON lines; the same command resumes. Default: standard output."),
    ] = None,
    workers: Workers = None,
    timeout: Timeout = 5.0,
    json: Annotated[bool, typer.Option("--json", help="Of one answer: a JSON object a protocol.")] = False,
) -> None:
    """Judge an answer, or a file of them, against reference answers. Needs no model."""
    from ampo.integrations.table import Columns
    from ampo.verify import Claim, VerifierPool

    protocols: list[Protocol] = [as_protocol(name) for name in dict.fromkeys(protocol or ["ampo"])]
    known = _kind(kind)
    if file is None:
        if gold is None or response is None:
            raise UserError("give a FILE, or both --gold and --response: see ampo verify --help")
        claims = [Claim(gold, response, name, known, tuple(option or ()), question) for name in protocols]
        with VerifierPool(1, timeout) as pool:
            _show(pool.verify_many(claims), json)
        return
    if gold is not None or response is not None or question or option:
        raise UserError("--gold, --response, --question and --option are one answer's: of a FILE, name its columns")
    columns = Columns(gold_column, response_column, question_column, options_column, id_column)
    with VerifierPool(workers, timeout) as pool:
        counts = _table(file, columns, known, protocols, output, pool)
    _summary(counts, protocols)


@app.command()
def serve(
    host: Annotated[
        str, typer.Option("--host", help="Another than loopback wants --api-key or --no-key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8001,
    api_key: Annotated[str | None, typer.Option("--api-key", envvar="AMPO_VERIFY_KEY")] = None,
    no_key: Annotated[bool, typer.Option("--no-key", help="Whoever reaches the server may use it.")] = False,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Processes; default: one a processor, on a Ray cluster one a replica."),
    ] = None,
    timeout: Timeout = 5.0,
    queue: Annotated[
        int, typer.Option("--queue", min=1, help="Claims under way at most; more are refused with 429.")
    ] = 65536,
    ray_address: Annotated[
        str | None, typer.Option("--ray-address", help="A Ray cluster to serve on: auto, or HOST:PORT.")
    ] = None,
    replicas: Annotated[int, typer.Option("--replicas", min=1, help="On a Ray cluster, each with --workers.")] = 1,
) -> None:
    """The verifier over HTTP, for trainers that ask a URL: /verify, /openrlhf, /verl, /run_code, /nemo; /metrics."""
    from ampo.serve import Door

    door = Door(host, port, None if no_key else api_key, no_key)
    if ray_address:
        from ampo.integrations.http import cluster

        cluster.serve(door, ray_address, replicas, workers or 1, timeout, queue)
    else:
        from ampo.integrations.http import run

        run.serve(door, workers, timeout, queue)


def _kind(name: str) -> AnswerKind:
    for kind in get_args(AnswerKind):
        if name == kind:
            return kind
    raise UserError(f"unknown --kind {name!r}: {nearest(name, get_args(AnswerKind))}")


def _show(verdicts: Iterable[Verdict], json: bool) -> None:
    for verdict in verdicts:
        if json:
            print(jsonlib.dumps(asdict(verdict), ensure_ascii=False))
            continue
        found = "nothing" if verdict.extracted is None else repr(verdict.extracted)
        print(f"{verdict.protocol}: {verdict.outcome}\n  found {found}\n  by    {verdict.reason}")


def _table(
    file: str,
    columns: Columns,
    kind: AnswerKind,
    protocols: list[Protocol],
    output: Path | None,
    pool: VerifierPool,
) -> Counter[tuple[str, str]]:
    from ampo.eval.progress import RunProgress
    from ampo.eval.sources import jsonl_rows, stream_rows
    from ampo.integrations import table

    path = None if file == "-" else Path(file)
    rows = jsonl_rows(sys.stdin.buffer, "standard input") if path is None else stream_rows(path)
    if path and output and output.exists() and path.exists() and output.samefile(path):
        raise UserError(f"--output {output} is the input: give another file")
    asked = table.claims(rows, columns, protocols, kind)
    with _writer(output) as (done, write):
        already = sum(1 for _ in done())
        outcomes: Counter[str] = Counter()
        progress = RunProgress(_total(path, len(protocols)), already, outcomes, unit="verdicts")

        def seen(protocol: str, outcome: str) -> None:
            if protocol == protocols[0]:
                outcomes[outcome] += 1
            progress.sample(0)

        with progress:
            return table.judge(asked, done(), write, pool, seen)


Done = Callable[[], Iterator[dict[str, Any]]]


@contextmanager
def _writer(output: Path | None) -> Iterator[tuple[Done, Write]]:
    """What reads the verdicts that are there, and what appends one."""
    from ampo.files import Lines, drop_torn_line, dump, read_jsonl

    if output is None:
        yield (lambda: iter(())), (lambda line: print(dump(line), end="", flush=True))
        return
    drop_torn_line(output, say)
    with Lines(output) as lines:
        yield (lambda: (line for _, line in read_jsonl(output, growing=True))), lines.append


def _total(path: Path | None, protocols: int) -> int | None:
    """How many verdicts a file asks for, where that is known without reading its values."""
    if path is None or path.suffix.lower() != ".jsonl" or not path.is_file():
        return None
    with path.open("rb") as stream:
        return protocols * sum(1 for line in stream if line.strip())


def _summary(counts: Counter[tuple[str, str]], protocols: Iterable[Protocol]) -> None:
    for protocol in protocols:
        of = {outcome: counts[protocol, outcome] for outcome in OUTCOMES if counts[protocol, outcome]}
        n = max(sum(of.values()), 1)
        each = ", ".join(f"{outcome} {k}" for outcome, k in of.items())
        say(f"{protocol}: {100 * of.get('correct', 0) / n:.1f} % correct ({each or 'no rows'})")
