"""The command line of a benchmark."""

import pytest

from benchmarks.command import options


@pytest.mark.parametrize("wrong", ["0", "-3", "many", "1.5"])
def test_option_that_cannot_be_is_refused(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No district has minus three volunteers."""
    with pytest.raises(SystemExit):
        options("district", "", rounds=9).parse_args(["--rounds", wrong])

    assert "--rounds" in capsys.readouterr().err
