#!/usr/bin/env bash
# Guessed: `bake --load` puts `type=docker` in place of the outputs of each target, as its help says ("Shorthand for
# --set=*.output=type=docker").
# So it is: buildx 0.13 does so. In 0.29, whose help has the same sentence followed by "Conditional.", `--load` is added
# to an output that pushes, so that the plan is to load and to push. `--set=*.output=type=docker`, which it claims to
# stand for, still replaces it.
# Matters: `bake --load` was the way to try a release target on one's own machine; after an update of buildx the same
# command publishes it.
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
printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$site" trixie "$site" forky >sources.list
apt=(-qq -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$work/lists"
  -o Dir::Cache="$work" -o Acquire::Languages=none -o APT::Sandbox::User=root)
apt-get "${apt[@]}" update
apt-get "${apt[@]}" download docker-buildx=0.13.1+ds1-3 docker-buildx=0.29.1+ds1-4

old=old/usr/libexec/docker/cli-plugins/docker-buildx
new=new/usr/libexec/docker/cli-plugins/docker-buildx
dpkg -x docker-buildx_0.13.1*.deb old
dpkg -x docker-buildx_0.29.1*.deb new
expect "buildx, old and new" "$(for buildx in "$old" "$new"; do "$buildx" version | cut -d' ' -f3; done | tr '\n' ' ')" \
  "0.13.1+ds1-3 0.29.1+ds1-4 "

printf 'target "app" { output = ["type=registry"] }\n' >docker-bake.hcl
outputs() { # program, options: the types of the target's outputs
  "$1" bake --print "${@:2}" app 2>bake.log | python3 -c '
import json, sys
for output in json.load(sys.stdin)["target"]["app"]["output"]:
    print(output["type"] if isinstance(output, dict) else output.removeprefix("type="))' | tr '\n' ' '
}
expect "0.13 --load" "$(outputs "$old" --load)" "docker "
expect "0.29 --load" "$(outputs "$new" --load)" "registry docker "
expect "0.29 --set=*.output=type=docker" "$(outputs "$new" '--set=*.output=type=docker')" "docker "
expect "0.29 --help" "$("$new" bake --help | grep -o 'Shorthand for "--set=\*.output=type=docker".*')" \
  'Shorthand for "--set=*.output=type=docker". Conditional.'
