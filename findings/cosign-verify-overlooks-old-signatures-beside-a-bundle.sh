#!/usr/bin/env bash
# Guessed: `cosign verify --key` accepts an image if any signature at it was made by that key, in whatever form cosign has
# ever written signatures: that of before (the tag sha256-<digest>.sig) is still read.
# So it is not: as soon as one signature of the present form (a bundle, listed as a referrer) is there, by whatever key,
# cosign 3.1.1 does not look at the older form at all. The key that signed in that form is then refused with 1, until
# --new-bundle-format=false is given, which in turn refuses the other key.
# Matters: two teams sign one image, one of them updates to cosign 3 first; from then on the other one's signature, which
# is there and good, fails verification everywhere.
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
apt-get "${apt[@]}" download crane=0.20.7+ds1-5 cosign=3.1.1-2 docker-registry=2.8.3+ds1-2+b8
for package in *.deb; do dpkg -x "$package" root; done
PATH=$work/root/usr/bin:$PATH
expect "cosign" "$(dpkg-deb --field cosign_*.deb Version)" "3.1.1-2"
expect "distribution" "$(dpkg-deb --field docker-registry_*.deb Version)" "2.8.3+ds1-2+b8"

export HOME=$work/home COSIGN_PASSWORD=of-a-key-for-this-script OTEL_TRACES_EXPORTER=none
mkdir home
for key in new old; do cosign generate-key-pair --output-key-prefix "$key" >key.log 2>&1 || { cat key.log; exit 1; }; done
registry=127.0.0.1:$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >config.yml <<END
version: 0.1
log: {level: error}
storage: {inmemory: {}}
http: {addr: "$registry"}
END
docker-registry serve config.yml >registry.log 2>&1 &
pid=$!
curl -s -o ready --retry 30 --retry-delay 1 --retry-connrefused "http://$registry/v2/"
echo hello >file
tar -cf layer.tar file
crane append --insecure --new_tag "$registry/app:v1" --new_layer layer.tar >append.log 2>&1
image=$registry/app@$(crane digest --insecure "$registry/app:v1")

sign() { # the key, whether in the present form; nothing is entered in a transparency log
  cosign sign --yes --key "$1.key" --new-bundle-format="$2" --use-signing-config=false --tlog-upload=false "$image" >sign.log 2>&1 ||
    { cat sign.log; exit 1; }
}
verify() { # the key, more flags: the exit code
  code=0
  cosign verify --key "$1.pub" --insecure-ignore-tlog=true "${@:2}" "$image" >verify.log 2>&1 || code=$?
  printf '%s' "$code"
}
sign old false
expect "signed in the older form alone, its key" "$(verify old)" "0"
sign new true
expect "beside a signature of the present form, the key of that" "$(verify new)" "0"
expect "the key of the older form" "$(verify old)" "1"
expect "with --new-bundle-format=false" "$(verify old --new-bundle-format=false)" "0"
expect "so the key of the present form" "$(verify new --new-bundle-format=false)" "12"
