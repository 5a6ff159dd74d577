"""One document, held against what the configuration forms. Pure."""

from __future__ import annotations

import re
from itertools import islice

from shiplane.deployments.positions import Lines
from shiplane.doctor.documents.image_tags import image_problems
from shiplane.doctor.documents.names import Names, Problem
from shiplane.doctor.documents.typed_commands import command_problems

# Leaves a line alone, or the line after it; a whole file, near its beginning.
MARKER = "shiplane:ignore"
_MARKED = re.compile(rf"{MARKER}(?!-file)\b")
FILE_MARKER = f"{MARKER}-file"
_BEGINNING = 2000
# Of each kind in one document: nobody reads on, and a document of that many is about something else.
_MOST = 200
_GENERATED = re.compile(r"@generated\b|\b(?:auto-?)?generated\b[^\n]{0,120}\bdo not edit\b", re.IGNORECASE)


def lint(text: str, names: Names) -> list[Problem]:
    """What a document names that the configuration would not form, in its order; of a place the first.

    A generated file and a file that asks for it are left alone, and so is a line with the marker, or after one.
    """
    beginning = text[:_BEGINNING]
    if FILE_MARKER in beginning or _GENERATED.search(beginning):
        return []
    lines = Lines.of(text)
    skipped = {lines.number(match.start()) + ahead for match in _MARKED.finditer(text) for ahead in (0, 1)}
    streams = (image_problems(text, lines, names), command_problems(text, lines, names))
    problems = [problem for stream in streams for problem in islice(stream, _MOST)]
    kept = {(problem.line, problem.reason): problem for problem in problems if problem.line not in skipped}
    return sorted(kept.values(), key=lambda problem: problem.line)
