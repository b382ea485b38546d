"""A session: what one login may do, one statement at a time."""

from __future__ import annotations

import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

import duckdb
from fakesnow import checks
from fakesnow.dialect import parse
from sqlglot import exp

from . import commands
from .copy_into import copy_into
from .errors import CANCELED, SnowflakeError, already_exists, does_not_exist, from_duckdb
from .names import literal, parts, quoted
from .results import DDL, DELETE, INSERT, MERGE, SELECT, SUCCESS, UPDATE, Result, counts, status
from .transactions import Answer, Step, Transaction
from .translate import Translator, name_columns, require_one_statement, target_table
from .unload import location, unload

if TYPE_CHECKING:
    from .account import Account

_LOCKING = (exp.Update, exp.Delete, exp.Merge, exp.TruncateTable)
_CHANGING = (exp.Insert, *_LOCKING)


class Session:
    """Executes Snowflake statements. Its owner sees to it that only one runs at a time."""

    def __init__(self, account: Account, user: str, database: str | None, schema: str | None) -> None:
        self.id = account.next_session_id()
        self.account = account
        self.user = user
        self.role = "SYSADMIN"
        self.warehouse: str | None = None
        self.databases = account.databases
        self.stages = account.stages
        self.duck: duckdb.DuckDBPyConnection = account.root.cursor()
        self.database = database if database in self.databases.names() else None
        self.schema = (schema or "PUBLIC") if self.database else None
        self.parameters: dict[str, str] = {}
        self.transaction = Transaction(self.duck, account.clock)
        self.results: dict[str, Result] = {}
        self.last_query_id: str | None = None
        self.busy = threading.Lock()
        self.expired = False
        self.aborted = False
        self.delay_s = 0.0
        self.last_used = time.monotonic()
        self._translator = Translator(self.duck)
        self._canceled = False
        self._timed_out = False
        self._names = self.databases.names()

    def execute(self, sql: str, binds: list[Any] | None = None, rows: list[list[Any]] | None = None) -> Result:
        """Runs one statement.

        @param binds values for the statement's `?`
        @param rows values for it once per row: an array bind, one statement to Snowflake
        @raises SnowflakeError whatever went wrong
        """
        self._canceled = self._timed_out = False
        if self.aborted:
            self.aborted = False
            raise SnowflakeError(
                "000627", "57014", "The session's transaction was silent, blocked another and was rolled back."
            )
        timeout_s = float(self.parameters.get("STATEMENT_TIMEOUT_IN_SECONDS") or 0)
        timer = threading.Timer(timeout_s, self._time_out) if timeout_s else None
        if timer:
            timer.start()
        try:
            self._wait(self.delay_s)
            result = self._with_names(sql, binds, rows)
        except Exception as error:
            raise self._named(error, timeout_s) from error
        finally:
            if timer:
                timer.cancel()
            self.last_used = time.monotonic()
            if not self.transaction.is_open:
                self.account.locks.release(self)
        result.query_id = str(uuid.uuid4())
        self.last_query_id = result.query_id
        self.results[result.query_id] = result
        for old in list(self.results)[:-50]:
            del self.results[old]
        return result

    def cancel(self) -> None:
        """Stops the running statement."""
        self._canceled = True
        self.duck.interrupt()

    def close(self) -> None:
        """Ends the session; an open transaction is rolled back."""
        self.cancel()
        with self.busy:
            self.abandon()
            self.duck.close()

    def abandon(self) -> None:
        """Rolls an open transaction back and frees its locks."""
        self.transaction.rollback()
        self.account.locks.release(self)

    def qualify(self, names: list[str]) -> tuple[str, str, str]:
        """DuckDB catalog, schema and name of an object, completed by the session's database and schema."""
        self._require_current(database=len(names) < 3, schema=len(names) < 2)
        full = [self.database or "", self.schema or ""][: 3 - len(names)] + names
        if full[0] not in self._names:
            raise does_not_exist("Database", full[0])
        return self._names[full[0]], full[1], full[2]

    def qualify_schema(self, names: list[str]) -> tuple[str, str]:
        """DuckDB catalog and name of a schema, completed by the session's database."""
        catalog, schema, _ = self.qualify([*names, ""]) if len(names) < 3 else self.qualify(names)
        return catalog, schema

    def has_schema(self, catalog: str, schema: str) -> bool:
        """Whether the database has the schema."""
        return bool(
            self.account.rows(
                "select 1 from duckdb_schemas()"
                f" where database_name = {literal(catalog)} and schema_name = {literal(schema)}"
            )
        )

    def leave_catalog(self) -> None:
        """Takes the connection off the current database, which DuckDB does not detach otherwise."""
        self._set_search_path(None, None)

    def stage_key(self, name: str) -> tuple[str, str, str]:
        """The stage that a name in SQL means."""
        return self.qualify(parts(name))

    def table_columns(self, relation: str) -> list[tuple[str, str]]:
        """Names and DuckDB types of a relation's columns, in order."""
        with self.duck.cursor() as aside:
            return [(name, kind) for name, kind, *_ in aside.execute(f"DESCRIBE {relation}").fetchall()]

    def query_columns(self, query: Step) -> list[tuple[str, str]]:
        """Names and DuckDB types of a query's columns, in order."""
        answer = self.transaction.run([Step(f"DESCRIBE {query.sql}")], writes=False)[0]
        return [(name, kind) for name, kind, *_ in answer.rows]

    def steps(self, query: exp.Expression) -> list[Step]:
        """The DuckDB statements for a query; the last one gives its rows."""
        self._check_current_schema(query)
        return self._steps(query, None)

    def ddl(self, sql: str, message: str) -> Result:
        """Runs a DDL statement of DuckDB's: an open transaction is committed first, as Snowflake does."""
        self.commit()
        self.transaction.run([Step(sql)], writes=True)
        return status(message)

    def commit(self) -> None:
        """Commits an open transaction and frees its locks."""
        self.transaction.commit()
        self.account.locks.release(self)

    def _with_names(self, sql: str, binds: list[Any] | None, rows: list[list[Any]] | None) -> Result:
        """Runs a statement over the databases as they are at one moment, so that it never meets a swap half way."""
        while True:
            self._names = self.databases.names()
            try:
                return self._execute(sql, binds, rows)
            except (duckdb.CatalogException, duckdb.BinderException):
                # A database that was swapped out and dropped since then: Snowflake would have found the new one.
                if self._names == self.databases.names():
                    raise

    def _execute(self, sql: str, binds: list[Any] | None, rows: list[list[Any]] | None) -> Result:
        text = commands.without_comments(self._translator.variables().inline_variables(sql))
        self._set_search_path(self.database, self.schema)
        command = commands.run(self, text)
        if command is not None:
            return command
        statement = require_one_statement(parse(text))
        statement = statement.transform(_fold_names, copy=False)
        if isinstance(statement, exp.Copy):
            stage = location(statement)
            if stage:
                return unload(self, statement, stage)
            self._begin_unless_autocommit()
            return copy_into(self, statement)
        self._check_current_schema(statement)
        if isinstance(statement, (exp.Create, exp.Drop, exp.Alter, exp.Comment)):
            return self._define(statement, binds)
        if isinstance(statement, _CHANGING):
            return self._change(statement, binds, rows)
        name_columns(statement)
        steps = self._steps(statement, binds)
        answer = self.transaction.run(steps, writes=False)[-1]
        return Result(answer.columns, answer.rows, SELECT)

    def _define(self, statement: exp.Expression, binds: list[Any] | None) -> Result:
        self.commit()
        table = target_table(statement)
        kind = str(statement.args.get("kind") or "").upper()
        name = table.name if table else ""
        if isinstance(statement, exp.Create) and kind == "VIEW" and table:
            # A view's unqualified names mean its own database and schema, not the session's.
            self._set_search_path(table.catalog or self.database, table.db or self.schema)
        if isinstance(statement, exp.Create) and kind == "TABLE" and statement.args.get("clone"):
            statement.set("expression", exp.select("*").from_(statement.args["clone"].this))
            statement.set("clone", None)
        if statement.args.get("replace") and kind == "TABLE" and statement.args.get("exists"):
            raise already_exists(name)
        self.transaction.run(self._steps(statement, binds), writes=True)
        if isinstance(statement, exp.Create):
            return status(f"{kind.capitalize()} {name} successfully created.")
        return status(f"{name} successfully dropped." if isinstance(statement, exp.Drop) else SUCCESS, DDL)

    def _change(self, statement: exp.Expression, binds: list[Any] | None, rows: list[list[Any]] | None) -> Result:
        if isinstance(statement, exp.TruncateTable):
            self.commit()
        self._begin_unless_autocommit()
        table = target_table(statement)
        if isinstance(statement, _LOCKING) and table:
            self._lock(self.qualify([part.name for part in table.parts]))
        if rows is not None:
            steps = [Step(step.sql, rows, many=True) for step in self._steps(statement, rows[0])]
        else:
            steps = self._steps(statement, binds)
        if isinstance(statement, exp.Merge):
            return self._merge(statement, steps)
        changed = sum(answer.rows[0][0] for answer in self.transaction.run(steps, writes=True)[-1:] if answer.rows)
        if isinstance(statement, exp.Insert):
            return counts(["number of rows inserted"], [changed], INSERT)
        if isinstance(statement, exp.Update):
            return counts(["number of rows updated", "number of multi-joined rows updated"], [changed, 0], UPDATE)
        if isinstance(statement, exp.Delete):
            return counts(["number of rows deleted"], [changed], DELETE)
        return status(SUCCESS)

    def _merge(self, statement: exp.Merge, steps: list[Step]) -> Result:
        steps[-1].sql += " RETURNING merge_action"
        answer: Answer = self.transaction.run(steps, writes=True)[-1]
        actions = [action for (action,) in answer.rows]
        text = statement.sql(dialect="snowflake").upper()
        wanted = [verb for verb in ("INSERT", "UPDATE", "DELETE") if f"THEN {verb}" in text]
        names = {"INSERT": "inserted", "UPDATE": "updated", "DELETE": "deleted"}
        return counts([f"number of rows {names[verb]}" for verb in wanted], [actions.count(verb) for verb in wanted], MERGE)

    def _steps(self, statement: exp.Expression, binds: list[Any] | None) -> list[Step]:
        params = list(binds) if binds else None
        translated = self._translator.to_duckdb(self._with_context(statement), self._names, (self.database, self.schema), params)
        return [
            Step(step.sql(dialect="duckdb", identify=True), params if params and step.find(exp.Placeholder) else None)
            for step in translated
        ]

    def _with_context(self, statement: exp.Expression) -> exp.Expression:
        """A copy of a statement in which CURRENT_USER() and its like are this session's."""
        values = {
            "CURRENT_USER": self.user, "CURRENT_ROLE": self.role, "CURRENT_WAREHOUSE": self.warehouse, "CURRENT_ACCOUNT": "PEER",
            "CURRENT_REGION": "PEER", "CURRENT_DATABASE": self.database, "CURRENT_SCHEMA": self.schema,
            "CURRENT_SESSION": str(self.id), "LAST_QUERY_ID": self.last_query_id,
            "CURRENT_TRANSACTION": str(self.id) if self.transaction.is_open else None,
        }  # fmt: skip

        def replaced(node: exp.Expression) -> exp.Expression:
            if isinstance(node, exp.Func):
                name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
                if name.upper() in values:
                    return exp.convert(values[name.upper()])
            return node

        return statement.transform(replaced)

    def _lock(self, table: tuple[str, str, str]) -> None:
        timeout_s = float(self.parameters.get("LOCK_TIMEOUT") or 43200)
        self.account.locks.acquire(table, self, timeout_s, self._check_running, self.account.free_if_idle)

    def _check_running(self) -> None:
        if self._canceled or self._timed_out:
            raise SnowflakeError(*CANCELED)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._check_running()
            time.sleep(0.02)

    def _begin_unless_autocommit(self) -> None:
        if self.parameters.get("AUTOCOMMIT", "true").lower() == "false":
            self.transaction.begin()

    def _set_search_path(self, database: str | None, schema: str | None) -> None:
        catalog = self._names.get(database or "")
        path = f"{catalog}.{quoted(schema or 'main')}" if catalog else "memory.main"
        try:
            self.duck.execute(f"SET schema = '{path.replace(chr(39), chr(39) * 2)}'")
        except duckdb.CatalogException:  # the schema was dropped: names must say theirs
            self.duck.execute(f"SET schema = '{catalog}.main'")

    def _check_current_schema(self, statement: exp.Expression) -> None:
        no_database, no_schema = checks.is_unqualified_table_expression(statement)
        self._require_current(database=no_database, schema=no_schema)

    def _require_current(self, *, database: bool, schema: bool) -> None:
        for needed, present, kind, code in (
            (database, self.database, "database", "090105"),
            (schema, self.schema, "schema", "090106"),
        ):
            if needed and not present:
                raise SnowflakeError(
                    code, "22000", f"Cannot perform the statement. This session does not have a current {kind}."
                )

    def _time_out(self) -> None:
        self._timed_out = True
        self.duck.interrupt()

    def _named(self, error: Exception, timeout_s: float) -> SnowflakeError:
        if self._timed_out:
            return SnowflakeError(
                "000630",
                "57014",
                f"Statement reached its statement or warehouse timeout of {timeout_s:g} second(s) and was canceled.",
            )
        if self._canceled:
            return SnowflakeError(*CANCELED)
        return from_duckdb(error)


def _fold_names(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.Identifier) and not node.quoted:
        return exp.to_identifier(node.this.upper(), quoted=False)
    return node
