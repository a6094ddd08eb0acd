"""Runs `gatebridge` with leases on PostgreSQL that last for other than the usual time.

Usage: short_leases.py SECONDS COMMAND...
"""

import sys

from bridge.cli import main
from bridge.store.postgres import opening

if __name__ == "__main__":
    defaults = opening.open_postgres.__kwdefaults__
    assert defaults is not None
    assert "lease_seconds" in defaults
    defaults["lease_seconds"] = float(sys.argv[1])
    sys.argv[1:] = sys.argv[2:]
    main()
