"""Data sets of the hub: the one place where one is loaded, with a clear line for each way to fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ampo.errors import MissingExtraError, UserError
from ampo.files import first_line
from ampo.models import offline


class HubDataError(UserError):
    """A hub data set can't be had: no connection, no such set, a gated one, or one that can't be read."""


def load_split(
    source: str,
    config: str | None,
    split: str,
    revision: str | None,
    *,
    name: str,
    lost: str,
    instead: str,
    not_found: Callable[[Exception], str],
) -> Any:
    """A split as `datasets` gives it. Without a connection a copy in the hub's own cache still serves.

    Args:
        source: The set's id, owner/name.
        config: Its configuration; None for the only one.
        split: Of it.
        revision: Of the set; None for the newest.
        name: How lines about it begin.
        lost: What such a line says behind "the hub can't be reached": what else was tried, and what helps.
        instead: What helps where the set is there and in no form to be read.
        not_found: The line for a set that is not there, or not for everybody; takes the hub's own words.

    Raises:
        HubDataError: The set can't be had or read.
        UserError: It has no such split or configuration.
        MissingExtraError: `datasets` is not installed.
    """
    unreachable = offline()
    try:
        import datasets
        from datasets.exceptions import DataFilesNotFoundError, DatasetNotFoundError, DatasetsError
        from huggingface_hub import errors
    except ImportError as error:
        raise MissingExtraError("datasets", "data", f"the hub data set {source!r}") from error
    gone = f"{name} can't be had: the hub can't be reached{lost}"
    try:
        return datasets.load_dataset(source, config, split=split, revision=revision)
    except (DatasetNotFoundError, errors.GatedRepoError) as error:
        raise HubDataError(not_found(error)) from error
    except ValueError as error:  # an unknown split or configuration; offline, also a set that isn't in the cache
        if unreachable:
            raise HubDataError(gone) from error
        raise UserError(f"{name}: {first_line(error)}") from error
    except (DataFilesNotFoundError, DatasetsError, RuntimeError) as error:  # it is there, and not in a form to be read
        raise HubDataError(f"{name} can't be read ({first_line(error)}): {instead}") from error
    except (ConnectionError, TimeoutError, errors.HfHubHTTPError, errors.OfflineModeIsEnabled, OSError) as error:
        raise HubDataError(gone) from error
