"""The help of flags that several tasks share."""

from __future__ import annotations

PLATFORMS = "Target platforms of every lane, e.g. linux/amd64,linux/arm64; all: as configured (PLATFORMS)."
IMAGE = "Image repository, e.g. ghcr.io/<owner>/<name>; several with commas, the first is the primary (IMAGE_REPO)."
LATEST = "Move the floating tag; --latest=no leaves it (PUBLISH_LATEST)."
TAG = "Version: 0.2.1, v0.2.1, the lane's image tag or its git tag (TAG)."
BUILDER = "buildx builder to use."
SKIP = (
    "Skip by name (repeatable): build, gates, a gate's name, access, smoke, checks, a check's name, github-release, "
    "announce; in a dry run variables."
)
NO_LOGIN = "Push with the stored docker login instead of the credential from the environment."
LANES = "Lane (repeatable); default: every lane whose Dockerfile exists."
PLAN = "Carry out this saved plan; refuse if anything has changed since."
STAGED = "File written by stage, or a folder of them (repeatable): join these builds instead of building."
RELEASE_DRY_RUN = "Build and load one platform (--platforms for more); push nothing, need no credentials."
REPORT = "Also write what happened, how long it took and what is public to this HTML file; a failed run, too."
VERSION = "Version: 0.2.1, v0.2.1 or the lane's tag."
REASON = "Reason, for the record; one line."
CHANGE_DRY_RUN = "Run all checks and show what would change; change nothing."
