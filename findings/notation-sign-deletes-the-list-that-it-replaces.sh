#!/usr/bin/env bash
# Guessed: `notation sign` only adds: it writes its signature and, where a registry has no referrers API, puts a longer
# list of signatures under the tag sha256-<digest>; the manifest that the tag pointed to before stays, as after any push.
# So it is not: notation 1.3.2 then sends a DELETE of the previous list by its digest. A registry that allows deletion
# takes every other tag at that digest with it; one that does not answers 405, and notation ends with 0 in both cases.
# Matters: a credential that may only push is refused something in each release, in the registry's log alone; and a tag
# that somebody put on the list, to keep what was signed at some time, is gone with the next signature.
set -euo pipefail
work=$(mktemp -d)
finish() {
  [ -z "${pid:-}" ] || kill "$pid" || true
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
apt-get "${apt[@]}" download crane=0.20.7+ds1-5 notation=1.3.2-2 docker-registry=2.8.3+ds1-2+b8
for package in *.deb; do dpkg -x "$package" root; done
PATH=$work/root/usr/bin:$PATH
expect "notation" "$(dpkg-deb --field notation_*.deb Version)" "1.3.2-2"
expect "distribution" "$(dpkg-deb --field docker-registry_*.deb Version)" "2.8.3+ds1-2+b8"

export XDG_CONFIG_HOME=$work/config HOME=$work/home OTEL_TRACES_EXPORTER=none
mkdir -p home
for key in first second; do notation cert generate-test "$key" >cert.log 2>&1 || { cat cert.log; exit 1; }; done
echo hello >file
tar -cf layer.tar file

sign() { # whether deletion is enabled: signs one image twice, with two keys, and prints what became of the list's tag
  registry=localhost:$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  cat >config.yml <<END
version: 0.1
log: {level: info}
storage: {inmemory: {}, delete: {enabled: $1}}
http: {addr: "127.0.0.1:${registry#localhost:}"}
END
  docker-registry serve config.yml >registry.log 2>&1 &
  pid=$!
  curl -s -o ready --retry 30 --retry-delay 1 --retry-connrefused "http://$registry/v2/"
  crane append --insecure --new_tag "$registry/app:v1" --new_layer layer.tar >append.log 2>&1
  digest=$(crane digest --insecure "$registry/app:v1")
  notation sign --insecure-registry --key first "$registry/app@$digest" >first.log 2>&1
  crane tag --insecure "$registry/app:${digest/:/-}" kept >tag.log 2>&1
  code=0
  notation sign --insecure-registry --key second "$registry/app@$digest" >second.log 2>&1 || code=$?
  expect "the second signature ends with" "$code" "0"
  expect "signatures in the list" "$(notation list --insecure-registry "$registry/app@$digest" | grep -c -- '── sha256:')" "2"
  expect "deletions, and the answer" "$(sed -n 's/.*"DELETE [^"]*" \([0-9]*\) .*/\1/p' registry.log)" "$2"
  expect "the other tag at the first list" "$(curl -s -o answer -w '%{http_code}' -H 'Accept: application/vnd.oci.image.index.v1+json' "http://$registry/v2/app/manifests/kept")" "$3"
  kill "$pid"
  wait "$pid" || true
  pid=
}
echo "deletion is allowed"
sign true 202 404
echo "deletion is not allowed"
sign false 405 200
