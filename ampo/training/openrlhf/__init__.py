"""The OpenRLHF backend, as far as it is: a config as OpenRLHF 0.11.2's flags, checked, refused or explained.

    flags   our config as OpenRLHF's flags: one table, checked by OpenRLHF's own parser
    plan    what is refused and why; placement, tokens a step, memory
    data    the prompts in OpenRLHF's form
    reward  `reward_func` for OpenRLHF, on the shared verifier
    loss    AMPO's loss in the shape of OpenRLHF's, exact across micro-batches and data-parallel ranks

Starting Ray and putting guidance into OpenRLHF's experience maker is not part of this version.
"""
