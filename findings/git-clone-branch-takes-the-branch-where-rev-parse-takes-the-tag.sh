#!/usr/bin/env bash
# Guessed: Where a tag and a branch have one name, git takes the tag: `rev-parse NAME` does and warns, so `clone
# --branch NAME` does too.
# So it is: `clone --branch` looks for a branch first and takes it without a warning; only where there is none it takes
# the tag. `git push ORIGIN NAME` refuses ("matches more than one"), and `checkout NAME` in a full clone takes the
# branch.
# Matters: A branch named like a release tag (a maintenance branch called v1 is enough) makes a build from `clone
# --depth 1 --branch v1` another source than what the tag says, and the log does not tell. The full name, refs/tags/v1,
# is not accepted by --branch.
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

"$git" init --quiet --initial-branch=main repository
cd repository
"$git" commit --quiet --allow-empty --message=released
"$git" tag --annotate --message=release v1
"$git" commit --quiet --allow-empty --message=later
"$git" branch v1
subject() { "$git" "$@" log -1 --format=%s "${revision:-HEAD}"; }
expect "rev-parse v1" "$(revision=v1 subject 2>"$work/warning")" released
expect "its warning" "$(cat "$work/warning")" "warning: refname 'v1' is ambiguous."
"$git" clone --quiet --depth=1 --branch=v1 "file://$PWD" ../clone 2>"$work/warning"
expect "clone --branch=v1" "$(subject -C ../clone)" later
expect "its warning" "$(cat "$work/warning")" ""
"$git" clone --quiet --depth=1 --branch=refs/tags/v1 "file://$PWD" ../full 2>"$work/warning" && code=0 || code=$?
expect "exit code of --branch=refs/tags/v1" "$code" 128
