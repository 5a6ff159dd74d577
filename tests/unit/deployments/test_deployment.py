"""Deployment files of every usual kind, re-pointed: only what says the version changes, and only in this lane.

The files in ``deployments/`` carry their own answer: ``⟦before|after⟧`` is a stretch that re-pointing changes, with
TAG and DIGEST for the target's; everything outside of such stretches must come out byte for byte.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shiplane.config.floating_tag import FloatingTemplate
from shiplane.config.keys.deployments import Pattern
from shiplane.config.lane import BUILT_IN, MAIN, STANDALONE, Lane
from shiplane.core.errors import VerificationError
from shiplane.deployments.finder import DeploymentFile, Finder, encoded
from shiplane.deployments.findings import ServedTags, flags_of
from shiplane.deployments.image_use import Target
from shiplane.deployments.tag_replacement import Pins, replace_tags
from shiplane.registry.oci.names import Digest, Repository, Tag

FOLDER = Path(__file__).with_name("samples")
FILES = sorted(FOLDER.iterdir())
IMAGE = Repository.parse("ghcr.io/cognary/aionis")
OLD, NEW = Digest("sha256:" + "b" * 64), Digest("sha256:" + "a" * 64)
ALONE = Digest("sha256:" + "c" * 64)
TARGET = Target(Tag("v0.2.1"), NEW)
FINDER = Finder(repository=IMAGE, lanes=BUILT_IN, version_tags={OLD: Tag("v0.2.0"), NEW: Tag("v0.2.1")})
STRETCH = re.compile("⟦([^|⟧]*)\\|([^⟧]*)⟧")
PINNED = f":{TARGET.tag}@{NEW}"
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


def both(path: Path) -> tuple[str, str]:
    """A file before, and what it has to be after."""
    marked = path.read_bytes().decode("utf-8", "surrogateescape")
    after = STRETCH.sub(
        lambda found: found[2].replace("TAG", TARGET.tag).replace("DIGEST", str(NEW)).replace("HEX", "a" * 64), marked
    )
    return STRETCH.sub(lambda found: found[1], marked), after


def file(text: str, *patterns: str, path: str = "f") -> DeploymentFile:
    return DeploymentFile(path=path, content=encoded(text), patterns=tuple(map(Pattern, patterns)))


def repointed(
    text: str, *patterns: str, lane: Lane = MAIN, target: Target = TARGET, path: str = "f", finder: Finder = FINDER
) -> str:
    changes = replace_tags([file(text, *patterns, path=path)], finder, Pins(lane=lane, target=target))
    return changes[0].after.decode("utf-8", "surrogateescape") if changes else text


def listed(text: str) -> list[tuple[int, str | None, str | None, str]]:
    """Line, tag, lane and problem of each place."""
    return [
        (place.mention.line, place.mention.tag, place.lane.name if place.lane else None, place.problem)
        for place in FINDER.places(file(text))
    ]


def test_there_are_files_of_every_usual_kind() -> None:
    assert len(FILES) >= 30


@each_file
def test_re_pointing_changes_what_says_the_version_and_nothing_else(path: Path) -> None:
    before, after = both(path)
    assert repointed(before, path=path.name) == after


@each_file
def test_re_pointing_twice_is_re_pointing_once(path: Path) -> None:
    _, after = both(path)
    assert replace_tags([file(after, path=path.name)], FINDER, Pins(lane=MAIN, target=TARGET)) == ()


@each_file
def test_re_pointing_the_other_lane_leaves_this_one(path: Path) -> None:
    before, _ = both(path)
    target = Target(Tag("standalone-v0.2.1"), NEW)
    after = repointed(before, lane=STANDALONE, target=target, path=path.name)
    after = re.sub(rf"(, |\r?\n +)digest: {NEW}(?=[\r\n}}])", "", after) if "images:" in before else after
    assert re.sub(rf"standalone-v0\.2\.1(@{NEW})?", "X", after) == re.sub(r"standalone-(v0\.2\.\d|latest)", "X", before)


def leaves(value: object, place: tuple[object, ...] = ()) -> dict[tuple[object, ...], object]:
    if isinstance(value, dict):
        return {k: v for key, below in value.items() for k, v in leaves(below, (*place, key)).items()}
    if isinstance(value, list):
        return {k: v for key, below in enumerate(value) for k, v in leaves(below, (*place, key)).items()}
    return {place: value}


# Templates, tabs, bytes that are no UTF-8 and comments in JSON: no parser of YAML takes them.
UNPARSED = {"chart-template.yaml", "crlf.yml", "latin1.yml", "devcontainer.json"}
PARSED = [path for path in FILES if path.suffix in (".yml", ".yaml", ".json") and path.name not in UNPARSED]


@pytest.mark.parametrize("path", PARSED, ids=lambda path: path.name)
def test_a_parser_sees_the_same_values_but_for_the_image(path: Path) -> None:
    before, after = (leaves(list(yaml.safe_load_all(text.lstrip("\ufeff")))) for text in both(path))
    changed = {place for place in after if before.get(place) != after[place]}
    assert before.keys() <= after.keys()
    assert {place for place in after.keys() - before.keys() if place[-1] != "digest"} == set()
    assert changed or repointed(both(path)[0]) == both(path)[0]
    assert [after[place] for place in changed if not re.search(rf"{str(NEW)[7:]}|v0\.2\.1", str(after[place]))] == []


def test_only_the_document_of_an_updater_is_left_alone() -> None:
    text = "image: ghcr.io/cognary/aionis\n---\nkind: ImageRepository\n---\nimage: ghcr.io/cognary/aionis:v0.2.0\n"
    assert repointed(text).count(str(NEW)) == 2


OTHERS = [
    "ghcr.io/cognary/aionis-worker:v0.2.0",
    "ghcr.io/cognary/aionis_x:v0.2.0",
    "ghcr.io/cognary/aionis.x:v0.2.0",
    "ghcr.io/cognary/aionis/sub:v0.2.0",
    "ghcr.io/cognary/aioniss:v0.2.0",
    "mirror/ghcr.io/cognary/aionis:v0.2.0",
    "mirror.example:5000/ghcr.io/cognary/aionis:v0.2.0",
    "myghcr.io/cognary/aionis:v0.2.0",
    "my-ghcr.io/cognary/aionis:v0.2.0",
    "my.ghcr.io/cognary/aionis:v0.2.0",
    "xghcr.io/cognary/aionis:v0.2.0",
    "éghcr.io/cognary/aionis:v0.2.0",
    "https://ghcr.io/cognary/aionis:v0.2.0",
    "user@ghcr.io/cognary/aionis:v0.2.0",
    "${MIRROR}ghcr.io/cognary/aionis:v0.2.0",
    "$(mirror)ghcr.io/cognary/aionis:v0.2.0",
    "ghcr.io/cognary/aionis${SUFFIX}:v0.2.0",
    "ghcr.io/cognary/aionis$SUFFIX:v0.2.0",
    "ghcr.io/cognary/aionis{{ suffix }}:v0.2.0",
    "ghcr.io/cognary/aionis*:v0.2.0",
    "ghcrXio/cognary/aionis:v0.2.0",
    "ghcr.io/cognary/AIONIS:v0.2.0",
]


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("around", ["{}", "image: {}\n", '"{}"', "IMAGE={}", "[{}]", "FROM {} AS x"])
def test_another_image_is_never_touched(other: str, around: str) -> None:
    assert repointed(around.replace("{}", other)) == around.replace("{}", other)
    assert listed(around.replace("{}", other)) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("image: ghcr.io/cognary/aionis:${TAG}", "comes from the variable TAG"),
        ("image: ghcr.io/cognary/aionis:$TAG", "comes from the variable TAG"),
        ("image: ghcr.io/cognary/aionis:{{ tag }}", "comes from a template"),
        ("image: ghcr.io/cognary/aionis:v${VERSION}", "comes from a template"),
        ("image: ghcr.io/cognary/aionis:v0.2.0-$SUFFIX", "comes from a template"),
        ("image: ghcr.io/cognary/aionis@${DIGEST}", "comes from a template"),
        ("image: ghcr.io/cognary/aionis:v0.2.0@${DIGEST}", "comes from a template"),
        ("image: ghcr.io/cognary/aionis@sha512:" + "a" * 128, "not a sha256 digest"),
        ("image: ghcr.io/cognary/aionis:v0.2.0@sha256:abc", "not a sha256 digest"),
        ("REPO=ghcr.io/cognary/aionis", "one may be set elsewhere"),
        ("- ghcr.io/cognary/aionis", "one may be set elsewhere"),
        ("kind: ImageRepository\nspec:\n  image: ghcr.io/cognary/aionis\n", "an image that an updater watches"),
        (
            "a: b\n---\nspec: {image: ghcr.io/cognary/aionis}\nkind: 'ImageRepository'\n",
            "an image that an updater watches",
        ),
        (
            "argocd-image-updater.argoproj.io/image-list: api=ghcr.io/cognary/aionis:v0.2.0",
            "an image that an updater watches",
        ),
        ("ghcr.io/cognary/aionis: yes", "a key"),
        ("image: ${REPO:-ghcr.io/cognary/aionis}:${TAG:-v0.2.0}", "comes from the variable TAG, v0.2.0 by default"),
        ("image: ${REPO-ghcr.io/cognary/aionis}:$TAG", "comes from the variable TAG"),
        ("image: ${REPO:-ghcr.io/cognary/aionis}:{{ tag }}", "comes from a template"),
        ("image: ${REPO:-ghcr.io/cognary/aionis}", "one may be set elsewhere"),
        ("i: {repository: ghcr.io/cognary/aionis, tag: v0.2.0, sha: x, sha: ''}", "is duplicated"),
        ("image: ghcr.io/cognary/aionis:nightly", "belongs to no lane"),
        ("image: ghcr.io/cognary/aionis:1.2", "belongs to no lane"),
        ("image: ghcr.io/cognary/aionis:0.2.0", "belongs to no lane"),
        (f"image: ghcr.io/cognary/aionis@{ALONE}", "the lane of its digest is unknown"),
        (f"image: ghcr.io/cognary/aionis:standalone-v0.2.0@{OLD}", "its digest to another lane"),
        ("# image: ghcr.io/cognary/aionis:v0.2.0", "a comment"),
        ("x: y # ghcr.io/cognary/aionis:v0.2.0", "a comment"),
        ("image: {repository: ghcr.io/cognary/aionis, tag: '{{ tag }}'}", "is not an image tag"),
        ('image: {repository: ghcr.io/cognary/aionis, tag: "v0\\u002e1"}', "with certainty"),
        ("image:\n  repository: ghcr.io/cognary/aionis\n  tag: ''\n", "no tag beside it"),
        ("image:\n  repository: ghcr.io/cognary/aionis\n  tag:\n", "no tag beside it"),
        ("image:\n  registry: ghcr.io\n  repository: cognary/aionis\n", "no tag beside it"),
        ("image:\n  repository: ghcr.io/cognary/aionis\n  tag: v0.2.0\n  tag: v0.2.0\n", "is duplicated"),
        ("image:\n  repository: ghcr.io/cognary/aionis\n  tag: |\n    v0.2.0\n", "with certainty"),
        ("image:\n  repository: ghcr.io/cognary/aionis\n  tag: *unknown\n", "shared with another value"),
        ("v: &v v0.2.0\ni: {repository: ghcr.io/cognary/aionis, tag: *v}\n", "shared with another value"),
        ("i: {repository: ghcr.io/cognary/aionis, tag: &v v0.2.0}\nx: *v\n", "shared with another value"),
        ("i: {repository: ghcr.io/cognary/aionis, tag: &v v0.2.0}\nargs: [-v, *v]\n", "shared with another value"),
        ("i:\n  repository: ghcr.io/cognary/aionis\n  tag: v0.2.0\n    and more\n", "with certainty"),
        ("i: {repository: ghcr.io/cognary/aionis, tag: {{ .Values.tag }}}", "'{{ .Values.tag }}' is not an image tag"),
        ("i: {repository: ghcr.io/cognary/aionis, tag: ${TAG}}", "'${TAG}' is not an image tag"),
        ("i:\n  repository: ghcr.io/cognary/aionis\n  tag: %TAG%\n", "'%TAG%' is not an image tag"),
        ("i: {repository: ghcr.io/cognary/aionis, tag: v0.2.0, digest: '${D}'}", "is not a sha256 digest"),
        ("images: [{name: ghcr.io/cognary/aionis}]", "neither newTag nor digest"),
        ("images: [{name: ghcr.io/cognary/aionis, newName: x, newTag: v0.2.0}]", "replaced by"),
        ("images: [{name: ghcr.io/cognary/aionis, newTag: v0.2.0, digest: x}]", "is not a sha256 digest"),
        ("images: [{name: ghcr.io/cognary/aionis, newTag: &t v0.2.0}]", "keys cannot be read with certainty"),
        ("images: [{name: ghcr.io/cognary/aionis, newTag: v1, newTag: v2}]", "keys cannot be read with certainty"),
    ],
)
def test_what_cannot_be_placed_is_named_and_left_alone(text: str, problem: str) -> None:
    assert repointed(text) == text
    found = listed(text)
    assert len(found) == 1, found
    assert problem in found[0][3]


IMG, HEX, NEW_HEX = "repository: ghcr.io/cognary/aionis", "b" * 64, "a" * 64
FLAT = "IMAGE_REPO=ghcr.io/cognary/aionis\nIMAGE_TAG=v0.2.0\n"


@pytest.mark.parametrize(
    ("key", "before", "after"),
    [
        ("digest", f"sha256:{HEX}", f"sha256:{NEW_HEX}"),
        ("digest", HEX, NEW_HEX),
        ("digest", '""', f'"sha256:{NEW_HEX}"'),
        ("sha", f"sha256:{HEX}", f"sha256:{NEW_HEX}"),
        ("sha", HEX, NEW_HEX),
        ("sha", '""', f'"{NEW_HEX}"'),
        ("sha256", f"sha256:{HEX}", f"sha256:{NEW_HEX}"),
        ("sha256", f"'{HEX}'", f"'{NEW_HEX}'"),
        ("hash", f'"sha256:{HEX}"', f'"sha256:{NEW_HEX}"'),
        ("hash", HEX, NEW_HEX),
        ("imageSha256", HEX, NEW_HEX),
        ("image_hash", HEX, NEW_HEX),
        # A commit, and what is empty: nobody knows in which form it would be.
        ("hash", "3f786850e387550fdab836ed7e6dc881de23001b", "3f786850e387550fdab836ed7e6dc881de23001b"),
        ("hash", '""', '""'),
        ("sha256", '""', '""'),
        ("pullPolicy", "Always", "Always"),
    ],
)
def test_a_key_for_the_digest_is_written_in_the_form_that_it_has(key: str, before: str, after: str) -> None:
    text = f"image:\n  {IMG}\n  tag: v0.2.0\n  {key}: {before}\n"
    assert repointed(text) == f"image:\n  {IMG}\n  tag: v0.2.1\n  {key}: {after}\n"
    assert repointed(repointed(text)) == repointed(text)


def test_a_digest_by_an_alias_is_written_at_its_anchor_in_the_form_that_it_has() -> None:
    text = f"one: {{{IMG}, tag: v0.2.0, sha256: &d {HEX}}}\ntwo: {{{IMG}, tag: v0.2.0, hash: *d}}\n"
    assert repointed(text) == text.replace(HEX, NEW_HEX).replace("v0.2.0", "v0.2.1")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f"image:\n  {IMG}\n  tag: v0.2.0\n  checksum: {OLD}\n", "checksum"),
        (f"image:\n  {IMG}\n  tag: v0.2.0\n  checksum: {HEX}\n", "checksum"),
        (f"image:\n  {IMG}\n  tag: v0.2.0\n  amd64: '{HEX}'\n", "amd64"),
        (f"i: {{{IMG}, tag: v0.2.0, digest: '', sha256: {HEX}}}", "sha256"),
        (f"i: {{{IMG}, tag: v0.2.0, digest: '{OLD}', hash: {HEX}}}", "hash"),
        (f"i: {{{IMG}, digest: '{OLD}', manifest: '{OLD}'}}", "manifest"),
        (f"d: &d {HEX}\ni: {{{IMG}, tag: v0.2.0, pin: *d}}", "pin"),
        (f"b: &b {{pin: {HEX}}}\ni:\n  <<: *b\n  {IMG}\n  tag: v0.2.0\n", "pin"),
        (f"{FLAT}IMAGE_CHECKSUM={HEX}\n", "IMAGE_CHECKSUM"),
        (f"{FLAT}IMAGE_PIN={OLD}\n", "IMAGE_PIN"),
    ],
)
def test_a_place_whose_digest_would_stay_behind_is_named_and_left_alone(text: str, key: str) -> None:
    assert repointed(text) == text
    ((_, _, _, problem),) = listed(text)
    way = "rename the key to sha256" if HEX in text.replace(str(OLD), "") else "add a pattern for each of the two keys"
    assert problem == f"its key '{key}' also holds a digest, which would stay unchanged: {way}, or change it by hand"


@pytest.mark.parametrize(
    "beside",
    [
        f"workerDigest: {ALONE}\nworkerRepository: ghcr.io/cognary/worker\n",
        f"config: {{checksum: {HEX}}}\n",
        f"revision: {HEX[:40]}\n",
        f"sidecarImage: {ALONE}\n",
        f"other: ghcr.io/cognary/worker@{ALONE}\n",
    ],
)
def test_a_digest_of_something_else_keeps_no_image_from_being_re_pointed(beside: str) -> None:
    assert repointed(f"{IMG}\ntag: v0.2.0\n{beside}") == f"{IMG}\ntag: v0.2.1\n{beside}"


@pytest.mark.parametrize("secret", [f"IMAGE_KEY={HEX}", f"SESSION_SECRET={HEX}", f"WORKER_DIGEST={OLD}"])
def test_among_assignments_a_secret_of_64_digits_is_no_digest(secret: str) -> None:
    assert repointed(f"{FLAT}{secret}\n") == f"IMAGE_REPO=ghcr.io/cognary/aionis\nIMAGE_TAG={PINNED[1:]}\n{secret}\n"


def test_patterns_for_both_keys_re_point_what_no_shape_tells() -> None:
    text = f"image:\n  {IMG}\n  tag: v0.2.0\n  checksum: {OLD}\n"
    after = text.replace("v0.2.0", "v0.2.1").replace(str(OLD), str(NEW))
    assert repointed(text, "tag: {tag}", "checksum: {digest}") == after


@pytest.mark.parametrize(
    "registry",
    [
        "global: {imageRegistry: HOST}\n",
        "global:\n  imageRegistry: HOST\n",
        "global:\n  image:\n    registry: HOST\n",
        "global:\n  image: {registry: HOST}\n",
        "global: {image: {registry: HOST}}\n",
        "sub: {global: {x: {}, image: {pullPolicy: Always, registry: HOST}}}\n",
        '{"global": {"image": {"registry": "HOST"}}}\n---\n',
        "",
    ],
)
@pytest.mark.parametrize("name", ["cognary/aionis", "ghcr.io/cognary/aionis"])
def test_the_registry_of_every_image_of_a_chart_stands_before_a_name_that_has_none(registry: str, name: str) -> None:
    head = registry.replace("HOST", "ghcr.io")
    own = "" if registry else "  registry: ghcr.io\n"
    text = f"{head}image:\n{own}  repository: {name}\n  tag: v0.2.0\n"
    assert repointed(text) == text.replace("v0.2.0", "v0.2.1")
    elsewhere = text.replace("registry: ghcr.io", "registry: quay.io").replace("Registry: ghcr.io", "Registry: quay.io")
    elsewhere = elsewhere.replace('"registry": "ghcr.io"', '"registry": "quay.io"')
    assert elsewhere != text
    assert repointed(elsewhere) == elsewhere
    assert [found[3] for found in listed(elsewhere)] == (
        ["its name has a registry, and 'quay.io' may be prepended: remove one"] if name.startswith("ghcr.io") else []
    )


@pytest.mark.parametrize(
    "text",
    [
        "i:\n  repository:\n    ghcr.io/cognary/aionis\n  tag:\n    v0.2.0\n",
        "? repository\n: ghcr.io/cognary/aionis\n? tag\n: v0.2.0\n",
        "i:\r  repository: ghcr.io/cognary/aionis\r  tag: v0.2.0\r",
        "l:\n- &b\n  repository: ghcr.io/cognary/aionis\n- <<: *b\n  tag: v0.2.0\n",
        "i: {repository: !!str ghcr.io/cognary/aionis, tag: !x &t 'v0.2.0'}\n",
        '{"\\ud83d\\ude00": {"repository": "ghcr.io/cognary/aionis", "tag": "v0.2.0"}}',
        'd: "a\n  # b\n  ghcr.io/cognary/aionis:v0.2.0"\n',
    ],
)
def test_a_value_is_re_pointed_wherever_yaml_lets_it_stand(text: str) -> None:
    after = PINNED[1:] if ":v0.2.0" in text else "v0.2.1"
    assert repointed(text) == text.replace("v0.2.0", after)


@pytest.mark.parametrize(
    ("digest", "after"),
    [
        (", digest: }", f", digest: {NEW} }}"),
        (", digest: # later\n }", f", digest: {NEW} # later\n }}"),
        (", digest: &d }", f", digest: &d {NEW} }}"),
        (", digest:\n}", f", digest: {NEW}\n}}"),
    ],
)
def test_a_digest_is_put_right_after_the_colon_or_the_anchor_of_its_empty_key(digest: str, after: str) -> None:
    text = "i: {repository: ghcr.io/cognary/aionis, tag: v0.2.0"
    assert repointed(text + digest) == text.replace("v0.2.0", "v0.2.1") + after


@pytest.mark.parametrize("parent", ["local", "images", "image"])
def test_a_registry_below_another_key_than_global_is_no_other_image_s(parent: str) -> None:
    text = f"{parent}:\n  image:\n    registry: ghcr.io\napi:\n  repository: cognary/aionis\n  tag: v0.2.0\n"
    assert repointed(text) == text


@pytest.mark.parametrize(
    "beside", ["TAG=v0.2.0", "IMAGE_SHA=3f786850e387550fdab836ed7e6dc881de23001b", "IMAGE_DIGEST=''"]
)
def test_a_complete_reference_beside_a_tag_a_commit_or_an_empty_key_is_re_pointed(beside: str) -> None:
    text = f"IMAGE=ghcr.io/cognary/aionis:v0.2.0\n{beside}\n"
    assert repointed(text) == f"IMAGE=ghcr.io/cognary/aionis{PINNED}\n{beside}\n"


@pytest.mark.parametrize(
    ("text", "end"),
    [
        (f"image:\n  {IMG}@{OLD}\n  tag: v0.2.0\n", "@sha256:"),
        (f"image:\n  {IMG}@sha256\n  tag: {HEX}\n", "@sha256"),
        (f"image:\n  {IMG}:v0.2.0\n  tag: v0.2.0\n", ":v0.2.0"),
        (f"image:\n  {IMG}:v0.2.0\n  digest: {OLD}\n", ":v0.2.0"),
        (f"image: ghcr.io/cognary/aionis:v0.2.0\ndigest: {OLD}\n", ":v0.2.0"),
        (f"- {{image: 'ghcr.io/cognary/aionis:v0.2.0', sha256: {HEX}}}\n", ":v0.2.0"),
        (f"IMAGE=ghcr.io/cognary/aionis:v0.2.0\nIMAGE_DIGEST={OLD}\n", ":v0.2.0"),
        (f"image:\n  registry: ghcr.io\n  repository: cognary/aionis@{OLD}\n  tag: v0.2.0\n", "@sha256:"),
        (f"IMAGE_REPO=ghcr.io/cognary/aionis@{OLD}\nIMAGE_TAG=v0.2.0\n", "@sha256:"),
    ],
)
def test_a_name_that_says_a_version_itself_beside_a_key_for_it_is_named_and_left_alone(text: str, end: str) -> None:
    assert repointed(text) == text
    ((_, _, _, problem),) = listed(text)
    assert problem.startswith(f"its name ends in '{end}")
    assert problem.endswith("and another key sets the tag or the digest: keep one of them")


@pytest.mark.parametrize(
    ("pattern", "before", "after"),
    [
        ('image_tag = "{tag@digest}"', 'image_tag   =\t"v0.2.0"', f'image_tag   =\t"v0.2.1@{NEW}"'),
        ('image_tag = "{tag@digest}"', f'image_tag="v0.2.0@{OLD}"', f'image_tag="v0.2.1@{NEW}"'),
        ("aionis/{tag}.tar", "get aionis/v0.2.0.tar now", "get aionis/v0.2.1.tar now"),
        ("version={tag}", "version=v0.2.0\nversion=standalone-v0.2.0", "version=v0.2.1\nversion=standalone-v0.2.0"),
        ("only={digest}", f"only={OLD}", f"only={NEW}"),
        ("v={tag} d={digest}", f"v=v0.2.0 d={OLD}", f"v=v0.2.1 d={NEW}"),
        ("v={tag} d={digest}", "v=v0.2.0", "v=v0.2.0"),
        ("--set image.tag={tag@digest}", "helm --set image.tag=v0.2.0 \\", f"helm --set image.tag=v0.2.1@{NEW} \\"),
        ("a.b[{tag}]", "aXb[v0.2.0]a.b[v0.2.0]", "aXb[v0.2.0]a.b[v0.2.1]"),
    ],
)
def test_a_pattern_says_where_the_shape_does_not(pattern: str, before: str, after: str) -> None:
    assert repointed(before, pattern) == after
    assert repointed(after, pattern) == after


def test_a_file_that_would_not_say_the_target_afterwards_is_not_changed() -> None:
    # Patterns are looked for in the first 4,000 signs of a line; the first digest moves the second place out of them.
    line = f"{'.' * 3_900}v=v0.2.0;{'.' * 40}v=v0.2.0;"
    with pytest.raises(VerificationError, match=r"f would not name v0\.2\.1@sha256:a{64} after the change") as caught:
        repointed(line, "v={tag@digest};")
    assert caught.value.remedy.startswith("Change it by hand")


@pytest.mark.parametrize(
    "reference",
    [
        "ghcr.io/cognary/aionis",
        "ghcr.io/cognary/aionis:v0.2.0",
        f"ghcr.io/cognary/aionis@{OLD}",
        f"ghcr.io/cognary/aionis:v0.2.0@{OLD}",
    ],
)
def test_a_place_is_told_by_file_and_line_and_as_it_is_usually_written(reference: str) -> None:
    (place,) = FINDER.places(file(f"a: b\nimage: {reference}\n"))
    assert str(place) == "f:2"
    assert place.mention.reference(IMAGE) == reference


HUB = Repository.parse("docker.io/cognary/aionis")
OFFICIAL = Repository.parse("docker.io/library/aionis")


@pytest.mark.parametrize(
    ("repository", "before", "after"),
    [
        (HUB, "image: cognary/aionis:v0.2.0", f"image: cognary/aionis{PINNED}"),
        (HUB, "image: cognary/aionis", f"image: cognary/aionis{PINNED}"),
        (HUB, "image: docker.io/cognary/aionis:v0.2.0", f"image: docker.io/cognary/aionis{PINNED}"),
        (HUB, "image: index.docker.io/cognary/aionis:v0.2.0", f"image: index.docker.io/cognary/aionis{PINNED}"),
        (HUB, "run cognary/aionis:v0.2.0 now", f"run cognary/aionis{PINNED} now"),
        (HUB, "i: {repository: cognary/aionis, tag: v0.2.0}", "i: {repository: cognary/aionis, tag: v0.2.1}"),
        (
            HUB,
            "i: {registry: index.docker.io, repository: cognary/aionis, tag: v0.2.0}",
            "i: {registry: index.docker.io, repository: cognary/aionis, tag: v0.2.1}",
        ),
        (
            HUB,
            "images: [{name: cognary/aionis, newTag: v0.2.0}]",
            f"images: [{{name: cognary/aionis, newTag: v0.2.1, digest: {NEW}}}]",
        ),
        (HUB, "see cognary/aionis, ghcr.io/cognary/aionis:v0.2.0, x/cognary/aionis:v0.2.0", ""),
        (HUB, "cd cognary/aionis && make", ""),
        (OFFICIAL, "image: aionis:v0.2.0", f"image: aionis{PINNED}"),
        (OFFICIAL, "FROM library/aionis:v0.2.0", f"FROM library/aionis{PINNED}"),
        (OFFICIAL, "docker run docker.io/aionis:v0.2.0", f"docker run docker.io/aionis{PINNED}"),
        (OFFICIAL, "version of aionis:v0.2.0, cognary/aionis:v0.2.0, aionis", ""),
        (IMAGE, "image: cognary/aionis:v0.2.0", ""),
    ],
)
def test_docker_hub_s_short_names_mean_the_same_image(repository: Repository, before: str, after: str) -> None:
    finder = Finder(repository=repository, lanes=BUILT_IN)
    assert repointed(before, finder=finder) == (after or before)
    assert bool(finder.places(file(before))) is bool(after)


def test_a_chart_without_a_key_for_the_digest_gets_the_tag_alone_and_it_is_said() -> None:
    text = "i: {repository: ghcr.io/cognary/aionis, tag: v0.2.0}"
    (alone,) = FINDER.places(file(text))
    assert alone.mention.tag_alone
    assert [flag.text for flag in flags_of(alone, ServedTags(), {})] == ["no digest, and no key for one"]
    # By a pattern it can be had all the same.
    assert repointed(text, "tag: {tag@digest}") == f"i: {{repository: ghcr.io/cognary/aionis, tag: v0.2.1@{NEW}}}"
    for pinned in (f"tag: v0.2.0@{OLD}", "tag: v0.2.0, digest: ''", "tag: v0.2.0, sha: ''"):
        (place,) = FINDER.places(file(f"i: {{repository: ghcr.io/cognary/aionis, {pinned}}}"))
        assert not place.mention.tag_alone


def test_lines_of_a_document_that_list_versions_are_left_alone_and_named() -> None:
    text = "- `ghcr.io/cognary/aionis:v0.1.8`\n- `ghcr.io/cognary/aionis:v0.2.0`\n`ghcr.io/cognary/aionis:v0.2.0`\n"
    problems = [place.problem for place in FINDER.places(file(text, path="docs/versions.MD"))]
    assert problems == 2 * ["one of several lines that would become identical"] + [""]
    assert [place.problem for place in FINDER.places(file(text, path="compose.yml"))] == ["", "", ""]


def test_a_pattern_and_a_shape_that_mean_the_same_place_change_it_once() -> None:
    text = "image: ghcr.io/cognary/aionis:v0.2.0\n"
    assert repointed(text, "aionis:{tag@digest}") == f"image: ghcr.io/cognary/aionis{PINNED}\n"


def test_a_diff_shows_the_change_and_lets_nothing_act_on_a_terminal() -> None:
    text = "  ::error::x\n    image: ghcr.io/cognary/aionis:v0.2.0 # \x1b[31mred\x07\n"
    (change,) = replace_tags([file(text)], FINDER, Pins(lane=MAIN, target=TARGET))
    lines = change.diff().splitlines()
    assert lines[:2] == ["--- a/f", "+++ b/f"]
    assert f"+    image: ghcr.io/cognary/aionis{PINNED} # red" in lines
    assert all(line.isprintable() for line in lines)
    assert not [line for line in lines if "::error" in line]
    assert json.dumps(change.diff())


# What can stand around a reference: signs that are part of no name.
SIGNS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40)
NAMES = ["ghcr.io/cognary/aionis-worker:v0.2.0", "x/ghcr.io/cognary/aionis:v0.2.0", "ghcr.io/cognary/aionis:nightly"]
PIECES = st.one_of(
    SIGNS, st.sampled_from(NAMES), st.sampled_from(["\r\n", "\n", "\t", "- ", "{", "}", "[", "'", '"', "&a", "*a", "|"])
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=12), st.lists(PIECES, max_size=12))
def test_whatever_stands_around_a_reference_comes_out_as_it_was(before: list[str], after: list[str]) -> None:
    head, tail = "".join(before) + "\nimage: ", "\n" + "".join(after)
    text = f"{head}ghcr.io/cognary/aionis:v0.2.0{tail}"
    out = repointed(text)
    # The random text may hold further references of this lane; without one, the answer is exact.
    assert re.sub(r"(aionis):v0\.2\.1@sha256:a{64}", r"\1:v0.2.0", out) == text
    assert f"ghcr.io/cognary/aionis{PINNED}{tail[:1]}" in out
    assert repointed(out) == out


@settings(max_examples=300, deadline=None)
@given(st.text("ab :-{}[]\n\t'\"&*|>#,=.@\r/<", max_size=300))
def test_a_text_that_is_no_file_of_any_kind_does_no_harm(noise: str) -> None:
    text = f"{noise}\nimage:\n  repository: ghcr.io/cognary/aionis\n  tag: v0.2.0\n{noise}"
    out = repointed(text)
    assert out.replace(f"@{NEW}", "").replace("v0.2.1", "v0.2.0") == text


WORDS = st.text("abcxyz :-#'\"&*!|>%@{}[],\n\t?é0.~", max_size=12)
KEYS = st.text("abcxyz :-#'\"&*!|>%@{}[],\t?é0.~", max_size=12)
SCALARS = st.one_of(WORDS, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False))
TREES = st.recursive(
    SCALARS,
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(KEYS, below, max_size=3)),
    max_leaves=12,
)
TAGS = st.sampled_from(["v0.2.0", "standalone-v0.2.0", "nightly", "latest", f"v0.1.0@{OLD}"])
CHART = st.builds(lambda tag: {"repository": str(IMAGE), "tag": tag}, TAGS)
WITH_DIGEST = st.builds(lambda tag: {"repository": str(IMAGE), "tag": tag, "digest": str(OLD)}, TAGS)
OTHER = st.builds(lambda tag: {"repository": f"{IMAGE}-worker", "tag": tag}, TAGS)
REFERENCE = st.builds(lambda tag: {"image": f"{IMAGE}:{tag}"}, TAGS)
PLACED = st.recursive(
    st.one_of(CHART, WITH_DIGEST, OTHER, REFERENCE, TREES),
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(KEYS, below, max_size=3)),
    max_leaves=8,
)
OURS = {"v0.2.0", "latest", f"v0.1.0@{OLD}"}


def expected(value: object) -> object:
    """What a tree has to be after re-pointing: worked out from the values, without any text."""
    if isinstance(value, list):
        return [expected(below) for below in value]
    if not isinstance(value, dict):
        return value
    if value.get("repository") == str(IMAGE) and value.get("tag") in OURS:
        digest = {"digest": str(NEW)} if "digest" in value else {}
        tag = f"{TARGET.tag}@{NEW}" if "@" in str(value["tag"]) and not digest else TARGET.tag
        return {**value, "tag": tag, **digest}
    if value.get("image") in {f"{IMAGE}:{tag}" for tag in OURS}:
        return {"image": f"{IMAGE}{PINNED}"}
    return {key: expected(below) for key, below in value.items()}


@settings(max_examples=500, deadline=None)
@example(tree={"": [["\n#"], {"image": f"{IMAGE}:v0.2.0"}]}, flow=True, indent=2, style=None)
@given(
    tree=st.dictionaries(KEYS, PLACED, min_size=1, max_size=4),
    flow=st.sampled_from([True, False, None]),
    indent=st.integers(2, 6),
    style=st.sampled_from([None, '"', "'"]),
)
def test_whatever_a_writer_of_yaml_writes_is_read_and_re_pointed_as_values(
    tree: dict[str, object],
    flow: bool | None,  # noqa: FBT001 -- drawn by hypothesis
    indent: int,
    style: str | None,
) -> None:
    text = yaml.safe_dump(
        tree, default_flow_style=flow, indent=indent, default_style=style, width=10_000, allow_unicode=True
    )
    assert yaml.safe_load(repointed(text)) == expected(tree)


@settings(max_examples=200, deadline=None)
@given(tree=st.dictionaries(KEYS, PLACED, min_size=1, max_size=4), indent=st.sampled_from([None, 2, "\t"]))
def test_whatever_a_writer_of_json_writes_is_read_and_re_pointed_as_values(
    tree: dict[str, object], indent: int | str | None
) -> None:
    assert json.loads(repointed(json.dumps(tree, indent=indent))) == expected(tree)


@pytest.mark.thorough("what is read in a time that grows with the square of its length")
@pytest.mark.parametrize(
    "text",
    [
        "[" * 50_000,
        "{" * 50_000,
        "[\n" * 50_000,
        "- " * 50_000,
        "a" + " " * 100_000 + "\n",
        "a: " * 50_000,
        '"' * 75_000,
        "&a " * 50_000,
        "a: {b: " * 25_000,
        "x=" * 75_000,
        "a: b\n" * 10_000,
        "a: b: c\n" * 8_000,
        "a: |\n  b: c: d\n" * 3_000,
        "\n".join(f"{' ' * depth}a: |" for depth in range(500)),
        "- {a: b: }\n" * 4_000,
        "{" + "a: , " * 10_000,
        "{a:" + " " * 100_000 + "}",
        '{"' + '": 1, "'.join(map(str, range(8_000))) + '": 2}',
        "{{" * 50_000,
        "{{ x }} " * 15_000,
        "{{ x }}\n" * 15_000,
        "a: &a [x]\n" + "".join(f"b{n}: &b{n} [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n" for n in range(1_500)),
        "ghcr.io/cognary/aionis" * 5_000,
        "image: ghcr.io/cognary/aionis:v0.2.0\n" * 2_500,
        '{"image": "ghcr.io/cognary/aionis:v0.2.0"}, ' * 2_500,
        '{"repository": "ghcr.io/cognary/aionis", "tag": "v0.2.0"}\n' * 2_500,
        f"A_REPO=x\nA_PIN={OLD}\n"
        + "".join(f"B{n}_REPO=ghcr.io/cognary/aionis\nB{n}_TAG=v0.2.0\n" for n in range(1_500)),
    ],
    ids=lambda text: f"{text[:10]!r}",
)
def test_a_text_four_times_as_long_takes_about_four_times_as_long(text: str) -> None:
    quarter = processor_seconds(text[: len(text) // 4])
    # Four, with room for a busy machine; what grew with the square of the length would take sixteen.
    assert processor_seconds(text) < 10 * max(quarter, 0.1)


def processor_seconds(text: str) -> float:
    started = time.process_time()
    repointed(text + "\nimage: ghcr.io/cognary/aionis:v0.2.0\n", "zz {tag}")
    return time.process_time() - started


def test_where_a_lane_has_several_floating_tags_each_place_follows_its_own() -> None:
    templates = tuple(FloatingTemplate(text=text) for text in ("latest", "v{major}", "v{major}.{minor}"))
    lane = replace(MAIN, floating_templates=templates)
    finder = Finder(repository=IMAGE, lanes=(lane, STANDALONE), version_tags={OLD: Tag("v2.0.1"), NEW: Tag("v1.3.0")})
    first, second = Target(Tag("v1.3.0"), NEW), Target(Tag("v2.0.0"), ALONE)
    pins = Pins(lane=lane, by_tag={"latest": first, "v2": second, "v2.0.1": first})
    lines = {
        ":latest": f":v1.3.0@{NEW}",
        ":v2": f":v2.0.0@{ALONE}",
        f":v2@{OLD}": f":v2.0.0@{ALONE}",
        ":v2.0.1": f":v1.3.0@{NEW}",
        f"@{OLD}": f":v1.3.0@{NEW}",
        "": f":v1.3.0@{NEW}",
        ":v2.0": ":v2.0",
        ":v1": ":v1",
        ":v1.2.9": ":v1.2.9",
        ":standalone-latest": ":standalone-latest",
    }
    text = "".join(f"image: {IMAGE}{before}\n" for before in lines)
    (change,) = replace_tags([file(text)], finder, pins)
    assert change.after.decode() == "".join(f"image: {IMAGE}{after}\n" for after in lines.values())
    assert change.count == 6
    assert pins.targets == (first, second)
