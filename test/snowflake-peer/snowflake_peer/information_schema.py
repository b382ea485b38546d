"""INFORMATION_SCHEMA and DuckDB's own lists under the account's names instead of the catalogs' ones."""

from __future__ import annotations

import duckdb
from sqlglot import exp, parse_one

from .databases import MACROS
from .errors import does_not_exist
from .names import literal

_TYPE = """case
    when data_type like 'DECIMAL%' or data_type in ('BIGINT', 'HUGEINT', 'INTEGER') then 'NUMBER'
    when data_type = 'VARCHAR' then 'TEXT' when data_type = 'DOUBLE' then 'FLOAT' when data_type = 'BLOB' then 'BINARY'
    when data_type = 'TIMESTAMP' then 'TIMESTAMP_NTZ' when data_type = 'TIMESTAMP WITH TIME ZONE' then 'TIMESTAMP_TZ'
    when data_type = 'JSON' then 'VARIANT' else data_type end"""

_VIEWS = {
    "DATABASES": """select name as DATABASE_NAME, 'SYSADMIN' as DATABASE_OWNER, 'NO' as IS_TRANSIENT, 1 as RETENTION_TIME,
        'STANDARD' as TYPE, null::timestamptz as CREATED, name as _CATALOG from {m}.main.names""",
    "SCHEMATA": """select n.name as CATALOG_NAME, schema_name as SCHEMA_NAME, 'SYSADMIN' as SCHEMA_OWNER, 'NO' as IS_TRANSIENT,
        n.name as _CATALOG from duckdb_schemas() s join {m}.main.names n on n.catalog = s.database_name
        where not s.internal""",
    "TABLES": """select n.name as TABLE_CATALOG, schema_name as TABLE_SCHEMA, table_name as TABLE_NAME, 'SYSADMIN' as TABLE_OWNER,
        'BASE TABLE' as TABLE_TYPE, 'NO' as IS_TRANSIENT, estimated_size as ROW_COUNT, 0::bigint as BYTES,
        null::varchar as COMMENT, null::timestamptz as CREATED, null::timestamptz as LAST_ALTERED, n.name as _CATALOG
        from duckdb_tables() t join {m}.main.names n on n.catalog = t.database_name
        union all
        select n.name, schema_name, view_name, 'SYSADMIN', 'VIEW', 'NO', null, null, null, null, null, n.name
        from duckdb_views() v join {m}.main.names n on n.catalog = v.database_name where not v.internal""",
    "VIEWS": """select n.name as TABLE_CATALOG, schema_name as TABLE_SCHEMA, view_name as TABLE_NAME, 'SYSADMIN' as TABLE_OWNER,
        sql as VIEW_DEFINITION, n.name as _CATALOG
        from duckdb_views() v join {m}.main.names n on n.catalog = v.database_name where not v.internal""",
    "COLUMNS": """select n.name as TABLE_CATALOG, schema_name as TABLE_SCHEMA, table_name as TABLE_NAME, column_name as COLUMN_NAME,
        column_index as ORDINAL_POSITION, column_default as COLUMN_DEFAULT, if(is_nullable, 'YES', 'NO') as IS_NULLABLE,
        {type} as DATA_TYPE, if(data_type = 'VARCHAR', 16777216, null) as CHARACTER_MAXIMUM_LENGTH,
        case when data_type in ('BIGINT', 'HUGEINT', 'INTEGER') then 38 when data_type like 'DECIMAL%' then numeric_precision end
            as NUMERIC_PRECISION,
        case when data_type in ('BIGINT', 'HUGEINT', 'INTEGER') then 0 when data_type like 'DECIMAL%' then numeric_scale end
            as NUMERIC_SCALE,
        comment as COMMENT, n.name as _CATALOG
        from duckdb_columns() c join {m}.main.names n on n.catalog = c.database_name where not c.internal""",
}


def create(root: duckdb.DuckDBPyConnection) -> None:
    """The views behind INFORMATION_SCHEMA. `names` is a table function over the map, so that it is read at each use."""
    root.execute(f"CREATE TABLE {MACROS}.main.names (name VARCHAR, catalog VARCHAR)")
    for name, query in _VIEWS.items():
        root.execute(f"CREATE VIEW {MACROS}.main.{name} AS {query.format(m=MACROS, type=_TYPE)}")


def view(table: exp.Table, database: str | None) -> exp.Expression:
    """What stands for `<database>.INFORMATION_SCHEMA.<table>` in a FROM clause."""
    name = table.name.upper()
    if name not in _VIEWS:
        raise does_not_exist("Object", f"INFORMATION_SCHEMA.{name}")
    if database is None:
        raise does_not_exist("Database", "<none>")
    where = "" if name == "DATABASES" else f" where _CATALOG = {literal(database)}"
    query = parse_one(f"select * exclude (_CATALOG) from {MACROS}.main.{name}{where}", read="duckdb")
    return exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier(table.alias or name)))
