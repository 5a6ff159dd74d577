#!/usr/bin/env bash
# Guessed: `images: [{name: ghcr.io/acme/app.core}]` is compared as text with the image's name.
# So it is: The name goes into a regular expression as it is, and a dot in it stands for any character:
# `ghcr.io/acme/app-core` gets the new digest as well. A name written with a tag is no error either: it matches.
# Matters: Two images of one project whose names differ only by such a character, as lanes' names like to, are pinned to
# one digest, the wrong program is started, and kustomize ends with 0.
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
apt-get "${apt[@]}" download kustomize=5.6.0+ds-1+b2
for package in *.deb; do dpkg -x "$package" root; done
expect "kustomize" "$(dpkg-deb --field kustomize_*.deb Version)" "5.6.0+ds-1+b2"

cat >pod.yaml <<'END'
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  containers:
  - {name: one, image: "ghcr.io/acme/app.core:1.0.0"}
  - {name: two, image: "ghcr.io/acme/app-core:1.0.0"}
  - {name: three, image: "ghcr.io/acme/app:1.0.0"}
END
digest=sha256:$(printf 'a%.0s' {1..64})
build() { # images of the kustomization: the images that come out, in the order of the containers
  printf 'resources: [pod.yaml]\nimages: [%s]\n' "$1" >kustomization.yaml
  root/usr/bin/kustomize build . | grep -o 'ghcr.*' | sed "s/$digest/DIGEST/" | tr '\n' ' '
}
expect "name: app.core" "$(build "{name: ghcr.io/acme/app.core, digest: \"$digest\"}")" \
  "ghcr.io/acme/app.core@DIGEST ghcr.io/acme/app-core@DIGEST ghcr.io/acme/app:1.0.0 "
expect "name: app:1.0.0" "$(build "{name: \"ghcr.io/acme/app:1.0.0\", newTag: \"2.0.0\"}")" \
  "ghcr.io/acme/app.core:1.0.0 ghcr.io/acme/app-core:1.0.0 ghcr.io/acme/app:2.0.0 "
