"""The project on disk: where its root is, and that its file is read alike under every Python."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from shiplane.config.project_file import ProjectFile
from shiplane.config.project_folder import build_command, find_root, load_project_file
from shiplane.core.errors import ConfigurationError
from tests.inprocess import shiplane_here

IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "commit.gpgsign=false")
Run = Callable[..., tuple[int, str, str]]


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *IDENTITY, *arguments], cwd=folder, check=True, capture_output=True)


def repository(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "one")
    return folder


def test_the_root_is_the_nearest_project_file_or_repository(tmp_path: Path) -> None:
    outer = repository(tmp_path / "outer")
    (outer / "api/src").mkdir(parents=True)
    assert find_root(outer / "api/src") == outer
    (outer / "api/shiplane.toml").touch()
    assert find_root(outer / "api/src") == outer / "api"
    assert find_root(tmp_path) == tmp_path


@pytest.mark.parametrize("kind", ["clone", "worktree", "submodule"])
def test_a_repository_within_a_projects_folder_is_not_that_project(tmp_path: Path, kind: str) -> None:
    outer, inner = repository(tmp_path / "outer"), tmp_path / "outer/vendor/inner"
    (outer / "shiplane.toml").write_text('image = "ghcr.io/acme/outer"\n')
    if kind == "worktree":
        git(outer, "worktree", "add", "--quiet", "--detach", str(inner))
    elif kind == "submodule":
        other = repository(tmp_path / "other")
        git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "vendor/inner")
    else:
        repository(inner)
    (inner / "src").mkdir()
    assert (inner / ".git").is_dir() == (kind == "clone")
    assert find_root(inner / "src") == inner
    assert load_project_file(find_root(inner / "src")).images == ()


@pytest.mark.parametrize("text", ["registries = {\n a = {token-host = 't.example',},\n}\n", 'build = "\\e\\x41"\n'])
def test_the_file_is_toml_1_1_whatever_the_python(tmp_path: Path, text: str) -> None:
    (tmp_path / "shiplane.toml").write_text(text)
    assert load_project_file(tmp_path).name == "shiplane.toml"


@pytest.mark.parametrize("name", ["shiplane.toml", "pyproject.toml"])
def test_a_byte_order_mark_before_the_file_is_passed_over(tmp_path: Path, name: str) -> None:
    text = 'image = "ghcr.io/acme/app"\n'
    (tmp_path / name).write_text(f"[tool.shiplane]\n{text}" if name == "pyproject.toml" else text, "utf-8-sig")
    assert [str(image) for image in load_project_file(tmp_path).images] == ["ghcr.io/acme/app"]


def test_a_byte_order_mark_before_package_json_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"scripts": {"build": "tsc"}}', "utf-8-sig")
    assert build_command(tmp_path, ProjectFile()).value == ("npm", "run", "build")


def test_what_is_no_toml_is_said_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "shiplane.toml").write_text("image = \n")
    with pytest.raises(ConfigurationError, match=r"shiplane\.toml cannot be read: .*line 1"):
        load_project_file(tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [("plan",), ("plan", "--lane", "web"), ("release", "--version", "0.1.0"), ("release", "--dry-run")],
    ids=" ".join,
)
def test_a_configured_lane_without_its_dockerfile_is_an_error_and_never_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    repository(tmp_path)
    (tmp_path / "Dockerfile.api").write_text("FROM scratch\n")
    (tmp_path / "shiplane.toml").write_text('image = "127.0.0.1:1/a/b"\n[lanes.api]\n[lanes.web]\n')
    monkeypatch.chdir(tmp_path)
    code, _, story = shiplane_here(capsys, monkeypatch, arguments, {})
    assert code == 2
    assert "lane web builds Dockerfile.web, which this project does not have" in story
