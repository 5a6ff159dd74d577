"""The documents of a project as findings: each place by itself, or how many there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shiplane.core.errors import PrerequisiteError, ShiplaneError
from shiplane.core.finding import Finding, done, skipped
from shiplane.core.next_command import command
from shiplane.core.plurals import counted
from shiplane.core.progress import StepState
from shiplane.core.text import one_line
from shiplane.doctor.documents.files import Documents
from shiplane.doctor.documents.lint import lint
from shiplane.doctor.documents.names import Names, Problem

_NAME = "docs"


@dataclass(frozen=True, kw_only=True)
class DocumentChecks:
    """Checks what a project's documents name.

    Attributes:
        documents: Reads them.
        names: What they may name.
        with_adopted: The same with the tags that the ledgers have as adopted, which only a registry knows: asked only
            if something seems wrong. None where no registry is to be asked.
    """

    documents: Callable[[], Documents]
    names: Callable[[], Names]
    with_adopted: Callable[[Names], Names] | None = None

    def each(self) -> Iterator[Finding]:
        """A finding for each place; one if there is none."""
        documents = self.documents()
        problems, doubt = self._problems(documents)
        for path, problem in problems:
            yield Finding(
                name=f"{_NAME}: {one_line(path)}:{problem.line}",
                state=StepState.FAILED,
                reason=f"{one_line(problem.text)}: {one_line(problem.reason)}",
                remedy=f"Write {problem.proposal}",
                exit_code=PrerequisiteError.exit_code,
            )
        yield from (skipped(_NAME, one_line(reason)) for reason in (*documents.skipped, *doubt))
        yield done(_NAME, f"{counted(len(documents.read), 'document')} read")

    def together(self) -> Iterator[Finding]:
        """One finding, which warns of the number of places: a document stops no release."""
        try:
            yield self._summary()
        except ShiplaneError as error:
            yield skipped(_NAME, error.what)

    def _summary(self) -> Finding:
        documents = self.documents()
        problems, _ = self._problems(documents)
        if not problems:
            return done(_NAME, f"{counted(len(documents.read), 'document')} read")
        files = counted(len({path for path, _ in problems}), "document")
        wrong = f"{counted(len(problems), 'place')} in {files} do not match the configuration"
        return done(_NAME, wrong, warning=f"See them with: {command('check.docs')}")

    def _problems(self, documents: Documents) -> tuple[list[tuple[str, Problem]], list[str]]:
        """Every problem with its document, and why adopted tags could not be told from others."""
        names = self.names()
        problems = _linted(documents, names)
        if not problems or self.with_adopted is None:
            return problems, []
        try:
            return _linted(documents, self.with_adopted(names)), []
        except ShiplaneError as error:
            return problems, [f"adopted tags are unknown: {error.what}"]


def _linted(documents: Documents, names: Names) -> list[tuple[str, Problem]]:
    return [(document.path, problem) for document in documents.read for problem in lint(document.text, names)]
