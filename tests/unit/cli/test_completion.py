"""Completion: what can stand at the end of a command line, and how the real shells ask for it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from invoke import Collection, task

import shiplane
from shiplane.cli.completion.candidates import candidates_here, flags_of
from shiplane.cli.completion.scripts import SCRIPTS
from shiplane.cli.completion.words import TypedWords, candidates, read_words

ROOT = Path(__file__).parents[3]
TASKS = {
    "publish": {"--lane": True, "--tag": True, "--skip": True, "--dry-run": False},
    "check.build": {"--json": False},
}


def values(flag: str, typed: TypedWords) -> Iterable[str]:
    del typed
    return {"--lane": ["main", "standalone"], "--tag": ["v0.2.1", "v0.1.9"]}.get(flag, ())


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), []),
        (("shiplane",), ["publish", "check.build"]),
        (("shiplane", ""), ["publish", "check.build"]),
        (("/usr/bin/shiplane", "pub"), ["publish"]),
        (("shiplane", "--ver"), ["--version"]),
        (("shiplane", "publish", "--"), ["--lane", "--tag", "--skip", "--dry-run"]),
        (("shiplane", "publish", "--dry-run", ""), ["publish", "check.build"]),
        (("shiplane", "publish", "--lane", ""), ["main", "standalone"]),
        (("shiplane", "publish", "--lane", "st"), ["standalone"]),
        (("shiplane", "publish", "--lane", "main,st"), ["main,standalone"]),
        (("shiplane", "publish", "--lane=st"), ["--lane=standalone"]),
        (("shiplane", "publish", "--lane", "=", "st"), ["standalone"]),
        (("shiplane", "publish", "--lane", "="), ["main", "standalone"]),
        (("shiplane", "publish", "--lane", "=", "main", "--tag", "v0.1"), ["v0.1.9"]),
        (("shiplane", "publish", "--skip", ""), []),
        (("shiplane", "publish", "--nonsense", ""), ["publish", "check.build"]),
        (("shiplane", "check.build", "--j"), ["--json"]),
        # Invoke itself knows the tasks and flags of a project; the values are ours.
        (("invoke", "ship.publish", "--lane", "m"), ["main"]),
        (("inv", "ship.check.build", "--j"), []),
        (("invoke", "pub"), []),
        (("invoke", "other", "--lane", ""), []),
    ],
)
def test_what_can_stand_at_the_cursor(words: tuple[str, ...], found: list[str]) -> None:
    assert candidates(words, "shiplane", TASKS, ["--list", "--version"], values) == found


def test_what_was_typed_before_is_known_to_what_comes_next() -> None:
    typed = read_words(("shiplane", "publish", "--lane=main", "--lane", "a,b", "--dry-run", "--tag", "v"), TASKS)
    assert typed == TypedWords(
        "publish", "--tag", {"--lane": ["main", "a", "b"], "--dry-run": [], "--tag": []}, "v", ""
    )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with two lanes, a gate, a channel, and git tags of both lanes and of nobody."""
    (tmp_path / "shiplane.toml").write_text(
        '[lanes.main]\n[lanes.standalone]\n[[gates]]\nname = "unit tests"\ncommand = "true"\n'
        '[channels.edge]\nbranch = "main"\nlanes = ["main"]\n'
    )
    identity = ("-c", "user.name=a", "-c", "user.email=a@localhost")
    for arguments in (("init", "--quiet"), ("add", "--all"), (*identity, "commit", "--quiet", "--message", "one")):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True, stdin=subprocess.DEVNULL)
    for tag in ("docker-v0.2.9", "docker-v0.2.10", "standalone-v0.3.0", "nightly"):
        subprocess.run(["git", "tag", tag], cwd=tmp_path, check=True, stdin=subprocess.DEVNULL)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("publish", "--lane"), ["main", "standalone"]),
        (("publish", "--lane", "main", "--lane"), ["standalone"]),
        (("verify", "--tag"), ["v0.2.10", "v0.2.9", "standalone-v0.3.0"]),
        (("rollback", "--lane", "standalone", "--to"), ["standalone-v0.3.0"]),
        (("trigger", "--lane", "main", "--version"), ["v0.2.10", "v0.2.9"]),
        (("publish", "--channel"), ["edge"]),
        (("rollback", "--lane", "main", "--floating"), ["latest"]),
        (("publish", "--latest"), ["yes", "no"]),
        (("publish", "--image"), []),
    ],
)
def test_values_are_those_of_the_project(project: Path, words: tuple[str, ...], found: list[str]) -> None:
    assert candidates_here(["shiplane", *words, ""], shiplane.ns, "shiplane") == found


def test_the_checks_of_the_project_can_be_skipped_by_name(project: Path) -> None:
    found = candidates_here(["shiplane", "publish", "--skip", ""], shiplane.ns, "shiplane")
    assert {"access", "build", "unit tests"} <= set(found)


def test_every_task_and_flag_is_completed() -> None:
    flags = flags_of(shiplane.ns)
    assert set(flags) == set(shiplane.ns.task_names)
    assert {"--json": False, "--dry-run": False, "--lane": True}.items() <= flags["publish"].items()

    @task
    def own(c: object, some_flag: str = "") -> None:
        """A task of somebody else."""

    assert flags_of(Collection(own)) == {"own": {"--some-flag": True}}


@pytest.fixture
def path(project: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A search path with ``shiplane`` and ``invoke`` as they are installed, of these sources."""
    folder = tmp_path_factory.mktemp("bin")
    for name, module in (("shiplane", "shiplane"), ("invoke", "invoke")):
        script = folder / name
        script.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT / "tasks"} exec {sys.executable} -m {module} "$@"\n')
        script.chmod(0o755)
    (project / "tasks.py").write_text("import invoke, shiplane\nns = invoke.Collection(ship=shiplane.ns)\n")
    return f"{folder}:/usr/bin:/bin"


def complete(shell: str, path: str, *words: str) -> tuple[list[str], str]:
    """What a shell offers for these words, and what it would print into the prompt."""
    line = " ".join(words)
    scripts = {
        "bash": f"""source <(shiplane --print-completion-script bash)
            COMP_WORDS=({" ".join(word or "''" for word in words)}) COMP_CWORD={len(words) - 1}
            _shiplane_complete {words[0]} "{words[-1]}" "{words[-2]}"
            printf '%s\\n' "${{COMPREPLY[@]}}" """,
        "fish": f"shiplane --print-completion-script fish | source; complete --do-complete '{line}'",
    }
    command = [shell, *(("--no-config",) if shell == "fish" else ("--norc",)), "-c", scripts[shell]]
    done = subprocess.run(
        command, env={"PATH": path, "HOME": "/nonexistent"}, capture_output=True, text=True, check=False
    )
    return done.stdout.split("\n")[:-1], done.stderr


@pytest.mark.parametrize("shell", [shell for shell in ("bash", "fish") if shutil.which(shell)])
def test_the_real_shell_completes_both_programs(shell: str, path: str) -> None:
    assert complete(shell, path, "shiplane", "publish", "--lane", "st") == (["standalone"], "")
    assert complete(shell, path, "shiplane", "roll") == (["rollback"], "")
    assert complete(shell, path, "invoke", "ship.publish", "--lane", "m") == (["main"], "")
    assert complete(shell, path, "invoke", "ship.publ") == (["ship.publish"], "")


def test_no_error_comes_into_a_prompt(path: str, project: Path) -> None:
    (project / "shiplane.toml").write_text("lanes = nonsense")
    found, printed = complete("bash", path, "shiplane", "publish", "--lane", "")
    assert (list(filter(None, found)), printed) == ([], "")


def test_nothing_heavy_is_imported_for_a_completion(project: Path) -> None:
    code = (
        "import sys\nfrom shiplane.__main__ import program\n"
        "try: program.run(['shiplane', '--complete', '--', 'shiplane', 'publish', '--tag', ''])\n"
        "except SystemExit: pass\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT / "tasks"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["v0.2.10", "v0.2.9", "standalone-v0.3.0"]
    assert not {"docker", "urllib3", "requests"} & set(done.stderr.split())


def test_each_script_is_one_for_its_shell(capsys: pytest.CaptureFixture[str]) -> None:
    from shiplane.__main__ import program

    for shell in ("bash", "zsh", "fish"):
        with pytest.raises(SystemExit) as end:
            program.run(["shiplane", "--print-completion-script", shell], exit=True)
        assert (end.value.code or 0, capsys.readouterr().out) == (0, SCRIPTS[shell].lstrip())
    with pytest.raises(SystemExit) as end:
        program.run(["shiplane", "--print-completion-script", "tcsh"], exit=True)
    assert (end.value.code, "One of: bash, zsh, fish." in capsys.readouterr().err) == (2, True)
