"""Commands in a document that would not do here what it says: of ours, of git, and of npm scripts of before. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

from shiplane.config.channel import Channel
from shiplane.config.lane import NAME, Lane
from shiplane.core.errors import UsageError
from shiplane.core.next_command import command as proposed
from shiplane.deployments.positions import Lines
from shiplane.doctor.documents.code import Command, Where, Word, commands
from shiplane.doctor.documents.names import Names, Problem, rightly_tagged_in_git, with_numbers

_OWN = {"shiplane": True, "invoke": False, "inv": False}
_TASK = re.compile(r"[a-z][a-z0-9_-]*(?:\.[a-z][a-z0-9_-]*)*", re.ASCII)
_FLAG = re.compile(r"(?<![\w-])--(?P<flag>[a-z][a-z-]{0,60}[a-z])", re.ASCII)
# Invoke's own, and the program's.
_PROGRAM_FLAGS = frozenset(
    {"help", "version", "list", "list-format", "list-depth", "complete", "print-completion-script", "dry", "echo"}
    | {"collection", "search-root", "config", "debug", "hide", "no-dedupe", "pty", "warn-only", "command-timeout"}
    | {"prompt-for-sudo-password", "write-pyc"}
)
_EXAMPLES = frozenset({"lane", "name", "your-lane", "my-lane", "some-lane", "x", "l"})
_RUNNERS = {"npm": ("run", "run-script"), "pnpm": ("run",), "yarn": ("run",), "bun": ("run",)}
_CONTAINER = {"docker", "image", "images", "container", "containers", "ghcr", "oci"}
_PUBLISHES = {"publish", "push", "release"}
_CLOSE = 0.8
# No name of ours is longer.
_LONGEST = 130


def command_problems(text: str, lines: Lines, names: Names) -> Iterator[Problem]:
    """Every command that the configuration or the program does not know."""
    for command in commands(text):
        for word, reason, proposal in _problems(command, names):
            yield Problem(line=lines.number(word.start), text=command.text[:200], reason=reason, proposal=proposal)


_Wrong = tuple[Word, str, str]


def _problems(command: Command, names: Names) -> Iterator[_Wrong]:
    if command.program in _OWN:
        yield from _own(command, names)
    elif command.program == "git":
        yield from _git(command, names)
    elif command.program in _RUNNERS:
        yield from _script(command, names)


def _own(command: Command, names: Names) -> Iterator[_Wrong]:
    """What is wrong with a command of ours; with one of Invoke only where its task is one of ours."""
    first = next((word for word in command.words[1:] if not word.text.startswith("-")), None)
    if first is None or len(first.text) > _LONGEST or not _TASK.fullmatch(first.text):
        return
    task = _task(first.text, names)
    if not task:
        yield from _unknown_task(command, first, names)
        return
    tasks = [found for word in command.words[1:] if (found := _task(word.text, names))]
    if len(tasks) == 1:
        yield from _unknown_flags(command, task, names)
    yield from _values(command, names)


def _task(text: str, names: Names) -> str:
    """The task of ours that a word names, with or without a collection that the project put it into."""
    plain = text.replace("_", "-")
    return next((name for name in (plain, plain.partition(".")[2]) if name in names.tasks), "")


def _unknown_task(command: Command, word: Word, names: Names) -> Iterator[_Wrong]:
    sure = _OWN[command.program]
    near = difflib.get_close_matches(word.text, names.tasks, n=1, cutoff=0.6 if sure else _CLOSE)
    if command.where is not Where.CODE or word.text in names.other_tasks or not (sure or near):
        return
    yield word, f"there is no task {word.text}", proposed(near[0]) if near else proposed("--list")


def _unknown_flags(command: Command, task: str, names: Names) -> Iterator[_Wrong]:
    known = names.tasks[task] | _PROGRAM_FLAGS
    for word in command.words[1:]:
        for match in _FLAG.finditer(word.text):
            if match["flag"] not in known:
                near = difflib.get_close_matches(match["flag"], sorted(names.tasks[task]), n=1)
                proposal = f"--{near[0]}" if near else proposed(task, "--help")
                yield word, f"{task} has no flag --{match['flag']}", proposal


def _values(command: Command, names: Names) -> Iterator[_Wrong]:
    """What is wrong with the lanes, channels and versions of a command."""
    given = list(_given(command.words))
    chosen: list[Lane] = []
    for flag, word, value in given:
        if flag == "lane" and NAME.fits(value) and value not in _EXAMPLES:
            lane = next((lane for lane in names.lanes if lane.name == value), None)
            chosen += [lane] if lane else []
            if lane is None:
                yield (
                    word,
                    f"there is no lane {value}",
                    f"one of the lanes: {', '.join(each.name for each in names.lanes)}",
                )
        if flag == "channel" and NAME.fits(value) and value not in _EXAMPLES:
            yield from _channel(word, value, names.channels)
    for flag, word, value in given:
        if flag in ("tag", "version", "to", "from"):
            yield from _version(word, value, chosen or names.lanes)


def _channel(word: Word, name: str, channels: Sequence[Channel]) -> Iterator[_Wrong]:
    if name not in [channel.name for channel in channels]:
        known = ", ".join(channel.name for channel in channels)
        yield word, f"there is no channel {name}", f"one of the channels: {known or 'none is configured'}"


def _version(word: Word, value: str, lanes: Sequence[Lane]) -> Iterator[_Wrong]:
    """A text with a digit that is no version of any of the lanes."""
    text = with_numbers(value)
    if (
        len(text) > _LONGEST
        or not re.fullmatch(r"[A-Za-z0-9][\w.+-]*[0-9][\w.+-]*", text, re.ASCII)
        or re.search(r"\.[xX]\b", text)
    ):
        return
    errors = [error for lane in lanes if (error := _refusal(lane, text))]
    if lanes and len(errors) == len(lanes):
        yield word, errors[0].what, f"a version of the lane. {errors[0].remedy}"


def _refusal(lane: Lane, text: str) -> UsageError | None:
    try:
        lane.parse_version(text)
    except UsageError as error:
        return error
    return None


def _given(words: Sequence[Word]) -> Iterator[tuple[str, Word, str]]:
    """Each flag with its value; a list's parts one by one."""
    for word, following in zip(words, (*words[1:], Word("", 0)), strict=True):
        flag, equals, value = word.text.partition("=")
        if flag.startswith("--"):
            place, values = (word, value) if equals else (following, following.text)
            yield from ((flag[2:], place, each.strip("\"'[]")) for each in values.split(","))


def _git(command: Command, names: Names) -> Iterator[_Wrong]:
    """Git tags that start no lane, and look as if they should."""
    verb = command.words[1].text if len(command.words) > 1 else ""
    for word in command.words[2:] if verb in ("tag", "push") else ():
        name = word.text.removeprefix("refs/tags/")
        if right := rightly_tagged_in_git(names.lanes, name):
            yield word, f"the git tag {name} starts no lane", f"git {verb} … {right}"


def _script(command: Command, names: Names) -> Iterator[_Wrong]:
    """An npm script that publishes an image by itself."""
    words = [word for word in command.words[1:] if not word.text.startswith("-")]
    if words and words[0].text in _RUNNERS[command.program]:
        words = words[1:]
    elif command.program != "yarn":
        return
    if not words or not _publishes(words[0].text) or _calls_us(names.scripts.get(words[0].text, "")):
        return
    script = words[0].text
    reason = "is a script of its own" if script in names.scripts else "is not a script of package.json"
    yield words[0], f"{script} {reason}, and forms its tags without the configuration", _publish(script, names.lanes)


def _publishes(script: str) -> bool:
    parts = set(re.split(r"[:_.-]", script))
    return bool(parts & _CONTAINER and parts & _PUBLISHES)


def _calls_us(text: str) -> bool:
    return bool(re.search(r"\b(?:shiplane|invoke|inv)\b", text))


def _publish(script: str, lanes: Sequence[Lane]) -> str:
    """The command of ours that does what such a script is called."""
    parts = re.split(r"[:_.-]", script)
    lane = next((lane for lane in lanes if lane.name in parts), None) or next(iter(lanes), None)
    dry = ["--dry-run"] if re.search(r"dry[-_]?run", script) else []
    return proposed("publish", *(["--lane", lane.name] if lane else []), *dry)
