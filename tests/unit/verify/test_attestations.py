"""What provenance and SBOMs claim, read from the forms that BuildKit writes, and from anything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from shiplane.git.remote_url import same_repository
from shiplane.verify.attestations.provenance import Material, Provenance, parse_provenance
from shiplane.verify.attestations.sbom import parse_sbom
from shiplane.verify.attestations.statement import SLSA_02, SLSA_1, SPDX, Kind, Statement, parse_statement

COMMIT, DIGEST = "a" * 40, "sha256:" + "0c" * 32
REMOTE = "https://github.com/cognary/aionis.git"
VCS = {"localdir:context": ".", "revision": COMMIT, "source": REMOTE}
BASE = {"uri": "pkg:docker/busybox@stable?platform=linux%2Famd64", "digest": {"sha256": "0c" * 32}}
ARGS = {"build-arg:X": "1", "label:org.opencontainers.image.version": "0.2.1"}


def slsa_02(**changes: object) -> dict[str, Any]:
    """As engine 28.5 writes it with mode=max."""
    return {
        "builder": {"id": "https://ci.example/1"},
        "buildType": "https://mobyproject.org/buildkit@v1",
        "materials": [BASE],
        "invocation": {"configSource": {"entryPoint": "Dockerfile"}, "parameters": {"args": ARGS}},
        "metadata": {
            "completeness": {"parameters": True, "environment": True, "materials": False},
            "https://mobyproject.org/buildkit@v1#metadata": {"vcs": VCS},
        },
        **changes,
    }


def slsa_1(**changes: object) -> dict[str, Any]:
    """The same with version=v1."""
    return {
        "buildDefinition": {
            "buildType": "https://mobyproject.org/buildkit@v1",
            "resolvedDependencies": [BASE],
            "externalParameters": {"configSource": {"path": "Dockerfile"}, "request": {"args": ARGS}},
        },
        "runDetails": {
            "builder": {"id": "https://ci.example/1"},
            "metadata": {
                "buildkit_metadata": {"vcs": VCS},
                "buildkit_completeness": {"request": True, "resolvedDependencies": False},
            },
        },
        **changes,
    }


def claims(predicate: dict[str, Any], kind: str = SLSA_02) -> Provenance:
    return parse_provenance(Statement(predicate_type=kind, subjects=(), predicate=predicate))


@pytest.mark.parametrize(("kind", "predicate"), [(SLSA_02, slsa_02()), (SLSA_1, slsa_1())])
def test_both_forms_claim_the_same(kind: str, predicate: dict[str, Any]) -> None:
    assert claims(predicate, kind) == Provenance(
        build_type="https://mobyproject.org/buildkit@v1",
        builder="https://ci.example/1",
        mode="max",
        commit=COMMIT,
        source=REMOTE,
        materials=(Material(BASE["uri"], DIGEST),),  # type: ignore[arg-type] # a text
        labels={"org.opencontainers.image.version": "0.2.1"},
    )


@pytest.mark.parametrize("kind", [SLSA_02, SLSA_1])
def test_a_provenance_that_says_nothing_claims_nothing(kind: str) -> None:
    told = claims({}, kind)
    assert told == Provenance(build_type="", builder="", mode="min", commit="", source="")
    assert told.to_json() == {
        "build_type": "",
        "builder": None,
        "mode": "min",
        "commit": None,
        "dirty": None,
        "source": None,
        "materials": [],
        "further_materials": 0,
        "labels": {},
    }


def test_a_build_from_git_has_its_commit_in_its_source() -> None:
    source = {"uri": f"{REMOTE}#refs/tags/v0.2.1", "digest": {"sha1": COMMIT}, "entryPoint": "Dockerfile"}
    told = claims(slsa_02(invocation={"configSource": source}, metadata={}))
    assert (told.commit, told.source, told.mode) == (COMMIT, REMOTE, "min")


def test_a_dirty_tree_is_told_where_buildx_looked_for_one() -> None:
    metadata = {"https://mobyproject.org/buildkit@v1#metadata": {"vcs": {"revision": f"{COMMIT}-dirty"}}}
    told = claims(slsa_02(metadata=metadata))
    assert (told.commit, told.dirty, told.to_json()["dirty"]) == (COMMIT, True, True)


def test_a_remote_s_credentials_are_not_told() -> None:
    vcs = {"revision": COMMIT, "source": "https://user:ghp_canary@github.com/cognary/aionis.git"}
    told = claims(slsa_02(metadata={"https://mobyproject.org/buildkit@v1#metadata": {"vcs": vcs}}))
    assert told.source == REMOTE


@pytest.mark.parametrize(
    ("uri", "digest", "image"),
    [
        (BASE["uri"], DIGEST, "busybox:stable@sha256:0c0c0c0c0c0c"),
        ("pkg:docker/127.0.0.1:5000/a/b@1?platform=linux%2Farm64", DIGEST, "127.0.0.1:5000/a/b:1@sha256:0c0c0c0c0c0c"),
        ("pkg:docker/a%2Fb@1", "", "a/b:1"),
        ("pkg:docker/alpine", "", "alpine"),
        ("https://github.com/cognary/aionis.git#main", "sha1:aa", ""),
    ],
)
def test_a_base_image_is_written_as_people_write_it(uri: str, digest: str, image: str) -> None:
    assert Material(uri, digest).image == image


def test_more_materials_than_anybody_reads_are_counted() -> None:
    told = claims(slsa_02(materials=[BASE] * 130)).to_json()
    assert (len(told["materials"]), told["further_materials"]) == (100, 30)


@pytest.mark.parametrize(
    "predicate",
    [
        slsa_02(builder="x"),
        slsa_02(builder={"id": 1}),
        slsa_02(materials={}),
        slsa_02(materials=["x"]),
        slsa_02(materials=[{"uri": "x", "digest": "y"}]),
        slsa_02(metadata=[]),
        slsa_02(invocation={"parameters": {"args": {"label:a": 1}}}),
    ],
)
def test_a_provenance_of_another_form_is_none(predicate: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"is (str|int|dict|list), not"):
        claims(predicate)


def document(**changes: object) -> bytes:
    subject = [{"name": "x", "digest": {"sha256": "0c" * 32}}]
    whole = {"_type": "https://in-toto.io/Statement/v0.1", "predicateType": SPDX, "subject": subject, "predicate": {}}
    return json.dumps({**whole, **changes}).encode()


def test_a_statement_is_about_its_subjects() -> None:
    assert parse_statement(document()).subjects == (DIGEST,)
    assert parse_statement(document(subject=None)).subjects == ()
    assert parse_statement(document(_type="https://in-toto.io/Statement/v1")).predicate_type == SPDX


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"_type": 1}',
        document(subject="sha256:1"),
        document(subject=["x"]),
        document(subject=[{"digest": "x"}]),
        document(predicate=[]),
        document(predicateType=1),
        document()[:-1] + b', "predicate": {}}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_statement_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        parse_statement(body)


@pytest.mark.parametrize(
    ("predicate_type", "kind"),
    [
        (SLSA_02, Kind.PROVENANCE),
        (SLSA_1, Kind.PROVENANCE),
        (SPDX, Kind.SBOM),
        (f"{SPDX}/v2.3", Kind.SBOM),
        (f"{SPDX}s", Kind.OTHER),
        ("https://slsa.dev/provenance/v0.1", Kind.OTHER),
        ("", Kind.OTHER),
    ],
)
def test_a_predicate_s_type_says_what_it_is(predicate_type: str, kind: Kind) -> None:
    assert Kind.of(predicate_type) is kind


def sbom(**document: object) -> Statement:
    return Statement(predicate_type=SPDX, subjects=(), predicate={"spdxVersion": "SPDX-2.3", **document})


@pytest.mark.parametrize(
    ("creators", "generators"),
    [
        (
            ["Organization: Anchore, Inc", "Tool: syft-v1.9.0", "Tool: buildkit-v0.15"],
            ("syft-v1.9.0", "buildkit-v0.15"),
        ),
        (["Organization: Anchore, Inc"], ("Organization: Anchore, Inc",)),
        ([], ()),
    ],
)
def test_an_sbom_names_its_packages_and_what_made_it(creators: list[str], generators: tuple[str, ...]) -> None:
    told = parse_sbom(sbom(creationInfo={"creators": creators}, packages=[{}, {}, {}]))
    assert (told.format, told.generators, told.packages) == ("SPDX-2.3", generators, 3)
    assert told.to_json() == {"format": "SPDX-2.3", "generators": list(generators), "packages": 3}


@pytest.mark.parametrize(
    "make",
    [
        lambda: sbom(spdxVersion=None),
        lambda: sbom(packages={}),
        lambda: sbom(creationInfo=[]),
        lambda: sbom(creationInfo={"creators": [1]}),
    ],
)
def test_what_is_no_spdx_document_is_refused(make: Callable[[], Statement]) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        parse_sbom(make())


@pytest.mark.parametrize(
    ("url", "other", "same"),
    [
        (REMOTE, "https://github.com/cognary/aionis", True),
        ("git@github.com:cognary/aionis.git", REMOTE, True),
        ("ssh://git@github.com:22/Cognary/Aionis/", REMOTE, True),
        ("https://user:token@github.com/cognary/aionis", REMOTE, True),
        ("https://github.com/mallory/aionis", REMOTE, False),
        ("https://github.com/cognary/aionis-worker", REMOTE, False),
        ("/srv/git/aionis.git", REMOTE, None),
        ("file:///srv/git/aionis.git", REMOTE, None),
        ("", REMOTE, None),
        (REMOTE, "", None),
    ],
)
def test_two_remotes_may_be_one_repository(url: str, other: str, *, same: bool | None) -> None:
    assert same_repository(url, other) is same
