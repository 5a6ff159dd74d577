#!/usr/bin/env bash
# Guessed: `tasks.collection_name` in a project's invoke.yaml says which module has its tasks: Invoke documents the key as
# "the Python import name sought by collection discovery", and reads that file from the project.
# So it is not: in Invoke 3.0.3 the module is looked for before the project's own file is read, as that is found beside it.
# The key in that file changes nothing, and neither do `-f` and INVOKE_TASKS_COLLECTION_NAME; a file for all of a user's
# projects (~/.invoke.yaml) and the flag `-c` do.
# Matters: who adds release tasks to such a project has to name the module on every command line, in CI as well.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
expect() { # what is looked at, what is seen, what was seen when this was written
  printf '%s: %s\n' "$1" "$2"
  [ "$2" = "$3" ] || { printf 'CHANGED, it was: %s\n' "$3" >&2; exit 1; }
}

python3 -m venv venv
venv/bin/pip --quiet --disable-pip-version-check install invoke==3.0.3
invoke() { venv/bin/invoke "$@" 2>&1 | sed '/^ *$/d; s/ *$//' | tail -n 1; }
expect "version" "$(invoke --version)" "Invoke 3.0.3"

mkdir home && export HOME=$work/home
printf 'from invoke import task\n\n@task\ndef ship(c):\n    """Ship."""\n' >jobs.py
printf 'tasks:\n  collection_name: jobs\n' >invoke.yaml
missing="Can't find any collection named 'tasks'!"
expect "the project's own file" "$(invoke --list --list-format=flat || true)" "$missing"
expect "the same file by -f" "$(invoke -f invoke.yaml --list --list-format=flat || true)" "$missing"
expect "the variable" "$(INVOKE_TASKS_COLLECTION_NAME=jobs invoke --list --list-format=flat || true)" "$missing"
cp invoke.yaml home/.invoke.yaml
expect "the user's file" "$(invoke --list --list-format=flat)" "  ship   Ship."
rm home/.invoke.yaml
expect "the flag" "$(invoke -c jobs --list --list-format=flat)" "  ship   Ship."
