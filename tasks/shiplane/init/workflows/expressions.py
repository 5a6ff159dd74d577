"""GitHub's expressions in a workflow, as far as they name something that is known: ``${{ env.IMAGE }}``.

Source: docs.github.com, "Contexts" and "Evaluate expressions in workflows and actions".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# No text of a workflow that names an image is longer; what is could take for ever to fill.
LONGEST = 4000
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with what is known in place of its expressions; the others stay.

    Args:
        text: The text.
        values: The value of each reference, as in ``env.IMAGE`` or ``github.repository``.
    """
    for _ in range(3):  # a variable may be made of others
        if len(text) > LONGEST:
            break
        text = EXPRESSION.sub(lambda match: values.get(match[1], match[0])[:LONGEST], text)
    return text


def is_open(text: str) -> bool:
    """Whether something in the text is only known when the workflow runs."""
    return "${" in text or "{{" in text or bool(re.search(r"\$[A-Za-z_]", text))
