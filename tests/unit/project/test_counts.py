from __future__ import annotations

import pytest

from tests.faults.harness import soak
from tests.faults.stateful import __main__ as model
from tests.mutation import __main__ as mutation
from tests.race import __main__ as race


@pytest.mark.parametrize(
    ("command", "arguments", "said"),
    [
        (race.main, ["--runs", "0"], "--runs: '0' is no number of at least one"),
        (race.main, ["--runs=-1"], "--runs: '-1' is no number of at least one"),
        (soak.main, ["--releases", "x"], "--releases: 'x' is no number of at least one"),
        (model.main, ["--runs", ""], "--runs: '' is no number of at least one"),
        (model.main, ["--steps", "\N{FULLWIDTH DIGIT ONE}"], "--steps: '\\uff11' is no number of at least one"),
        (mutation.main, ["--only", "nosuch"], "no module has that in its name; there are registry/client, "),
    ],
)
def test_a_programme_that_would_try_nothing_is_refused(
    command: object, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(command)
    with pytest.raises(SystemExit) as ended:
        command(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
