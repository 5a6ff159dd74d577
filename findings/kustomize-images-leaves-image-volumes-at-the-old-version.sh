#!/usr/bin/env bash
# Guessed: A new tag in `images:` reaches every reference to that image in a pod.
# So it is: Containers and init containers get the new tag; a volume of type `image` (`volumes[].image.reference`) keeps
# the old one, exit 0. A resource of any other kind that has a list `spec.containers` is changed, though kustomize knows
# nothing about it. (5.8.1 does the same.)
# Matters: An image that is mounted as data beside the program, such as a model or a plug-in, stays at the last release
# while the program goes on to the new one: two versions in one pod, and the diff looks complete.
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
  initContainers: [{name: first, image: "ghcr.io/acme/app:1.0.0"}]
  containers: [{name: app, image: "ghcr.io/acme/app:1.0.0"}]
  volumes: [{name: data, image: {reference: "ghcr.io/acme/app:1.0.0"}}]
END
cat >own.yaml <<'END'
apiVersion: example.com/v1
kind: Thing
metadata: {name: thing}
spec: {containers: [{image: "ghcr.io/acme/app:1.0.0"}]}
END
cat >kustomization.yaml <<'END'
resources: [pod.yaml, own.yaml]
images: [{name: ghcr.io/acme/app, newTag: "2.0.0"}]
END
root/usr/bin/kustomize build . >built.yaml && code=0 || code=$?
expect "exit code" "$code" 0
expect "containers of the pod and of the other kind" \
  "$(grep -o ' image: ghcr.*' built.yaml | sort | uniq -c | tr -s ' ')" " 3 image: ghcr.io/acme/app:2.0.0"
expect "the image volume" "$(grep -o 'reference: .*' built.yaml)" "reference: ghcr.io/acme/app:1.0.0"
