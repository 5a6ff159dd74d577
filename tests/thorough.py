"""Whether the long form of the long suites is wanted: ``SHIPLANE_THOROUGH=1``, as ``invoke dev.thorough`` sets it."""

from __future__ import annotations

import os

THOROUGH = bool(os.environ.get("SHIPLANE_THOROUGH"))
