"""Training: one process (`local`), or OpenRLHF, from the same config."""
