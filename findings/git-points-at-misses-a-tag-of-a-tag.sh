#!/usr/bin/env bash
# Guessed: `git for-each-ref --points-at=COMMIT` and `git tag --points-at COMMIT` give every tag of a commit, a tag of a
# tag too, as `ls-remote` does.
# So it is: They peel a tag once. A signed tag put on an annotated one, as for a second signature of a release, points
# at a tag and is not listed, though `ls-remote` shows its `^{}` as that very commit, and `tag --contains` lists it.
# Matters: "Is this commit released?" asked by --points-at is answered no for such a release, and yes by the server's
# list.
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
printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$site" bookworm >sources.list
apt=(-qq -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$work/lists"
  -o Dir::Cache="$work" -o Acquire::Languages=none -o APT::Sandbox::User=root)
apt-get "${apt[@]}" update
apt-get "${apt[@]}" download git=1:2.39.5-0+deb12u3
for package in *.deb; do dpkg -x "$package" root; done
git=$work/root/usr/bin/git
export GIT_EXEC_PATH=$work/root/usr/lib/git-core GIT_CONFIG_NOSYSTEM=1 HOME=$work
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
expect "git" "$("$git" --version)" "git version 2.39.5"

"$git" init --quiet repository
cd repository
"$git" commit --quiet --allow-empty --message=release
"$git" tag --annotate --message=build 1.0.0
"$git" -c advice.nestedTag=false tag --annotate --message=approved 1.0.0-approved 1.0.0
commit=$("$git" rev-parse HEAD)
expect "for-each-ref --points-at" "$("$git" for-each-ref --points-at="$commit" --format='%(refname:short)' refs/tags | tr '\n' ' ')" "1.0.0 "
expect "tag --points-at" "$("$git" tag --points-at "$commit" | tr '\n' ' ')" "1.0.0 "
expect "ls-remote" "$("$git" ls-remote --tags . | grep "^$commit" | cut -f2 | tr '\n' ' ')" "refs/tags/1.0.0^{} refs/tags/1.0.0-approved^{} "
expect "tag --contains" "$("$git" tag --contains "$commit" | tr '\n' ' ')" "1.0.0 1.0.0-approved "
