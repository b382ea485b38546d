"""The account's databases: which DuckDB catalog stands behind which Snowflake name.

A catalog keeps its own name (`db_7`) for life; CLONE makes a new one, SWAP and RENAME only change the map. A statement
takes the map as it is when it starts, so it sees all of one database or all of the other.
"""

from __future__ import annotations

import datetime
import json
import os
import threading
from pathlib import Path

import duckdb

from .errors import already_exists, does_not_exist
from .transactions import Clock

# What fakesnow's translation calls: qualified, so that views of every database find it.
MACROS = "peer"


class Databases:
    """Creates, clones, swaps and drops databases; safe from several threads.

    Without a folder everything is in memory. With one, databases and the map survive a kill: the map is written aside
    and renamed after the catalog it names is complete.
    """

    def __init__(self, root: duckdb.DuckDBPyConnection, folder: Path | None, clock: Clock) -> None:
        self._root = root
        self._clock = clock
        self._folder = folder
        self._lock = threading.RLock()
        self._catalogs: dict[str, str] = {}
        self._created: dict[str, datetime.datetime] = {}
        self._next = 1
        if folder:
            self._restore(folder)

    def names(self) -> dict[str, str]:
        """Every database's name and its DuckDB catalog, at one moment."""
        with self._lock:
            return dict(self._catalogs)

    def created(self) -> dict[str, datetime.datetime]:
        """When each database was made: a clone when it was cloned, one that was restored from a folder when the peer started."""
        with self._lock:
            return {name: self._created[catalog] for name, catalog in self._catalogs.items()}

    def catalog(self, name: str) -> str:
        """The DuckDB catalog behind a database now."""
        with self._lock:
            if name not in self._catalogs:
                raise does_not_exist("Database", name)
            return self._catalogs[name]

    def create(self, name: str, *, replace: bool = False) -> None:
        """An empty database with its schema PUBLIC."""
        with self._lock:
            self._refuse_existing(name, replace)
            catalog = self._attach_new()
            self._root.execute(f"CREATE SCHEMA {catalog}.PUBLIC")
            self._bind(name, catalog)

    def clone(self, name: str, source: str, *, replace: bool = False) -> None:
        """A copy of `source` as it is committed now; later changes of either do not touch the other."""
        with self._lock:
            origin = self.catalog(source)
            self._refuse_existing(name, replace)
            catalog = self._attach_new()
            self._root.execute(f"COPY FROM DATABASE {origin} TO {catalog}")
            self._bind(name, catalog)

    def swap(self, name: str, other: str) -> None:
        """Exchanges two databases' names in one step."""
        with self._lock:
            first, second = self.catalog(name), self.catalog(other)
            self._catalogs[name], self._catalogs[other] = second, first
            self._save()

    def rename(self, name: str, new_name: str) -> None:
        """Gives a database a name that nothing has."""
        with self._lock:
            catalog = self.catalog(name)
            if new_name != name and new_name in self._catalogs:
                raise already_exists(new_name)
            del self._catalogs[name]
            self._bind(new_name, catalog)

    def drop(self, name: str) -> None:
        """Removes a database; a statement that already reads it finishes."""
        with self._lock:
            catalog = self.catalog(name)
            del self._catalogs[name]
            self._save()
            self._detach(catalog)

    def _refuse_existing(self, name: str, replace: bool) -> None:
        if name in self._catalogs and not replace:
            raise already_exists(name)

    def _bind(self, name: str, catalog: str) -> None:
        replaced = self._catalogs.get(name)
        self._catalogs[name] = catalog
        self._save()
        if replaced:
            self._detach(replaced)

    def _attach_new(self) -> str:
        catalog = f"db_{self._next}"
        self._next += 1
        self._attach(catalog)
        return catalog

    def _attach(self, catalog: str) -> None:
        path = str(self._folder / f"{catalog}.duckdb") if self._folder else ":memory:"
        self._created[catalog] = datetime.datetime.now(datetime.UTC)
        self._root.execute("ATTACH '" + path.replace("'", "''") + f"' AS {catalog}")

    def _detach(self, catalog: str) -> None:
        self._root.execute(f"DETACH {catalog}")
        if self._folder:
            for suffix in (".duckdb", ".duckdb.wal"):
                (self._folder / f"{catalog}{suffix}").unlink(missing_ok=True)

    def _save(self) -> None:
        self._publish_names()
        if not self._folder:
            return
        aside = self._folder / "databases.json.next"
        aside.write_text(json.dumps({"next": self._next, "catalogs": self._catalogs}))
        os.replace(aside, self._folder / "databases.json")

    def _publish_names(self) -> None:
        self._root.begin()
        self._root.execute(f"DELETE FROM {MACROS}.main.names")
        for name, catalog in self._catalogs.items():
            self._root.execute(f"INSERT INTO {MACROS}.main.names VALUES (?, ?)", [name, catalog])
        self._root.commit()
        self._clock.tick()

    def _restore(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        map_file = folder / "databases.json"
        if map_file.exists():
            saved = json.loads(map_file.read_text())
            self._next, self._catalogs = saved["next"], saved["catalogs"]
        kept = set(self._catalogs.values())
        for file in folder.glob("db_*.duckdb*"):
            if file.name.split(".")[0] not in kept:  # a clone that was killed before the map named it
                file.unlink()
        for catalog in kept:
            self._attach(catalog)
        self._publish_names()
