"""Statements that are no tables' SQL: databases, transactions, the session, stages, and who may do what."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import show
from .errors import does_not_exist, syntax_error
from .names import IDENTIFIER, NAME, fold, parts, quoted, unescaped
from .results import DDL, OTHER, SUCCESS, Result, status, texts
from .stages import split_reference

if TYPE_CHECKING:
    from .session import Session

Command = Callable[["Session", "re.Match[str]"], Result]
_COMMANDS: list[tuple[re.Pattern[str], Command]] = []


_COMMENT_BEFORE = re.compile(r"/\*.*?\*/|--[^\n]*(?:\n|\Z)", re.DOTALL)


def without_comments(sql: str) -> str:
    """A statement without the comments around it (dbt's query comment stands last) and without the closing semicolon."""
    text = sql.strip()
    while match := _COMMENT_BEFORE.match(text):
        text = text[match.end() :].lstrip()
    while text.endswith(";") or text.endswith("*/"):
        end = len(text) - 1 if text.endswith(";") else text.rfind("/*")
        text = text[: max(end, 0)].rstrip()
    return text


def run(session: Session, text: str) -> Result | None:
    """The result of a statement that this module knows, or None."""
    for pattern, command in _COMMANDS:
        if match := pattern.fullmatch(text):
            return command(session, match)
    return None


def _command(pattern: str) -> Callable[[Command], Command]:
    compiled = re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE | re.DOTALL)

    def registered(command: Command) -> Command:
        _COMMANDS.append((compiled, command))
        return command

    return registered


# --- databases and schemas


@_command(
    rf"create( or replace)?( transient)? database( if not exists)? (?P<name>{IDENTIFIER})(?: clone (?P<source>{IDENTIFIER}))?(?P<rest>.*)"
)
def _create_database(session: Session, match: re.Match[str]) -> Result:
    session.commit()
    replace, _, if_not_exists = match.groups()[:3]
    name = fold(match["name"])
    if if_not_exists and name in session.databases.names():
        return status(f"{name} already exists, statement succeeded.")
    if match["source"]:
        session.databases.clone(name, fold(match["source"]), replace=bool(replace))
    else:
        session.databases.create(name, replace=bool(replace))
    session.database, session.schema = name, "PUBLIC"
    return status(f"Database {name} successfully created.")


@_command(rf"alter database (?P<name>{IDENTIFIER}) (?P<verb>swap with|rename to) (?P<other>{IDENTIFIER})")
def _swap_or_rename(session: Session, match: re.Match[str]) -> Result:
    session.commit()
    change = session.databases.swap if match["verb"].lower().startswith("swap") else session.databases.rename
    change(fold(match["name"]), fold(match["other"]))
    return status(SUCCESS)


@_command(rf"alter database( if exists)? (?P<name>{IDENTIFIER}) (?:un)?set .*")
def _alter_database(session: Session, match: re.Match[str]) -> Result:
    session.commit()
    session.databases.catalog(fold(match["name"]))
    return status(SUCCESS)


@_command(rf"drop database( if exists)? (?P<name>{IDENTIFIER})(?: cascade| restrict)?")
def _drop_database(session: Session, match: re.Match[str]) -> Result:
    session.commit()
    name = fold(match["name"])
    catalog = session.databases.names().get(name)
    if not catalog and match[1]:
        return status("Drop statement executed successfully (object already dropped).")
    if session.database == name:
        session.database = session.schema = None
        session.leave_catalog()
    session.databases.drop(name)
    session.stages.drop_database(str(catalog))
    return status(f"{name} successfully dropped.")


@_command(rf"create( or replace)?( transient)? schema( if not exists)? (?P<name>{NAME})(?P<rest>.*)")
def _create_schema(session: Session, match: re.Match[str]) -> Result:
    catalog, name = session.qualify_schema(parts(match["name"]))
    schema = f"{catalog}.{quoted(name)}"
    if match[1]:
        session.ddl(f"DROP SCHEMA IF EXISTS {schema} CASCADE", "")
    result = session.ddl(
        f"CREATE SCHEMA {'IF NOT EXISTS ' if match[3] else ''}{schema}", f"Schema {name} successfully created."
    )
    session.database, session.schema = (parts(match["name"])[:-1] or [session.database])[0], name
    return result


@_command(rf"drop schema( if exists)? (?P<name>{NAME})(?: cascade| restrict)?")
def _drop_schema(session: Session, match: re.Match[str]) -> Result:
    catalog, name = session.qualify_schema(parts(match["name"]))
    return session.ddl(
        f"DROP SCHEMA {'IF EXISTS ' if match[1] else ''}{catalog}.{quoted(name)} CASCADE", f"{name} successfully dropped."
    )


# --- transactions


@_command(r"(?:begin|start transaction)(?: work| transaction)?(?: name \S+)?")
def _begin(session: Session, _match: re.Match[str]) -> Result:
    session.transaction.begin()
    return status(SUCCESS, OTHER)


@_command(r"commit(?: work)?")
def _commit(session: Session, _match: re.Match[str]) -> Result:
    session.commit()
    return status(SUCCESS, OTHER)


@_command(r"rollback(?: work)?")
def _rollback(session: Session, _match: re.Match[str]) -> Result:
    session.abandon()
    return status(SUCCESS, OTHER)


# --- the session


@_command(r"alter session set (?P<settings>.*)")
def _set_parameters(session: Session, match: re.Match[str]) -> Result:
    found = re.findall(r"(\w+)\s*=\s*(?:'((?:[^'\\]|''|\\.)*)'|([^\s,']+))", match["settings"], flags=re.S)
    if not found:
        raise syntax_error("unexpected '<EOF>' in ALTER SESSION SET.")
    for name, text, bare in found:
        if name.upper() == "AUTOCOMMIT" and bare.lower() == "true":
            session.commit()
        session.parameters[name.upper()] = unescaped(text) if text else bare
    return status(SUCCESS, OTHER)


@_command(r"alter session unset (?P<names>.*)")
def _unset_parameters(session: Session, match: re.Match[str]) -> Result:
    for name in re.split(r"[\s,]+", match["names"]):
        session.parameters.pop(name.upper(), None)
    return status(SUCCESS, OTHER)


@_command(rf"use(?: (?P<kind>database|schema|warehouse|role|secondary roles))? (?P<name>{NAME})")
def _use(session: Session, match: re.Match[str]) -> Result:
    names = parts(match["name"])
    kind = (match["kind"] or "database" if len(names) == 1 else match["kind"] or "schema").lower()
    if kind == "warehouse":
        session.warehouse = names[0]
    elif kind == "role":
        session.role = names[0]
    elif kind == "database":
        catalog = session.databases.catalog(names[0])
        session.database = names[0]
        session.schema = "PUBLIC" if session.has_schema(catalog, "PUBLIC") else None
    elif kind == "schema":
        catalog, schema = session.qualify_schema(names)
        if not session.has_schema(catalog, schema):
            raise does_not_exist("Schema", schema)
        session.database, session.schema = (names[:-1] or [session.database])[0], schema
    return status(SUCCESS, OTHER)


# --- stages


@_command(rf"create( or replace)?(?: temp| temporary)? stage( if not exists)? (?P<name>{NAME})(?P<rest>.*)")
def _create_stage(session: Session, match: re.Match[str]) -> Result:
    session.commit()
    key = session.stage_key(match["name"])
    made = session.stages.create(key, replace=bool(match[1]), if_not_exists=bool(match[2]))
    return status(f"Stage area {key[2]} successfully created." if made else f"{key[2]} already exists, statement succeeded.")


@_command(rf"drop stage( if exists)? (?P<name>{NAME})")
def _drop_stage(session: Session, match: re.Match[str]) -> Result:
    session.commit()
    key = session.stage_key(match["name"])
    session.stages.drop(key, if_exists=bool(match[1]))
    return status(f"{key[2]} successfully dropped.")


@_command(r"(?:list|ls) (?P<stage>'@[^']+'|@\S+)(?: pattern.*)?")
def _list(session: Session, match: re.Match[str]) -> Result:
    name, prefix = split_reference(match["stage"])
    rows = session.stages.listing(session.stage_key(name), prefix)
    columns = [("name", "VARCHAR"), ("size", "BIGINT"), ("md5", "VARCHAR"), ("last_modified", "VARCHAR")]
    return Result(columns, list(rows), OTHER)


@_command(r"(?:remove|rm) (?P<stage>'@[^']+'|@\S+)")
def _remove(session: Session, match: re.Match[str]) -> Result:
    name, prefix = split_reference(match["stage"])
    return texts(["name", "result"], list(session.stages.remove(session.stage_key(name), prefix)))


@_command(r"put (?P<file>'file://[^']+'|file://\S+) (?P<stage>'@[^']+'|@\S+)(?P<options>.*)")
def _put(session: Session, match: re.Match[str]) -> Result:
    name, path = split_reference(match["stage"])
    folder = session.stages.upload_folder(session.stage_key(name), path)
    options = {key.upper(): value.upper() for key, value in re.findall(r"(\w+)\s*=\s*(\w+)", match["options"])}
    upload = {
        "command": "UPLOAD",
        "src_locations": [match["file"].strip("'").removeprefix("file://")],
        "parallel": int(options.get("PARALLEL", "4")),
        "autoCompress": options.get("AUTO_COMPRESS", "TRUE") == "TRUE",
        "sourceCompression": options.get("SOURCE_COMPRESSION", "AUTO_DETECT").lower(),
        "overwrite": options.get("OVERWRITE", "FALSE") == "TRUE",
        "stageInfo": _local_storage(folder),
    }
    return Result([], [], OTHER, upload)


@_command(r"get (?P<stage>'@[^']+'|@\S+) (?P<folder>'file://[^']+'|file://\S+)(?: parallel\s*=\s*(?P<parallel>\d+))?")
def _get(session: Session, match: re.Match[str]) -> Result:
    name, prefix = split_reference(match["stage"])
    key = session.stage_key(name)
    download = {
        "command": "DOWNLOAD",
        "src_locations": [name for name, _ in session.stages.files(key, prefix)],
        "localLocation": match["folder"].strip("'").removeprefix("file://"),
        "parallel": int(match["parallel"] or "10"),
        "encryptionMaterial": [],
        "presignedUrls": [],
        "stageInfo": _local_storage(session.stages.folder(key)),
    }
    return Result([], [], OTHER, download)


def _local_storage(folder: Path) -> dict[str, Any]:
    """Where the driver finds a stage's files: it copies them itself, and this machine stands for the cloud's storage."""
    return {
        "locationType": "LOCAL_FS", "location": f"{folder}/", "path": "", "region": "local", "storageAccount": None,
        "isClientSideEncrypted": False, "creds": {}, "presignedUrl": None, "endPoint": None, "useRegionalUrl": False,
    }  # fmt: skip


# --- who may do what: accepted and remembered, never enforced


@_command(
    rf"grant (?P<what>.+?) to (?P<kind>role|database role|user|application role) (?P<grantee>{NAME})(?: with grant option)?"
)
def _grant(session: Session, match: re.Match[str]) -> Result:
    session.commit()
    session.account.grants.add(match["what"], match["kind"], match["grantee"])
    return status(SUCCESS)


@_command(
    rf"revoke (?:grant option for )?(?P<what>.+?) from (?P<kind>role|database role|user) (?P<grantee>{NAME})(?: cascade| restrict)?"
)
def _revoke(session: Session, match: re.Match[str]) -> Result:
    session.commit()
    session.account.grants.remove(match["what"], match["kind"], match["grantee"])
    return status(SUCCESS)


_KINDS = r"role|warehouse|user|resource monitor|file format|network policy|authentication policy|network rule|tag"


@_command(rf"create( or replace)? (?P<kind>{_KINDS})( if not exists)? (?P<name>{NAME})(?P<rest>.*)")
def _create_other(session: Session, match: re.Match[str]) -> Result:
    session.commit()
    kind, name = " ".join(match["kind"].upper().split()), ".".join(parts(match["name"]))
    session.account.objects.create(
        kind, name, replace=bool(match[1]), if_not_exists=bool(match[3]), text=match["rest"].strip()
    )
    return status(f"{kind.capitalize()} {name} successfully created.")


@_command(rf"alter (?P<kind>{_KINDS}|account)( if exists)? (?P<name>{NAME}) (?P<rest>.*)")
def _alter_other(session: Session, match: re.Match[str]) -> Result:
    session.commit()
    kind = " ".join(match["kind"].upper().split())
    if kind != "ACCOUNT":
        session.account.objects.alter(kind, ".".join(parts(match["name"])), bool(match[2]), match["rest"].strip())
    return status(SUCCESS)


@_command(rf"drop (?P<kind>{_KINDS})( if exists)? (?P<name>{NAME})")
def _drop_other(session: Session, match: re.Match[str]) -> Result:
    session.commit()
    name = ".".join(parts(match["name"]))
    session.account.objects.drop(" ".join(match["kind"].upper().split()), name, bool(match[2]))
    return status(f"{name} successfully dropped.")


# --- what there is


@_command(r"(?P<text>show .*)")
def _show(session: Session, match: re.Match[str]) -> Result:
    return show.show(session, match["text"])


@_command(rf"(?:describe|desc) (?:table|view) (?P<name>{NAME})(?: type = columns)?")
def _describe(session: Session, match: re.Match[str]) -> Result:
    return show.describe(session, parts(match["name"]))


@_command(r"select \* from table\s*\(\s*result_scan\s*\(\s*(?:last_query_id\s*\(\s*\)|'(?P<id>[^']+)')\s*\)\s*\)")
def _result_scan(session: Session, match: re.Match[str]) -> Result:
    found = session.results.get(match["id"] or session.last_query_id or "")
    if not found:
        raise does_not_exist("Statement", match["id"] or "")
    return Result(found.columns, found.rows, OTHER)


@_command(
    r"(?:comment on (?!column).*|alter (?:table|view) \S+ (?:cluster by .*|set (?:data_retention|comment|tag).*|modify column .* comment .*))"
)
def _note(session: Session, _match: re.Match[str]) -> Result:
    session.commit()
    return status(SUCCESS, DDL)
