"""The page in a headless Chromium: everything a reader does with it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fusionbench.report.page.page import write_html
from fusionbench.results import Results
from fusionbench.runs import Run

Visit = Callable[..., Any]
EVIL = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>"


@pytest.fixture
def page(report_run: Run, visit: Visit) -> Any:
    return visit(report_run.root / "report.html")


def methods(page: Any, table: str = "#board") -> list[str]:
    rows = page.locator(f"{table} tbody tr[data-method]")
    return [str(name) for name in rows.evaluate_all("rows => rows.map(r => r.dataset.method)")]


def heads(page: Any) -> dict[str, str]:
    found = page.locator("#board thead th").evaluate_all(
        "all => all.map(t => [t.querySelector('button').dataset.key, t.ariaSort])"
    )
    return dict(found)


def marked(page: Any, tag: str) -> list[str]:
    cells = page.locator(f"#board td:has({tag})")
    return [
        str(t)
        for t in cells.evaluate_all(
            "all => all.map(c => c.closest('tr').dataset.method + ' ' + c.dataset.metric)"
        )
    ]


def pixel(page: Any, x: float, y: float) -> list[int]:
    """RGB of the stage at a place, both from 0 to 1."""
    shot = np.frombuffer(page.locator("#frame").screenshot(), np.uint8)
    image = cv2.imdecode(shot, cv2.IMREAD_COLOR)
    place = image[int(y * image.shape[0]), int(x * image.shape[1])]
    return [int(v) for v in place[::-1]]


def loaded(page: Any) -> None:
    page.wait_for_function(
        "() => ['a', 'b'].every(s => document.getElementById('image-' + s).naturalWidth > 0)"
    )


def test_sort_by_pointer_and_by_keyboard(page: Any) -> None:
    assert methods(page) == ["ir", "visible", "plain", "deep", "evil", "lost"]
    page.click('#board [data-key="EN"]')
    assert methods(page) == ["ir", "visible", "deep", "evil", "plain", "lost"]
    assert heads(page)["EN"] == "descending"
    page.keyboard.press("Enter")
    assert methods(page)[2:] == ["plain", "evil", "deep", "lost"]
    heads_now = {"Method": "none", "Family": "none", "N": "none", "EN": "ascending", "CE": "none"}
    assert heads(page) == heads_now
    page.keyboard.press("Enter")
    assert methods(page)[2:] == ["plain", "deep", "evil", "lost"]
    page.click('#board [data-key="CE"]')
    assert heads(page)["CE"] == "ascending"
    page.click("#unsort")
    assert set(heads(page).values()) == {"none"}


def test_filter_by_name_family_and_choice(page: Any) -> None:
    page.fill("#filter", "deep, average")
    assert methods(page) == ["ir", "visible", "plain", "deep"]
    assert page.inner_text("#board .status").startswith("2 of 4 methods")
    page.fill("#filter", "")
    page.select_option("#family", "pixel")
    assert methods(page) == ["ir", "visible", "plain", "lost"]
    assert methods(page, "#pair-table") == ["ir", "visible", "plain", "lost"]
    page.click("#methods-menu summary")
    page.click("#methods-menu label:has-text('Lost')")
    assert methods(page) == ["ir", "visible", "plain"]
    page.keyboard.press("Escape")
    page.click("#metrics-menu summary")
    page.click("#metrics-menu label:has-text('EN')")
    assert "EN" not in heads(page)


def test_marks_follow_the_convention(page: Any) -> None:
    assert marked(page, "strong") == ["plain CE", "deep EN"]
    assert marked(page, "u") == ["deep CE", "evil EN"]
    page.select_option("#convention", "other")
    assert marked(page, "strong") == ["plain EN"]
    assert "convention other" in page.inner_text("#board caption")
    assert list(heads(page)) == ["Method", "Family", "N", "EN"]


def test_footnotes_and_training_data(page: Any) -> None:
    page.select_option("#dataset", "1")
    assert "Lab scenes" in page.inner_text("#board caption")
    assert "†" in page.inner_text('#board tr[data-method="deep"] th')
    assert "trained on" in page.inner_text("#board .said")


def test_ranks_follow_convention_and_filter(page: Any) -> None:
    assert "Ranks" in page.locator("#nav a").all_inner_texts()
    assert methods(page, "#rank-table")[0] == "deep"
    page.click('#rank-table [data-key="CE"]')
    assert methods(page, "#rank-table") == ["plain", "deep", "evil"]
    assert "τ overall" in page.inner_text("#rank-table")
    page.fill("#filter", "deep")
    assert methods(page, "#rank-table") == ["deep"]
    assert "compare all of them" in page.inner_text("#rank-table .status")
    page.fill("#filter", "")
    page.select_option("#convention", "other")
    assert "convention other" in page.inner_text("#rank-table caption")
    assert "standard, other" in page.inner_text("#agreement")


def test_comparisons_by_metric_and_method(page: Any) -> None:
    rows = page.locator("#comparisons tbody tr")
    page.select_option("#compared", "CE")
    page.select_option("#against", "3")
    firsts = rows.locator("th").all_inner_texts()
    assert set(firsts) == {"Deep"}
    # CE is 0.5 + 0.01 · place: deep is one above plain and one below evil
    cells = rows.evaluate_all("all => all.map(r => [r.cells[1].innerText, r.cells[3].innerText])")
    assert cells == [["Plain average", "+0.0100"], [EVIL, "−0.0100"]]
    page.click('#comparisons [data-key="Difference"]')
    assert rows.nth(0).locator("td").nth(0).inner_text() == "Plain average"
    page.click('#comparisons [data-key="Difference"]')
    assert rows.nth(0).locator("td").nth(0).inner_text() == EVIL
    page.check("#clear")  # three pairs are too few for any difference to be clear
    assert rows.count() == 0
    assert "0 : 0" in page.inner_text('#tally tr[data-method="deep"]')


def test_heads_of_one_name_sort_by_their_own_columns(page: Any) -> None:
    page.evaluate(
        """() => {
          const cell = (text) => [text, "", "", "", ""];
          const host = document.createElement("div");
          host.id = "two";
          document.querySelector("main").append(host);
          drawTable(host, {heading: "", stub: "Method", caption: [], notes: [],
            headers: [["EN ↑", "Street", false], ["EN ↑", "Lab", false]],
            blocks: [{title: "", over: "Part", lines: [
              [cell("A"), cell("2.0"), cell("−1.5")], [cell("B"), cell("1.0"), cell("−0.5")],
              [cell("C"), cell(null), cell("∞")]]}]});
        }"""
    )
    names = page.locator("#two tbody tr:not(.group) th")
    assert page.locator("#two .overs th").all_inner_texts() == ["Street", "Lab"]
    page.click('#two [data-place="2"]')
    assert names.all_inner_texts() == ["C", "B", "A"]
    page.click('#two [data-place="1"]')
    assert names.all_inner_texts() == ["A", "B", "C"]


def test_drill_down(page: Any) -> None:
    page.select_option("#metric", "EN")
    page.focus("#strip-slider")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#pair-title") == "b#2"
    assert page.locator("#strip-slider").get_attribute("aria-valuenow") == "2"
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "strip-slider"
    rows = page.locator("#pair-table tbody tr").evaluate_all(
        "rows => rows.map(r => [r.dataset.method, r.cells[0].innerText, r.cells[2].innerText])"
    )
    # 7.5 + 0, 6.5 + 0.25 · 2 · 1, 6.0 - 0.25 · 2; "lost" failed on this pair
    assert rows[2:5] == [["deep", "1", "7.5000"], ["evil", "2", "7.0000"], ["plain", "3", "5.5000"]]
    assert rows[5][:2] == ["lost", "–"]
    assert "RuntimeError: <i>gone</i>" in rows[5][2]
    page.click("#previous")
    assert page.input_value("#pair") == "1"
    page.click('#board td[data-metric="CE"][data-method="4"]')
    assert (page.input_value("#metric"), page.input_value("#method")) == ("CE", "4")


def test_pictures_of_a_pair_open_in_the_comparison(page: Any) -> None:
    cards = page.locator("#gallery figure")
    assert cards.count() == 6
    page.wait_for_function(
        "() => [...document.querySelectorAll('#gallery img')].every(i => i.naturalWidth > 0)"
    )
    page.click('#gallery figure[data-view="4"] .picture')
    assert page.input_value("#view-b") == "4"
    page.click('#gallery figure[data-view="0"] button:has-text("A")')
    assert page.input_value("#view-a") == "0"


def test_slider_by_pointer_and_by_keyboard(page: Any) -> None:
    page.select_option("#view-a", "2")
    page.select_option("#view-b", "3")
    loaded(page)
    page.evaluate("document.getElementById('frame').scrollIntoView()")
    assert pixel(page, 0.25, 0.7) == [100] * 3
    assert pixel(page, 0.75, 0.7) == [132] * 3
    box = page.locator("#frame").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.3)
    page.mouse.up()
    assert pixel(page, 0.75, 0.7) == [100] * 3
    page.focus("#divider")
    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowRight")
    assert page.locator("#divider").get_attribute("aria-valuenow") == "10"
    assert pixel(page, 0.25, 0.7) == [132] * 3
    page.click("#swap")
    loaded(page)
    assert pixel(page, 0.25, 0.7) == [100] * 3


def test_zoom_keeps_the_divider_where_it_is(page: Any) -> None:
    page.select_option("#view-a", "2")
    page.select_option("#view-b", "3")
    loaded(page)
    page.click("#zoom-in")
    page.click("#zoom-in")
    assert page.inner_text("#zoom") == "2.3×"
    assert (pixel(page, 0.4, 0.7), pixel(page, 0.6, 0.7)) == ([100] * 3, [132] * 3)
    page.click("#zoom-reset")
    assert page.inner_text("#zoom") == "1.0×"


@pytest.mark.parametrize(("scale", "share"), [("64", 0.5), ("128", 0.25), ("16", 1.0)])
def test_difference_map_is_matplotlibs_inferno(page: Any, scale: str, share: float) -> None:
    import matplotlib

    page.select_option("#view-a", "2")
    page.select_option("#view-b", "3")
    page.check('input[name="mode"][value="difference"]', force=True)
    page.select_option("#scale", scale)
    loaded(page)
    expected = [255 * c for c in matplotlib.colormaps["inferno"](share)[:3]]
    assert pixel(page, 0.5, 0.7) == pytest.approx(expected, abs=4)
    page.select_option("#view-b", "2")
    loaded(page)
    none = [255 * c for c in matplotlib.colormaps["inferno"](0.0)[:3]]
    assert pixel(page, 0.5, 0.7) == pytest.approx(none, abs=2)


def test_originals_where_they_are_and_previews_where_not(
    report_run: Run, visit: Visit, tmp_path: Path
) -> None:
    beside = visit(report_run.root / "report.html")
    loaded(beside)
    assert beside.inner_text("#frame .tag.right") == "B · Plain average"
    assert beside.locator("#image-b").get_attribute("src") == "fused/Street/plain/a%201.png"
    shutil.copy(report_run.root / "report.html", tmp_path / "alone.html")
    alone = visit(tmp_path / "alone.html")
    alone.wait_for_function(
        "() => document.querySelector('#frame .tag.right').textContent.includes('preview')"
    )
    assert alone.inner_text("#frame .tag.right") == "B · Plain average · preview 64 × 48"


def test_names_are_text_everywhere(page: Any) -> None:
    assert EVIL in page.inner_text('#board tr[data-method="evil"]')
    page.select_option("#method", "4")
    page.select_option("#view-b", "4")
    assert EVIL in page.inner_text("#strip .key")
    page.evaluate("document.querySelectorAll('details.fold').forEach(d => { d.open = true; })")
    assert EVIL in page.inner_text("#manifest")
    assert page.evaluate("window.hacked") is None
    assert page.locator("script:not([type]), img[src='x']").count() == 1


def test_manifest_view(page: Any) -> None:
    text = page.locator("#manifest").text_content()
    for fact in ("fusionbench run --methods all", "0123456789abcdef", "9.8.7", "ab" * 32, "Abacus"):
        assert fact in text


def test_themes(report_run: Run, visit: Visit) -> None:
    page = visit(report_run.root / "report.html", scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.select_option("#theme", "light")
    assert page.evaluate(ground) == "rgb(255, 255, 255)" != dark
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    page.select_option("#theme", "auto")
    assert page.evaluate(ground) == dark


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_sticks_out(report_run: Run, visit: Visit, width: int) -> None:
    page = visit(report_run.root / "report.html", width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_every_control_has_a_name(page: Any) -> None:
    nameless = page.locator("select, input, button, [role=slider]").evaluate_all(
        """all => all.filter(e => !(e.labels?.length || e.ariaLabel || e.textContent.trim()))
                     .map(e => e.outerHTML)"""
    )
    assert nameless == []


def test_a_run_without_images_says_so(report_run: Run, visit: Visit, tmp_path: Path) -> None:
    run = Run(tmp_path)
    manifest = report_run.manifest.model_copy(deep=True)
    for data in manifest.datasets:
        for pair in data.pairs:
            pair.ir = pair.vis = str(tmp_path / "gone.png")
    manifest.write(tmp_path)
    write_html(Results.read(run))
    page = visit(tmp_path / "report.html")
    assert page.locator("#gallery .none").first.inner_text() == "no picture in this page"
    assert "–" in page.inner_text("#board tbody")


def test_a_run_without_scores_still_shows_its_pictures(
    report_run: Run, visit: Visit, tmp_path: Path
) -> None:
    run = Run(tmp_path)
    report_run.manifest.model_copy(update={"columns": []}, deep=True).write(tmp_path)
    write_html(Results.read(run))
    page = visit(tmp_path / "report.html")
    assert page.inner_text("#board caption") == "Nothing has been scored"
    assert page.locator("#gallery figure").count() >= 2
