"""Every check: what it looks at, what follows from a finding, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["refuse", "warn", "note"]


@dataclass(frozen=True)
class Check:
    """One named check.

    Attributes:
        name: What ``--accept`` takes.
        outcome: What follows from a finding.
        looks_at: What it looks at.
        finds: What a finding means.
        remedy: What to do.
        skippable: Whether ``--skip-bad-pairs`` goes on without the items that it names.
        acceptable: Whether ``--accept`` can let the input through; there is nothing to compute
            with otherwise.
        footnote: Whether tables say it; always for warnings and for what was accepted.
    """

    name: str
    outcome: Outcome
    looks_at: str
    finds: str
    remedy: str
    skippable: bool = False
    acceptable: bool = False
    footnote: bool = False


def _unusable(name: str, looks_at: str, finds: str, remedy: str) -> Check:
    """A pair or image that there is no computing with: refused, or left out."""
    return Check(name, "refuse", looks_at, finds, remedy, skippable=True)


def _wrong(name: str, looks_at: str, finds: str, remedy: str) -> Check:
    """An input whose number cannot be right: refused, or accepted and marked."""
    return Check(name, "refuse", looks_at, finds, remedy, acceptable=True)


def _unfit(name: str, looks_at: str, finds: str, remedy: str) -> Check:
    """A pair or image whose number cannot be right: refused, accepted and marked, or left out."""
    return Check(name, "refuse", looks_at, finds, remedy, skippable=True, acceptable=True)


def _suspect(name: str, looks_at: str, finds: str, remedy: str) -> Check:
    return Check(name, "warn", looks_at, finds, remedy, footnote=True)


def _noted(name: str, looks_at: str, finds: str, remedy: str, *, footnote: bool = False) -> Check:
    return Check(name, "note", looks_at, finds, remedy, footnote=footnote)


SOURCES = "infrared and visible images"
FUSED = "fused images"
LABELS = "label files"

CHECKS: dict[str, Check] = {
    check.name: check
    for check in (
        # infrared and visible
        _unusable(
            "unreadable-image",
            SOURCES,
            "the file is missing, damaged, cut short, too large or no image",
            "replace the file",
        ),
        _unusable(
            "no-partner",
            "file names",
            "an image has no partner of the other modality; names were compared as they are, "
            "without words such as ir and vis at one end, without what all names of a folder "
            "share, in another case and without leading zeros",
            "complete or remove the pair, name partners alike, or name the pairs to use with "
            "--pairs",
        ),
        _unusable(
            "two-files",
            "file names",
            "two files claim one name",
            "keep one of them",
        ),
        _unusable(
            "bad-name",
            "file names",
            "a file's name cannot be that of a pair",
            "rename the file",
        ),
        _unusable(
            "sizes-differ",
            SOURCES,
            "infrared and visible have different sizes",
            "resize one to the other with --resize ir or --resize vis",
        ),
        _unusable(
            "same-image",
            SOURCES,
            "infrared and visible are the same image",
            "replace one of them",
        ),
        _unfit(
            "few-levels",
            SOURCES,
            "scaled by 1/257, few gray levels of the file are left",
            "say how to read the range with --ir-range (or --vis-range) min-max, P1-P99 or "
            "LOW:HIGH",
        ),
        _unusable(
            "no-range",
            SOURCES,
            "nothing says which values of the file are black and white",
            "say it with --ir-range (or --vis-range) min-max, P1-P99 or LOW:HIGH",
        ),
        _unfit(
            "byte-order",
            "images of 16 bits",
            "the two bytes of every value are exchanged: neighbours differ by multiples of 256",
            "save the file in the byte order that its format has",
        ),
        _suspect(
            "few-levels-source",
            SOURCES,
            "most images of a folder have hardly any gray levels",
            "use the original; a mask, labels or a preview was taken for an image",
        ),
        _unfit(
            "constant-source",
            SOURCES,
            "every pixel of a source has one value",
            "replace the file, or state another range",
        ),
        _unusable(
            "shapes-differ",
            SOURCES,
            "infrared and visible show other shapes: resizing would distort one of them",
            "crop them to the same field of view before",
        ),
        _suspect(
            "nearly-same-image",
            SOURCES,
            "infrared and visible are nearly the same image, or its negative",
            "check that both folders hold what they should",
        ),
        _suspect(
            "repeated-source",
            SOURCES,
            "an image of one pair is that of another: it counts more than once, or is out of place",
            "remove copies of pairs; look at the images otherwise",
        ),
        _suspect(
            "swapped-folders",
            SOURCES,
            "infrared is in colour and visible is gray",
            "exchange --ir and --vis if the folders were swapped",
        ),
        _suspect(
            "false-colour-infrared",
            SOURCES,
            "infrared is in colour; the luma of a colour map does not follow temperature",
            "use the gray original of the camera",
        ),
        _noted(
            "hidden-names",
            "file names",
            "names that begin with a dot are no images",
            "nothing; systems leave such files behind",
        ),
        _noted(
            "names-differ",
            "file names",
            "partners bear different names: what each folder's names share, case or zeros were cut",
            "check that they belong together",
        ),
        _suspect(
            "names-guessed",
            "file names",
            "partners bear different names: what each folder's names share was cut, and is no word "
            "for infrared or visible",
            "check that they belong together, or name partners alike",
        ),
        _suspect(
            "names-exchanged",
            "file names",
            "names say that infrared and visible were exchanged",
            "exchange --ir and --vis if the folders were swapped",
        ),
        _noted(
            "listed-twice",
            "lists of pairs",
            "a list names pairs more than once; they count once",
            "check the list",
        ),
        _noted(
            "more-than-split",
            "number of pairs",
            "there are more pairs than were published",
            "check that no other files lie among them",
            footnote=True,
        ),
        _noted(
            "part-of-split",
            "number of pairs",
            "only a part of the split is here",
            "complete the data set, or quote the number of pairs with the numbers",
            footnote=True,
        ),
        _noted(
            "ir-range",
            SOURCES,
            "the range of an infrared image was read as stated",
            "nothing; the table says it",
            footnote=True,
        ),
        _noted(
            "vis-range",
            SOURCES,
            "the range of a visible image was read as stated",
            "nothing; the table says it",
            footnote=True,
        ),
        _noted(
            "resized",
            SOURCES,
            "a source was resized to the other (area averaging to shrink, cubic to enlarge)",
            "nothing; the table says it",
            footnote=True,
        ),
        _noted(
            "alpha-dropped",
            "images with an alpha channel",
            "transparency was ignored",
            "save images without alpha",
        ),
        _suspect(
            "transparent",
            "images with an alpha channel",
            "an image is transparent in places; what its colours hold there was used",
            "save images without alpha",
        ),
        _noted(
            "first-page",
            "files with several pages",
            "the first page was read",
            "split the file if its pages are images of the data set",
        ),
        _noted(
            "turned",
            "EXIF orientation",
            "the image was turned as its EXIF orientation says",
            "nothing",
        ),
        _noted(
            "left-aside",
            "other files among the images",
            "files in a format that is not read, animated images or dangling links were left aside",
            "convert them if they are images of the data set",
        ),
        # fused images
        _unusable(
            "no-pair",
            FUSED,
            "the image belongs to no pair; its name was compared with ids and with the names of "
            "the sources, without what all names of the folder share, in another case and without "
            "leading zeros",
            "remove it, or name it as its pair",
        ),
        _noted(
            "outside-subset",
            FUSED,
            "images of pairs that are not scored were left out",
            "nothing",
        ),
        _noted(
            "folders-aside",
            FUSED,
            "folders beside the images were left aside",
            "name the folder that holds the methods' folders, or none but images",
        ),
        _unusable(
            "no-fused-image",
            FUSED,
            "a pair has an image of other methods and none of this one",
            "make it; methods are compared on the same pairs",
        ),
        _unusable(
            "fused-size",
            FUSED,
            "the image has another size than its pair",
            "fuse at full size; do not crop or resize",
        ),
        _wrong(
            "fused-few-levels",
            FUSED,
            "scaled by 1/257, few gray levels of the file are left",
            "save fused images with 8 bits, or over the whole range of 16",
        ),
        _wrong(
            "levels-0-1",
            FUSED,
            "the image uses only the levels 0 and 1: values in 0..1 were saved as bytes",
            "multiply by 255 before saving",
        ),
        _suspect(
            "constant-fused",
            FUSED,
            "every pixel has one value",
            "look at the images; the method or its saving failed",
        ),
        _suspect(
            "few-levels-fused",
            FUSED,
            "the image has hardly any gray levels though its sources have many",
            "look at the images; a mask was saved, or values were rounded before saving",
        ),
        _suspect(
            "wrapped-fused",
            FUSED,
            "bright pixels stand beside dark ones where the sources are flat: values above 255 "
            "wrapped around",
            "compute in floats and clip to 0..255 before converting to bytes",
        ),
        _suspect(
            "repeated-fused",
            FUSED,
            "images of different pairs are the same",
            "look at the images; results were overwritten or copied",
        ),
        _suspect(
            "same-as-another",
            FUSED,
            "images are the same as another method's",
            "look at the images; one folder is a copy, or the weights of one were not loaded",
        ),
        _suspect(
            "fused-is-source",
            FUSED,
            "the image is the infrared or the visible image itself",
            "look at the images; the wrong folder was copied",
        ),
        _suspect(
            "fits-another-pair",
            FUSED,
            "images fit the sources of another pair better than their own",
            "name images as their pairs; results were renumbered or shifted",
        ),
        _suspect(
            "turned-fused",
            FUSED,
            "images fit their own sources better when they are turned or mirrored",
            "save images as their sources lie",
        ),
        _suspect(
            "moved-fused",
            FUSED,
            "the image does not lie where its sources do: it was moved, or cut and padded",
            "save images at the place of their sources; cut away what was padded on the same side",
        ),
        _suspect(
            "exchanged-channels",
            FUSED,
            "red is blue: the channels are in the other order than those of the visible image",
            "save the image as RGB; OpenCV takes and gives BGR",
        ),
        _suspect(
            "white-fused",
            FUSED,
            "much of the image is white where the sources are not: values above 255 were cut",
            "look at the images; scale values before saving",
        ),
        _suspect(
            "inverted-fused",
            FUSED,
            "bright is dark: the image is the negative of its sources",
            "save images with the polarity of their sources",
        ),
        # what a method returns
        _wrong(
            "output-range",
            "what a method returns",
            "a considerable share of the values lies outside [0, 1]",
            "scale the output to [0, 1]",
        ),
        _noted(
            "output-clipped",
            "what a method returns",
            "more than 5 % of an image's values lay outside [0, 1] and were clipped",
            "scale or clip the output in the method as its authors do",
        ),
        # labels
        _wrong(
            "boxes-in-pixels",
            LABELS,
            "YOLO boxes are in pixels in place of shares of the image",
            "divide x and width by the image's width, y and height by its height",
        ),
        _wrong(
            "boxes-in-shares",
            LABELS,
            "boxes are shares of the image where the format has pixels",
            "multiply x and width by the image's width, y and height by its height",
        ),
        _wrong(
            "boxes-do-not-fit",
            LABELS,
            "most boxes lie outside the image, reach far out of it, are turned over or have no "
            "area: they were made for other images or are in another format",
            "use the labels of these images, in the format that the file's name promises",
        ),
        Check(
            "unreadable-labels",
            "refuse",
            LABELS,
            "a label file is missing where there should be one, or is malformed",
            "complete or mend the label files",
        ),
        _unusable(
            "labels-of-another-size",
            LABELS,
            "the labels were made for another size of the image",
            "use the labels of these images",
        ),
        _unusable(
            "labels-without-size",
            LABELS,
            "a source was resized, and the labels do not say for which size their pixels were "
            "counted",
            "state the image's width and height in the labels (VOC, COCO), use shares of the "
            "image (YOLO), or use images of one size",
        ),
        _noted(
            "boxes-scaled",
            LABELS,
            "the boxes were made for a source that was resized, and were scaled with it",
            "nothing; the table says it",
            footnote=True,
        ),
        _unusable(
            "two-images-of-one-name",
            LABELS,
            "one name stands for two images",
            "keep the images of one modality, or name the folders of the images in the file",
        ),
        _wrong(
            "most-without-labels",
            LABELS,
            "most pairs have no label file",
            "complete the labels, or name the pairs that have some with --pairs",
        ),
        _noted(
            "no-class-known",
            LABELS,
            "the detector knows none of the classes that the labels name: every score is undefined",
            "rename the classes in the labels, declare counts_as in the data set's YAML, or use "
            "a detector that knows them",
            footnote=True,
        ),
        _suspect(
            "labels-of-another-image",
            LABELS,
            "the file says that it belongs to another image",
            "look at the labels; files were renamed or shifted",
        ),
        _suspect(
            "no-objects",
            LABELS,
            "the labels hold no object: average precision is not defined",
            "use more pairs, or the labels of these images",
        ),
        _suspect(
            "boxes-reach-out",
            LABELS,
            "a considerable share of the boxes reaches far out of the image",
            "look whether the labels are of another size of the image, or hold corners in place "
            "of sizes",
        ),
        _suspect(
            "box-outside",
            LABELS,
            "boxes that lie wholly outside the image were left out",
            "mend the labels",
        ),
        _suspect(
            "box-turned-over",
            LABELS,
            "boxes whose corners are exchanged or that have no area were left out",
            "mend the labels",
        ),
        _suspect(
            "box-repeated",
            LABELS,
            "boxes that are listed more than once were counted once",
            "remove the repeated lines",
        ),
        _suspect(
            "class-unknown",
            LABELS,
            "the detector does not know the class: its objects do not count",
            "rename the class in the labels, declare counts_as in the data set's YAML, or use a "
            "detector that knows it",
        ),
        _noted(
            "box-clipped",
            LABELS,
            "boxes that reach out of the image were cut at its border",
            "nothing",
        ),
        _noted(
            "polygons",
            LABELS,
            "polygons were read as the boxes around them",
            "nothing; the table says it",
            footnote=True,
        ),
        _noted(
            "no-label-file",
            LABELS,
            "pairs without a label file were taken to hold no objects",
            "check that no label file is missing",
            footnote=True,
        ),
        _noted(
            "labels-without-pair",
            LABELS,
            "labels of images that are not among the pairs were not used",
            "nothing, if the pairs are those that are meant",
        ),
        _noted(
            "annotation-id-repeated",
            LABELS,
            "annotations share an id; all of them were used",
            "number the annotations anew",
        ),
        # weights
        Check(
            "not-weights",
            "refuse",
            "weight files",
            "the file is no checkpoint that can be read safely",
            "download it again, or save the network's state dict",
        ),
        _noted(
            "weights-unwrapped",
            "weight files",
            "the state dict was taken out of what the file holds beside it",
            "nothing",
        ),
    )
}


def page() -> str:
    """The page of the documents that lists every check, in Markdown."""
    lines = [
        "# Checks",
        "",
        "What is given to the suite is looked at before the work, or while it is read. A `refuse`",
        "stops the command before anything is written: the number could not be right. A `warn` is",
        "shown, kept in the manifest and stands as a footnote where the number stands. A `note` is",
        "shown and kept. `--accept CHECK` lets a refused input through, recorded and marked;",
        "`--skip-bad-pairs` goes on without what is unusable; `--strict` refuses on warnings too.",
    ]
    for looks_at in dict.fromkeys(check.looks_at for check in CHECKS.values()):
        lines += ["", f"## {looks_at[0].upper()}{looks_at[1:]}", ""]
        lines += ["| check | outcome | what it finds | what to do | way around |"]
        lines += ["| --- | --- | --- | --- | --- |"]
        for check in CHECKS.values():
            if check.looks_at == looks_at:
                ways = [f"`--accept {check.name}`"] if check.acceptable else []
                around = ", ".join([*ways, *(["`--skip-bad-pairs`"] if check.skippable else [])])
                cells = (f"`{check.name}`", check.outcome, check.finds, check.remedy, around or "–")
                lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
