#!/usr/bin/env bash
# Guessed: `crane mutate --label` of a multi-platform tag sets the label in every platform's image, or refuses as
# `--annotation` does.
# So it is: `--annotation` refuses ("mutating annotations on an index is not yet supported"). `--label` takes one
# platform's image alone, changes that, and writes it under the tag: what was an index of two platforms is a single
# image, exit 0, no warning.
# Matters: A label added to a release after the push takes all other platforms away from everybody who pulls the tag;
# only a look at the manifest's type shows it.
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
for architecture in amd64 arm64; do
  root/usr/bin/crane append --oci-empty-base -f layer.tar -t "$registry/acme/app:$architecture"
  root/usr/bin/crane mutate --set-platform "linux/$architecture" -t "$registry/acme/app:$architecture" "$registry/acme/app:$architecture"
done >crane.log 2>&1
root/usr/bin/crane index append -m "$registry/acme/app:amd64" -m "$registry/acme/app:arm64" \
  -t "$registry/acme/app:1.0.0" >>crane.log 2>&1
type_of() { root/usr/bin/crane manifest "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["mediaType"])'; }

expect "before" "$(type_of "$registry/acme/app:1.0.0")" application/vnd.oci.image.index.v1+json
root/usr/bin/crane mutate --annotation a=b -t "$registry/acme/app:1.0.0" "$registry/acme/app:1.0.0" >annotation.txt 2>&1 && code=0 || code=$?
expect "exit code of --annotation" "$code" 1
expect "what it says" "$(cat annotation.txt)" "Error: mutating annotations on an index is not yet supported"
root/usr/bin/crane mutate --label a=b -t "$registry/acme/app:1.0.0" "$registry/acme/app:1.0.0" >label.txt 2>label.err && code=0 || code=$?
expect "exit code of --label" "$code" 0
expect "warnings" "$(grep -ci 'warn\|platform\|index' label.err || true)" 0
expect "after" "$(type_of "$registry/acme/app:1.0.0")" application/vnd.oci.image.manifest.v1+json
