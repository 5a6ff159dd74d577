"""The JSON Schema of the project file."""

from __future__ import annotations

from typing import Annotated, Any

from shiplane.config.project_file import PROJECT_FILE
from shiplane.core.schema.documents import document


def project_schema() -> dict[str, Any]:
    """The schema, from the types that the file is read by."""
    return document(
        Annotated[dict[str, Any], PROJECT_FILE], urn="urn:shiplane:project-file", title="shiplane project file"
    )
