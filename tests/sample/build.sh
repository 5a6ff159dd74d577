#!/bin/sh
# Builds the sample into dist/: in the image's build stage, and as `npm run build` at the desk. Needs a shell only.
set -eu
version=$(cat version 2>/dev/null || sed -n 's/.*"version": *"\(.*\)".*/\1/p' package.json)
mkdir -p dist
sed -e "s|@VERSION@|$version|" -e "s|@PLATFORM@|${TARGETPLATFORM:-here}|" src/index.html >dist/index.html
printf 'ok %s %s\n' "$version" "$(uname -m)" >dist/health
(cd dist && find . -type f ! -name sums -exec sha256sum {} + | sort -k2 >sums)
echo "built sample $version for ${TARGETPLATFORM:-here} on $(uname -m)"
