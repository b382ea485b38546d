"""The HTTP side: Snowflake's paths, and the peer's own under /peer for tests."""

from __future__ import annotations

import gzip
import json
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .protocol import DropConnection, Protocol, Unavailable


class Server(ThreadingHTTPServer):
    """One thread per connection, on the loopback address only."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, protocol: Protocol) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.protocol = protocol

    def handle_error(self, *_: Any) -> None:
        """Nothing: clients are killed on purpose, and a statement's own failure is answered."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        self._answer_or_drop()

    def do_POST(self) -> None:
        self._answer_or_drop()

    def do_DELETE(self) -> None:
        self._answer_or_drop()

    def log_message(self, *_: Any) -> None:
        """Nothing: what was executed is asked for at /peer/statements."""

    def _answer_or_drop(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        url = urlsplit(self.path)
        try:
            given = json.loads(body) if body else {}
            status, answer = self._route(url.path, dict(parse_qsl(url.query)), given)
        except DropConnection:
            self._drop()
            return
        except Unavailable:
            status, answer = 503, {"message": "Service unavailable"}
        except (ValueError, KeyError) as error:
            status, answer = 400, {"success": False, "code": "000000", "message": f"{type(error).__name__}: {error}"}
        self._send(status, answer)

    def _route(self, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        protocol = self.server.protocol
        parts = path.strip("/").split("/")
        if parts[0] == "peer":
            return self._control(parts[1:], body)
        if path == "/session/v1/login-request":
            return 200, protocol.login(query, body)
        if path == "/session/token-request":
            return 200, protocol.renew(self._token())
        if path == "/queries/v1/query-request":
            return 200, protocol.query(self._token(), query.get("requestId", ""), body)
        if path == "/queries/v1/abort-request":
            return 200, protocol.abort(body.get("requestId", ""))
        if parts[0] == "queries" and parts[-1] == "result":
            return 200, protocol.result(parts[1])
        if path == "/session" and query.get("delete"):
            return 200, protocol.logout(self._token())
        if path in ("/session", "/session/heartbeat", "/telemetry/send"):
            return 200, {"success": True, "data": None, "code": None, "message": None}
        return 404, {"success": False, "code": "000000", "message": f"The peer has no {path}."}

    def _control(self, parts: list[str], body: Any) -> tuple[int, Any]:
        protocol, what = self.server.protocol, (self.command, "/".join(parts))
        if what == ("POST", "faults"):
            for rule in body if isinstance(body, list) else [body]:
                protocol.faults.add(rule)
            return 200, {}
        if what == ("DELETE", "faults"):
            protocol.faults.clear()
            return 200, {}
        if what == ("POST", "release"):
            protocol.faults.release()
            return 200, {}
        if what == ("GET", "held"):
            return 200, {"held": protocol.faults.held}
        if what == ("GET", "statements"):
            return 200, list(protocol.statements)
        if what == ("DELETE", "statements"):
            protocol.statements.clear()
            return 200, {}
        return 404, {"message": f"The peer has no {self.command} /peer/{'/'.join(parts)}."}

    def _token(self) -> str | None:
        header = self.headers.get("Authorization") or ""
        return header.split('"')[1] if header.startswith('Snowflake Token="') else None

    def _send(self, status: int, answer: Any) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset, not a polite end
        self.connection.close()
