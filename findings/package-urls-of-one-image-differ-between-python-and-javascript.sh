#!/usr/bin/env bash
# Guessed: A package URL has one canonical form, so packageurl-python and packageurl-js write the same image as the same
# string.
# So it is: JavaScript escapes the slashes and colons of a qualifier (`repository_url=ghcr.io%2Facme%2Fapp`), Python
# does not; and a `+` in one is a plus for Python, a space for JavaScript. A namespace, which pkg:oci does not have, is
# an error in JavaScript alone.
# Matters: SBOMs of one image by two generators name two packages: whoever joins them, or looks an image up by its
# package URL, has to parse and compare the parts.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
expect() { # what is looked at, what is seen, what was seen when this was written
  printf '%s: %s\n' "$1" "$2"
  [ "$2" = "$3" ] || { printf 'CHANGED, it was: %s\n' "$3" >&2; exit 1; }
}

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check packageurl-python==0.17.6

npm install --silent --no-audit --no-fund --ignore-scripts packageurl-js@2.0.1
expect "packageurl-python" "$(venv/bin/python -c 'from importlib.metadata import version; print(version("packageurl-python"))')" "0.17.6"
expect "packageurl-js" "$(node -p 'JSON.parse(require("fs").readFileSync("node_modules/packageurl-js/package.json")).version')" 2.0.1

python() { venv/bin/python -c 'import sys; from packageurl import PackageURL; print(PackageURL.from_string(sys.argv[1]).to_string())' "$1"; }
javascript() { node -p 'require("packageurl-js").PackageURL.fromString(process.argv[1]).toString()' "$1"; }
image='pkg:oci/app@sha256%3Aaaaa?repository_url=ghcr.io/acme/app&tag=1.0.0'
expect "Python" "$(python "$image")" 'pkg:oci/app@sha256:aaaa?repository_url=ghcr.io/acme/app&tag=1.0.0'
expect "JavaScript" "$(javascript "$image")" 'pkg:oci/app@sha256:aaaa?repository_url=ghcr.io%2Facme%2Fapp&tag=1.0.0'
expect "Python, a plus" "$(python 'pkg:generic/app@1?vcs=1.0.0+b')" 'pkg:generic/app@1?vcs=1.0.0%2Bb'
expect "JavaScript, a plus" "$(javascript 'pkg:generic/app@1?vcs=1.0.0+b')" 'pkg:generic/app@1?vcs=1.0.0%20b'
