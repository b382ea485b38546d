"""Table locks: Snowflake's UPDATE, DELETE and MERGE wait for a transaction that changed the same table."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from .errors import SnowflakeError

Table = tuple[str, str, str]


class TableLocks:
    """One holder per table, until its transaction ends. INSERT and COPY take none, as on Snowflake."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holders: dict[Table, object] = {}

    def acquire(
        self, table: Table, holder: object, timeout_s: float, check: Callable[[], None], unblock: Callable[[object], None]
    ) -> None:
        """Waits until the table is free.

        @param check called while waiting; raises when the waiting statement was canceled or ran out of time
        @param unblock called with the present holder; may end a transaction whose client is gone
        """
        deadline = time.monotonic() + timeout_s
        while True:
            with self._changed:
                present = self._holders.get(table)
                if present is None or present is holder:
                    self._holders[table] = holder
                    return
                self._changed.wait(0.05)
            check()
            unblock(present)
            if time.monotonic() > deadline:
                raise SnowflakeError(
                    "000625",
                    "57014",
                    f"Statement waited {timeout_s:g} s for table '{'.'.join(table[1:])}', which another transaction"
                    " has locked, and this lock has not yet been released. Your statement was aborted because of"
                    " LOCK_TIMEOUT.",
                )

    def release(self, holder: object) -> None:
        """Frees every table of a transaction that ended."""
        with self._changed:
            for table in [table for table, present in self._holders.items() if present is holder]:
                del self._holders[table]
            self._changed.notify_all()
