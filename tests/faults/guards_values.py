"""The guards of what a lane's settings put into its image; see ``guards.py``."""

from __future__ import annotations

from tests.faults.edits import argument, never, returns, unfiltered, without_argument
from tests.faults.guard import Guard

_LABELS = "tests/faults/release/test_configured_labels.py::"
_LANES = "tests/unit/config/test_lane_tables.py::"
_PLATFORMS = "tests/faults/release/test_lane_platforms.py::"
_PLACEHOLDERS = "tests/unit/config/test_placeholders.py::"

PUT_INTO_IMAGES = (
    Guard(
        "a misspelt placeholder does not become a value",
        "config/placeholders",
        "check_placeholders",
        never(),
        (_PLACEHOLDERS + "test_another_name_is_refused_with_the_known_ones_and_its_plain_form",),
    ),
    Guard(
        "no label of a project's own says what was built",
        "config/keys/build",
        "_own_key",
        never(),
        ("tests/unit/config/test_project_file.py::test_what_a_release_says_of_itself_cannot_be_configured",),
    ),
    Guard(
        "no image is tagged without its configured labels and annotations",
        "verify/image_check",
        "_check_configured",
        returns("[]"),
        (_LABELS + "test_an_image_without_one_of_them_is_not_tagged",),
    ),
    Guard(
        "no part is joined without its configured annotations",
        "verify/image_check",
        "ExpectedImage.planned",
        without_argument("cls", "annotations"),
        (_LABELS + "test_a_part_without_them_is_not_joined",),
    ),
    Guard(
        "a lane takes no names over from another one",
        "config/keys/parents",
        "_merged",
        unfiltered(0),
        (_LANES + "test_no_name_is_handed_on",),
    ),
    Guard(
        "a matrix makes no more lanes than can be compared with each other",
        "config/keys/matrix",
        "_combinations",
        never(),
        (_LANES + "test_a_matrix_that_cannot_be_meant_is_refused",),
    ),
    Guard(
        "a node builds no lane for a platform that the lane does not have",
        "release/staging/multi_node",
        "MultiNodeStager._bake",
        unfiltered(),
        (_PLATFORMS + "test_each_node_builds_the_lanes_that_have_its_platform_and_each_lane_is_joined_from_its_own",),
    ),
    Guard(
        "a lane's platforms are those that its image is checked for",
        "release/image_inspection",
        "ImageInspector.inspect",
        argument("planned", 2, "{0}.platforms"),
        (_PLATFORMS + "test_another_lanes_platforms_are_not_good_enough",),
    ),
)
