"""The last weights as a Hugging Face folder, `final`, with a model card, from where OpenRLHF has written them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from ampo.files import write_json
from ampo.training.config import TrainConfig
from ampo.training.modelcard import card
from ampo.training.openrlhf.flags import Place
from ampo.training.rundir import TrainDir, replace_folder


def put_in_place(config: TrainConfig, place: Place, folder: TrainDir) -> None:
    """Move the weights to `final`. Raises UserError where it can't be written."""
    if not place.saved.exists():
        return  # the run was finished before
    rows = folder.read_metrics()

    def write(fresh: Path) -> None:
        for file in place.saved.iterdir():
            _link(file, fresh / file.name)
        _mend_config(fresh / "config.json")
        (fresh / "README.md").write_text(card(config, rows[-1]["step"] if rows else 0, rows), encoding="utf-8")

    replace_folder(folder.final, write)
    shutil.rmtree(place.saved)


def _link(file: Path, to: Path) -> None:
    """No second copy of the weights, where the file system can do without."""
    try:
        os.link(file, to)
    except OSError:
        shutil.copyfile(file, to)


def _mend_config(file: Path) -> None:
    """OpenRLHF turns the key/value cache off for training and saves that: generation would crawl."""
    config = json.loads(file.read_text(encoding="utf-8"))
    config["use_cache"] = True
    write_json(file, config, indent=2)  # a new file: the old one may be linked
