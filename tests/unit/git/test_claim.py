"""What a claim says, where it is kept, and what is no claim."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from shiplane.config.keys.claim import ClaimSettings
from shiplane.config.project_file import parse_project_file
from shiplane.core.errors import ConfigurationError
from shiplane.git.claim_record import Claim, VersionTag, ref_of
from shiplane.registry.oci.names import Digest, Repository, Tag

IMAGE, TAG = Repository.parse("ghcr.io/cognary/aionis"), Tag("v0.2.1")
CLAIM = Claim(image=IMAGE, tag=TAG, digest=Digest.of(b"x"), commit="a" * 40, by="me@here")


def test_a_claim_is_read_as_it_was_written() -> None:
    assert Claim.parse(CLAIM.text(), VersionTag(IMAGE, TAG)) == CLAIM
    assert "\n" not in CLAIM.text()


FIELDS = json.loads(CLAIM.text())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"text"',
        json.dumps({**FIELDS, "image": "ghcr.io/other/aionis"}),
        json.dumps({**FIELDS, "tag": "v0.2.2"}),
        json.dumps({**FIELDS, "digest": "sha256:0"}),
        json.dumps({**FIELDS, "digest": 5}),
        json.dumps({key: value for key, value in FIELDS.items() if key != "digest"}),
        CLAIM.text()[:-1] + f', "digest": "{Digest.of(b"y")}"}}',
        "\ufeff" + CLAIM.text(),
    ],
)
def test_what_is_no_claim_of_this_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- in many words; who calls says which ref it was
        Claim.parse(text, VersionTag(IMAGE, TAG))


REFS = {
    ("ghcr.io/cognary/aionis", "v0.2.1"): "refs/c/ghcr.io/cognary/aionis/v0.2.1",
    ("127.0.0.1:5000/a", "v1.0.0"): "refs/c/127.0.0.1%3A5000/a/v1.0.0",
    ("[::1]:5000/a", "v1.0.0"): "refs/c/%5B%3A%3A1%5D%3A5000/a/v1.0.0",
    ("ghcr.io/a/b.lock", "v1.0.0-x.lock"): "refs/c/ghcr.io/a/b%2Elock/v1.0.0-x%2Elock",
    ("ghcr.io/a/b", "a..v1.0.0"): "refs/c/ghcr.io/a/b/a%2E.v1.0.0",
    ("ghcr.io/a/b", "v1."): "refs/c/ghcr.io/a/b/v1%2E",
    ("ghcr.io/a/b", "_v1.0.0-rc.1"): "refs/c/ghcr.io/a/b/_v1.0.0-rc.1",
}


@pytest.mark.parametrize(("name", "ref"), REFS.items(), ids=str)
def test_a_claims_ref_is_one_that_git_takes(name: tuple[str, str], ref: str, tmp_path: Path) -> None:
    assert ref_of("refs/c", VersionTag(Repository.parse(name[0]), Tag(name[1]))) == ref
    assert subprocess.run(["git", "check-ref-format", ref], check=False, cwd=tmp_path).returncode == 0


def test_no_two_names_share_a_ref() -> None:
    assert len(set(REFS.values())) == len(REFS)


@pytest.mark.parametrize(
    ("document", "settings"),
    [
        ({}, None),
        ({"claim": False}, None),
        ({"claim": True}, ClaimSettings()),
        ({"claim": {}}, ClaimSettings()),
        ({"claim": {"remote": "upstream"}}, ClaimSettings(remote="upstream")),
        ({"claim": {"ref-prefix": "refs/x"}}, ClaimSettings(prefix="refs/x")),
    ],
)
def test_claims_are_made_where_the_project_says(document: dict[str, object], settings: ClaimSettings | None) -> None:
    assert parse_project_file(document, "shiplane.toml").claim == settings


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"remotes": "origin"}, "remotes"),
        ({"remote": "--upload-pack=x"}, "is not the name of a git remote"),
        ({"ref-prefix": "refs/heads/claims"}, "is not a ref prefix for claims"),
        ({"remote": 5}, "remote"),
    ],
)
def test_a_place_that_cannot_be_one_is_refused_by_its_key(table: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        parse_project_file({"claim": table}, "shiplane.toml")
