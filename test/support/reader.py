"""A reader from outside: polls joined tables of the published file until SIGTERM, then prints what it saw as JSON.

usage: reader.py PUBLISHED_DATABASE

Two ways of reading, as real readers have: one connection that is opened once and kept, and a new one for each poll. Each poll is
one statement over RAW, STAGING, CORE and MARTS with the number of the publication that answers.
"""
import json
import os
import signal
import sys
import time

import duckdb

SEEN = """
select
    (select publication from raw.current_publication) as publication,
    (select count(*) from raw.production_orders_history) as raw_rows,
    (select count(*) from raw.production_orders) as current_rows,
    (select max(_logical_date)::varchar from raw.production_orders) as raw_date,
    (select count(*) from staging.stg_mes__production_orders) as staging_rows,
    (select count(*) from core.fct_production_orders) as core_rows,
    (select count(*) from core.fct_production_orders as o
        left join core.dim_batch as b on o.batch_id = b.batch_id
        left join core.dim_material as m on b.material_id = m.material_id) as joined_rows,
    (select count(*) from marts.plant_day_kpis) as mart_rows
"""


def main(database):
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(True))
    errors, polls, kept, kept_answers = [], [], None, set()
    while not stop:
        if not os.path.exists(database):
            time.sleep(0.02)
            continue
        try:
            # The resolved path: a second connection of this process to the same name would share the first one's file.
            connection = duckdb.connect(os.path.realpath(database), read_only=True)
            row = connection.execute(SEEN).fetchone()
            if kept is None:
                kept = connection
            else:
                connection.close()
            if not polls or polls[-1] != row:
                polls.append(row)
            kept_answers.add(kept.execute(SEEN).fetchone())
        except Exception as error:  # every kind of error is a finding
            errors.append(str(error)[:300])
        time.sleep(0.01)
    print(json.dumps({"polls": polls, "kept": sorted(kept_answers), "errors": errors}))


main(sys.argv[1])
