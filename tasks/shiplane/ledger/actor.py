"""Who runs shiplane, as the environment shows it: recorded in the ledger as evidence, not as proof."""

from __future__ import annotations

from collections.abc import Mapping

from shiplane.core.text import one_line

_MAX = 200


def acting_user(env: Mapping[str, str], account: str, *, user_at_host: str = "unknown") -> tuple[str, str]:
    """The user, and the URL of the CI run if there is one.

    Args:
        env: In GitHub Actions it has the person who started the run and the run itself (docs.github.com, "Variables
            reference"); otherwise the local user's name.
        account: The registry account that is used, or nothing.
        user_at_host: The local user and machine, if nothing else is known.
    """
    if env.get("GITHUB_ACTIONS") == "true":
        user = env.get("GITHUB_TRIGGERING_ACTOR") or env.get("GITHUB_ACTOR") or account
        return _safe_text(user) or "unknown", _safe_text(_run_url(env))
    user = account or env.get("GITHUB_ACTOR") or env.get("USER") or env.get("LOGNAME") or user_at_host
    return _safe_text(user), ""


def _run_url(env: Mapping[str, str]) -> str:
    parts = [env.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    return f"{parts[0]}/{parts[1]}/actions/runs/{parts[2]}" if all(parts) else ""


def _safe_text(text: str) -> str:
    """Anybody may set the environment."""
    return one_line(text)[:_MAX]
