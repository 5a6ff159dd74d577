"""What gates and checks answered, as a ledger keeps it: short, without what is nobody's business, read strictly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shiplane.config.checks.staged_check import CheckEvidence
from shiplane.config.gate import Evidence
from shiplane.ledger.evidence import MOST, RecordedEvidence, evidence_text, parse_evidence, recorded_evidence
from shiplane.ledger.ledger import BrokenLedgerError, Ledger, with_evidence
from shiplane.registry.oci.names import Digest, Tag
from tests.ledger_content import content_of
from tests.unit.ledger.test_ledger import A, B, entry, ledger, move

URL = "https://inside.example/?key=1"
GATE = Evidence(gate="health", kind="http", what=URL, good=True, detail="HTTP 200", commit="c" * 40, when="t")
CHECK = CheckEvidence(
    check="scan", command="trivy {layout}", good=True, result="passed", seconds=12.34567, when="t", output=["secret"]
)
REPORTED = replace(CHECK, report="r.json", report_digest=str(A))
RED = replace(GATE, gate="core", good=False, detail="HTTP 503")


def test_neither_urls_nor_output_are_kept() -> None:
    gate, check = (each.to_json() for each in recorded_evidence([GATE], [CHECK]))
    assert gate == {"kind": "gate", "name": "health", "good": True, "result": "HTTP 200", "when": "t"}
    assert check == {
        "kind": "check",
        "name": "scan",
        "good": True,
        "result": "passed",
        "when": "t",
        "command": "trivy {layout}",
        "seconds": 12.346,
    }


def test_what_is_written_is_read_again_and_chained() -> None:
    evidence = recorded_evidence([GATE, RED], [CHECK, REPORTED])
    kept = ledger(*with_evidence([entry(), move(None, A)], evidence))
    assert Ledger.parse(content_of(kept)) == kept
    assert [each.evidence for each in kept.entries] == [evidence, ()]
    assert kept.entries[0].evidence[3].report == A


def test_long_texts_and_long_lists_are_cut() -> None:
    long = replace(CHECK, check="n" * 1000, command="c" * 1000, result="a\x1b[31mb\nc")
    first, *others = recorded_evidence([], [long] * 2 * MOST)
    assert (len(first.name), len(first.command), first.result, len(others)) == (200, 200, "ab c", MOST - 1)


GOOD = {"kind": "check", "name": "scan", "good": True, "result": "passed", "when": "t"}


@pytest.mark.parametrize(
    "evidence",
    [
        None,
        {},
        "x",
        [None],
        ["x"],
        [{**GOOD, "name": 5}],
        [{**GOOD, "seconds": "5"}],
        [{**GOOD, "seconds": True}],
        [{**GOOD, "report": "sha256:x"}],
        [GOOD] * (MOST + 1),
    ],
)
def test_evidence_of_another_form_is_refused(evidence: Any) -> None:  # noqa: ANN401 -- anything
    with pytest.raises((TypeError, ValueError)):
        parse_evidence(evidence)


def test_an_entry_with_evidence_of_another_form_is_an_invalid_line() -> None:
    kept = ledger(*with_evidence([entry()], recorded_evidence([GATE], [])))
    with pytest.raises(BrokenLedgerError, match="line 1 of the ledger is invalid: evidence is not an object"):
        Ledger.parse(content_of(kept).replace(b'"evidence":[{', b'"evidence":[5,{'))


def test_what_it_does_not_say_is_not_good() -> None:
    assert parse_evidence([{}]) == (RecordedEvidence(kind="", name="", good=False, result="", when=""),)


def test_evidence_is_of_the_digest_that_was_published() -> None:
    kept = ledger(*with_evidence([entry()], recorded_evidence([GATE], [])))
    assert [each.name for each in kept.evidence(Tag("v0.2.1"), A)] == ["health"]
    assert kept.evidence(Tag("v0.2.1"), B) == ()
    assert kept.evidence(Tag("v0.2.1"), None) == ()
    assert kept.evidence(Tag("v0.2.2"), A) == ()


def test_it_is_told_in_one_line_what_failed_first() -> None:
    assert evidence_text(recorded_evidence([GATE, RED], [REPORTED])) == (
        f"gate core, not passed: HTTP 503; passed: gate health; check scan, report {Digest(str(A)).short}"
    )
    assert evidence_text(()) == ""
