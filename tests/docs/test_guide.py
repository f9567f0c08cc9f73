"""What the guide says of steps is what there is."""

from tests.docs.step_table import rows, written_rows


def test_the_guide_has_a_row_for_each_kind_of_step_and_no_other() -> None:
    assert written_rows() == rows(), "tests/docs/step_table.py says what stands there: rows()"
