"""Snowflake's names: unquoted ones are folded to upper case, quoted ones are kept."""

from __future__ import annotations

import re

IDENTIFIER = r'(?:"(?:[^"]|"")+"|[A-Za-z_][\w$]*)'
NAME = rf"{IDENTIFIER}(?:\s*\.\s*{IDENTIFIER})*"


def fold(identifier: str) -> str:
    """The stored name behind an identifier as it is written in SQL."""
    identifier = identifier.strip()
    if identifier.startswith('"'):
        return identifier[1:-1].replace('""', '"')
    return identifier.upper()


def parts(name: str) -> list[str]:
    """The stored names of a dotted name, outermost first."""
    return [fold(part) for part in re.findall(IDENTIFIER, name)]


def quoted(name: str) -> str:
    """A stored name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal of DuckDB's."""
    return "'" + text.replace("'", "''") + "'"


def unescaped(text: str) -> str:
    """What a single-quoted Snowflake literal means: a backslash escapes, so that a LIKE pattern needs two."""
    known = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f"}
    return re.sub(r"\\(.)|''", lambda m: known.get(m[1], m[1]) if m[1] else "'", text, flags=re.S)


def like_pattern(text: str) -> re.Pattern[str]:
    """A SHOW … LIKE pattern, given as the literal's text, as a regular expression that ignores case."""
    regex = ""
    for escaped, char in re.findall(r"\\(.)|(.)", unescaped(text), flags=re.S):
        regex += re.escape(escaped) if escaped else {"%": ".*", "_": "."}.get(char, re.escape(char))
    return re.compile(regex, re.IGNORECASE | re.DOTALL)
