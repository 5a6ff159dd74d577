"""The announcements of a release or a rollback that was carried out: with its result, and as a part of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shiplane.cli.answer import Answer
from shiplane.config.checks.names import ANNOUNCE_CHECK
from shiplane.config.keys.announcements import AnnouncedEvent, webhook_variables

if TYPE_CHECKING:
    from shiplane.cli.run import Run
    from shiplane.config.settings import Flags
    from shiplane.release.announcing.announcements import AnnouncementJson
    from shiplane.rollback.result import RollbackRequest


def hide_webhooks(run: Run) -> None:
    """Keep what the URLs of webhooks have behind their host out of all output from here on."""
    for name in webhook_variables(run.project.announcements):
        _, _, address = run.env.get(name, "").partition("://")
        host = re.split("[/?]", address, maxsplit=1)[0]
        run.redact.add(address[len(host) :])


def announced(
    run: Run, event: AnnouncedEvent, answer: Answer, summary: str, *, changed: bool, skip: Sequence[str] = ()
) -> Answer:
    """Make the announcements; gives the answer with what became of them. Its exit code stays.

    Args:
        run: The run.
        event: What happened.
        answer: The answer so far.
        summary: The same in a line.
        changed: Whether this run changed anything that others can see.
        skip: Checks and other things that are left out by name.
    """
    from shiplane.release.announcing.announcements import Announcer

    if ANNOUNCE_CHECK in skip:
        return _with(answer, [])
    announcer = Announcer(
        announcements=run.project.announcements,
        root=run.root,
        child_env=run.child_env,
        env=run.env,
        transport=run.transport(),
        redact=run.redact,
        tell=run.console.tell,
    )
    document: dict[str, Any] = {
        "event": event.value,
        "text": summary,
        "changed": changed,
        "ok": answer.code == 0,
        "exit": answer.code,
        **answer.data,
    }
    return _with(answer, run.console.drive(announcer.announce(event, run.caller.render_json(document))))


def roll_back_and_announce(run: Run, requests: Sequence[RollbackRequest], flags: Flags) -> Answer:
    """Roll back lanes, and make the announcements unless that was a dry run.

    Raises:
        ShiplaneError: By situation; then nothing is announced.
    """
    from shiplane.cli.flows.rollback import roll_back

    hide_webhooks(run)
    answer = roll_back(run, requests, flags)
    if any(request.dry_run for request in requests):
        return answer
    lanes = answer.data.get("lanes") or [answer.data]
    reason = lanes[0]["reason"]
    went = ", ".join(f"{lane['lane']} to {lane['tag']}" for lane in lanes)
    summary = f"Rolled back {went}{f' ({reason})' if reason else ''}"
    changed = any(lane["moved"] for lane in lanes)
    return announced(run, AnnouncedEvent.ROLLBACK, answer, summary, changed=changed)


def _with(answer: Answer, made: Sequence[AnnouncementJson]) -> Answer:
    failed = [f"not announced: {each['name']}: {each['detail']}" for each in made if not each["ok"]]
    data = {**answer.data, "announcements": list(made)}
    return replace(answer.followed_by(failed), data=data)
