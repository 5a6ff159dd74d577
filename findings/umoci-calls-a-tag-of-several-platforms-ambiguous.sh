#!/usr/bin/env bash
# Guessed: umoci takes the image of the machine's platform where a tag of an OCI layout points to an index, as every
# other tool does.
# So it is: `umoci list` shows the tag, and whatever then uses it (`stat`, `tag`) ends with "tag is ambiguous", exit 1,
# though the layout has that name once. (0.6.0 says the same.)
# Matters: A multi-platform release that is carried as an OCI layout cannot be unpacked or given a second name by umoci,
# and its message sends people looking for a duplicate tag that is not there.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
expect() { # what is looked at, what is seen, what was seen when this was written
  printf '%s: %s\n' "$1" "$2"
  [ "$2" = "$3" ] || { printf 'CHANGED, it was: %s\n' "$3" >&2; exit 1; }
}

# The packages of these versions, unpacked into this folder and nowhere else.
# shellcheck disable=SC2016  # a variable of apt-get's
site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep '/debian$' | sort -u)
mkdir -p lists/partial archives/partial root
printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$site" trixie >sources.list
apt=(-qq -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$work/lists"
  -o Dir::Cache="$work" -o Acquire::Languages=none -o APT::Sandbox::User=root)
apt-get "${apt[@]}" update
apt-get "${apt[@]}" download umoci=0.4.7+ds-4+b10
for package in *.deb; do dpkg -x "$package" root; done
expect "umoci" "$(dpkg-deb --field umoci_*.deb Version)" "0.4.7+ds-4+b10"

cat >layout.py <<'END'
"""Write a valid OCI layout: the tag `one` is an image of linux/amd64, the tag `both` an index of that and linux/arm64."""
import hashlib, io, json, pathlib, tarfile

IMAGE = "application/vnd.oci.image."
blobs = pathlib.Path("layout/blobs/sha256")
blobs.mkdir(parents=True)


def blob(kind: str, data: bytes, **rest: object) -> dict[str, object]:
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return {"mediaType": IMAGE + kind, "digest": f"sha256:{digest}", "size": len(data), **rest}


def image(architecture: str) -> dict[str, object]:
    tar = io.BytesIO()
    tarfile.open(fileobj=tar, mode="w").close()
    layer = blob("layer.v1.tar", tar.getvalue())
    platform = {"architecture": architecture, "os": "linux"}
    config = {**platform, "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}}
    parts = {"config": blob("config.v1+json", json.dumps(config).encode()), "layers": [layer]}
    manifest = {"schemaVersion": 2, "mediaType": IMAGE + "manifest.v1+json", **parts}
    return blob("manifest.v1+json", json.dumps(manifest).encode(), platform=platform)


def index(*manifests: dict[str, object]) -> bytes:
    return json.dumps({"schemaVersion": 2, "mediaType": IMAGE + "index.v1+json", "manifests": manifests}).encode()


def named(entry: dict[str, object], name: str) -> dict[str, object]:
    return {**entry, "annotations": {"org.opencontainers.image.ref.name": name}}


one, other = image("amd64"), image("arm64")
both = blob("index.v1+json", index(one, other))
pathlib.Path("layout/index.json").write_bytes(index(named(one, "one"), named(both, "both")))
pathlib.Path("layout/oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
END
python3 layout.py

umoci() { root/usr/bin/umoci "$@" 2>&1 && echo "exit 0" || echo "exit $?"; }
expect "umoci list" "$(umoci list --layout layout | sort | tr '\n' ' ')" "both exit 0 one "
expect "umoci stat of the single image" "$(umoci stat --image layout:one | tail -1)" "exit 0"
expect "umoci stat of the index" "$(umoci stat --image layout:both | sed 's/^[^a-z]*//' | tr -s ' \n' ' ')" "tag is ambiguous: both exit 1 "
expect "umoci tag of the index" "$(umoci tag --image layout:both stable | tail -1)" "exit 1"
expect "the name in index.json" "$(grep -o '"both"' layout/index.json | wc -l)" 1
