"""Snowflake's error codes, for what the peer refuses and for what DuckDB does."""

from __future__ import annotations

import duckdb
from snowflake.connector.errors import Error as FakesnowError


class SnowflakeError(Exception):
    """An error as a Snowflake client sees it: a six-digit code, an SQLSTATE and a sentence."""

    def __init__(self, code: str, sql_state: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.sql_state = sql_state
        self.message = message


def does_not_exist(kind: str, name: str) -> SnowflakeError:
    """The error for a name that nothing has (or that the role may not see: Snowflake does not tell them apart)."""
    state = "02000" if kind in ("Database", "Schema", "Stage") else "42S02"
    return SnowflakeError("002003", state, f"SQL compilation error:\n{kind} '{name}' does not exist or not authorized.")


def already_exists(name: str) -> SnowflakeError:
    """The error for creating what is there already."""
    return SnowflakeError("002002", "42710", f"SQL compilation error:\nObject '{name}' already exists.")


def syntax_error(message: str) -> SnowflakeError:
    """The error for a text that is no Snowflake SQL."""
    return SnowflakeError("001003", "42000", f"SQL compilation error:\n{message}")


def unsupported(message: str) -> SnowflakeError:
    """The error for what Snowflake can do and the peer cannot: loud, and never retried by a client."""
    return SnowflakeError("000002", "0A000", f"Unsupported by the test peer: {message}")


CANCELED = ("000604", "57014", "SQL execution canceled")

# DuckDB's error classes, the most particular first. A class that is missing here would become an HTTP 500, which every
# Snowflake driver retries for minutes.
_BY_CLASS: list[tuple[type[Exception], str, str]] = [
    (duckdb.InterruptException, *CANCELED[:2]),
    (duckdb.ParserException, "001003", "42000"),
    (duckdb.SyntaxException, "001003", "42000"),
    (duckdb.CatalogException, "002003", "42S02"),
    (duckdb.BinderException, "000904", "42000"),
    (duckdb.ConversionException, "100038", "22018"),
    (duckdb.OutOfRangeException, "100039", "22003"),
    (duckdb.TransactionException, "000625", "57014"),
    (duckdb.Error, "100132", "P0000"),
]


def from_duckdb(error: Exception) -> SnowflakeError:
    """The Snowflake error that stands for an error of DuckDB's or of fakesnow's."""
    message = str(error)
    if isinstance(error, SnowflakeError):
        return error
    if isinstance(error, FakesnowError):
        return SnowflakeError(f"{error.errno:06d}", error.sqlstate or "n/a", error.raw_msg or message)
    if "Division by zero" in message:
        return SnowflakeError("100051", "22012", "Division by zero")
    if isinstance(error, duckdb.ConstraintException) and "NOT NULL" in message:
        return SnowflakeError("100072", "22000", f"NULL result in a non-nullable column: {message}")
    if isinstance(error, duckdb.CatalogException) and "already exists" in message:
        return SnowflakeError("002002", "42710", f"SQL compilation error:\n{message}")
    if isinstance(error, duckdb.CatalogException) and "function" in message.lower():
        return SnowflakeError("002140", "42601", f"SQL compilation error:\n{message}")
    for kind, code, sql_state in _BY_CLASS:
        if isinstance(error, kind):
            return SnowflakeError(code, sql_state, message)
    return unsupported(f"{type(error).__name__}: {message}")
