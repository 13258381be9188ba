"""`ampo generate`: one question with its answer on the standard output, or many as JSON lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ampo import files, prompts
from ampo.chat import show
from ampo.console import fit_for, say
from ampo.engines.asking import pieces_of, samples_of
from ampo.engines.base import Engine
from ampo.errors import EngineError, UserError
from ampo.terminal import Console
from ampo.types import Message, Problem, Request, Response, SamplingParams

_STDIN = "-"
_ERROR = "error"  # how a sample ends that has no response


@dataclass(frozen=True, slots=True)
class Asked:
    """A question by its id, as the model is to see it."""

    id: str
    prompt: tuple[Message, ...]


def questions(text: str | None, file: Path | None, template: str | None, system: str | None) -> list[Asked]:
    """What is to be asked.

    Args:
        text: One question; "-" or, in a pipe, None takes the standard input.
        file: One question a line; in a .jsonl file objects with `question` (or `prompt`, or `messages`) and `id`.
        template: The prompt template's name or file; None asks the question as it stands.
        system: A system prompt that replaces the template's; None leaves that.

    Raises:
        UserError: It is nothing, or can't be read.
    """
    if file is not None:
        if text is not None:
            raise UserError("a question and --input are given: leave out one of the two")
        return list(_of_file(file, template, system))
    if text is None and sys.stdin.isatty():
        raise UserError("there is no question: give it as an argument, on the standard input, or as --input FILE")
    text = sys.stdin.read().strip() if text in (None, _STDIN) else text
    return [Asked("question", prompt_of(text or "", template, system))]


def prompt_of(question: str, template: str | None, system: str | None) -> tuple[Message, ...]:
    """The conversation for a question. A system prompt of the user's replaces the template's."""
    if not question:
        raise UserError("the question is empty: give it as an argument, or on the standard input with -")
    messages = prompts.load_template(template or "plain").render(Problem("question", question, ""))
    if system is None:
        return messages
    return ({"role": "system", "content": system}, *(m for m in messages if m["role"] != "system"))


def _of_file(file: Path, template: str | None, system: str | None) -> Iterator[Asked]:
    try:
        lines = list(sys.stdin.buffer) if str(file) == _STDIN else file.read_bytes().splitlines(keepends=True)
    except OSError as error:
        raise UserError(f"{file} can't be read ({error.strerror}): name a file of questions") from error
    found, seen = False, set()
    for number, asked in _parsed(lines, str(file), template, system):
        if asked.id in seen:
            raise UserError(f"{file}, line {number}: the id {asked.id} is there twice")
        seen.add(asked.id)
        found = True
        yield asked
    if not found:
        raise UserError(f"{file} holds no question")


def _parsed(lines: list[bytes], name: str, template: str | None, system: str | None) -> Iterator[tuple[int, Asked]]:
    as_json = name.endswith(".jsonl") or (name == _STDIN and bool(lines) and lines[0].lstrip().startswith(b"{"))
    if as_json:
        for number, row in files.parse_lines(lines, name):
            yield number, Asked(str(row.get("id", number)), _prompt(row, f"{name}, line {number}", template, system))
        return
    for number, line in enumerate(lines, 1):
        if text := line.decode("utf-8", "replace").strip():
            yield number, Asked(str(number), prompt_of(text, template, system))


def _prompt(row: Mapping[str, Any], where: str, template: str | None, system: str | None) -> tuple[Message, ...]:
    messages = row.get("messages")
    if isinstance(messages, list) and messages:
        if all(isinstance(m, dict) and {"role", "content"} <= m.keys() for m in messages):
            return tuple({"role": m["role"], "content": str(m["content"])} for m in messages)
        raise UserError(f"{where}: messages must be objects with role and content")
    text = row.get("question", row.get("prompt"))
    if not isinstance(text, str) or not text.strip():
        raise UserError(f'{where}: there is no question: write it as {{"question": "..."}}')
    return prompt_of(text, template, system)


def print_one(engine: Engine, asked: Asked, params: SamplingParams) -> None:
    """Stream one sample, or print several, each as it finishes."""
    if params.n == 1:
        _stream(engine, Request(asked.id, asked.prompt, params))
        return
    for _, index, response in samples_of(engine, [Request(asked.id, asked.prompt, params)]):
        _check(engine, response)
        print(f"--- sample {index} ({told(response)} tokens, {response.finish_reason})")
        print(fit_for(response.text, sys.stdout), flush=True)


def told(response: Response) -> str:
    """How many tokens it has, where somebody counted them."""
    return "?" if response.completion_tokens is None else str(response.completion_tokens)


def as_lines(engine: Engine, asked: Iterable[Asked], params: SamplingParams, output: Path | None) -> None:
    """A JSON object a sample, as each finishes: on the standard output, or appended to a file that resumes.

    Args:
        engine: Answers.
        asked: The questions.
        params: How, and how many samples of each.
        output: The file, whose samples are not made again; None is the standard output.

    Raises:
        EngineError: In the end, where samples have no response. They are in the file and are asked for again by the
            same command.
    """
    asked = list(asked)
    done = _done(output) if output is not None else set()
    left = [one for one in asked if any((one.id, i) not in done for i in range(params.n))]
    total, count, failed = len(asked) * params.n, len(done), 0
    if done:
        say(f"{output}: {len(done)} of {total} samples are there, the others follow")
    for name, index, response in samples_of(engine, (Request(one.id, one.prompt, params) for one in left)):
        if output is None and len(asked) == 1:
            _check(engine, response)
        if (name, index) in done:
            continue
        row = {"id": name, "sample": index, **asdict(response)}
        count, failed = count + 1, failed + (response.finish_reason == _ERROR)
        if output is None:
            print(json.dumps(row), flush=True)
        else:
            files.append(output, row)
            say(f"{count}/{total} samples")
    if failed:
        again = "" if output is None else ": the same command asks for them again"
        raise EngineError(f"{failed} of {total} samples have no response{again}")


def _done(output: Path) -> set[tuple[str, int]]:
    if not output.exists():
        return set()
    files.drop_torn_line(output, say)
    rows = [row for _, row in files.read_jsonl(output)]
    kept = [row for row in rows if row.get("finish_reason") != _ERROR]
    if len(kept) < len(rows):
        say(f"{output}: {len(rows) - len(kept)} samples without a response are asked for again")
        files.write(output, "".join(map(files.dump, kept)))
    return {(str(row.get("id")), int(row.get("sample", 0))) for row in kept}


def _check(engine: Engine, response: Response) -> None:
    if response.finish_reason == _ERROR:
        raise EngineError(f"{engine.model} could not answer (is the question longer than its context?)")


def _stream(engine: Engine, request: Request) -> None:
    console, splitter = Console(highlight=False), prompts.ThoughtSplitter()
    for delta in pieces_of(engine, request):
        for part in splitter.feed(delta.text):
            show(part, console)
        if delta.response is not None and delta.response.finish_reason == "length":
            print("\n[cut off: --max-tokens or the context is used up]", end="", file=sys.stderr)
    for part in splitter.end():
        show(part, console)
    console.print()
