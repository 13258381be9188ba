"""pyarrow, which the extra `data` brings."""

from __future__ import annotations

from typing import Any

from ampo.errors import MissingExtraError


def pyarrow_for(purpose: str) -> Any:
    """pyarrow, with its module `parquet` loaded.

    Args:
        purpose: What it is needed for, as the line about its absence begins.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("pyarrow", "data", purpose) from error
    return pyarrow
