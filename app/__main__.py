"""`python -m ampo.app`: the same as `ampo app`."""

from __future__ import annotations

import sys

from ampo.__main__ import main

if __name__ == "__main__":
    sys.argv.insert(1, "app")
    main()
