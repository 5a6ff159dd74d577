#!/usr/bin/env bash
# Guessed: docker-parse-image gives a reference's tag and digest apart, as Docker does, and writes it back unchanged.
# So it is: It knows no digest. Of `name@sha256:...` the digest is the tag, and the name written back is
# `name:sha256:...`, which is no reference; of `name:1.0.0@sha256:...` the tag is `1.0.0@sha256:...`. For a registry
# with a port it adds Docker Hub's `library/`: another repository. (@swimlane/docker-reference reads all three as Docker
# does.)
# Matters: A tool that reads pinned images by it compares tags that are not there or asks for a repository that nobody
# pushed to.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
expect() { # what is looked at, what is seen, what was seen when this was written
  printf '%s: %s\n' "$1" "$2"
  [ "$2" = "$3" ] || { printf 'CHANGED, it was: %s\n' "$3" >&2; exit 1; }
}

npm install --silent --no-audit --no-fund --ignore-scripts docker-parse-image@3.0.1 @swimlane/docker-reference@2.0.1
expect "docker-parse-image" "$(node -p 'require("docker-parse-image/package.json").version')" "3.0.1"
expect "@swimlane/docker-reference" "$(node -p 'require("@swimlane/docker-reference/package.json").version')" "2.0.1"

digest=sha256:$(printf 'a%.0s' {1..64})
show() { sed "s/$digest/DIGEST/g"; }
# shellcheck disable=SC2016  # JavaScript's own
parsed() { node -p 'const r = require("docker-parse-image")(process.argv[1]); `${r.tag} ${r.fullname}`' "$1" | show; }
# shellcheck disable=SC2016
swimlane() {
  node -p 'const r = require("@swimlane/docker-reference").parseFamiliarName(process.argv[1]);
`${r.tag} ${r.digest}`' "$1" | show
}
expect "a digest" "$(parsed "ghcr.io/acme/app@$digest")" "DIGEST ghcr.io/acme/app:DIGEST"
expect "a tag and a digest" "$(parsed "ghcr.io/acme/app:1.0.0@$digest")" "1.0.0@DIGEST ghcr.io/acme/app:1.0.0@DIGEST"
expect "a registry with a port" "$(parsed registry.example:5000/app:1.0.0)" "1.0.0 registry.example:5000/library/app:1.0.0"
expect "@swimlane/docker-reference" "$(swimlane "ghcr.io/acme/app:1.0.0@$digest")" "1.0.0 DIGEST"
