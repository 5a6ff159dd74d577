"""shiplane releases container images in independent lanes.

It can be used in three ways, which all do the same:

- the commands ``shiplane plan``, ``shiplane publish`` and so on, in any folder of a project;
- the same commands by Invoke: ``from shiplane import ns`` in a ``tasks.py``;
- from a program: ``Project`` below plans, publishes, promotes, verifies and rolls back.

Whatever goes wrong is a ``ShiplaneError``; all of these can be imported from here:

=====================  ====  =================================================================
error                  exit  when
=====================  ====  =================================================================
UsageError             2     an argument, a variable or a name is wrong
ConfigurationError     2     the same, of the project file
PrerequisiteError      3     a dirty tree, a failed build or gate, a missing builder
AccessError            4     the credentials are wrong, or may not push
RefusedError           5     a version would be overwritten, a floating tag go backwards ...
VerificationError      6     the registry serves something else than it has to
UnreachableError       7     a registry, the engine or a git remote does not answer
LostRaceError          8     somebody else published at the same time
=====================  ====  =================================================================

So can ``Step``, ``StepOutcome`` and ``StepState``, which tell a program of a run's progress, and the types of results:
``Planned``, ``Released``, ``DryRun``, ``Promoted``, ``Verified`` and ``RolledBack``. Nothing else is an interface: it
may change with any version.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shiplane.api import Project
    from shiplane.cli import documents as _documents
    from shiplane.cli.namespace import ns
    from shiplane.core.errors import AccessError as AccessError
    from shiplane.core.errors import ConfigurationError as ConfigurationError
    from shiplane.core.errors import LostRaceError as LostRaceError
    from shiplane.core.errors import PrerequisiteError as PrerequisiteError
    from shiplane.core.errors import RefusedError as RefusedError
    from shiplane.core.errors import ShiplaneError
    from shiplane.core.errors import UnreachableError as UnreachableError
    from shiplane.core.errors import UsageError as UsageError
    from shiplane.core.errors import VerificationError as VerificationError
    from shiplane.core.progress import Step as Step
    from shiplane.core.progress import StepOutcome as StepOutcome
    from shiplane.core.progress import StepState as StepState

    DryRun = _documents.DryRunDataJson
    Planned = _documents.PlannedDataJson
    Promoted = _documents.PromotedDataJson
    Released = _documents.ReleasedDataJson
    RolledBack = _documents.RollbacksDataJson
    Verified = _documents.VerifiedDataJson

__version__ = "0.1.0"

# What ``help(shiplane)`` shows; its text has the rest.
__all__ = ["Project", "ShiplaneError", "__version__", "ns"]
_ERRORS = ("Access", "Configuration", "LostRace", "Prerequisite", "Refused", "Shiplane", "Unreachable", "Usage")
_RESULTS = ("DryRun", "Planned", "Promoted", "Released", "Verified")
# Where each name is. It is imported when it is first used: who wants one of them need not wait for all.
_PLACES = {
    "Project": ("shiplane.api", "Project"),
    "ns": ("shiplane.cli.namespace", "ns"),
    **{f"{kind}Error": ("shiplane.core.errors", f"{kind}Error") for kind in (*_ERRORS, "Verification")},
    **{name: ("shiplane.core.progress", name) for name in ("Step", "StepOutcome", "StepState")},
    **{name: ("shiplane.cli.documents", f"{name}DataJson") for name in _RESULTS},
    "RolledBack": ("shiplane.cli.documents", "RollbacksDataJson"),
}

if not TYPE_CHECKING:  # pragma: no branch -- a type checker, which runs nothing, would take any name for one of ours

    def __getattr__(name: str) -> object:
        """One of the names above (PEP 562)."""
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, attribute = _PLACES[name]
        value = getattr(importlib.import_module(module), attribute)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        """The names above, as yet unused ones too."""
        return sorted({*globals(), *_PLACES})
