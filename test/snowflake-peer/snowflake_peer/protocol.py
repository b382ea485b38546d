"""What Snowflake's REST endpoints answer: logins, tokens, statements, cancels. Knows no sockets."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict, deque
from concurrent.futures import Future
from typing import Any

from fakesnow.converter import from_binding

from .account import Account
from .errors import SnowflakeError
from .faults import Faults
from .results import Result, to_json
from .session import Session

Json = dict[str, Any]

TOKEN_EXPIRED = ("390112", "Your session has expired. Please login again.")
LOGIN_EXPIRED = ("390114", "Authentication token has expired. The user must authenticate again.")


class DropConnection(Exception):
    """The answer to this request is a closed socket."""


class Unavailable(Exception):
    """The answer to this request is HTTP 503."""


def failure(code: str, message: str, sql_state: str | None = None, query_id: str = "") -> Json:
    """A refusal as Snowflake words it: HTTP 200, `success` false."""
    data = {"errorCode": code, "sqlState": sql_state, "queryId": query_id} if sql_state else {}
    return {"success": False, "code": code, "message": message, "data": data, "headers": None}


class Protocol:
    """The endpoints over one account; every method may be called from any thread."""

    def __init__(self, account: Account, faults: Faults) -> None:
        self.account = account
        self.faults = faults
        self.statements: deque[Json] = deque(maxlen=20000)
        self._masters: dict[str, str | None] = {}  # master token to session token; None: must log in again
        self._answers: OrderedDict[str, Future[Json]] = OrderedDict()
        self._running: dict[str, Session] = {}
        self._lock = threading.Lock()

    def login(self, query: dict[str, str], body: Json) -> Json:
        """A new session. Any user, key and password is let in: the peer checks none."""
        data = body["data"]
        session = Session(
            self.account, data.get("LOGIN_NAME", ""), _upper(query.get("databaseName")), _upper(query.get("schemaName"))
        )
        session.warehouse, session.role = _upper(query.get("warehouse")), _upper(query.get("roleName")) or session.role
        for name, value in (data.get("SESSION_PARAMETERS") or {}).items():
            session.parameters[name.upper()] = str(value).lower() if isinstance(value, bool) else str(value)
        token, master = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        with self._lock:
            self.account.sessions[token] = session
            self._masters[master] = token
        return {
            "success": True,
            "data": {
                "token": token, "masterToken": master, "validityInSeconds": 3600, "masterValidityInSeconds": 14400,
                "serverVersion": "10.0.0", "sessionId": session.id,
                # Array binds are sent inline, never through a stage.
                "parameters": [
                    {"name": "AUTOCOMMIT", "value": session.parameters.get("AUTOCOMMIT", "true") != "false"},
                    {"name": "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD", "value": 10**9},
                    {"name": "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY", "value": 3600},
                    {"name": "TIMEZONE", "value": "UTC"},
                ],
                "sessionInfo": {
                    "databaseName": session.database, "schemaName": session.schema, "warehouseName": session.warehouse,
                    "roleName": session.role,
                },
            },
        }  # fmt: skip

    def renew(self, master: str | None) -> Json:
        """A new token for the session that a master token belongs to."""
        with self._lock:
            token = self._masters.get(master or "")
            session = self.account.sessions.pop(token or "", None)
            if session is None:
                return failure(*LOGIN_EXPIRED)
            fresh = secrets.token_urlsafe(24)
            self.account.sessions[fresh] = session
            self._masters[master or ""] = fresh
            session.expired = False
        data = {"sessionToken": fresh, "masterToken": master, "validityInSecondsST": 3600, "validityInSecondsMT": 14400}
        return {"success": True, "data": {**data, "sessionId": session.id}}

    def logout(self, token: str | None) -> Json:
        """Ends a session."""
        with self._lock:
            session = self.account.sessions.pop(token or "", None)
        if session:
            session.close()
        return {"success": True, "data": None, "code": None, "message": None}

    def query(self, token: str | None, request_id: str, body: Json) -> Json:
        """Runs a statement; a request that is sent again gets the first one's answer, as on Snowflake."""
        session = self.account.sessions.get(token or "")
        if session is None or session.expired:
            return failure(*TOKEN_EXPIRED)
        sql = body.get("sqlText", "")
        tag = (body.get("parameters") or {}).get("QUERY_TAG") or session.parameters.get("QUERY_TAG", "")
        rule = self.faults.meeting(sql, tag)
        action = rule.action if rule else None
        if rule and action == "drop-before":
            raise DropConnection
        if rule and action == "503":
            raise Unavailable
        if rule and action == "error":
            self._log(session, sql, tag, request_id, time.time(), rule.code)
            return failure(rule.code, rule.message, rule.sql_state)
        if action in ("expire-session", "expire-token"):
            session.expired = True
            if action == "expire-session":
                self.logout(token)
            return failure(*TOKEN_EXPIRED)
        with self._lock:
            answer = self._answers.get(request_id)
            is_first = answer is None
            if answer is None:
                answer = self._answers[request_id] = Future()
                while len(self._answers) > 500:
                    self._answers.popitem(last=False)
        if is_first:
            try:
                answer.set_result(
                    self._run(session, request_id, body, tag, rule.seconds if rule and action == "slow" else 0)
                )
            except BaseException as error:
                answer.set_exception(error)
                raise
        response = answer.result()
        if action == "drop-after":
            raise DropConnection
        if action == "hold":
            self.faults.wait_for_release()
        if action == "lose-put" and "stageInfo" in response.get("data", {}):
            stage = {**response["data"]["stageInfo"], "location": self.account.lost_uploads()}
            response = {**response, "data": {**response["data"], "stageInfo": stage}}
        if action == "lose-get" and "src_locations" in response.get("data", {}):
            response = {**response, "data": {**response["data"], "src_locations": response["data"]["src_locations"][1:]}}
        return response

    def result(self, query_id: str) -> Json:
        """The answer to a statement that was executed before, by its query id."""
        with self._lock:
            done = [answer.result() for answer in self._answers.values() if answer.done() and not answer.exception()]
        found = next((response for response in done if (response.get("data") or {}).get("queryId") == query_id), None)
        return found or failure("000709", f"Statement {query_id} not found", "02000")

    def abort(self, request_id: str) -> Json:
        """Cancels a running statement."""
        session = self._running.get(request_id)
        if session:
            session.cancel()
        return {"success": True, "data": None, "code": None, "message": None}

    def _run(self, session: Session, request_id: str, body: Json, tag: str, delay_s: float) -> Json:
        started, sql = time.time(), body.get("sqlText", "")
        with session.busy:
            self._running[request_id] = session
            settings = {name.upper(): str(value) for name, value in (body.get("parameters") or {}).items()}
            kept, session.parameters = session.parameters, {**session.parameters, **settings}
            session.delay_s = delay_s
            try:
                result = session.execute(sql, *_binds(body.get("bindings")))
                response = _success(session, result)
                code = None
            except SnowflakeError as error:
                code = error.code
                response = failure(error.code, error.message, error.sql_state)
            finally:
                if settings:
                    session.parameters = kept
                self._running.pop(request_id, None)
        self._log(session, sql, tag, request_id, started, code)
        return response

    def _log(self, session: Session, sql: str, tag: str, request_id: str, started: float, code: str | None) -> None:
        self.statements.append(
            {
                "session": session.id, "user": session.user, "queryTag": tag, "sql": sql, "requestId": request_id,
                "startedAt": started, "seconds": round(time.time() - started, 4), "error": code,
            }
        )  # fmt: skip


def _success(session: Session, result: Result) -> Json:
    if result.transfer:
        return {"success": True, "code": None, "message": None, "data": {**result.transfer, "queryId": result.query_id}}
    final = {"finalDatabaseName": session.database, "finalSchemaName": session.schema, "finalRoleName": session.role}
    data = {**to_json(result), **final, "finalWarehouseName": session.warehouse}
    return {"success": True, "code": None, "message": None, "data": data}


def _binds(bindings: Json | None) -> tuple[list[Any] | None, list[list[Any]] | None]:
    """A statement's values for `?`, or its rows of values when the client bound arrays."""
    if not bindings:
        return None, None
    given = [bindings[str(position)] for position in range(1, len(bindings) + 1)]
    if isinstance(given[0]["value"], list):
        columns = [[_bound({**bind, "value": value}) for value in bind["value"]] for bind in given]
        return None, [list(row) for row in zip(*columns, strict=True)]
    return [_bound(bind) for bind in given], None


def _bound(bind: Json) -> Any:
    value = bind["value"]
    if value is None:
        return None
    if bind["type"] == "REAL":
        return float(value)
    return from_binding(bind)


def _upper(name: str | None) -> str | None:
    if not name:
        return None
    return name[1:-1] if name.startswith('"') else name.upper()
