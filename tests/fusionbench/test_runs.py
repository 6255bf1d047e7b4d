"""Rows survive a kill: whatever was flushed stays, a half-written line goes."""

import pytest

from fusionbench.runs import RowWriter, latest, read_rows


def test_rows_come_back_in_order(tmp_path) -> None:
    path = tmp_path / "deep" / "rows.jsonl"
    with RowWriter(path) as rows:
        rows.write({"pair": "a", "value": 1})
        rows.write({"pair": "b", "value": 2})
        assert len(list(read_rows(path))) == 2, "each row is flushed when written"
    with RowWriter(path) as rows:
        rows.write({"pair": "a", "value": 3})
    assert [row["value"] for row in read_rows(path)] == [1, 2, 3]
    assert latest(path)["a"]["value"] == 3


def test_a_half_written_line_is_left_out_and_cut_off(tmp_path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"pair": "a"}\n{"pair": "b", "val')
    assert [row["pair"] for row in read_rows(path)] == ["a"]
    with RowWriter(path) as rows:
        rows.write({"pair": "c"})
    assert [row["pair"] for row in read_rows(path)] == ["a", "c"]


def test_no_file_no_rows(tmp_path) -> None:
    assert list(read_rows(tmp_path / "none.jsonl")) == []


def test_rows_are_strict_json(tmp_path) -> None:
    with RowWriter(tmp_path / "rows.jsonl") as rows, pytest.raises(ValueError, match="JSON"):
        rows.write({"value": float("nan")})
