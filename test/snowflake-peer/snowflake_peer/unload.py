"""COPY INTO a path of an internal stage: a query's rows as Parquet files."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlglot import exp

from .errors import SnowflakeError, unsupported
from .names import literal, quoted
from .results import DML, Result
from .stages import split_reference
from .transactions import Step

if TYPE_CHECKING:
    from .session import Session

_COLUMNS = [("rows_unloaded", "BIGINT"), ("input_bytes", "BIGINT"), ("output_bytes", "BIGINT")]


@dataclass
class _Options:
    header: bool = False
    overwrite: bool = False
    max_file_size: int = 16_777_216


def location(statement: exp.Copy) -> str | None:
    """The `@stage/path` that the statement writes to; None when it loads a table."""
    target = statement.this
    written = isinstance(target, exp.Table) and isinstance(target.this, exp.Var) and target.this.name.startswith("@")
    return target.this.name if written else None


def unload(session: Session, statement: exp.Copy, reference: str) -> Result:
    """Writes the rows in several files whose number nobody can rely on; no file at all when there are no rows.

    Without HEADER the columns are called `_COL_0`, `_COL_1`, … A path that has files already is refused but for OVERWRITE.
    """
    options = _options(statement)
    name, path = split_reference(reference)
    key = session.stage_key(name)
    prefix = path if path.endswith("/") or not path else f"{path}_"
    if session.stages.files(key, path) and not options.overwrite:
        raise SnowflakeError(
            "001030", "22000", f"Files already existing at the unload location: {reference}. Use overwrite option."
        )
    source = statement.args["files"][0]
    query = source.this if isinstance(source, exp.Subquery) else exp.select("*").from_(source)
    steps = session.steps(query)
    aside = Path(tempfile.mkdtemp(prefix="snowflake-peer-unload-"))
    try:
        steps[-1].sql = _copy(session, steps[-1], aside, options)
        written = session.transaction.run(steps, writes=False)[-1].rows
        files = [(Path(file), rows) for file, rows, *_ in written if rows > 0]
        folder = session.stages.upload_folder(key, prefix.rpartition("/")[0])
        size = sum(file.stat().st_size for file, _ in files)
        for number, (file, _) in enumerate(files):
            shutil.move(file, folder / f"{prefix.rpartition('/')[2] or 'data_'}0_{number}_0.snappy.parquet")
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return Result(_COLUMNS, [(sum(rows for _, rows in files), size, size)], DML)


def _options(statement: exp.Copy) -> _Options:
    options = _Options()
    has_format = False
    for parameter in statement.args.get("params") or []:
        name, value = parameter.this.name.upper(), parameter.expression
        if name == "FILE_FORMAT" and "PARQUET" in parameter.sql(dialect="snowflake").upper():
            has_format = True
        elif name in ("HEADER", "OVERWRITE") and isinstance(value, exp.Boolean):
            setattr(options, name.lower(), bool(value.this))
        elif name == "MAX_FILE_SIZE" and isinstance(value, exp.Literal):
            options.max_file_size = int(value.this)
        else:
            raise unsupported(f"COPY INTO a stage with {parameter.sql(dialect='snowflake')}")
    if not has_format:
        raise unsupported("COPY INTO a stage in another format than PARQUET")
    return options


def _copy(session: Session, query: Step, aside: Path, options: _Options) -> str:
    values = []
    for number, (name, kind) in enumerate(session.query_columns(query)):
        if kind == "TIMESTAMP WITH TIME ZONE":
            raise SnowflakeError("002040", "22023", f"Error encountered when unloading to PARQUET: TIMESTAMP_TZ column {name}.")
        # NUMBER is a decimal in Parquet; DuckDB would write its 128-bit integers as floating-point numbers.
        value = f"{quoted(name)}::decimal(38, 0)" if re.fullmatch(r"U?HUGEINT|BIGINT", kind) else quoted(name)
        value = f"{quoted(name)}::varchar" if kind == "JSON" else value
        values.append(f"{value} AS {quoted(name if options.header else f'_COL_{number}')}")
    return (
        f"COPY (SELECT {', '.join(values)} FROM ({query.sql}) q) TO {literal(str(aside))} (FORMAT parquet, COMPRESSION snappy,"
        f" PER_THREAD_OUTPUT true, FILE_SIZE_BYTES {options.max_file_size}, RETURN_STATS true)"
    )
