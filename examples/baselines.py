"""Trains a small baseline on each of the two ML-ready marts and scores it honestly.

    npx mfg export order_delay_features --out delays.parquet
    npx mfg export work_unit_failure_features --out failures.parquet
    python examples/baselines.py delays.parquet failures.parquet

Needs scikit-learn, pandas and duckdb. Prints one JSON object per table:

- rows: labelled rows; train, test: rows on either side of the split in time.
- positives: share of true labels in the test rows.
- naive: ROC AUC on the test rows of predicting the share of true labels in the training rows for each: 0.5, chance.
- rule: of a rule of thumb that needs no training: orders are as late as their line has been so far; a work unit fails sooner
  the longer ago it was repaired.
- model: of a logistic regression on all features.
- shuffled: the mean of the same model over shuffled training labels: near chance, or something leaks.
"""

import json
import sys

import duckdb
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

SEED = 1
TRAIN_SHARE = 0.65
SHUFFLES = 20


def delays(path: str) -> dict:
    """Will a production order end late? One row per order, as known at its planned start.

    Orders that are still open have no label, and the late ones of the last days are among them: only orders planned to
    start well before the newest snapshot are used, or the late ones would be missing. An order takes days to end, so
    training ends three days before testing begins.
    """
    rows = duckdb.sql(
        """
        select * from read_parquet($path)
        where observed_at < (select max(snapshot_at) from read_parquet($path)) - interval 14 days
          and is_late is not null
        """,
        params={"path": path},
    ).df()
    ids = ["order_id", "observed_at", "snapshot_at", "batch_id", "is_late", "delay_hours"]
    rule = 1 - rows["line_on_time_completion_ratio"].fillna(0.5)
    return {"table": "order_delay_features", **score(rows, "is_late", ids, rule, gap_days=3)}


def failures(path: str) -> dict:
    """Will a work unit break down within seven days? One row per work unit and day.

    The label looks seven days ahead, so training ends seven days before testing begins.
    """
    rows = duckdb.sql(
        "select * from read_parquet($path) where has_failure_within_7_days is not null", params={"path": path}
    ).df()
    ids = ["equipment_id", "observed_date", "observed_at", "has_failure_within_7_days"]
    rule = rows["hours_since_corrective_maintenance"].fillna(0)
    return {
        "table": "work_unit_failure_features",
        **score(rows, "has_failure_within_7_days", ids, rule, gap_days=7),
    }


def score(rows: pd.DataFrame, label: str, not_features: list, rule: pd.Series, gap_days: int) -> dict:
    """Splits the rows in time, trains on the past, and tests on the future."""
    order = rows["observed_at"].sort_values()
    split = order.iloc[int(len(order) * TRAIN_SHARE)]
    train = rows["observed_at"] < split - pd.Timedelta(days=gap_days)
    test = rows["observed_at"] >= split
    y = rows[label].astype(bool)
    x = rows.drop(columns=not_features)

    def auc(labels: np.ndarray) -> float:
        fitted = model(x).fit(x[train], labels)
        return roc_auc_score(y[test], fitted.predict_proba(x[test])[:, 1])

    rng = np.random.default_rng(SEED)
    scores = {
        "positives": y[test].mean(),
        "naive": roc_auc_score(y[test], np.full(test.sum(), y[train].mean())),
        "rule": roc_auc_score(y[test], rule[test]),
        "model": auc(y[train].to_numpy()),
        "shuffled": np.mean([auc(rng.permutation(y[train])) for _ in range(SHUFFLES)]),
    }
    counts = {"rows": len(rows), "train": int(train.sum()), "test": int(test.sum())}
    return {**counts, **{name: round(float(value), 3) for name, value in scores.items()}}


def model(x: pd.DataFrame) -> Pipeline:
    """Numbers scaled, nulls at the median; words as one column each."""
    numbers = list(x.select_dtypes("number").columns)
    words = [name for name in x.columns if name not in numbers]
    return make_pipeline(
        make_column_transformer(
            (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            (OneHotEncoder(handle_unknown="ignore"), words),
        ),
        LogisticRegression(C=0.1, max_iter=2000),
    )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: baselines.py DELAYS.parquet FAILURES.parquet")
    print(json.dumps(delays(sys.argv[1])))
    print(json.dumps(failures(sys.argv[2])))
