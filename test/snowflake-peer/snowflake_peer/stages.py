"""Internal stages: folders of files, with the record of what COPY loaded from them."""

from __future__ import annotations

import hashlib
import re
import shutil
import threading
from email.utils import formatdate
from pathlib import Path

from .errors import SnowflakeError, already_exists, does_not_exist

Key = tuple[str, str, str]  # DuckDB catalog, schema, stage


class Stages:
    """The account's stages. A stage belongs to its database's catalog, so a clone has none and a swap takes them along."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._loaded: set[tuple[str, ...]] = set()

    def folder(self, key: Key) -> Path:
        """The stage's folder; an error when there is no such stage."""
        folder = self._folder.joinpath(*key)
        if not folder.is_dir():
            raise does_not_exist("Stage", ".".join(key[1:]))
        return folder

    def create(self, key: Key, *, replace: bool, if_not_exists: bool) -> bool:
        """Makes an empty stage; false when it was there and `if_not_exists`."""
        folder = self._folder.joinpath(*key)
        if folder.is_dir():
            if if_not_exists:
                return False
            if not replace:
                raise already_exists(key[2])
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        return True

    def drop(self, key: Key, *, if_exists: bool) -> None:
        """Removes a stage and its files."""
        if if_exists and not self._folder.joinpath(*key).is_dir():
            return
        shutil.rmtree(self.folder(key))

    def drop_database(self, catalog: str) -> None:
        """Removes the stages of a dropped database."""
        shutil.rmtree(self._folder / catalog, ignore_errors=True)

    def names(self, catalog: str) -> list[tuple[str, str]]:
        """The schema and name of each stage of a database."""
        return sorted((p.parent.name, p.name) for p in (self._folder / catalog).glob("*/*") if p.is_dir())

    def upload_folder(self, key: Key, path: str) -> Path:
        """Where a PUT to a path of the stage writes."""
        folder = (self.folder(key) / path).resolve()
        if not folder.is_relative_to(self.folder(key).resolve()):
            raise SnowflakeError("253003", "22000", f"The path '{path}' leaves its stage.")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def files(self, key: Key, prefix: str) -> list[tuple[str, Path]]:
        """The files whose path in the stage starts with a text (Snowflake's paths are no folders)."""
        root = self.folder(key)
        found = sorted((str(file.relative_to(root)), file) for file in root.rglob("*") if file.is_file())
        return [(name, file) for name, file in found if name.startswith(prefix)]

    def listing(self, key: Key, prefix: str) -> list[tuple[str, int, str, str]]:
        """LIST's rows: name with the stage's, bytes, MD5 and time of change."""
        return [
            (f"{key[2].lower()}/{name}", file.stat().st_size, md5(file), formatdate(file.stat().st_mtime, usegmt=True))
            for name, file in self.files(key, prefix)
        ]

    def remove(self, key: Key, prefix: str) -> list[tuple[str, str]]:
        """REMOVE's rows, after removing the files under a prefix."""
        found = self.files(key, prefix)
        for _, file in found:
            file.unlink(missing_ok=True)
        return [(f"{key[2].lower()}/{name}", "removed") for name, _ in found]

    def is_loaded(self, entry: tuple[str, ...]) -> bool:
        """Whether a table's load metadata names the file with these bytes: COPY without FORCE then skips it."""
        with self._lock:
            return entry in self._loaded

    def note_loaded(self, entries: list[tuple[str, ...]]) -> None:
        """Adds to the load metadata of tables."""
        with self._lock:
            self._loaded.update(entries)


def md5(file: Path) -> str:
    """The file's MD5, as LIST shows it."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "md5").hexdigest()


STAGE = re.compile(r"""^'?@(?P<name>(?:"[^"]+"|[\w$]+)(?:\.(?:"[^"]+"|[\w$]+)){0,2})(?:/(?P<path>[^'\s]*))?'?$""")


def split_reference(reference: str) -> tuple[str, str]:
    """`@db.schema.stage/some/path` as the stage's name and the path."""
    found = STAGE.match(reference.strip())
    if not found:
        raise SnowflakeError("001003", "42000", f"SQL compilation error:\nsyntax error in stage reference {reference}")
    return found["name"], found["path"] or ""
