"""Faults on request: what a network, a service and a storage do to a client on a bad day."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import Any

ACTIONS = ("drop-before", "drop-after", "503", "expire-session", "expire-token", "slow", "hold", "lose-put", "lose-get", "error")


@dataclass
class Rule:
    """Does `action` to the statements that match, from the nth on, `times` times (0: always)."""

    match: re.Pattern[str]
    tag: re.Pattern[str] | None
    action: str
    nth: int
    times: int
    seconds: float = 0
    code: str = "100132"
    sql_state: str = "P0000"
    message: str = "A fault that the test asked for."
    seen: int = 0
    done: int = 0

    @staticmethod
    def of(given: dict[str, Any]) -> Rule:
        """A rule from a test's JSON; ValueError names what is wrong with it."""
        unknown = given.keys() - {"match", "tag", "action", "nth", "times", "seconds", "error"}
        if unknown or given.get("action") not in ACTIONS:
            raise ValueError(
                f"unknown fields {sorted(unknown)} or action {given.get('action')!r}; actions: {', '.join(ACTIONS)}"
            )
        flags = re.IGNORECASE | re.DOTALL
        error = given.get("error") or {}
        return Rule(
            re.compile(given.get("match", ""), flags),
            re.compile(given["tag"], flags) if given.get("tag") else None,
            given["action"],
            int(given.get("nth", 1)),
            int(given.get("times", 1)),
            float(given.get("seconds", 0)),
            **{
                key: str(error[name])
                for key, name in (("code", "code"), ("sql_state", "sqlState"), ("message", "message"))
                if name in error
            },
        )

    def applies(self, sql: str, tag: str) -> bool:
        """Counts a statement and says whether it is one of those to disturb."""
        if not self.match.search(sql) or (self.tag and not self.tag.search(tag)):
            return False
        self.seen += 1
        if self.seen < self.nth or (self.times and self.done >= self.times):
            return False
        self.done += 1
        return True


@dataclass
class Faults:
    """The rules that are in force, and the gate that `hold` waits at."""

    rules: list[Rule] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _gate: threading.Condition = field(default_factory=threading.Condition)
    _released: int = 0
    held: int = 0

    def add(self, given: dict[str, Any]) -> None:
        """Puts one more rule in force."""
        with self._lock:
            self.rules.append(Rule.of(given))

    def clear(self) -> None:
        """Takes all rules out of force and lets go what is held."""
        with self._lock:
            self.rules.clear()
        self.release()

    def release(self) -> None:
        """Lets go what is held now; what comes later is held again."""
        with self._gate:
            self._released += 1
            self._gate.notify_all()

    def wait_for_release(self, most_s: float = 300) -> None:
        """Waits until the next `release`, for `hold`."""
        with self._gate:
            before = self._released
            self.held += 1
            self._gate.wait_for(lambda: self._released > before, most_s)
            self.held -= 1

    def meeting(self, sql: str, tag: str) -> Rule | None:
        """The first rule that applies to a statement."""
        with self._lock:
            return next((rule for rule in self.rules if rule.applies(sql, tag)), None)
