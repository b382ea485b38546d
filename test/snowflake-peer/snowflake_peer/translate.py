"""Snowflake's SQL to DuckDB's: fakesnow's translation, with the account's names before it and mended meanings after."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import duckdb
from fakesnow import macros, transforms
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.transforms.stage import TableStages
from fakesnow.variables import Variables
from sqlglot import exp

from . import information_schema
from .databases import MACROS
from .errors import SnowflakeError, does_not_exist

_NOT_ENFORCED = (exp.PrimaryKey, exp.ForeignKey, exp.UniqueColumnConstraint, exp.Constraint)
_NOT_ENFORCED_ON_COLUMN = (
    exp.PrimaryKeyColumnConstraint,
    exp.UniqueColumnConstraint,
    exp.Reference,
    exp.CommentColumnConstraint,
)


def create_macros(root: duckdb.DuckDBPyConnection) -> None:
    """Attaches the catalog of functions that translated statements call."""
    root.execute(f"ATTACH ':memory:' AS {MACROS}")
    root.execute(macros.creation_sql(f"{MACROS}.main"))
    root.execute(f"CREATE MACRO {MACROS}.main.divide(a, b) AS a / CASE WHEN b = 0 THEN error('Division by zero') ELSE b END")


# fakesnow adds up everything as floating point, for the sake of texts in sums; sums of exact numbers are exact here.
transforms.numeric_agg_implicit_cast = lambda expression: expression


class Translator(FakeSnowflakeCursor):
    """fakesnow's translation without its execution: nothing here runs a statement."""

    def __init__(self, duck: duckdb.DuckDBPyConnection) -> None:
        connection = SimpleNamespace(
            database=None, schema=None, variables=Variables(), db_path=None, table_stages=TableStages(duck)
        )
        super().__init__(connection, duck)  # type: ignore[arg-type]

    def variables(self) -> Variables:
        """The session's SQL variables ($name)."""
        return self._conn.variables

    def to_duckdb(
        self,
        expression: exp.Expression,
        names: dict[str, str],
        current: tuple[str | None, str | None],
        params: list[Any] | None,
    ) -> list[exp.Expression]:
        """The DuckDB statements for one Snowflake statement.

        @param names each database's catalog, at one moment
        @param current the session's database and schema
        @param params the binds; loses what the translation took into the text
        """
        database, self._conn.schema = current
        self._conn.database, self._conn._schema = current
        mended = _drop_keys(expression).transform(_before_fakesnow, copy=False)
        prepared = _resolve_names(mended, names, database)
        steps = [prepared] if isinstance(prepared, exp.Merge) else self._transform_explode(prepared)
        return [_mend(self._transform(step, params)) for step in steps]


def _resolve_names(expression: exp.Expression, names: dict[str, str], database: str | None) -> exp.Expression:
    for table in list(expression.find_all(exp.Table)):
        catalog = _fold(table.args.get("catalog"))
        if _fold(table.args.get("db")) == "INFORMATION_SCHEMA":
            table.replace(information_schema.view(table, catalog or database))
        elif catalog and catalog not in names:
            raise does_not_exist("Database", catalog)
        elif catalog:
            table.set("catalog", exp.to_identifier(names[catalog], quoted=True))
    return expression


def _fold(identifier: exp.Expression | None) -> str | None:
    if not isinstance(identifier, exp.Identifier):
        return None
    return identifier.this if identifier.quoted else identifier.this.upper()


def _before_fakesnow(node: exp.Expression) -> exp.Expression:
    """Keeps what fakesnow would lose: the 38 digits of NUMBER(38,0), and the characters that TRIM takes off."""
    if isinstance(node, exp.Trim) and node.expression and not node.args.get("position"):
        return exp.Anonymous(this="TRIM", expressions=[node.this, node.expression])
    if isinstance(node, exp.DataType) and node.this == exp.DataType.Type.DECIMAL:
        if [parameter.name for parameter in node.expressions] in ([], ["38"], ["38", "0"]):
            return exp.DataType.build("int128", dialect="duckdb")
    return node


def _drop_keys(expression: exp.Expression) -> exp.Expression:
    """Snowflake notes primary, unique and foreign keys and enforces only NOT NULL. A temporary table with a schema stays."""
    if not isinstance(expression, exp.Create):
        return expression
    properties, table = expression.args.get("properties"), expression.find(exp.Table)
    if properties and table and table.db:  # DuckDB knows temporary tables only outside of every schema
        properties.set("expressions", [p for p in properties.expressions if not isinstance(p, exp.TemporaryProperty)])
    if not isinstance(expression.this, exp.Schema):
        return expression
    schema = expression.this
    schema.set("expressions", [part for part in schema.expressions if not isinstance(part, _NOT_ENFORCED)])
    for column in schema.find_all(exp.ColumnDef):
        kept = [
            c for c in column.args.get("constraints") or [] if not isinstance(c.args.get("kind"), _NOT_ENFORCED_ON_COLUMN)
        ]
        column.set("constraints", kept)
    return expression


def _mend(expression: exp.Expression) -> exp.Expression:
    return expression.transform(_mended, copy=False)


def _mended(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.Div) and not _never_zero(node.expression):
        return exp.Anonymous(this=f"{MACROS}.main.divide", expressions=[node.this, node.expression])
    if isinstance(node, exp.Anonymous) and str(node.this).lower().startswith("_fs_"):
        node.set("this", f"{MACROS}.main.{str(node.this).lower()}")
    return node


def _never_zero(divisor: exp.Expression) -> bool:
    divisor = divisor.unnest()
    if isinstance(divisor, exp.Literal):
        return float(divisor.this) != 0
    return isinstance(divisor, exp.Nullif)


def name_columns(statement: exp.Expression) -> None:
    """Names a query's columns as Snowflake does: an expression without an alias by its own text, in capitals."""
    if not isinstance(statement, exp.Select):
        return
    for column in list(statement.expressions):
        if not isinstance(column, (exp.Alias, exp.Column, exp.Star, exp.Aliases)) and not column.find(
            exp.Star, exp.Placeholder
        ):
            column.replace(exp.alias_(column.copy(), column.sql(dialect="snowflake").upper(), quoted=True))
        elif isinstance(column, exp.Count) and isinstance(column.this, exp.Star):
            column.replace(exp.alias_(column.copy(), "COUNT(*)", quoted=True))


def target_table(expression: exp.Expression) -> exp.Table | None:
    """The table that a statement changes."""
    target = expression.this
    if isinstance(expression, exp.TruncateTable):
        target = expression.expressions[0]
    if isinstance(target, exp.Schema):
        target = target.this
    return target if isinstance(target, exp.Table) else None


def require_one_statement(statements: list[Any]) -> exp.Expression:
    """The statement of a text that must hold exactly one."""
    found = [s for s in statements if s is not None and not isinstance(s, exp.Semicolon)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise SnowflakeError("000900", "42601", "SQL compilation error:\nEmpty SQL statement.")
    raise SnowflakeError(
        "000008",
        "0A000",
        f"Actual statement count {len(found)} did not match the desired statement count 1.",
    )
