"""COPY INTO a table from Parquet files of an internal stage."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from sqlglot import exp

from .errors import SnowflakeError, unsupported
from .names import literal, quoted
from .results import COPY, Result, status
from .stages import md5, split_reference
from .transactions import Step

if TYPE_CHECKING:
    from .session import Session

_COLUMNS = [
    ("file", "VARCHAR"), ("status", "VARCHAR"), ("rows_parsed", "BIGINT"), ("rows_loaded", "BIGINT"), ("error_limit", "BIGINT"),
    ("errors_seen", "BIGINT"), ("first_error", "VARCHAR"), ("first_error_line", "BIGINT"), ("first_error_character", "BIGINT"),
    ("first_error_column_name", "VARCHAR"),
]  # fmt: skip


@dataclass
class _Options:
    files: list[str]
    force: bool = False
    purge: bool = False
    match_by_name: str = "NONE"


def copy_into(session: Session, statement: exp.Copy) -> Result:
    """Loads the files, all or none; the answer has one row per file with the rows that were loaded.

    A file that the table has loaded before is skipped unless FORCE = TRUE, whatever became of its rows.
    """
    options = _options(statement)
    target = statement.this
    table = target.this if isinstance(target, exp.Schema) else target
    catalog, schema, name = session.qualify([part.name for part in table.parts])
    columns = [identifier.name for identifier in target.expressions] if isinstance(target, exp.Schema) else None
    source = statement.args["files"][0]
    select = source.this if isinstance(source, exp.Subquery) else None
    reference = select.args["from_"].this if select else source
    stage_name, path = split_reference(reference.this.this if isinstance(reference, exp.Table) else reference.this)
    key = session.stage_key(stage_name)
    files = _files(session, key, path, options)
    goal = f"{catalog}.{quoted(schema)}.{quoted(name)}"
    fresh = [(file, at) for file, at in files if options.force or not session.stages.is_loaded(_entry(goal, file, at))]
    if not fresh:
        return status("Copy executed with 0 files processed.", COPY)
    steps = [_insert(session, goal, columns, select, file, at, options) for file, at in fresh]
    answers = session.transaction.run(steps, writes=True)
    session.stages.note_loaded([_entry(goal, file, at) for file, at in fresh])
    if options.purge:
        for _, at in fresh:
            at.unlink(missing_ok=True)
    rows = []
    for (file, _), answer in zip(fresh, answers, strict=True):
        loaded = answer.rows[0][0]
        rows.append((f"{key[2].lower()}/{file}", "LOADED", loaded, loaded, 1, 0, None, None, None, None))
    return Result(_COLUMNS, rows, COPY)


def _entry(goal: str, file: str, at: Path) -> tuple[str, ...]:
    return (goal, str(at), file, md5(at))


def _options(statement: exp.Copy) -> _Options:
    options = _Options([])
    for parameter in statement.args.get("params") or []:
        name = parameter.this.name.upper()
        value = parameter.expression.name.upper() if parameter.expression else ""
        if isinstance(parameter.expression, exp.Boolean):
            value = "TRUE" if parameter.expression.this else "FALSE"
        if name == "FILE_FORMAT":
            if "PARQUET" not in parameter.sql(dialect="snowflake").upper():
                raise unsupported("COPY of another format than PARQUET")
        elif name == "FILES":
            options.files = [text.name for text in parameter.find_all(exp.Literal)]
        elif name == "FORCE":
            options.force = value == "TRUE"
        elif name == "PURGE":
            options.purge = value == "TRUE"
        elif name == "MATCH_BY_COLUMN_NAME":
            options.match_by_name = value
        elif not (name == "ON_ERROR" and value == "ABORT_STATEMENT"):
            raise unsupported(f"COPY with {name} = {value}")
    return options


def _files(session: Session, key: tuple[str, str, str], path: str, options: _Options) -> list[tuple[str, Path]]:
    if not options.files:
        return session.stages.files(key, path)
    root = session.stages.folder(key)
    named = [path + file for file in options.files]
    for file in named:
        if not (root / file).is_file():
            raise SnowflakeError("091016", "22000", f"Remote file '{key[2].lower()}/{file}' was not found.")
    return [(file, root / file) for file in named]


def _insert(
    session: Session,
    goal: str,
    columns: list[str] | None,
    select: exp.Select | None,
    file: str,
    at: Path,
    options: _Options,
) -> Step:
    held = _parquet_columns(session.duck, at)
    if select:
        values = [
            _value(expression.copy(), held, file).sql(dialect="duckdb", identify=True) for expression in select.expressions
        ]
        into = f" ({', '.join(map(quoted, columns))})" if columns else ""
    elif options.match_by_name in ("CASE_INSENSITIVE", "CASE_SENSITIVE"):
        fold = str.upper if options.match_by_name == "CASE_INSENSITIVE" else str
        by_name = {fold(name): name for name in held}
        wanted = [name for name, _ in session.table_columns(goal) if fold(name) in by_name]
        values = [quoted(by_name[fold(name)]) for name in wanted]
        into = f" ({', '.join(map(quoted, wanted))})"
    else:
        raise SnowflakeError(
            "002019",
            "0A000",
            "SQL compilation error:\nPARQUET file format can produce one and only one column of type variant, object, or"
            " array. Load data into separate columns using the MATCH_BY_COLUMN_NAME copy option or copy with transformation.",
        )
    read = f"read_parquet({literal(str(at))}, file_row_number = true)"
    return Step(f"INSERT INTO {goal}{into} SELECT {', '.join(values)} FROM {read}")


def _parquet_columns(duck: duckdb.DuckDBPyConnection, at: Path) -> list[str]:
    with duck.cursor() as aside:
        aside.execute("SELECT name FROM parquet_schema(?) WHERE num_children IS NULL", [str(at)])
        return [name for (name,) in aside.fetchall()]


def _value(expression: exp.Expression, held: list[str], file: str) -> exp.Expression:
    """An expression over `$1:"name"` as one over the file's columns; a name that the file lacks is null."""

    def replaced(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.JSONExtract) and isinstance(node.this, exp.Parameter):
            name = node.expression.expressions[-1].this
            return exp.column(exp.to_identifier(name, quoted=True)) if name in held else exp.Null()
        if isinstance(node, exp.Column) and node.name.upper() == "METADATA$FILENAME":
            return exp.Literal.string(file)
        if isinstance(node, exp.Column) and node.name.upper() == "METADATA$FILE_ROW_NUMBER":
            return exp.Add(this=exp.column("file_row_number"), expression=exp.Literal.number(1))
        if isinstance(node, exp.DataType) and node.this == exp.DataType.Type.TIMESTAMPNTZ:
            return exp.DataType.build("timestamp", dialect="duckdb")
        return node

    return expression.transform(replaced)
