"""The npm scripts of the runbook, as the commands that replace them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from shiplane.core import strict_json

# npm finds it where Python's environment is on the PATH; a project's own tasks may have ours below another name.
_PROGRAM = "shiplane"
_PUBLISH = {
    "docker:publish:ghcr": "--lane main",
    "docker:publish:ghcr:dry-run": "--lane main --dry-run",
    "docker:publish:standalone:ghcr": "--lane standalone",
    "docker:publish:standalone:ghcr:dry-run": "--lane standalone --dry-run",
}
SCRIPTS = {name: f"{_PROGRAM} publish {flags}" for name, flags in _PUBLISH.items()}


def old_scripts(text: str) -> Mapping[str, str]:
    """The runbook's scripts in a ``package.json`` that still run something else, by name; none where it has none."""
    scripts = _scripts(text)
    return {name: scripts[name] for name, command in SCRIPTS.items() if scripts.get(name, command) != command}


def with_new_scripts(text: str) -> str | None:
    """The file with these scripts replaced and nothing else touched; None where that cannot be done safely."""
    expected = json.loads(text.removeprefix("\ufeff"))
    new = text
    for name in old_scripts(text):
        expected["scripts"][name] = SCRIPTS[name]
        value = rf'({re.escape(json.dumps(name))}\s*:\s*)"(?:[^"\\\n]|\\.)*"'
        new = re.sub(value, rf"\g<1>{json.dumps(SCRIPTS[name])}", new)
    return new if json.loads(new.removeprefix("\ufeff")) == expected else None


def _scripts(text: str) -> dict[str, str]:
    try:
        scripts = strict_json.loads(text.removeprefix("\ufeff").encode()).get("scripts")
    except (ValueError, AttributeError):
        return {}
    return {key: value for key, value in scripts.items() if isinstance(value, str)} if isinstance(scripts, dict) else {}
