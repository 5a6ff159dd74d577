#!/usr/bin/env bash
# Guessed: An OCI layout written by `oras cp --to-oci-layout` names the one thing that was copied, and `crane push` of
# it restores the digest.
# So it is: oras lists each platform's manifest in index.json beside the index itself, without a name. So `crane push`
# refuses ("layout contains 3 entries, consider --index"), and with `--index`, as advised, it pushes index.json itself
# as an index: a new digest, that has the released index and its children as siblings. oras itself restores the right
# one.
# Matters: A release that is carried through a layout by two tools is not the release that was verified and signed:
# after each hop between tools the digest has to be compared, and exit 0 does not stand for it.
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
printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$site" forky "$site" trixie >sources.list
apt=(-qq -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$work/lists"
  -o Dir::Cache="$work" -o Acquire::Languages=none -o APT::Sandbox::User=root)
apt-get "${apt[@]}" update
apt-get "${apt[@]}" download crane=0.20.7+ds1-5 oras=1.2.0-1+b9
for package in *.deb; do dpkg -x "$package" root; done
expect "crane" "$(dpkg-deb --field crane_*.deb Version)" "0.20.7+ds1-5"
expect "oras" "$(dpkg-deb --field oras_*.deb Version)" "1.2.0-1+b9"

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

root/usr/bin/oras cp --from-plain-http --to-oci-layout "$registry/acme/app:1.0.0" layout:1.0.0 >oras.log
types='import json, sys; print(*(m["mediaType"].split(".")[-2] for m in json.load(sys.stdin)["manifests"]))'
expect "entries of the layout's index.json" "$(python3 -c "$types" <layout/index.json)" "index manifest manifest"
root/usr/bin/crane push layout "$registry/acme/plain:1.0.0" >plain.txt 2>&1 && code=0 || code=$?
expect "exit code of crane push" "$code" 1
expect "what it says" "$(cat plain.txt)" "Error: layout contains 3 entries, consider --index"
root/usr/bin/crane push --index layout "$registry/acme/indexed:1.0.0" >>crane.log 2>&1 && code=0 || code=$?
expect "exit code of crane push --index" "$code" 0
root/usr/bin/oras cp --from-oci-layout --to-plain-http layout:1.0.0 "$registry/acme/back:1.0.0" >>oras.log
same() { [ "$(root/usr/bin/crane digest "$1")" = "$(root/usr/bin/crane digest "$registry/acme/app:1.0.0")" ] && echo same || echo another; }
expect "digest by oras" "$(same "$registry/acme/back:1.0.0")" same
expect "digest by crane push --index" "$(same "$registry/acme/indexed:1.0.0")" another
