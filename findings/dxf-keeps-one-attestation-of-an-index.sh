#!/usr/bin/env bash
# Guessed: python-dxf gives every manifest of an index, as it gives one for each platform.
# So it is: It gives a dictionary with the platform as key. Attestation manifests are all for `unknown/unknown`, so of
# the four entries that buildx pushes for two platforms three are left: the attestation of one platform is gone without
# a word.
# Matters: A mirror or a check that walks an index by dxf misses the provenance of all platforms but one.
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

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check python-dxf==12.1.1
expect "python-dxf" "$(venv/bin/python -c 'from importlib.metadata import version; print(version("python-dxf"))')" "12.1.1"
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

# What BuildKit attaches to an index: an in-toto statement as the layer of a manifest for the platform unknown/unknown.
attest() { # name of the tag, predicate
  printf '{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"https://example.com/build/v1","predicate":%s}' \
    "$2" >statement.json
  printf '{"architecture":"unknown","os":"unknown","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
    "$(sha256sum statement.json | cut -d' ' -f1)" >config.json
  root/usr/bin/oras push --plain-http --config config.json:application/vnd.oci.image.config.v1+json \
    "$registry/acme/app:$1" statement.json:application/vnd.in-toto+json
}
for architecture in amd64 arm64; do
  attest "provenance-$architecture" "{\"platform\":\"$architecture\"}"
done >oras.log
root/usr/bin/crane index append -m "$registry/acme/app:amd64" -m "$registry/acme/app:arm64" \
  -m "$registry/acme/app:provenance-amd64" -m "$registry/acme/app:provenance-arm64" -t "$registry/acme/app:1.0.0" >>crane.log 2>&1

count='import json, sys; print(len({m["digest"] for m in json.load(sys.stdin)["manifests"]}))'
by_dxf='import sys; from dxf import DXF; print(*DXF(sys.argv[1], "acme/app", insecure=True).get_manifest("1.0.0"))'
expect "entries of 1.0.0" "$(root/usr/bin/crane manifest "$registry/acme/app:1.0.0" | python3 -c "$count")" 4
expect "by dxf" "$(venv/bin/python -c "$by_dxf" "$registry")" "linux/amd64 linux/arm64 unknown/unknown"
