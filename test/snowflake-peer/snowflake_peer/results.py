"""A statement's result, and Snowflake's JSON form of it."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field
from typing import Any

from .errors import unsupported

# statementTypeId: clients tell a query from a change of rows by it.
SELECT, DML, DDL, OTHER = 0x1000, 0x3000, 0x6000, 0x5000
INSERT, UPDATE, DELETE, MERGE, COPY = 0x3100, 0x3200, 0x3300, 0x3400, 0x3500

_EPOCH = datetime.date(1970, 1, 1)
_TYPES = {
    "BIGINT": "fixed", "HUGEINT": "fixed", "UBIGINT": "fixed", "UHUGEINT": "fixed", "INTEGER": "fixed", "SMALLINT": "fixed",
    "TINYINT": "fixed", "UINTEGER": "fixed", "USMALLINT": "fixed", "UTINYINT": "fixed", "DOUBLE": "real", "FLOAT": "real",
    "VARCHAR": "text", '"NULL"': "text", "UUID": "text", "BOOLEAN": "boolean", "DATE": "date", "TIME": "time", "BLOB": "binary",
    "JSON": "variant", "TIMESTAMP": "timestamp_ntz", "TIMESTAMP_NS": "timestamp_ntz", "TIMESTAMP_S": "timestamp_ntz",
    "TIMESTAMP_MS": "timestamp_ntz", "TIMESTAMP WITH TIME ZONE": "timestamp_tz",
}  # fmt: skip


@dataclass
class Result:
    """Columns (name and DuckDB type) and rows of a statement that succeeded."""

    columns: list[tuple[str, str]]
    rows: list[tuple[Any, ...]]
    type_id: int = SELECT
    transfer: dict[str, Any] | None = None
    query_id: str = field(default="")


def status(message: str, type_id: int = DDL) -> Result:
    """The one-row answer of a statement that returns no rows."""
    return Result([("status", "VARCHAR")], [(message,)], type_id)


SUCCESS = "Statement executed successfully."


def texts(names: list[str], rows: list[tuple[Any, ...]]) -> Result:
    """A result whose columns are all texts but for `created_on`, as SHOW's mostly are."""
    kinds = {"created_on": "TIMESTAMP WITH TIME ZONE"}
    return Result([(name, kinds.get(name, "VARCHAR")) for name in names], rows, OTHER)


# When everything was created: the peer does not remember it.
CREATED = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def counts(names: list[str], values: list[int], type_id: int) -> Result:
    """The answer of a statement that changed rows."""
    return Result([(name, "BIGINT") for name in names], [tuple(values)], type_id)


def row_type(name: str, duckdb_type: str) -> dict[str, Any]:
    """A column as a client is told of it."""
    decimal = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", duckdb_type)
    kind = "fixed" if decimal else _TYPES.get(duckdb_type)
    if kind is None and re.search(r"\[\]$|^(STRUCT|MAP)", duckdb_type):
        kind = "variant"
    if kind is None:
        raise unsupported(f"a result column of DuckDB's type {duckdb_type}")
    precision, scale = (int(decimal[1]), int(decimal[2])) if decimal else (38, 0)
    sized = kind in ("text", "binary")
    return {
        "name": name, "database": "", "schema": "", "table": "", "nullable": True, "type": kind, "collation": None,
        "byteLength": 16777216 if sized else None, "length": 16777216 if sized else None,
        "precision": precision if kind == "fixed" else 0 if kind.startswith("time") else None,
        "scale": scale if kind == "fixed" else 9 if kind.startswith("time") else None,
    }  # fmt: skip


def cell(kind: str, value: Any) -> str | None:
    """A value in the text form that Snowflake sends for a column's type."""
    if value is None:
        return None
    if kind == "boolean":
        return "1" if value else "0"
    if kind == "date":
        return str((value - _EPOCH).days)
    if kind == "time":
        seconds = value.hour * 3600 + value.minute * 60 + value.second
        return f"{seconds}.{value.microsecond * 1000:09d}"
    if kind.startswith("timestamp"):
        aware = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
        since = aware - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
        epoch = f"{since.days * 86400 + since.seconds}.{since.microseconds * 1000:09d}"
        return f"{epoch} 1440" if kind == "timestamp_tz" else epoch
    if kind == "binary":
        return bytes(value).hex().upper()
    if kind == "real":
        return repr(float(value))
    if kind == "variant" and not isinstance(value, str):
        import json

        return json.dumps(value, default=str)
    return format(value, "f") if kind == "fixed" and not isinstance(value, int) else str(value)


def to_json(result: Result) -> dict[str, Any]:
    """The `data` of a query response that does not depend on the session."""
    types = [row_type(name, duckdb_type) for name, duckdb_type in result.columns]
    rows = [[cell(column["type"], value) for column, value in zip(types, row, strict=True)] for row in result.rows]
    return {
        "rowtype": types, "rowset": rows, "total": len(rows), "returned": len(rows), "queryId": result.query_id,
        "sqlState": "00000", "statementTypeId": result.type_id, "queryResultFormat": "json", "getResultUrl": None,
        "parameters": [{"name": "TIMEZONE", "value": "UTC"}],
    }  # fmt: skip
