#!/usr/bin/env bash
# Guessed: `buildx bake` in a folder with docker-bake.hcl reads that; a compose.yaml beside it, for development, plays
# no part.
# So it is: It reads both and merges what has the same name: the target `app` of the bake file gets the labels, build
# arguments and platforms that the service `app` has in compose.yaml and the target itself does not set. Only `-f
# docker-bake.hcl` keeps them apart. (0.29.1 does the same.)
# Matters: A line for somebody's own machine (`args: {DEBUG: "1"}`) is in the released image, from a file that nobody
# reads for a release.
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

cat >docker-bake.hcl <<'END'
target "app" {
  context = "."
  tags    = ["ghcr.io/acme/app:1.0.0"]
}
group "default" { targets = ["app"] }
END
cat >compose.yaml <<'END'
services:
  app: {image: app-dev, build: {context: ., args: {DEBUG: "1"}, labels: {for: development}}}
  helper: {image: helper-dev, build: ./helper}
END
bake() { # the arguments, labels and tags of the target app
  root/usr/libexec/docker/cli-plugins/docker-buildx bake --print "$@" app 2>bake.log | python3 -c '
import json, sys
app = json.load(sys.stdin)["target"]["app"]
print(app.get("args"), app.get("labels"), app["tags"])'
}
expect "bake -f docker-bake.hcl" "$(bake -f docker-bake.hcl)" "None None ['ghcr.io/acme/app:1.0.0']"
expect "bake" "$(bake)" "{'DEBUG': '1'} {'for': 'development'} ['ghcr.io/acme/app:1.0.0']"
