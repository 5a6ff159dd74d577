#!/usr/bin/env bash
# Guessed: `localhost/app:1` names the registry at localhost, whoever reads it: Docker's rule makes the word an
# exception, and OCI tools took it over.
# So it is: docker-image-py reads it so. oras for Python reads a user `localhost` of docker.io, unless a port is given,
# and asks Docker Hub for `app` without `library/`, which is another name than Docker's.
# Matters: A rehearsal against a registry at localhost goes to docker.io as soon as the port is left out.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
expect() { # what is looked at, what is seen, what was seen when this was written
  printf '%s: %s\n' "$1" "$2"
  [ "$2" = "$3" ] || { printf 'CHANGED, it was: %s\n' "$3" >&2; exit 1; }
}

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check oras==0.2.43 docker-image-py==0.2.0
expect "oras" "$(venv/bin/python -c 'from importlib.metadata import version; print(version("oras"))')" "0.2.43"
expect "docker-image-py" "$(venv/bin/python -c 'from importlib.metadata import version; print(version("docker-image-py"))')" "0.2.0"

oras() { venv/bin/python -c 'import sys; from oras.container import Container; print(Container(sys.argv[1]).uri)' "$1"; }
reference() {
  venv/bin/python -c 'import sys; from docker_image.reference import Reference
print(Reference.parse_normalized_named(sys.argv[1]).string())' "$1"
}
expect "docker-image-py: localhost/app:1" "$(reference localhost/app:1)" localhost/app:1
expect "oras: localhost/app:1" "$(oras localhost/app:1)" docker.io/localhost/app:1
expect "oras: localhost:5000/app:1" "$(oras localhost:5000/app:1)" localhost:5000/app:1
expect "docker-image-py: app:1" "$(reference app:1)" docker.io/library/app:1
expect "oras: app:1" "$(oras app:1)" docker.io/app:1
