#!/bin/sh
# Creates Temporal's two databases and brings their schemas up to the version of these tools. Done at every start; what is
# up to date stays as it is. SQL_HOST, SQL_USER and SQL_PASSWORD say where. SCHEMAS: the tools' folder of schema versions.
set -eu
SCHEMAS=${SCHEMAS:-/etc/temporal/schema/postgresql/v12}

sql() {
  temporal-sql-tool --plugin postgres12 --ep "$SQL_HOST" --port "${SQL_PORT:-5432}" --user "$SQL_USER" "$@"
}

for pair in temporal:temporal temporal_visibility:visibility; do
  database=${pair%%:*}
  sql --db "$database" create
  sql --db "$database" setup-schema --version 0.0
  sql --db "$database" update-schema --schema-dir "$SCHEMAS/${pair##*:}/versioned"
done
