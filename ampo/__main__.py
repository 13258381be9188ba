"""`python -m ampo`, and the console script `ampo`."""

from __future__ import annotations

import errno
import logging
import os
import sys
import warnings
from itertools import zip_longest

from ampo.errors import EngineError, UserError

_OF_THE_MACHINE = {
    errno.EACCES, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EROFS,
}  # fmt: skip
_NEVER_EMPTY = {
    "-o", "--output-dir", "--output", "-m", "--model", "--base-url", "--data", "--data-dir", "-s", "--suite", "--tasks",
    "--backend", "--template", "--harness",
}  # fmt: skip


def main() -> None:
    """Run the command line. Exit codes: 0 done, 2 wrong input (one line says how to mend it), 1 anything else."""
    import typer

    from ampo.cli import InterruptedByUserError, ReaderGoneError, UsageError, app, usage_line

    warnings.filterwarnings("ignore", "The pynvml package is deprecated", FutureWarning)  # torch's, at import
    logging.getLogger("DeepSpeed").addFilter(_is_news)
    try:
        refuse_empty(sys.argv[1:])
        code = app(standalone_mode=False)
        if sys.stdout is not None:  # closed by the shell (`>&-`)
            sys.stdout.flush()  # while a reader that has gone can still be noticed
        sys.exit(code)
    except UsageError as error:
        _end(usage_line(error), 2)
    except UserError as error:
        _end(f"error: {error}", 2)
    except EngineError as error:
        _end(f"engine failed: {error}", 1)
    except (InterruptedByUserError, KeyboardInterrupt, typer.Abort):
        _end("interrupted", 1)
    except (ReaderGoneError, BrokenPipeError):  # the reader (`| head`) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nothing is left to be flushed at exit
        sys.exit(0)
    except OSError as error:
        if error.errno not in _OF_THE_MACHINE:
            raise
        _end(f"error: {error.strerror}{f': {error.filename}' if error.filename else ''}", 2)


def _is_news(record: logging.LogRecord) -> bool:
    """DeepSpeed, which transformers imports where it is installed, says on a CPU that it has found no GPU."""
    return "accelerator to CPU" not in record.getMessage()


def refuse_empty(arguments: list[str]) -> None:
    """Raise UserError for an option whose value is the empty text, as an unset variable of a shell gives it.

    An empty path would be the current folder, and an empty model the embedded one, in silence.
    """
    for name, value in zip_longest(arguments, arguments[1:]):
        flag, equals, given = name.partition("=")
        if flag in _NEVER_EMPTY and not (given if equals else value if value is not None else "x"):
            raise UserError(f"{flag} is empty: give a value, or leave it out")


def _end(line: str, code: int) -> None:
    from ampo.console import say

    say(" ".join(line.split()))
    sys.exit(code)


if __name__ == "__main__":
    main()
