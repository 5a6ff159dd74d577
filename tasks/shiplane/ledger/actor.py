"""Who does something, as far as the environment tells: for the ledger, where it is evidence and no proof."""

from __future__ import annotations

from collections.abc import Mapping

from shiplane.core.redact import one_line

_MAX = 200


def author(env: Mapping[str, str], account: str, *, user_at_host: str = "unknown") -> tuple[str, str]:
    """Who, and the URL of the CI run or nothing.

    Args:
        env: In GitHub Actions the person who started the run and the run itself (docs.github.com, "Variables
            reference"); at a desk the user's name.
        account: The registry account that is used, or nothing.
        user_at_host: The user and the machine, where nothing else tells who it is.
    """
    if env.get("GITHUB_ACTIONS") == "true":
        who = env.get("GITHUB_TRIGGERING_ACTOR") or env.get("GITHUB_ACTOR") or account
        return _word(who) or "unknown", _word(_run_url(env))
    who = account or env.get("GITHUB_ACTOR") or env.get("USER") or env.get("LOGNAME") or user_at_host
    return _word(who), ""


def _run_url(env: Mapping[str, str]) -> str:
    parts = [env.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    return f"{parts[0]}/{parts[1]}/actions/runs/{parts[2]}" if all(parts) else ""


def _word(text: str) -> str:
    return one_line(text)[:_MAX]
