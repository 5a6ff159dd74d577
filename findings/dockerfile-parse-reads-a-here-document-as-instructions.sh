#!/usr/bin/env bash
# Guessed: dockerfile-parse takes a here-document (`RUN <<EOF`, since Dockerfile 1.4) for the body of its instruction.
# So it is: It reads each line of it as an instruction: a `FROM` in the document is one more parent image, and a `LABEL`
# in it a label of the image.
# Matters: A list of base images to watch for updates, or to pin, has an image that is never pulled; and the base image
# is that of the document, not of the Dockerfile, when it stands last.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
expect() { # what is looked at, what is seen, what was seen when this was written
  printf '%s: %s\n' "$1" "$2"
  [ "$2" = "$3" ] || { printf 'CHANGED, it was: %s\n' "$3" >&2; exit 1; }
}

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check dockerfile-parse==2.0.1
expect "dockerfile-parse" "$(venv/bin/python -c 'from importlib.metadata import version; print(version("dockerfile-parse"))')" "2.0.1"

cat >Dockerfile <<'END'
# syntax=docker/dockerfile:1
FROM ghcr.io/acme/base:1.0
LABEL version=1.0
RUN cat <<EOF >/usr/share/app/example
FROM registry.example/example:2.0
LABEL version=2.0
EOF
END
seen() { venv/bin/python -c "from dockerfile_parse import DockerfileParser as P; p = P(path='.'); print($1)"; }
expect "parent images" "$(seen p.parent_images)" "['ghcr.io/acme/base:1.0', 'registry.example/example:2.0']"
expect "base image" "$(seen p.baseimage)" "registry.example/example:2.0"
expect "labels" "$(seen p.labels)" "{'version': '2.0'}"
