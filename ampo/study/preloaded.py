"""What jobs would import only when they need it; see `ampo.study.schedule`."""

from __future__ import annotations

import transformers.models.auto.modeling_auto  # pyright: ignore[reportUnusedImport]
import transformers.models.llama.modeling_llama  # pyright: ignore[reportUnusedImport]  # noqa: F401
