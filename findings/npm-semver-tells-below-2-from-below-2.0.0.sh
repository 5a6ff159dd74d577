#!/usr/bin/env bash
# Guessed: With `includePrerelease`, `<2` and `<2.0.0` mean the same, and so do `>=1` and `>=1.0.0`.
# So it is: A partial version is filled up with `-0`, the lowest pre-release, a whole one is not. So 2.0.0-rc.1 is below
# 2.0.0 but not below 2, and 1.0.0-rc.1 is at least 1 but not at least 1.0.0. Python's packaging keeps the candidate of
# 2.0.0 out of both `<2` and `<2.0.0`.
# Matters: The range behind a floating tag decides who gets a release candidate: written out in full, `<2.0.0` gives the
# users of line 1 the candidate of line 2, and the same range does not in a tool that follows Python's rules.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
expect() { # what is looked at, what is seen, what was seen when this was written
  printf '%s: %s\n' "$1" "$2"
  [ "$2" = "$3" ] || { printf 'CHANGED, it was: %s\n' "$3" >&2; exit 1; }
}

npm install --silent --no-audit --no-fund --ignore-scripts semver@7.8.6

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check packaging==26.4
expect "semver" "$(node -p 'require("semver/package.json").version')" "7.8.6"
expect "packaging" "$(venv/bin/python -c 'from importlib.metadata import version; print(version("packaging"))')" "26.4"

satisfies() { node -p 'require("semver").satisfies(...process.argv.slice(1), {includePrerelease: true})' "$1" "$2"; }
contains() {
  venv/bin/python -c 'import sys; from packaging.specifiers import SpecifierSet
print(SpecifierSet(sys.argv[2]).contains(sys.argv[1], prereleases=True))' "$1" "$2"
}
expect "npm: 2.0.0-rc.1 <2" "$(satisfies 2.0.0-rc.1 '<2')" false
expect "npm: 2.0.0-rc.1 <2.0.0" "$(satisfies 2.0.0-rc.1 '<2.0.0')" true
expect "npm: 1.0.0-rc.1 >=1" "$(satisfies 1.0.0-rc.1 '>=1')" true
expect "npm: 1.0.0-rc.1 >=1.0.0" "$(satisfies 1.0.0-rc.1 '>=1.0.0')" false
expect "packaging: 2.0.0rc1 <2" "$(contains 2.0.0rc1 '<2')" False
expect "packaging: 2.0.0rc1 <2.0.0" "$(contains 2.0.0rc1 '<2.0.0')" False
