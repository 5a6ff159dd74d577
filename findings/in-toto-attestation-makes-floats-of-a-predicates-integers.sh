#!/usr/bin/env bash
# Guessed: An in-toto statement that is read and written by the library in-toto-attestation says the same afterwards.
# So it is: The predicate is a protobuf Struct, whose numbers are all doubles: 1 comes back as 1.0, and an integer above
# 2^53 as another number. Nothing is raised.
# Matters: A provenance statement that was read and written again has another digest and fails the check of its
# signature; build numbers and sizes in it can be wrong. A statement has to be carried as the bytes that were signed,
# and parsed only to be looked at.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
expect() { # what is looked at, what is seen, what was seen when this was written
  printf '%s: %s\n' "$1" "$2"
  [ "$2" = "$3" ] || { printf 'CHANGED, it was: %s\n' "$3" >&2; exit 1; }
}

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check in-toto-attestation==0.9.3 protobuf==7.36.2
expect "in-toto-attestation" "$(venv/bin/python -c 'from importlib.metadata import version; print(version("in-toto-attestation"))')" "0.9.3"
expect "protobuf" "$(venv/bin/python -c 'from importlib.metadata import version; print(version("protobuf"))')" "7.36.2"

cat >through.py <<'END'
import json

from google.protobuf.json_format import MessageToJson, Parse
from in_toto_attestation.v1 import statement_pb2

predicate = {"run": 1, "id": 9007199254740993}
subject = [{"name": "app", "digest": {"sha256": "a" * 64}}]
statement = {"_type": "https://in-toto.io/Statement/v1", "subject": subject,
             "predicateType": "https://example.com/build/v1", "predicate": predicate}
written = MessageToJson(Parse(json.dumps(statement), statement_pb2.Statement()))
print(json.dumps(json.loads(written)["predicate"], sort_keys=True))
END
expect '{"id": 9007199254740993, "run": 1} comes back as' "$(venv/bin/python through.py)" '{"id": 9007199254740992.0, "run": 1.0}'
