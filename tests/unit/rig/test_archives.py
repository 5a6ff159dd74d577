"""Where a rig's packages come from, by what the machine's apt is told: of Debian and Ubuntu, in both formats."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rig.archives import Release, Source, mirror, release, sources, stanzas
from tests.rig.model import RigUnavailableError

BOOKWORM = Release(distribution="debian", codename="bookworm", version="12")
NOBLE = Release(distribution="ubuntu", codename="noble", version="24.04")
MIRROR = "http://mirror.example"


def machine(root: Path, **files: str) -> Path:
    """A root with these files in /etc/apt: `list` is sources.list, `list_NAME` and `sources_NAME` are parts."""
    (root / "etc/apt/sources.list.d").mkdir(parents=True)
    for name, text in files.items():
        kind, _, part = name.partition("_")
        path = root / "etc/apt" / (f"sources.list.d/{part}.{kind}" if part else "sources.list")
        path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("of", "files", "uri"),
    [
        (BOOKWORM, {"list": f"deb {MIRROR}/debian bookworm main"}, f"{MIRROR}/debian"),
        (
            BOOKWORM,
            {"list": f"deb [ arch=amd64 signed-by=/k.gpg ] {MIRROR}/debian/ bookworm main"},
            f"{MIRROR}/debian/",
        ),
        (BOOKWORM, {"list": f"deb {MIRROR}/debian stable main # as it comes"}, f"{MIRROR}/debian"),
        (
            BOOKWORM,
            {"sources_debian": f"Types: deb\nURIs: {MIRROR}/debian\nSuites: bookworm x\nComponents: main\n"},
            f"{MIRROR}/debian",
        ),
        (NOBLE, {"list": f"deb {MIRROR}/ubuntu noble main restricted universe"}, f"{MIRROR}/ubuntu"),
        (NOBLE, {"list": f"deb {MIRROR}/ubuntu-ports noble main"}, f"{MIRROR}/ubuntu-ports"),
        (
            NOBLE,
            {"sources_ubuntu": "Types: deb\nURIs: mirror+file:/etc/mirrors\nSuites: noble\nComponents: main\n"},
            "mirror+file:/etc/mirrors",
        ),
    ],
)
def test_the_releases_own_archive_is_read_from_either_format(
    tmp_path: Path, of: Release, files: dict[str, str], uri: str
) -> None:
    assert mirror(of, machine(tmp_path, **files)) == uri


def test_an_archive_of_somebody_else_with_the_same_suite_is_not_taken_for_the_distributions(tmp_path: Path) -> None:
    root = machine(
        tmp_path,
        list_a=f"deb [signed-by=/other.gpg] {MIRROR}/tools noble main\ndeb {MIRROR}/linux/ubuntu noble stable",
        sources_z=f"Types: deb\nURIs: {MIRROR}/ubuntu/\nSuites: noble noble-updates\nComponents: main universe\n",
    )
    assert mirror(NOBLE, root) == f"{MIRROR}/ubuntu/"


def test_a_mirror_of_any_name_is_known_by_its_key(tmp_path: Path) -> None:
    theirs, ours = f"deb {MIRROR}/x noble main", "signed-by=/usr/share/keyrings/ubuntu-archive-keyring.gpg"
    root = machine(tmp_path, list=f"{theirs}\ndeb [{ours}] {MIRROR}/proxied noble main\n")
    assert mirror(NOBLE, root) == f"{MIRROR}/proxied"


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"list": f"# deb {MIRROR}/debian bookworm main\ndeb-src {MIRROR}/debian bookworm main"},
        {"list": f"deb {MIRROR}/debian trixie main"},
        {"list": f"deb {MIRROR}/debian bookworm contrib"},
        {"sources_debian": f"Enabled: no\nTypes: deb\nURIs: {MIRROR}/debian\nSuites: bookworm\nComponents: main\n"},
        {"sources_debian": f"Types: deb-src\nURIs: {MIRROR}/debian\nSuites: bookworm\nComponents: main\n"},
    ],
)
def test_no_mirror_of_the_release_is_said_with_the_release(tmp_path: Path, files: dict[str, str]) -> None:
    with pytest.raises(RigUnavailableError, match="no mirror of Debian 12 in /etc/apt"):
        mirror(BOOKWORM, machine(tmp_path, **files))


def test_stanzas_go_on_over_lines_and_leave_comments_out() -> None:
    text = "Types: deb\n# one\nSuites: a\n b\nSigned-By:\n -----BEGIN\n .\n -----END\n\n\nTypes: deb-src\n"
    assert list(stanzas(text)) == [
        {"types": "deb", "suites": "a\n b", "signed-by": "-----BEGIN\n .\n -----END"},
        {"types": "deb-src"},
    ]


def test_several_mirrors_of_one_stanza_are_several_sources(tmp_path: Path) -> None:
    text = f"Types: deb deb-src\nURIs: {MIRROR}/debian {MIRROR}/2/debian\nSuites: bookworm\nComponents: main contrib\n"
    found = sources(machine(tmp_path, sources_debian=text))
    assert [(source.uri, source.components) for source in found] == [
        (f"{MIRROR}/debian", ("main", "contrib")),
        (f"{MIRROR}/2/debian", ("main", "contrib")),
    ]


def test_a_source_is_written_as_one_line_for_each_suite() -> None:
    source = Source(uri=f"{MIRROR}/debian", suites=("a", "b"), keyring="/k.gpg", architectures=("amd64", "arm64"))
    assert list(source.lines()) == [
        f"deb [signed-by=/k.gpg arch=amd64,arm64] {MIRROR}/debian a main",
        f"deb [signed-by=/k.gpg arch=amd64,arm64] {MIRROR}/debian b main",
    ]


@pytest.mark.parametrize(
    ("text", "expected", "said"),
    [
        ('ID=debian\nVERSION_CODENAME=bookworm\nVERSION_ID="12"\n', BOOKWORM, "Debian 12"),
        ("ID=ubuntu\nVERSION_ID='24.04'\nVERSION_CODENAME=noble\n", NOBLE, "Ubuntu 24.04"),
        ("ID=debian\nVERSION_CODENAME=forky\n", Release(distribution="debian", codename="forky"), "Debian forky"),
    ],
)
def test_the_release_is_what_the_machine_says_of_itself(
    tmp_path: Path, text: str, expected: Release, said: str
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text(text, encoding="utf-8")
    assert release(tmp_path) == expected
    assert str(expected) == said


@pytest.mark.parametrize("text", ["", 'ID=alpine\nPRETTY_NAME="Alpine Linux v3.22"\n', "ID=debian\n"])
def test_another_system_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text(text, encoding="utf-8")
    name = "Alpine Linux v3.22" if "alpine" in text else "this system"
    with pytest.raises(RigUnavailableError, match=f"^{name} is neither Debian nor Ubuntu"):
        release(tmp_path)
