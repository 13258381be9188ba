"""The command line: parse, call, print. Each command imports what it needs when it runs, so that help is instant."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ampo.cli import compare, doctor, evaluation, export, inference, judge, page, pool, study, training, verify

UsageError: Any = typer.BadParameter.__base__
"""What typer raises for a command line that can't be read; it exports no name for it."""


def usage_line(error: Any) -> str:
    """Such an error as our own are told; "" where there were no arguments, and the help has been shown."""
    said = error.format_message().rstrip(".")
    return said and f"error: {said}: see {error.ctx.command_path if error.ctx else 'ampo'} --help"


class InterruptedByUserError(Exception):
    """Ctrl-C. typer would turn the KeyboardInterrupt itself into a bare "Aborted"."""


class ReaderGoneError(Exception):
    """Who read our output (`| head`) has seen enough. click would end a BrokenPipeError itself, with 1."""


class _Group(TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise InterruptedByUserError from None
        except BrokenPipeError:
            raise ReaderGoneError from None


app = typer.Typer(
    name="ampo",
    cls=_Group,
    help="Adaptive Multi-Guidance Policy Optimization: chat, serve, evaluate.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={
        "help_option_names": ["-h", "--help"],
        "token_normalize_func": lambda name: name.replace("_", "-"),  # --max_model_len is taken, as vLLM takes it
    },
)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    if version:
        import ampo

        typer.echo(ampo.__version__)
        raise typer.Exit


app.command()(inference.chat)
app.command(
    epilog="Example: [bold]ampo generate 'which number is larger? 9.11 or 9.9?' "
    "--model SII-Enigma/Qwen2.5-7B-Ins-AMPO --temperature 0.6 --max-tokens 8192[/bold]"
)(inference.generate)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(inference.serve)
app.command(name="app")(page.app)
app.command(name="eval")(evaluation.eval_)
app.command()(evaluation.score)
app.command()(evaluation.report)
app.command()(compare.compare)
app.command()(export.export)
app.command()(evaluation.audit)
app.add_typer(verify.app, name="verify")
app.add_typer(judge.app, name="judge", no_args_is_help=True)
app.add_typer(pool.app, name="pool", no_args_is_help=True)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(training.train)
app.command()(study.study)
app.command()(doctor.doctor)
