#!/usr/bin/env bash
# Guessed: `build.tags` of a Compose file come in addition to `image`, as the Compose specification says, so `buildx
# bake` gives the target both.
# So it is: The target has the tags of `build.tags` alone; the name in `image`, the one that the services are started
# by, is neither built nor pushed, exit 0. Without `build.tags` the target's tag is `image`. (0.29.1 does the same.)
# Matters: Who adds `tags: [ghcr.io/acme/app:latest]` to a service and pushes by bake no longer pushes the version that
# `image` names and that the service is started from.
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
apt-get "${apt[@]}" download docker-buildx=0.13.1+ds1-3
for package in *.deb; do dpkg -x "$package" root; done
expect "buildx" "$(dpkg-deb --field docker-buildx_*.deb Version)" "0.13.1+ds1-3"

cat >compose.yaml <<'END'
services:
  plain: {image: "ghcr.io/acme/app:1.0.0", build: {context: .}}
  tagged: {image: "ghcr.io/acme/app:1.0.0", build: {context: ., tags: ["ghcr.io/acme/app:latest"]}}
END
tags() { # of a target
  root/usr/libexec/docker/cli-plugins/docker-buildx bake -f compose.yaml --print "$1" 2>bake.log |
    python3 -c 'import json, sys; [target] = json.load(sys.stdin)["target"].values(); print(*target["tags"])'
}
expect "without build.tags" "$(tags plain)" "ghcr.io/acme/app:1.0.0"
expect "with build.tags" "$(tags tagged)" "ghcr.io/acme/app:latest"
