#!/usr/bin/env bash
# Guessed: DELETE of a manifest by its digest takes the tags that point to it as well, in every registry.
# So it is: distribution 2.8 does so. `crane registry serve` answers 202 all the same, and afterwards the digest is 404
# while the tag still answers 200 with the very manifest that was deleted, named by the digest that is not there.
# Matters: A clean-up or a withdrawal that was rehearsed on crane's registry proves nothing for another one: there the
# same call takes `latest` with it. And after a DELETE a look at the tag and a look at the digest give two answers, so
# both have to be asked.
set -euo pipefail
work=$(mktemp -d)
finish() {
  for process in ${pid:-} ${pid2:-}; do kill "$process" || true; done
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
apt-get "${apt[@]}" download crane=0.20.7+ds1-5 docker-registry=2.8.3+ds1-2+b8
for package in *.deb; do dpkg -x "$package" root; done
expect "crane" "$(dpkg-deb --field crane_*.deb Version)" "0.20.7+ds1-5"
expect "distribution" "$(dpkg-deb --field docker-registry_*.deb Version)" "2.8.3+ds1-2+b8"

registry=127.0.0.1:$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
root/usr/bin/crane registry serve --address "$registry" >registry.log 2>&1 &
pid=$!
curl -s -o "$work/ready" --retry 30 --retry-delay 1 --retry-connrefused "http://$registry/v2/"
other=127.0.0.1:$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >config.yml <<END
version: 0.1
log: {level: error}
storage: {inmemory: {}, delete: {enabled: true}}
http: {addr: $other}
END
OTEL_TRACES_EXPORTER=none root/usr/bin/docker-registry serve config.yml >other.log 2>&1 &
pid2=$!
curl -s -o "$work/ready" --retry 30 --retry-delay 1 --retry-connrefused "http://$other/v2/"

echo hello >file
tar cf layer.tar file
after_delete() { # registry: what DELETE, the digest and the tag answer
  root/usr/bin/crane append --oci-empty-base -f layer.tar -t "$1/acme/app:1.0.0" >crane.log 2>&1
  local digest answer=()
  digest=$(root/usr/bin/crane digest "$1/acme/app:1.0.0")
  answer+=("$(curl -s -o "$work/answer" -w '%{http_code}' -X DELETE "http://$1/v2/acme/app/manifests/$digest")")
  for name in "$digest" 1.0.0; do
    answer+=("$(curl -s -o "$work/answer" -w '%{http_code}' -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
      "http://$1/v2/acme/app/manifests/$name")")
  done
  echo "${answer[*]}"
}
expect "distribution: DELETE, then the digest, then the tag" "$(after_delete "$other")" "202 404 404"
expect "crane: DELETE, then the digest, then the tag" "$(after_delete "$registry")" "202 404 200"
