"""Whether two templates can make one name, and which: decided from the templates, before there is any version. Pure.

A name that both make is found by trying: every scheme's versions in each of their forms stand for all others, since
only what is next to a separator can be confused with what stands around a version.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import product

from shiplane.config.floating_tag import FloatingTemplate
from shiplane.config.names.version_schemes import MOST_NUMBERS, Scheme, read_version
from shiplane.config.names.version_tag import TagTemplate
from shiplane.core.errors import UsageError

_COUNTED = tuple(".".join("123456"[:count]) for count in range(1, MOST_NUMBERS + 1))
# Numbers of any length: twelve digits are those of a snapshot.
_LONG = tuple("1" * length for length in range(2, 13))
_SNAPSHOT = "0.0.0-0123456789ab"
_PROBES = {
    Scheme.SEMVER: ("1.2.3", "1.2.3-rc.1", _SNAPSHOT),
    Scheme.PEP440: (
        *(f"{numbers}{end}" for numbers in _COUNTED for end in ("", "rc1", ".post1", ".dev1", "rc1.post1.dev1")),
        *_LONG,
        _SNAPSHOT,
    ),
    Scheme.CALVER: (*(f"{numbers}{end}" for numbers in _COUNTED for end in ("", "-rc.1")), *_LONG, _SNAPSHOT),
}
_NUMBERS = ("1", "0", "08", *_LONG)


def is_version(text: str, scheme: Scheme) -> bool:
    """Whether a text is a version of a scheme."""
    try:
        read_version(text, scheme)
    except UsageError:
        return False
    return True


def shared_name(one: TagTemplate, one_scheme: Scheme, two: TagTemplate, two_scheme: Scheme) -> str:
    """A name that two different templates make of two versions; empty if there is none.

    Where one has only more text after the version, as ``{version}-alpine`` beside ``{version}``, the name is that one's
    alone: the other's versions must not end in that text, which is for the caller to see to.
    """
    if len(one.before) > len(two.before):
        one, one_scheme, two, two_scheme = two, two_scheme, one, one_scheme
    start = two.before.removeprefix(one.before)
    is_possible = two.before.startswith(one.before) and start[:1].isdecimal()
    return next(_shared_names(one, one_scheme, two, two_scheme, start), "") if is_possible else ""


def _shared_names(
    one: TagTemplate, one_scheme: Scheme, two: TagTemplate, two_scheme: Scheme, start: str
) -> Iterator[str]:
    """The names in which ``start``, which ``two`` has before its version, is the beginning of ``one``'s version."""
    ends = [two.fill(version) for version in _PROBES[two_scheme]]
    if one.after.endswith(two.after):
        rest = one.after.removesuffix(two.after)
        # ``rest`` is the end of ``two``'s version, of which ``one``'s has the beginning, or nothing.
        ends += [two.fill(f"{version}{rest}") for version in _PROBES[two_scheme]]
        ends += [two.fill(rest[split:]) for split in range(len(rest)) if start.endswith(rest[:split]) and rest[split:]]
    for name in ends:
        first, second = one.read(name), two.read(name)
        if first and second and is_version(first, one_scheme) and is_version(second, two_scheme):
            yield name


def version_example(template: TagTemplate, *schemes: Scheme) -> str:
    """A name that versions of all these schemes have; empty if none is known."""
    probes = (probe for scheme in schemes for probe in _PROBES[scheme])
    return next((template.fill(probe) for probe in probes if all(is_version(probe, each) for each in schemes)), "")


def shared_floating_name(template: FloatingTemplate, other: str, reads: Callable[[str], object]) -> str:
    """A floating tag that something else reads as its own; ``other`` is the text of what reads it."""
    return next((name for name in _floating_names(template, other) if reads(name)), "")


def _floating_names(template: FloatingTemplate, other: str) -> Iterator[str]:
    """Tags of a template: all that could be confused with a name in which the digits of ``other`` stand."""
    digits = re.findall("[0-9]+", other)
    numbers = dict.fromkeys((*_NUMBERS, *(run[start:] for run in digits for start in range(len(run)))))
    return (template.fill(values) for values in product(numbers, repeat=template.depth))


def ends_differ(one: str, two: str) -> bool:
    """Whether what stands before the first placeholder, or after the last, keeps two templates apart."""
    heads, tails = (one.partition("{")[0], two.partition("{")[0]), (one.rpartition("}")[2], two.rpartition("}")[2])
    apart_before = "{" in one and "{" in two and not _is_nested(*heads, str.startswith)
    return apart_before or ("{" in one and "{" in two and not _is_nested(*tails, str.endswith))


def _is_nested(one: str, two: str, within: Callable[[str, str], bool]) -> bool:
    return within(one, two) or within(two, one)
