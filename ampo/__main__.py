"""`python -m ampo`, and the console script `ampo`."""

from __future__ import annotations

import sys
import warnings

from ampo.errors import EngineError, UserError


def main() -> None:
    """Run the command line. Exit codes: 0 done, 2 wrong input (one line says how to mend it), 1 anything else."""
    import typer

    from ampo.cli import InterruptedByUserError, UsageError, app, usage_line

    warnings.filterwarnings("ignore", "The pynvml package is deprecated", FutureWarning)  # torch's, at import
    try:
        sys.exit(app(standalone_mode=False))
    except UsageError as error:
        _end(usage_line(error), 2)
    except UserError as error:
        _end(f"error: {error}", 2)
    except EngineError as error:
        _end(f"engine failed: {error}", 1)
    except (InterruptedByUserError, KeyboardInterrupt, typer.Abort):
        _end("interrupted", 1)
    except BrokenPipeError:  # the reader (`| head`) has seen enough
        sys.stderr.close()
        sys.exit(0)


def _end(line: str, code: int) -> None:
    from ampo.console import say

    say(" ".join(line.split()))
    sys.exit(code)


if __name__ == "__main__":
    main()
