"""Starts the peer: `python -m snowflake_peer --port 0 [--state DIR]` prints {"port": N} when it is ready.

It ends on SIGTERM, and when its standard input closes, so that a killed test leaves none behind.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from .account import Account
from .faults import Faults
from .protocol import Protocol
from .server import Server


def main() -> None:
    """Serves until it is told to end."""
    options = argparse.ArgumentParser(prog="snowflake_peer", description=__doc__)
    options.add_argument("--port", type=int, default=0, help="0 takes a free one")
    options.add_argument("--state", type=Path, help="folder in which databases and stages survive the server")
    options.add_argument(
        "--idle-lock-s", type=float, default=300, help="when a silent transaction that blocks another is rolled back"
    )
    given = options.parse_args()
    # What sqlglot does not translate, a statement's failure tells of; its warnings are of every CREATE TRANSIENT.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    account = Account(given.state, given.idle_lock_s)
    server = Server(given.port, Protocol(account, Faults()))
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    threading.Thread(target=_end_with_standard_input, args=(server,), daemon=True).start()
    print(json.dumps({"port": server.server_address[1]}), flush=True)
    server.serve_forever(poll_interval=0.05)
    account.close()
    os._exit(0)  # a statement that still runs is not waited for


def _end_with_standard_input(server: Server) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    server.shutdown()


if __name__ == "__main__":
    main()
