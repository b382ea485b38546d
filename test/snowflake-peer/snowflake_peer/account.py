"""The account that the peer stands for: everything that its sessions share."""

from __future__ import annotations

import itertools
import re
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import duckdb

from . import information_schema, translate
from .databases import Databases
from .errors import already_exists, does_not_exist
from .locks import TableLocks
from .names import NAME, parts
from .results import CREATED
from .session import Session
from .stages import Stages
from .transactions import Clock


class Account:
    """Databases, stages, locks, sessions, and the record of roles and grants.

    @param state a folder that survives the server, or None for memory and a temporary folder
    @param idle_lock_s after how long without a statement a transaction that blocks another is rolled back
    """

    def __init__(self, state: Path | None, idle_lock_s: float) -> None:
        self._temporary = None if state else Path(tempfile.mkdtemp(prefix="snowflake-peer-"))
        folder = state or self._temporary
        assert folder
        # fakesnow writes lambdas as DuckDB 1 did; `SET TimeZone` keeps the machine's zone out of the tests.
        self._lost = folder / "lost"
        self.root = duckdb.connect(":memory:", config={"lambda_syntax": "ENABLE_SINGLE_ARROW", "threads": "2"})
        self.root.execute("SET GLOBAL TimeZone = 'UTC'")
        translate.create_macros(self.root)
        information_schema.create(self.root)
        self.clock = Clock()
        self.databases = Databases(self.root.cursor(), folder / "databases" if state else None, self.clock)
        self.stages = Stages(folder / "stages")
        self.locks = TableLocks()
        self.grants = Grants()
        self.objects = Objects()
        self.sessions: dict[str, Session] = {}
        self._idle_lock_s = idle_lock_s
        self._ids = itertools.count(1)
        self._reading = threading.Lock()

    def next_session_id(self) -> int:
        """A number that no other session of this server has."""
        return next(self._ids)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query of the account's own lists, outside any session's transaction."""
        with self._reading, self.root.cursor() as aside:
            return aside.execute(sql).fetchall()

    def lost_uploads(self) -> str:
        """A folder that no stage reads, for uploads that never arrive."""
        self._lost.mkdir(parents=True, exist_ok=True)
        return f"{self._lost}/"

    def open_transactions(self) -> list[Session]:
        """The sessions whose transaction is open."""
        return [session for session in self.sessions.values() if session.transaction.is_open]

    def free_if_idle(self, holder: object) -> None:
        """Rolls back a transaction that blocks another and whose client says nothing, as Snowflake does after 5 minutes."""
        if isinstance(holder, Session) and time.monotonic() - holder.last_used > self._idle_lock_s:
            if holder.busy.acquire(blocking=False):
                try:
                    holder.abandon()
                    holder.aborted = True
                finally:
                    holder.busy.release()

    def close(self) -> None:
        """Removes what the server kept in the temporary folder."""
        if self._temporary:
            shutil.rmtree(self._temporary, ignore_errors=True)


class Grants:
    """Privileges as they were granted; nothing is refused for want of one."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, str, str, str, str]] = []

    def add(self, what: str, kind: str, grantee: str) -> None:
        """Notes `GRANT <what> TO <kind> <grantee>`."""
        self._rows += [row for row in self._parse(what, kind, grantee) if row not in self._rows]

    def remove(self, what: str, kind: str, grantee: str) -> None:
        """Forgets what `REVOKE <what> FROM <kind> <grantee>` names."""
        gone = self._parse(what, kind, grantee)
        self._rows = [row for row in self._rows if row not in gone]

    def matching(self, side: str, kind: str, name: str) -> list[tuple[Any, ...]]:
        """SHOW GRANTS' rows: ON an object, TO a grantee, or OF a role."""
        rows = []
        for privilege, granted_on, granted, to_kind, to_name in self._rows:
            on = side == "ON" and (granted_on, granted) == (kind, name)
            to = side == "TO" and (to_kind, to_name) == (kind, name)
            of = side == "OF" and privilege == "USAGE" and granted_on == "ROLE" and granted == name
            if on or to or of:
                rows.append((CREATED, privilege, granted_on, granted, to_kind, to_name, "false", "SYSADMIN"))
        return rows

    @staticmethod
    def _parse(what: str, kind: str, grantee: str) -> list[tuple[str, str, str, str, str]]:
        to = (" ".join(kind.upper().split()), ".".join(parts(grantee)))
        role = re.fullmatch(rf"(?:database\s+)?role\s+({NAME})", what, re.IGNORECASE)
        if role:
            return [("USAGE", "ROLE", ".".join(parts(role[1])), *to)]
        found = re.fullmatch(
            rf"(.+?)\s+on\s+((?:future|all)\s+.+?\s+in\s+\w+|\w+(?:\s+\w+)??)\s+({NAME})", what, re.I | re.S
        )
        if not found:
            return [(what.upper(), "ACCOUNT", "", *to)]
        target = (" ".join(found[2].upper().split()), ".".join(parts(found[3])))
        return [(" ".join(privilege.upper().split()), *target, *to) for privilege in found[1].split(",")]


class Objects:
    """Roles, users, warehouses and the like: names with the text that made them."""

    def __init__(self) -> None:
        self._texts: dict[tuple[str, str], str] = {("ROLE", r): "" for r in ("ACCOUNTADMIN", "SYSADMIN", "PUBLIC")}

    def create(self, kind: str, name: str, *, replace: bool, if_not_exists: bool, text: str) -> None:
        """Notes an object; an error when it is there and neither clause allows it."""
        if (kind, name) in self._texts and not replace:
            if if_not_exists:
                return
            raise already_exists(name)
        self._texts[(kind, name)] = text

    def alter(self, kind: str, name: str, if_exists: bool, text: str) -> None:
        """Adds to an object's text."""
        if (kind, name) in self._texts:
            self._texts[(kind, name)] += f" {text}"
        elif not if_exists:
            raise does_not_exist(kind.capitalize(), name)

    def drop(self, kind: str, name: str, if_exists: bool) -> None:
        """Forgets an object."""
        if self._texts.pop((kind, name), None) is None and not if_exists:
            raise does_not_exist(kind.capitalize(), name)

    def of_kind(self, kind: str) -> list[tuple[str, str]]:
        """Name and text of each object of a kind."""
        return sorted((name, text) for (found, name), text in self._texts.items() if found == kind)
