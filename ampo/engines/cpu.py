"""What a CPU computes in where nobody says: bfloat16 needs instructions of its own, without which it is emulated."""

from __future__ import annotations


def computes_bfloat16() -> bool:
    """Whether this CPU has instructions for it (avx512_bf16 or amx_bf16). Where torch can't tell: no."""
    import torch

    able = getattr(torch.cpu, "get_capabilities", dict)()  # not in every torch; float32 is right everywhere
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
