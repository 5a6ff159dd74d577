#!/bin/sh
# Runs the API on this machine.
set -eu
IMAGE="${1:-ghcr.io/cognary/aionis⟦:v0.2.0|:TAG@DIGEST⟧}"
EDGE='ghcr.io/cognary/aionis:standalone-v0.2.0' # the other lane
case "$IMAGE" in
  ghcr.io/cognary/aionis:*) echo "ours" ;;
  *) echo "not ours: $IMAGE" >&2; exit 1 ;;
esac
docker pull "$IMAGE"
exec docker run --rm -p 3000:3000 \
  --env-file ./production.env \
  ghcr.io/cognary/aionis⟦:v0.2.0|:TAG@DIGEST⟧ "$@"
