#!/usr/bin/env bash
# Guessed: `bake --print` is JSON for programs, so its shape is the same in every release of buildx that is about.
# So it is: In 0.13 `attest` and `output` are lists of text (`type=provenance,mode=max`), in 0.29 lists of objects, in
# which `disabled` is a boolean but `push` is the text "true". 0.13 reads its own print as a bake file; what 0.29 prints
# it refuses.
# Matters: A program that looks in the printed plan for provenance or for a push by text finds none after an update, and
# a plan printed by one machine cannot be built by another with an older buildx.
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

cat >docker-bake.hcl <<'END'
target "app" {
  attest = ["type=provenance,mode=max", "type=sbom,disabled=true"]
  output = ["type=image,push=true"]
}
END
"$old" bake --print app >old.json 2>bake.log
"$new" bake --print app >new.json 2>bake.log
seen='import json, sys; app = json.load(sys.stdin)["target"]["app"]; print(json.dumps([app["attest"], app["output"]], sort_keys=True))'
expect "0.13" "$(python3 -c "$seen" <old.json)" '[["type=provenance,mode=max", "type=sbom,disabled=true"], ["type=image,push=true"]]'
expect "0.29" "$(python3 -c "$seen" <new.json)" \
  '[[{"mode": "max", "type": "provenance"}, {"disabled": true, "type": "sbom"}], [{"push": "true", "type": "image"}]]'
"$old" bake -f old.json --print app >again.json 2>bake.log && code=0 || code=$?
expect "0.13 reads its own" "$code" 0
"$old" bake -f new.json --print app >again.json 2>bake.log && code=0 || code=$?
expect "0.13 reads 0.29's" "$code" 1
"$new" bake -f old.json --print app >again.json 2>bake.log && code=0 || code=$?
expect "0.29 reads 0.13's" "$code" 0
