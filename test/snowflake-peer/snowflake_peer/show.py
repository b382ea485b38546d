"""SHOW and DESCRIBE."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .databases import MACROS
from .errors import SnowflakeError, does_not_exist, unsupported
from .names import NAME, like_pattern, parts, quoted
from .results import CREATED, OTHER, Result, texts

if TYPE_CHECKING:
    from .session import Session

_SHOW = re.compile(
    rf"show\s+(?:terse\s+)?(?P<what>databases|schemas|objects|tables|views|columns|parameters|warehouses|roles|users|stages|"
    rf"transactions|user\s+functions|procedures|resource\s+monitors|file\s+formats)(?:\s+history)?"
    rf"(?:\s+like\s+'(?P<like>(?:[^'\\]|''|\\.)*)')?"
    rf"(?:\s+in(?:\s+(?P<scope>account|database|schema|table|view|session))?(?:\s+(?P<name>{NAME}))?)?"
    rf"(?:\s+like\s+'(?P<like_after>(?:[^'\\]|''|\\.)*)')?"
    rf"(?:\s+starts\s+with\s+'(?P<starts>[^']*)')?(?:\s+limit\s+(?P<limit>\d+)(?:\s+from\s+'(?P<after>[^']*)')?)?",
    re.IGNORECASE | re.DOTALL,
)
_GRANTS = re.compile(rf"show\s+grants\s+(?P<side>on|to|of)\s+(?P<kind>\w+(?:\s+\w+)??)\s+(?P<name>{NAME})", re.IGNORECASE)

# Parameters that clients ask for, with Snowflake's defaults.
_PARAMETERS = {
    "QUERY_TAG": "", "TIMEZONE": "America/Los_Angeles", "STATEMENT_TIMEOUT_IN_SECONDS": "172800", "AUTOCOMMIT": "true",
    "LOCK_TIMEOUT": "43200", "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ", "QUOTED_IDENTIFIERS_IGNORE_CASE": "false",
    "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": "0", "WEEK_START": "0", "ABORT_DETACHED_QUERY": "false",
}  # fmt: skip


def show(session: Session, text: str) -> Result:
    """A SHOW statement's rows."""
    if grants := _GRANTS.fullmatch(text):
        return _grants(session, grants)
    match = _SHOW.fullmatch(text)
    if not match:
        raise unsupported(text.split("\n")[0][:80])
    what = " ".join(match["what"].upper().split())
    names, rows, name_at = _READERS.get(what, _others)(session, match, what)
    like = match["like"] if match["like"] is not None else match["like_after"]
    if like is not None:
        pattern = like_pattern(like)
        rows = [row for row in rows if pattern.fullmatch(row[name_at])]
    if match["starts"]:
        rows = [row for row in rows if row[name_at].startswith(match["starts"])]
    if match["after"] is not None:
        rows = [row for row in rows if row[name_at] > match["after"]]
    return texts(names, rows[: int(match["limit"])] if match["limit"] else rows)


Rows = tuple[list[str], list[tuple[Any, ...]], int]


def _databases(session: Session, _match: re.Match[str], _what: str) -> Rows:
    names = [
        "created_on",
        "name",
        "is_default",
        "is_current",
        "origin",
        "owner",
        "comment",
        "options",
        "retention_time",
        "kind",
    ]
    rows = [
        (created, name, "N", "Y" if name == session.database else "N", "", "SYSADMIN", "", "TRANSIENT", "0", "STANDARD")
        for name, created in sorted(session.databases.created().items())
    ]
    return names, rows, 1


def _schemas(session: Session, match: re.Match[str], _what: str) -> Rows:
    found = _list(session, "schema_name", "SCHEMATA", "CATALOG_NAME", _database_of(session, match))
    rows = [
        (CREATED, name, "N", "N", database, "SYSADMIN", "", "", "0", "ROLE")
        for database, name in found
        if name not in ("main",)
    ]
    names = [
        "created_on",
        "name",
        "is_default",
        "is_current",
        "database_name",
        "owner",
        "comment",
        "options",
        "retention_time",
        "owner_role_type",
    ]
    return names, rows, 1


def _objects(session: Session, match: re.Match[str], what: str) -> Rows:
    database, schema = _schema_of(session, match)
    wanted = {"TABLES": "BASE TABLE", "VIEWS": "VIEW"}.get(what)
    rows = []
    for catalog, schema_name, name, kind, row_count in session.account.rows(
        f"select TABLE_CATALOG, TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ROW_COUNT from {MACROS}.main.TABLES order by all"
    ):
        if database in (None, catalog) and schema in (None, schema_name) and wanted in (None, kind):
            shown = "TABLE" if kind == "BASE TABLE" else kind
            rows.append((CREATED, name, shown, catalog, schema_name, "", "SYSADMIN", row_count, "N", "N"))
    names = [
        "created_on",
        "name",
        "kind",
        "database_name",
        "schema_name",
        "comment",
        "owner",
        "rows",
        "is_dynamic",
        "is_iceberg",
    ]
    return names, rows, 1


def _columns(session: Session, match: re.Match[str], _what: str) -> Rows:
    full = parts(match["name"] or "")
    catalog, schema, table = session.qualify(full)
    columns = session.table_columns(f"{catalog}.{quoted(schema)}.{quoted(table)}")
    return (
        ["table_name", "schema_name", "column_name", "data_type"],
        [(table, schema, n, f'{{"type":"{_type(k)}"}}') for n, k in columns],
        2,
    )


def _parameters(session: Session, _match: re.Match[str], _what: str) -> Rows:
    rows = []
    for name in sorted(_PARAMETERS.keys() | session.parameters.keys()):
        default = _PARAMETERS.get(name, "")
        level = "SESSION" if name in session.parameters else ""
        rows.append((name, session.parameters.get(name, default), default, level, "", "STRING"))
    return ["key", "value", "default", "level", "description", "type"], rows, 0


def _stages(session: Session, _match: re.Match[str], _what: str) -> Rows:
    rows = [
        (CREATED, name, database, schema, "", "INTERNAL")
        for database, catalog in sorted(session.databases.names().items())
        for schema, name in session.stages.names(catalog)
    ]
    return ["created_on", "name", "database_name", "schema_name", "url", "type"], rows, 1


def _transactions(session: Session, _match: re.Match[str], _what: str) -> Rows:
    rows = [(str(s.id), s.user, str(s.id), "", "running") for s in session.account.open_transactions()]
    return ["id", "user", "session", "name", "state"], rows, 0


def _no_functions(_session: Session, _match: re.Match[str], _what: str) -> Rows:
    return (
        [
            "created_on",
            "name",
            "schema_name",
            "catalog_name",
            "arguments",
            "description",
            "is_builtin",
            "is_aggregate",
            "is_table_function",
            "language",
        ],
        [],
        1,
    )


def _others(session: Session, _match: re.Match[str], what: str) -> Rows:
    kind = what.removesuffix("S")
    rows = [(CREATED, name, text) for name, text in session.account.objects.of_kind(kind)]
    return ["created_on", "name", "definition"], rows, 1


def _grants(session: Session, match: re.Match[str]) -> Result:
    rows = session.account.grants.matching(
        match["side"].upper(), " ".join(match["kind"].upper().split()), ".".join(parts(match["name"]))
    )
    return texts(
        ["created_on", "privilege", "granted_on", "name", "granted_to", "grantee_name", "grant_option", "granted_by"], rows
    )


def describe(session: Session, names: list[str]) -> Result:
    """DESCRIBE TABLE or VIEW."""
    catalog, schema, table = session.qualify(names)
    try:
        columns = session.table_columns(f"{catalog}.{quoted(schema)}.{quoted(table)}")
    except Exception as error:
        raise does_not_exist("Table", ".".join(names)) from error
    rows = [(name, _type(kind), "COLUMN", "Y", None, "N", "N", None, None, None, None) for name, kind in columns]
    shown = [
        "name",
        "type",
        "kind",
        "null?",
        "default",
        "primary key",
        "unique key",
        "check",
        "expression",
        "comment",
        "policy name",
    ]
    return Result([(name, "VARCHAR") for name in shown], rows, OTHER)


def _type(duckdb_type: str) -> str:
    if duckdb_type in ("BIGINT", "HUGEINT", "INTEGER", "UBIGINT"):
        return "NUMBER(38,0)"
    if decimal := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", duckdb_type):
        return f"NUMBER({decimal[1]},{decimal[2]})"
    return {
        "VARCHAR": "VARCHAR(16777216)", "DOUBLE": "FLOAT", "TIMESTAMP": "TIMESTAMP_NTZ(9)", "JSON": "VARIANT",
        "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_TZ(9)", "TIME": "TIME(9)", "BLOB": "BINARY(8388608)",
    }.get(duckdb_type, duckdb_type)  # fmt: skip


def _database_of(session: Session, match: re.Match[str]) -> str | None:
    if (match["scope"] or "").lower() == "account":
        return None
    database = parts(match["name"])[0] if match["name"] else session.database
    if match["name"]:
        session.databases.catalog(str(database))
    return database


def _schema_of(session: Session, match: re.Match[str]) -> tuple[str | None, str | None]:
    scope = (match["scope"] or "").lower()
    if scope == "account":
        return None, None
    if not match["name"]:
        return session.database, None if scope == "database" else session.schema
    names = parts(match["name"])
    if scope == "database":
        session.databases.catalog(names[0])
        return names[0], None
    catalog, schema = session.qualify_schema(names)
    if not session.has_schema(catalog, schema):
        raise SnowflakeError(
            "002043", "02000", "SQL compilation error:\nObject does not exist, or operation cannot be performed."
        )
    return (names[:-1] or [session.database])[0], schema


def _list(session: Session, column: str, view: str, database_column: str, database: str | None) -> list[tuple[str, str]]:
    rows = session.account.rows(f"select {database_column}, {column} from {MACROS}.main.{view} order by all")
    return [(found, name) for found, name in rows if database in (None, found)]


_READERS = {
    "DATABASES": _databases, "SCHEMAS": _schemas, "OBJECTS": _objects, "TABLES": _objects, "VIEWS": _objects,
    "COLUMNS": _columns, "PARAMETERS": _parameters, "STAGES": _stages, "TRANSACTIONS": _transactions,
    "USER FUNCTIONS": _no_functions, "PROCEDURES": _no_functions,
}  # fmt: skip
