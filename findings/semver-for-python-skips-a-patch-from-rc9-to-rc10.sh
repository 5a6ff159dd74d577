#!/usr/bin/env bash
# Guessed: `next_version("prerelease")` counts the pre-release up and leaves the version alone: after 1.2.3-rc9 comes
# 1.2.3-rc10.
# So it is: It comes to 1.2.4-rc10: where the counter gets another digit and is not behind a dot, the patch number is
# raised as well. From rc8 it is 1.2.3-rc9, from rc.9 1.2.3-rc.10. `bump_prerelease()` appends instead: 1.2.3-rc9.0.
# Matters: Candidates written without the dot (as tags taken over from Python projects are) get a version that nobody
# planned, and the release that follows is 1.2.4 though there never was a 1.2.3.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
expect() { # what is looked at, what is seen, what was seen when this was written
  printf '%s: %s\n' "$1" "$2"
  [ "$2" = "$3" ] || { printf 'CHANGED, it was: %s\n' "$3" >&2; exit 1; }
}

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check semver==3.1.2
expect "semver" "$(venv/bin/python -c 'from importlib.metadata import version; print(version("semver"))')" "3.1.2"

next_of() { venv/bin/python -c 'import sys; from semver import Version; print(Version.parse(sys.argv[1]).next_version("prerelease"))' "$1"; }
bump_of() { venv/bin/python -c 'import sys; from semver import Version; print(Version.parse(sys.argv[1]).bump_prerelease())' "$1"; }
expect "next after 1.2.3-rc.9" "$(next_of 1.2.3-rc.9)" 1.2.3-rc.10
expect "next after 1.2.3-rc8" "$(next_of 1.2.3-rc8)" 1.2.3-rc9
expect "next after 1.2.3-rc9" "$(next_of 1.2.3-rc9)" 1.2.4-rc10
expect "bump of 1.2.3-rc9" "$(bump_of 1.2.3-rc9)" 1.2.3-rc9.0
