"""Two real processes release, roll back or mark at the same moment, against a real registry, again and again.

``python -m tests.race``, or ``invoke dev.race``. No image is built: what the two would have staged lies in the registry
already, by digest, and what was there before them has its names. Each run is judged afterwards by the same rules as the
model's interleavings (``tests.faults.promises.test_races``), over what both processes sent and were told.
"""

from __future__ import annotations

from tests.race.courses import COURSES, Course
from tests.race.racing import Run, race, report, wrong

__all__ = ["COURSES", "Course", "Run", "race", "report", "wrong"]
