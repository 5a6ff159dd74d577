"""What would undo a re-pointing: each program that follows tags on its own, and nothing that only looks like one."""

from __future__ import annotations

import json

import pytest

from shiplane.deployments.updaters import ProjectTexts, find_updaters
from shiplane.registry.oci.names import Repository

IMAGE = Repository.parse("ghcr.io/cognary/aionis")
PLACES = {"deploy/compose.yml": [3], "deploy/values.yaml": [2]}


def updaters_in(path: str, text: str, **others: str) -> list[tuple[str, int, str]]:
    """Tool, line and hold of whatever is found in one file beside the deployment files."""
    texts = {"deploy/compose.yml": "", "deploy/values.yaml": "", **others, path: text}
    return [(u.tool, u.line, u.hold) for u in find_updaters(ProjectTexts(repository=IMAGE, texts=texts, places=PLACES))]


def flux(kind: str, name: str, spec: str) -> str:
    api = "apiVersion: image.toolkit.fluxcd.io/v1\n"
    return f"---\n{api}kind: {kind}\nmetadata:\n  name: {name}\n  namespace: flux-system\nspec:\n{spec}"


OURS = flux("ImageRepository", "aionis", "  image: ghcr.io/cognary/aionis\n  interval: 5m\n")
THEIRS = flux("ImageRepository", "worker", "  image: ghcr.io/cognary/aionis-worker\n")
POLICY = "  imageRepositoryRef:\n    name: {}\n  policy:\n    semver: {{range: '>=0.2'}}\n"
UPDATE = flux("ImageUpdateAutomation", "all", "  interval: 30m\n  update: {strategy: Setters}\n")


def test_flux_is_held_object_by_object() -> None:
    text = OURS + flux("ImagePolicy", "aionis", POLICY.format("aionis")) + UPDATE
    assert updaters_in("clusters/prod/images.yaml", text) == [
        ("Flux", 3, "flux suspend image repository aionis -n flux-system"),
        ("Flux", 12, "paused with its ImageRepository"),
        ("Flux", 23, "flux suspend image update all -n flux-system"),
    ]


def test_flux_that_follows_other_images_is_none_of_ours() -> None:
    assert updaters_in("clusters/a.yaml", THEIRS + flux("ImagePolicy", "w", POLICY.format("worker")) + UPDATE) == []


def test_a_setter_on_a_line_of_ours_is_found_and_makes_the_automation_count() -> None:
    text = 'image:\n  tag: v0.2.0 # {"$imagepolicy": "flux-system:aionis:tag"}\nx: y # {"$imagepolicy": "a:b"}\n'
    hold = "flux suspend image update --all -n flux-system, or remove this comment"
    assert updaters_in("deploy/values.yaml", text) == [("Flux", 2, hold)]
    assert len(updaters_in("deploy/values.yaml", text, **{"clusters/a.yaml": UPDATE})) == 2


APPLICATION = """apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: aionis
  namespace: argocd
  annotations:
    argocd-image-updater.argoproj.io/image-list: {}
"""


def test_what_stands_before_the_first_object_is_of_none() -> None:
    before = "image: ghcr.io/cognary/aionis\nspec: {image: ghcr.io/cognary/aionis}\n"
    assert updaters_in("a.yaml", before + OURS) == [
        ("Flux", 5, "flux suspend image repository aionis -n flux-system"),
    ]
    assert updaters_in("a.yaml", f"{before}# apiVersion: none\n") == []


def test_argo_cd_image_updater_is_held_by_its_annotation() -> None:
    ((tool, line, hold),) = updaters_in("argocd/app.yaml", APPLICATION.format("api=ghcr.io/cognary/aionis:~0.2"))
    assert (tool, line) == ("Argo CD Image Updater", 7)
    assert hold.startswith(
        "kubectl annotate application aionis -n argocd argocd-image-updater.argoproj.io/image-list- "
    )
    assert updaters_in("argocd/app.yaml", APPLICATION.format("api=ghcr.io/cognary/web")) == []


def test_argo_cd_image_updater_as_an_object_of_its_own() -> None:
    text = """apiVersion: argocd-image-updater.argoproj.io/v1alpha1
kind: ImageUpdater
metadata: {name: updater, namespace: argocd}
spec:
  applicationRefs:
    - namePattern: "aionis*"
      images:
        - alias: api
          imageName: "ghcr.io/cognary/aionis:~0.2"
"""
    ((tool, line, hold),) = updaters_in("argocd/updater.yaml", text)
    assert (tool, line) == ("Argo CD Image Updater", 9)
    assert "kubectl delete imageupdater updater -n argocd" in hold


RULE = {"matchPackageNames": ["ghcr.io/cognary/aionis"], "enabled": False}


@pytest.mark.parametrize(
    ("path", "text", "lines"),
    [
        ("renovate.json", "{}", [1]),
        ("renovate.json", '{"extends": ["config:recommended"]}', [1]),
        (".github/renovate.json5", "{extends: ['config:recommended'], /* json5 */}", [1]),
        (".renovaterc", "{}", [1]),
        ("renovate.json", json.dumps({"enabled": False}), []),
        ("renovate.json", json.dumps({"packageRules": [RULE]}), []),
        ("renovate.json", json.dumps({"packageRules": [{**RULE, "enabled": True}]}), [1]),
        ("renovate.json", "[" * 100_000, [1]),
        ("renovate.json", "[]", []),
        ("package.json", '{"name": "aionis"}', []),
        ("package.json", '{\n "name": "aionis",\n "renovate": {"extends": []}\n}', [3]),
        ("package.json", "{broken", []),
        ("other/renovate.json", "{}", []),
    ],
)
def test_renovate_counts_where_it_is_configured_and_not_held(path: str, text: str, lines: list[int]) -> None:
    assert [(tool, line) for tool, line, _ in updaters_in(path, text)] == [("Renovate", line) for line in lines]


def test_renovate_names_the_files_it_would_change_and_the_rule_that_holds_it() -> None:
    scene = ProjectTexts(repository=IMAGE, texts={"renovate.json": "{}"}, places=PLACES)
    (held,) = find_updaters(scene)
    assert held.what == "proposes newer tags in deploy/compose.yml (docker-compose), deploy/values.yaml (helm-values)"
    assert json.loads(held.hold.removeprefix("packageRules: "))["enabled"] is False
    assert (
        find_updaters(ProjectTexts(repository=IMAGE, texts={"renovate.json": "{}"}, places={"deploy/api.yml": [1]}))
        == []
    )
    custom = '{"kubernetes": {"managerFilePatterns": ["/deploy/"]}}'
    assert find_updaters(
        ProjectTexts(repository=IMAGE, texts={"renovate.json": custom}, places={"deploy/api.yml": [1]})
    )


DEPENDABOT = 'version: 2\nupdates:\n  - package-ecosystem: "{}"\n    directory: /\n{}'


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (DEPENDABOT.format("docker", ""), [3]),
        (DEPENDABOT.format("docker-compose", ""), [3]),
        (DEPENDABOT.format("helm", ""), [3]),
        (DEPENDABOT.format("npm", ""), []),
        (DEPENDABOT.format("docker", '    ignore:\n      - dependency-name: "cognary/aionis"\n'), []),
        (DEPENDABOT.format("docker", '    ignore:\n      - dependency-name: "cognary/aionis-worker"\n'), [3]),
    ],
)
def test_dependabot_counts_for_images_that_it_does_not_ignore(text: str, lines: list[int]) -> None:
    assert [line for _, line, _ in updaters_in(".github/dependabot.yml", text)] == lines
    assert updaters_in("docs/dependabot.yml", text) == []


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("deploy/values.yaml", "keel.sh/policy: minor\n", [("Keel", 1)]),
        ("deploy/values.yaml", 'a: b\n"keel.sh/policy": "force"\n', [("Keel", 2)]),
        ("deploy/values.yaml", "keel.sh/policy: never\n", []),
        ("deploy/values.yaml", "# keel.sh/policy: minor\n", []),
        ("deploy/other.yaml", "keel.sh/policy: minor\n", []),
        ("compose.yml", "services:\n  w:\n    image: containrrr/watchtower:1.7\n", [("Watchtower", 3)]),
        ("compose.yml", "services:\n  w:\n    image: ghcr.io/nickfedor/watchtower\n", [("Watchtower", 3)]),
        ("compose.yml", "# image: containrrr/watchtower\n", []),
        ("compose.yml", "image: mywatchtower\n", []),
    ],
)
def test_what_follows_tags_on_the_machine_itself(path: str, text: str, expected: list[tuple[str, int]]) -> None:
    assert [(tool, line) for tool, line, _ in updaters_in(path, text)] == expected


def test_files_of_any_other_kind_hold_nothing() -> None:
    assert updaters_in("deploy/x.yaml", "kind: Deployment\nimage: ghcr.io/cognary/aionis:v0.2.0\n[{]}\n\0") == []
