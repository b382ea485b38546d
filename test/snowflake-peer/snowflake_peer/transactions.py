"""A session's transaction: Snowflake's rules over a DuckDB connection.

Snowflake reads committed data statement by statement and goes on after a failed statement; DuckDB reads as of the
transaction's start, refuses everything after a failure, and then reports a COMMIT that kept nothing as a success. So a
transaction here remembers what it wrote: before a statement that could miss another's commit, and after a failed one,
it rolls back and writes again. Others cannot have changed the rows meanwhile: their tables are locked.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import duckdb

from .errors import SnowflakeError


@dataclass
class Answer:
    """What DuckDB answered to one statement: columns (name, type) and all rows."""

    columns: list[tuple[str, str]]
    rows: list[tuple[Any, ...]]


@dataclass
class Step:
    """A DuckDB statement with its parameters; `many` runs it once per parameter row."""

    sql: str
    params: Any = None
    many: bool = False


class Clock:
    """Counts commits, so that a transaction knows when its snapshot is out of date."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._commits = 0

    def now(self) -> int:
        return self._commits

    def tick(self) -> None:
        with self._lock:
            self._commits += 1


@dataclass
class Transaction:
    """Runs a session's statements, each on its own or in the transaction that is open."""

    duck: duckdb.DuckDBPyConnection
    clock: Clock
    is_open: bool = False
    _written: list[Step] = field(default_factory=list)
    _snapshot: int = 0

    def begin(self) -> None:
        """Opens a transaction; does nothing when one is open, as on Snowflake."""
        if not self.is_open:
            self._start()
            self.is_open = True

    def commit(self) -> None:
        """Commits what succeeded; does nothing when no transaction is open."""
        if self.is_open:
            self._end()
            self.duck.commit()
            self.clock.tick()

    def rollback(self) -> None:
        """Takes everything back; does nothing when no transaction is open."""
        if self.is_open:
            self._end()
            self.duck.rollback()

    def run(self, steps: list[Step], *, writes: bool) -> list[Answer]:
        """Runs the steps of one Snowflake statement: all of them take effect, or none."""
        if self.is_open:
            return self._run_inside(steps, writes)
        if not writes or len(steps) == 1:
            answers = [self._execute(step) for step in steps]
            if writes:
                self.clock.tick()
            return answers
        self.duck.begin()
        try:
            answers = [self._execute(step) for step in steps]
            self.duck.commit()
        except BaseException:
            self.duck.rollback()
            raise
        self.clock.tick()
        return answers

    def _run_inside(self, steps: list[Step], writes: bool) -> list[Answer]:
        if self._snapshot != self.clock.now():
            self._write_again()
        try:
            answers = [self._execute(step) for step in steps]
        except BaseException:
            self._write_again()
            raise
        if writes:
            self._written.extend(steps)
        return answers

    def _write_again(self) -> None:
        self.duck.rollback()
        self._start()
        try:
            for step in self._written:
                self._execute(step)
        except duckdb.Error as error:
            self.duck.rollback()
            self._end()
            raise SnowflakeError(
                "000625", "57014", f"The peer lost a transaction that it had to repeat, and rolled it back: {error}"
            ) from error

    def _start(self) -> None:
        self._snapshot = self.clock.now()
        self.duck.begin()

    def _end(self) -> None:
        self.is_open = False
        self._written = []

    def _execute(self, step: Step) -> Answer:
        if step.many:
            self.duck.executemany(step.sql, step.params)
            return Answer([("Count", "BIGINT")], [(len(step.params),)])
        cursor = self.duck.execute(step.sql, step.params) if step.params else self.duck.execute(step.sql)
        columns = [(name, str(kind)) for name, kind, *_ in cursor.description or []]
        return Answer(columns, cursor.fetchall() if columns else [])
