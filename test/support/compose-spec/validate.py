"""Validates a Compose file, as JSON on stdin, against the Compose Specification's schema: prints each violation on a line."""

import json
import pathlib
import sys

import jsonschema

schema = json.loads(pathlib.Path(__file__).with_name("compose-spec.json").read_text())
for error in jsonschema.Draft7Validator(schema).iter_errors(json.load(sys.stdin)):
    print("/".join(map(str, error.path)), error.message)
