"""Write the facts of the retrained CMTFusion weights into their cards.

Usage: python benchmarks/cards.py [--check]

The facts come from the card that training wrote (``*-retrained.json``) and from
``results/cmtfusion-variants``. What stands in a card from the heading "What the pictures look like"
on is written by hand and stays. ``--check`` writes nothing and fails where a card is not what would
be written.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CARDS = ROOT / "methods" / "cmtfusion" / "weights"
STUDY = ROOT / "results" / "cmtfusion-variants"
BY_HAND = "## What the pictures look like"
DATA = ("MSRS", "TNO", "RoadScene")
METRICS = ("SSIM", "Qabf", "VIF", "EN", "SD", "SF", "MI")
TERMS = ("total", "data", "spatial", "perceptual", "frequency")
ROWS = {
    "average": "`average`",
    "laplacian": "`laplacian`",
    "authors": "`release`, the authors' weights",
    "patch": "`patch`, its author's weights",
    "release": "`release`, retrained",
    "paper": "`paper`, retrained",
}
PURPOSE = {
    "release": "where the authors' checkpoint has not been downloaded",
    "paper": "as the publication describes it; nobody else has published weights for it",
}
INTRODUCTION = """\
# CMTFusion, {variant} variant, retrained

Trained from scratch by this project in {count}, with a batch of {batch} and crops of
{crop} x {crop}, in {minutes} minutes of wall time on one of two cores of a busy CPU ({processor}).
By pixels that is {share:.2%} of the published schedule. The weights exist so that the method runs
{purpose}.
They do not say what the published method achieves, and tables mark them "(retrained)". Training on
a GPU for the whole schedule is still to be done.

{table}

With `FUSIONBENCH_DATA` naming the folder that holds the data sets, and the weights of each stage
copied to where `--initial` of the next one looks:

```
{commands}
```

The published weight of the perceptual term, 0.02, belongs to torchvision's VGG-19. Here the
features are those of Gatys' normalised VGG-19 up to conv3_1 (sha256
`{vgg}`), with relu3_1 in place of
relu3_2. Its activations average 1 per channel, taken to be about twice torchvision's, so 0.02 was
halved: a judgement, as torchvision's weights were not at hand.

## Validation losses

Means over the {held} held-out pairs, middle 256 x 256 pixels of each; terms before weighting, total
after it.

{validation}

## Scores

Convention `standard`, `fusionbench suite cmtfusion-variants`
([results](../../../results/cmtfusion-variants/leaderboard.md)): the pairs of MSRS and TNO listed in
`configs/lists`, and the held-out pairs of RoadScene.

{scores}
"""
LIGHT = """
### By day and by night

Mean difference to `average` on the pairs of MSRS (ids end in D or N).

{light}
"""
CLOSENESS = """
## How close the retraining comes

Retrained minus authors' weights on the same images: mean paired difference with its 95 % bootstrap
interval (`significance.csv` there has every metric and pair of rows).

{differences}
"""
FACTS = {
    "file": "`{variant}-retrained.safetensors`, {bytes:,} bytes, sha256 `{sha256}`",
    "validation": "{held} pairs of RoadScene (`configs/lists/RoadScene-validation.txt`)",
    "data not seen": "MSRS but for the pairs named above, TNO, M3FD, KAIST and LLVIP",
    "crops": "flipped along either axis; half of them moved towards black or white (`--tones`)",
    "optimiser": "Adam, betas {beta1} and 0.999, weight decay {weight_decay}, gradient norm "
    "clipped at {clip:g}",
    "learning rate": "{warmup} steps up to {lr}, cosine to {final_lr}, in every stage",
    "what ships": "moving average of the parameters, decay {average}",
    "loss": "data + {spatial} spatial + {perceptual} perceptual + {frequency} frequency",
}
STARTS = {
    True: "from the weights of the stage before",
    False: "from kernels that pass the images through plus a quarter of PyTorch's own start "
    "(`training/initial.py`)",
}


def stages(card: dict[str, Any]) -> list[dict[str, Any]]:
    """The cards of all stages of a training, the first stage first."""
    before = card.get("started_from")
    return [*(stages(before) if before else []), card]


def stage_fact(stage: dict[str, Any]) -> str:
    """How long a stage was, on what, and from what."""
    learnt = stage["data"][: len(stage["data"]) - len(stage["validation_pairs"])]
    data = " and ".join(_data_fact(stage, d["name"], d["split"], d["pairs"]) for d in learnt)
    balanced = ", drawn from equally often" if stage["settings"].get("balance") else ""
    steps, start = stage["schedule"]["steps"], STARTS["started_from" in stage]
    return f"{steps:,} steps on {data}{balanced}, 8-bit luma; {start}"


def _data_fact(stage: dict[str, Any], name: str, split: str, count: int) -> str:
    named = f"{name} ({split})" if split not in ("", "all") else name
    few = f" ({', '.join(stage['trained_pairs'][name])})" if count < 10 else ""
    return f"{count} pairs of {named}{few}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the first column to the left, numbers to the right."""
    side = "---:" if len(head) > 2 else "---"
    lines = [head, ["---", *[side] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def read(name: str) -> list[dict[str, str]]:
    """A CSV file of the study."""
    with (STUDY / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def validation(card: dict[str, Any]) -> str:
    """The losses on the held-out pairs while training went on."""
    rows = [
        [f"stage {number}, step {row['step']:.0f}", *(f"{row[term]:.4f}" for term in TERMS)]
        for number, stage in enumerate(stages(card), start=1)
        for row in stage["validation"]
    ]
    return table(["", *TERMS], rows)


def scores(variant: str) -> str:
    """Means on each data set, this card's own row in bold."""
    rows = []
    board = {(row["dataset"], row["method"]): row for row in read("leaderboard.csv")}
    for data in DATA:
        rows.append([f"**{data}** ({board[data, 'average']['n']} pairs)", *[""] * len(METRICS)])
        for method, name in ROWS.items():
            own = method == variant
            values = [
                f"{float(board[data, method][m]):.{4 if m in METRICS[:3] else 3}f}" for m in METRICS
            ]
            rows.append([f"**{name} (these weights)**" if own else name, *values])
    return table(["", *METRICS], rows)


def light(variant: str) -> str:
    """Differences to ``average`` on MSRS by day and by night, the authors' weights beside these."""
    values = {
        (row["method"], row["pair"], row["metric"]): float(row["value"])
        for row in read("scores.csv")
        if row["dataset"] == "MSRS"
    }
    rows = []
    for method in dict.fromkeys((variant, "release", "authors")):
        for time, letter in (("day", "D"), ("night", "N")):
            pairs = sorted({p for _, p, _ in values if p.endswith(letter)})
            means = [
                sum(values[method, p, m] - values["average", p, m] for p in pairs) / len(pairs)
                for m in METRICS[:3]
            ]
            name = f"{ROWS[method]}, {time} ({len(pairs)} pairs)"
            rows.append([name, *(f"{mean:+.4f}" for mean in means)])
    return table(["", *METRICS[:3]], rows)


def differences() -> str:
    """Retrained minus authors' weights of the release variant."""
    found = {}
    for row in read("significance.csv"):
        if {row["first"], row["second"]} == {"authors", "release"}:
            sign = 1 if row["first"] == "release" else -1
            names = ("difference", "difference_low", "difference_high")
            mean, *ends = (sign * float(row[name]) for name in names)
            low, high = sorted(ends)
            found[row["dataset"], row["metric"]] = f"{mean:+.4f} [{low:+.4f}, {high:+.4f}]"
    rows = [[data, *(found[data, metric] for metric in METRICS[:3])] for data in DATA]
    return table(["", *METRICS[:3]], rows)


def facts(variant: str) -> str:
    """The part of a card that is not written by hand."""
    card = json.loads((CARDS / f"{variant}-retrained.json").read_text(encoding="utf-8"))
    parts = stages(card)
    held = len(card["validation_pairs"]["RoadScene"])
    given = {
        **card["settings"],
        **card["settings"]["weights"],
        **card["file"],
        "variant": variant,
        "held": held,
        "minutes": " and ".join(f"{part['schedule']['minutes']:.0f}" for part in parts),
        "count": ("one stage", "two stages", "three stages")[len(parts) - 1],
    }
    rows = [[name, fact.format(**given)] for name, fact in FACTS.items()]
    rows[1:1] = [[f"stage {i}", stage_fact(part)] for i, part in enumerate(parts, start=1)]
    text = INTRODUCTION.format(
        **given,
        table=table(["", ""], rows),
        share=card["share_of_published_schedule"],
        processor=card["hardware"]["processor"],
        purpose=PURPOSE[variant],
        commands="\n".join(part["command"] for part in parts),
        vgg=card["settings"]["perceptual_weights"]["sha256"],
        validation=validation(card),
        scores=scores(variant),
    )
    text += LIGHT.format(light=light(variant))
    if variant == "release":
        text += CLOSENESS.format(differences=differences())
    return text


def main() -> int:
    """Write both cards, or compare them with what would be written."""
    wrong = 0
    for variant in PURPOSE:
        path = CARDS / f"{variant}-retrained.md"
        before = path.read_text(encoding="utf-8")
        text = f"{facts(variant)}\n{before[before.index(BY_HAND) :]}"
        if "--check" in sys.argv[1:]:
            wrong += text != before
        else:
            path.write_text(text, encoding="utf-8")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
