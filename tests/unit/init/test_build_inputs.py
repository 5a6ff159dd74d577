"""What the inputs of a step that builds come to in a lane's table, and what of them is told instead."""

from __future__ import annotations

import pytest

from shiplane.init.sources import Source
from shiplane.init.toml_text import Value
from shiplane.init.workflows.build_inputs import BuildInputs


def read(**inputs: str) -> tuple[dict[str, Value], list[str]]:
    """The keys, and of each remark the line with the reason."""
    lines = {
        name.replace("_", "-"): [(Source("w.yml", 1, line), line) for line in text.splitlines()]
        for name, text in inputs.items()
    }
    reader = BuildInputs(lines)
    keys = reader.keys()
    return keys, [f"{remark.text}: {remark.reason}" for remark in reader.remarks]


LATER = "its value is only known when the workflow runs"
PUBLIC = "build args are public in the image: give it as a secret of the build"
LIKE_A_SECRET = "looks like a secret, and build args are public: the image's provenance and history show them"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1", {"A": "1"}),
        ("A=", {"A": ""}),
        ("A=b=c", {"A": "b=c"}),
        ("A=v${{ steps.meta.outputs.version }}-${{ github.sha }}", {"A": "v{version}-{commit}"}),
        ("A=${{ github.ref_name }}", {"A": "{git-tag}"}),
        ("A=${{ fromJSON(steps.m.outputs.json).labels['org.opencontainers.image.created'] }}", {"A": "{created}"}),
        ('A={"name": {version}}', {"A": '{"name": {{version}}}'}),
        ("A=${{ vars.CHANNEL }}", {"A": {"env": "CHANNEL"}}),
        ("A", {"A": {"env": "A"}}),
    ],
)
def test_a_build_arg(line: str, value: Value) -> None:
    assert read(build_args=line) == ({"build-args": value}, [])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("A=${{ inputs.a }}", LATER),
        ("A=${computed}", LATER),
        ("A=x-${{ vars.CHANNEL }}", LATER),
        ("A=${{ secrets.A }}", PUBLIC),
        ("NPM_TOKEN=${{ secrets.NPM_TOKEN }}", PUBLIC),
        ("A_TOKEN=1", f"build-args.A_TOKEN: A_TOKEN {LIKE_A_SECRET}"),
        ("A=${{ vars.MY_KEY }}", f"build-args.A.env: MY_KEY {LIKE_A_SECRET}"),
    ],
)
def test_a_build_arg_that_a_lane_cannot_have_is_told_and_keeps_no_other_out(line: str, reason: str) -> None:
    assert read(build_args=f"B=1\n{line}\nC=2") == ({"build-args": {"B": "1", "C": "2"}}, [f"{line}: {reason}"])


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("org.example.team=web", {"org.example.team": "web"}),
        ("org.example.of=${{ github.sha }}", {"org.example.of": "{commit}"}),
        ("index,manifest[linux/amd64]:org.example.team=web", {"org.example.team": "web"}),
    ],
)
@pytest.mark.parametrize("key", ["labels", "annotations"])
def test_labels_and_annotations(key: str, line: str, value: Value) -> None:
    own = "org.opencontainers.image.revision=${{ github.sha }}"
    assert read(**{key: f"{own}\n{line}"}) == ({key: value}, [])


def test_a_label_that_a_lane_cannot_have_is_told() -> None:
    lines = "${{ steps.meta.outputs.labels }}\norg.example.run=${{ github.run_id }}\na b=c"
    keys, told = read(labels=lines)
    assert (keys, told[1:2]) == ({}, [f"org.example.run=${{{{ github.run_id }}}}: {LATER}"])
    assert "title, description, url and licenses are not taken from GitHub: write them into labels" in told[0]
    assert "is not a key of a label or an annotation" in told[2]


def test_secrets_of_the_build() -> None:
    keys, told = read(
        secrets='npm=${{ secrets.NPM }}\n"rc=${{ secrets.RC }}"\nx=$(cat y)',
        secret_envs="gem=GEM_KEY",
        secret_files="pip=/root/.netrc\na/b=c",
    )
    assert keys == {
        "secrets": {
            "npm": {"env": "NPM"},
            "rc": {"env": "RC"},
            "gem": {"env": "GEM_KEY"},
            "pip": {"file": "/root/.netrc"},
        }
    }
    assert told == [
        "x=$(cat y): this secret of the build is not one of GitHub's",
        "a/b=c: secrets.\"a/b\": 'a/b' is not a secret id",
    ]


REF = "type=registry,ref=ghcr.io/acme/app:cache"
CACHE = {"type": "registry", "ref": "ghcr.io/acme/app:cache"}
FOREIGN = "the new workflows keep no layers in the cache of GitHub Actions"


@pytest.mark.parametrize(
    ("to", "of", "cache", "reasons"),
    [
        (f"{REF},mode=max", REF, CACHE | {"mode": "max"}, []),
        (f"{REF}, mode=min", "ghcr.io/acme/app:cache", CACHE, []),
        (REF, f"{REF}-main", CACHE, ["a lane has one cache"]),
        ("", REF, None, ["a lane also writes to its cache, and this one is only read"]),
        ("type=gha,mode=max", "type=gha", None, [FOREIGN]),
        ("type=local,dest=/tmp/a", "", None, ["it is in a folder of one machine"]),
        ("type=inline", "", None, ["a lane has no such cache"]),
        ("type=registry,ref=ghcr.io/acme/app:${{ github.job }}", "", None, [LATER]),
        ("type=registry,ref=ghcr.io/acme/app", "", None, ["cache.ref: 'ghcr.io/acme/app' has no tag"]),
    ],
)
def test_a_cache(to: str, of: str, cache: Value | None, reasons: list[str]) -> None:
    keys, told = read(cache_to=to, cache_from=of)
    assert keys == ({} if cache is None else {"cache": cache})
    assert len(told) == len(reasons)
    assert all(reason in remark for reason, remark in zip(reasons, told, strict=True)), told


@pytest.mark.parametrize(
    ("inputs", "keys", "told"),
    [
        ({"provenance": "false", "sbom": "true"}, {"provenance": False, "sbom": True}, []),
        ({"provenance": "true", "sbom": "false"}, {}, []),
        ({"provenance": "mode=max"}, {"provenance": "max"}, []),
        ({"provenance": "builder-id=a"}, {}, ["builder-id=a: provenance of a lane is min, max or false"]),
        ({"sbom": "generator=a"}, {}, ["generator=a: sbom of a lane is true or false"]),
        ({}, {}, []),
    ],
)
def test_proofs(inputs: dict[str, str], keys: dict[str, Value], told: list[str]) -> None:
    assert read(**inputs) == (keys, told)
