#!/usr/bin/env bash
# Guessed: crane follows pages of a tag list, so against crane's own registry `crane ls` shows every tag.
# So it is: `crane ls` asks for 1,000 tags at a time (`n=1000`) and goes on only where a Link header says so. `crane
# registry serve` cuts the list at n but never sends a Link. Of 1,005 tags 1,000 are listed, exit 0. Without `n` the
# same registry gives all of them.
# Matters: Who rehearses releases on `crane registry serve` and looks for the highest version in `crane ls` is shown an
# old one as soon as the repository has more than 1,000 tags, and nothing says that the list is cut.
set -euo pipefail
work=$(mktemp -d)
finish() {
  for process in ${pid:-}; do kill "$process" || true; done
  wait
  rm -rf "$work"
}
trap finish EXIT
cd "$work"
expect() { # what is looked at, what is seen, what was seen when this was written
  printf '%s: %s\n' "$1" "$2"
  [ "$2" = "$3" ] || { printf 'CHANGED, it was: %s\n' "$3" >&2; exit 1; }
}

# The packages of these versions, unpacked into this folder and nowhere else.
# shellcheck disable=SC2016  # a variable of apt-get's
site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep '/debian$' | sort -u)
mkdir -p lists/partial archives/partial root
printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$site" forky >sources.list
apt=(-qq -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$work/lists"
  -o Dir::Cache="$work" -o Acquire::Languages=none -o APT::Sandbox::User=root)
apt-get "${apt[@]}" update
apt-get "${apt[@]}" download crane=0.20.7+ds1-5
for package in *.deb; do dpkg -x "$package" root; done
expect "crane" "$(dpkg-deb --field crane_*.deb Version)" "0.20.7+ds1-5"

registry=127.0.0.1:$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
root/usr/bin/crane registry serve --address "$registry" >registry.log 2>&1 &
pid=$!
curl -s -o "$work/ready" --retry 30 --retry-delay 1 --retry-connrefused "http://$registry/v2/"

echo hello >file
tar cf layer.tar file
root/usr/bin/crane append --oci-empty-base -f layer.tar -t "$registry/acme/app:0.0.0" >crane.log 2>&1
root/usr/bin/crane manifest "$registry/acme/app:0.0.0" >manifest.json
curl -sSf -o "$work/put" -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' \
  --data-binary @manifest.json "http://$registry/v2/acme/app/manifests/1.0.[1-1004]"

list=http://$registry/v2/acme/app/tags/list
expect "tags in the registry" "$(curl -sSf "$list" | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["tags"]))')" 1005
expect "tags by crane ls" "$(root/usr/bin/crane ls "$registry/acme/app" | wc -l)" 1000
expect "a page of two" "$(curl -sSf "$list?n=2")" '{"name":"acme/app","tags":["0.0.0","1.0.1"]}'
expect "Link headers on that page" "$(curl -sSf -D - -o "$work/page" "$list?n=2" | grep -ci '^link:' || true)" 0
