#!/usr/bin/env bash
# Guessed: `docker-compose config --resolve-image-digests` asks the registry for each tag and prints `name:tag@digest`,
# or fails where it gets no answer.
# So it is: Compose 2.26.1 of Debian 13 prints the tags as they are, exit 0, without a word on stderr and without asking
# anybody: it is the same with and without an engine. (2.40.3 asks the engine, and ends with 1 where none answers.)
# Matters: The file that was written to deploy exactly the verified digests deploys whatever the tags point to that day.
# Whether a file is pinned has to be seen in the file, not in the exit code.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
expect() { # what is looked at, what is seen, what was seen when this was written
  printf '%s: %s\n' "$1" "$2"
  [ "$2" = "$3" ] || { printf 'CHANGED, it was: %s\n' "$3" >&2; exit 1; }
}

# The packages of these versions, unpacked into this folder and nowhere else.
# shellcheck disable=SC2016  # a variable of apt-get's
site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep '/debian$' | sort -u)
mkdir -p lists/partial archives/partial root
printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$site" trixie >sources.list
apt=(-qq -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$work/lists"
  -o Dir::Cache="$work" -o Acquire::Languages=none -o APT::Sandbox::User=root)
apt-get "${apt[@]}" update
apt-get "${apt[@]}" download docker-compose=2.26.1-4
for package in *.deb; do dpkg -x "$package" root; done
expect "docker-compose" "$(root/usr/bin/docker-compose version --short)" "2.26.1-4"

printf 'services: {app: {image: "ghcr.io/acme/app:1.0.0"}}\n' >compose.yaml
# No engine: a socket that is not there.
export DOCKER_HOST=unix://$work/no.sock
root/usr/bin/docker-compose config --help | grep -o -- '--resolve-image-digests.*'
root/usr/bin/docker-compose config --resolve-image-digests >config.txt 2>errors.txt && code=0 || code=$?
expect "exit code" "$code" 0
expect "image" "$(grep -o 'image: .*' config.txt)" "image: ghcr.io/acme/app:1.0.0"
expect "stderr" "$(cat errors.txt)" ""
