"""What of a machine every machine of its release has: the ground that a toolbox stands on.

A toolbox that were computed from all that a machine has would lack, on another one, what this one had by chance, and
would break when a package is removed. So apt is told that only the packages without which no system of the release
can be are installed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.rig.archives import stanzas

STATUS = Path("/var/lib/dpkg/status")
# What packages want for being installed and served, and no program of a toolbox for being run: users made, services
# started, networks of podman, signatures checked. A name that is not in this list costs a download, nothing else.
UNNEEDED = (
    *("adduser", "debconf-2.0", "lsb-base", "netbase (= 99)", "libldap-common", "media-types"),
    *("systemd-sysusers", "systemd-standalone-sysusers", "systemd-tmpfiles", "systemd-standalone-tmpfiles"),
    *("container-network-stack", "golang-github-containers-image", "libcap2-bin", "gnupg (= 99)", "dmsetup (= 99:0)"),
)
PRETENDED = f"""\
Package: shiplane-rig-unneeded
Status: install ok installed
Maintainer: nobody <nobody@localhost>
Architecture: all
Multi-Arch: foreign
Version: 1
Provides: {", ".join(UNNEEDED)}
Description: what the tools want for being installed
"""


def base(status: str) -> str:
    """Of dpkg's record of a machine the part that each machine of the release has, and what makes it whole."""
    packages = defaultdict(list)
    for text in re.split(r"\n\n+", status):
        for fields in stanzas(text):
            if fields.get("status", "").endswith(" installed"):
                packages[fields["package"]].append((text.strip(), fields))
    providers = defaultdict(set)
    for name, records in packages.items():
        for _, fields in records:
            for provided in (name, *names(fields.get("provides", ""))):
                providers[provided].add(name)
    first = [name for name, records in packages.items() if any(_always(fields) for _, fields in records)]
    kept = set(_closure(first, {n: [f for _, f in records] for n, records in packages.items()}, providers))
    return "\n\n".join(text for name in packages if name in kept for text, _ in packages[name]) + "\n\n"


def _always(fields: dict[str, str]) -> bool:
    return fields.get("essential") == "yes" or fields.get("priority") == "required"


def _closure(
    first: Iterable[str], packages: dict[str, list[dict[str, str]]], providers: dict[str, set[str]]
) -> Iterator[str]:
    """Packages with all that they depend on; where there is a choice, whatever of it is installed."""
    found, todo = set[str](), list(first)
    while todo:
        if (name := todo.pop()) in found:
            continue
        found.add(name)
        yield name
        for fields in packages[name]:
            for wanted in names(f"{fields.get('pre-depends', '')}, {fields.get('depends', '')}"):
                todo += providers.get(wanted, ())


def names(relation: str) -> list[str]:
    """The names in a field like `Depends`, without versions and architectures."""
    return re.findall(r"(?:^|[,|])\s*([a-z0-9][a-z0-9.+-]*)", relation)
