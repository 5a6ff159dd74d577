"""The help of flags that several tasks share."""

from __future__ import annotations

IMAGE = "Repository of the images, as ghcr.io/<owner>/<name> (IMAGE_REPO)."
PLATFORMS = "What to build for, as linux/amd64,linux/arm64 (PLATFORMS)."
LATEST = "Whether to move the floating tag: --latest, or --latest=no (PUBLISH_LATEST)."
TAG = "Version: 0.2.1, v0.2.1, the lane's image tag or its git tag (TAG)."
BUILDER = "The buildx builder to use."
SKIP = "Leave out a check (repeatable): build, gates, a gate's name, access, smoke."
NO_LOGIN = "Push with what docker login stored instead of the credential found here."
LANES = "Lane (repeatable); without it every lane whose Dockerfile is here."
PLAN = "Carry out this saved plan, or refuse where anything is not as it saw it."
STAGED = "File that stage wrote (repeatable): join what was built elsewhere instead of building."
RELEASE_DRY_RUN = "Build (one platform, loaded; --platforms for more) and push nothing; needs no credentials."
VERSION = "Version, as 0.2.1, v0.2.1 or the lane's tag."
REASON = "Why, for the record; one line."
CHANGE_DRY_RUN = "Look at everything, show what would change, change nothing."
