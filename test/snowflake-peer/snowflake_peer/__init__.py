"""A local server that speaks Snowflake's client protocol over DuckDB, for tests only.

fakesnow translates the SQL; this package holds what a Snowflake account has besides: databases that clone and swap,
transactions, locks, stages, sessions, error codes, and faults on request. `docs/snowflake.md` lists what it cannot show.
"""
