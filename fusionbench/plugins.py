"""What a plug-in author writes against: the base class of methods and the decorators."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from fusionbench.cards import DetectorCard, MethodCard, MetricCard
from fusionbench.errors import FusionBenchError, WeightsError
from fusionbench.registry import DETECTORS, METHODS, METRICS
from fusionbench.weights import Weights, WeightsFinder, own_files, replaced

if TYPE_CHECKING:
    from torch import Tensor

    from fusionbench.boxes import Detections, Thresholds, Truths
    from fusionbench.images import U8
    from fusionbench.training import TrainingRequest

MetricFunction = Callable[..., float]
M = TypeVar("M", bound="type[Method]")
F = TypeVar("F", bound=MetricFunction)
D = TypeVar("D", bound="type[Detector]")


@dataclass(frozen=True)
class Setting:
    """What the engine hands to a method when it makes one.

    Attributes:
        device: A torch device name.
        weights: The weights asked for with ``--weights NAME=...``: an origin or a file; or None.
        options: Options asked for with ``--option NAME.key=value``.
        finder: Looks weight files up by their checksum.
    """

    device: str = "cpu"
    weights: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    finder: WeightsFinder = field(default_factory=WeightsFinder)


class Method:
    """Base class of every fusion method; register a subclass with :func:`method`.

    The engine makes an instance, asks :meth:`weights` (cheap: no torch), calls :meth:`load` once
    and then :meth:`fuse` for every pair.
    """

    card: ClassVar[MethodCard]
    _folder: ClassVar[Path]
    shared_version: ClassVar[int] = 1
    """Version of what a base class does for several methods, as ``version`` is of one's own."""
    accepts_other_files: ClassVar[bool] = False
    """Whether `fusionbench weights add` takes files that :meth:`check_weights` accepts."""

    def __init__(self, setting: Setting | None = None) -> None:
        self.setting = setting or Setting()
        unknown = set(self.setting.options) - set(self.card.options)
        if unknown:
            raise FusionBenchError(
                f"method '{self.card.name}' has no option {', '.join(sorted(unknown))}; "
                f"it has: {', '.join(self.card.options) or 'none'}"
            )
        self.options = {
            key: self._allowed(key, self.setting.options.get(key, values[0]), values)
            for key, values in self.card.options.items()
        }

    def _allowed(self, key: str, value: str, values: tuple[str, ...]) -> str:
        if value not in values:
            raise FusionBenchError(
                f"option {self.card.name}.{key}={value}: expected one of {', '.join(values)}"
            )
        return value

    @property
    def label(self) -> str:
        """The row's name in tables; says which weights where there is a choice."""
        asked = self.setting.weights
        return self.card.title if asked is None else f"{self.card.title} ({Path(asked).name})"

    def file(self, name: str) -> Path:
        """A file that belongs to the method, such as its weights.

        A name that stands in the class's code as it is (``self.file("mynet.pth")``) is known before
        anything is loaded: :meth:`weights` checks that the file is there, its checksum is in the
        manifest and the footnotes, and results are made again when it changes.

        Args:
            name: Its path, relative to the folder of the plug-in's file.

        Returns:
            The file there; or, with ``--weights NAME=FILE``, the user's in its place (where there
            are several, in that of the one with the same ending); or, with ``--weights
            NAME=FOLDER``, the file of that name in the user's folder.
        """
        if self.setting.weights is not None:
            asked = Path(self.setting.weights).expanduser()
            if asked.is_dir():
                return asked / name
            if replaced(asked, self._files_named()) in (None, name):
                return asked
        homes = [vars(c) for c in type(self).__mro__ if "_folder" in vars(c)]
        folders: list[Path] = [home["_folder"] for home in homes]
        paths = [folder / name for folder in folders] or [Path(name)]
        return next((path for path in paths if path.exists()), paths[0])

    def weights(self) -> Weights | None:
        """The weights that :meth:`load` will use, or None where the method needs none.

        These are the files that its code names with :meth:`file`.

        Raises:
            WeightsError: They are not there; the message says what to do.
        """
        names, asked = self._files_named(), self.setting.weights
        if asked is not None and names is None:
            raise FusionBenchError(f"method '{self.card.name}' takes no weights")
        if asked is None and not names:
            return None
        return own_files(self.card.name, names or (), self.file, asked)

    @classmethod
    def _files_named(cls) -> tuple[str, ...] | None:
        itself: Any = cls
        return files_named(itself)

    def load(self) -> None:
        """Build what :meth:`fuse` needs (networks, dictionaries) on ``self.setting.device``."""

    def fuse(self, ir: Tensor, vis: Tensor) -> Tensor:
        """Fuse one pair.

        Args:
            ir: Infrared luma, float32, B×1×H×W in [0, 1].
            vis: Visible image, float32, B×1×H×W luma or B×3×H×W RGB (``card.colour``), in [0, 1].

        Returns:
            The fused image, float, B×{1,3}×H×W; the engine clips it to [0, 1].
        """
        raise NotImplementedError

    @classmethod
    def check_weights(cls, path: Path) -> None:
        """Check that a file of weights fits the network, strictly.

        Raises:
            WeightsError: It does not; every difference is named.
        """
        raise WeightsError(f"method '{cls.card.name}' takes no weights")

    @classmethod
    def train(cls, request: TrainingRequest, arguments: Sequence[str]) -> Path:
        """Train the method: what ``fusionbench train`` calls.

        Args:
            request: Pairs, folder, device and seed.
            arguments: The options of the command line that the engine does not know.

        Returns:
            The file of weights, for ``--weights NAME=FILE``; a file beside it that has its name and
            the suffix ``.json`` may be its card (see :func:`fusionbench.weights.user_file`).

        Raises:
            FusionBenchError: The method cannot be trained here, or an option is not right.
        """
        raise FusionBenchError(f"method '{cls.card.name}' cannot be trained by this package")

    @classmethod
    def training_options(cls) -> str:
        """The options that :meth:`train` takes, in words."""
        return f"method '{cls.card.name}' cannot be trained by this package"


def method(name: str, **card: Any) -> Callable[[M], M]:
    """Register a :class:`Method` subclass; the keywords are those of :class:`MethodCard`.

    Example:
        >>> from fusionbench import Method, method
        >>> @method("half-ir", title="Half infrared", family="pixel")
        ... class HalfInfrared(Method):
        ...     def fuse(self, ir, vis):
        ...         return ir / 2 + vis / 2
    """

    def register(cls: M) -> M:
        cls.card = MethodCard(name=name, **card)
        module = sys.modules.get(cls.__module__)
        cls._folder = Path(getattr(module, "__file__", None) or "x").resolve().parent
        METHODS.add(name, cls, cls.card.selectors, _version(cls))
        return cls

    return register


def metric(name: str, **card: Any) -> Callable[[F], F]:
    """Register ``f(triple, *, every_parameter) -> float``; keywords as in :class:`MetricCard`.

    The function names every parameter as keyword-only without default: a convention supplies them.
    """

    def register(function: F) -> F:
        made = MetricCard(name=name, **card)
        function.card = made  # type: ignore[attr-defined]
        METRICS.add(name, function, made.selectors, made.version)
        return function

    return register


def metric_card(function: MetricFunction) -> MetricCard:
    """The card of a registered metric function."""
    card: MetricCard = function.card  # type: ignore[attr-defined]
    return card


def metric_formula(function: MetricFunction) -> str:
    """What a metric computes, in words and symbols: its docstring up to its parameters."""
    text = inspect.cleandoc(function.__doc__ or "")
    return re.split(r"\n+(?=(?:Args|Returns|Raises|Example):\n)", text)[0].strip()


class Detector:
    """Base class of every object detector; register a subclass with :func:`detector`.

    The engine makes an instance, asks :meth:`weights` (cheap: no torch), calls :meth:`load` once
    and then :meth:`detect` for batches of images of one size.
    """

    card: ClassVar[DetectorCard]
    shared_version: ClassVar[int] = 1
    """Version of what a base class does for several detectors, beside the card's own."""

    def __init__(self, setting: Setting | None = None) -> None:
        self.setting = setting or Setting()

    @property
    def label(self) -> str:
        """The name in tables; says which weights."""
        return self.card.title

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that detections number; known after :meth:`load`."""
        raise NotImplementedError

    def weights(self) -> Weights:
        """The weights that :meth:`load` will use.

        Raises:
            WeightsError: They are not there; the message says what to do.
        """
        raise NotImplementedError

    def load(self) -> None:
        """Build the network on ``self.setting.device``."""

    def detect(self, images: Sequence[U8], thresholds: Thresholds) -> list[Detections]:
        """Find objects.

        Args:
            images: RGB, H×W×3 uint8, all of one size.
            thresholds: Which boxes are dropped.

        Returns:
            For each image its boxes after non-maximum suppression, best score first, in pixels of
            the image (see :class:`fusionbench.boxes.Detections`).
        """
        raise NotImplementedError

    trainable: ClassVar[bool] = False
    """Whether :meth:`train` is there, which ``--protocol finetuned`` asks for."""

    @property
    def package(self) -> str:
        """What trains, with its version; part of the record of a trained detector."""
        return ""

    def train(
        self,
        images: Sequence[Path],
        truths: Sequence[Truths],
        classes: Sequence[str],
        folder: Path,
        schedule: Mapping[str, int],
    ) -> Path:
        """Train from :meth:`weights`, on one method's images.

        Args:
            images: The training images.
            truths: The labelled objects of each.
            classes: The names that truths number.
            folder: An empty folder for whatever training writes; it is removed afterwards.
            schedule: ``epochs``, ``size`` (pixels of a side), ``batch`` and ``seed``.

        Returns:
            The trained weights, a file that ``NAME:FILE`` detects with.

        Raises:
            FusionBenchError: Training failed, or nothing is labelled.
        """
        raise NotImplementedError


def detector(name: str, **card: Any) -> Callable[[D], D]:
    """Register a :class:`Detector` subclass; keywords as in :class:`DetectorCard`."""

    def register(cls: D) -> D:
        cls.card = DetectorCard(name=name, **card)
        DETECTORS.add(name, cls, cls.card.selectors, _version(cls))
        return cls

    return register


def _version(cls: type[Method] | type[Detector]) -> str:
    return f"{cls.card.version}.{cls.shared_version}"


@cache
def files_named(cls: type) -> tuple[str, ...] | None:
    """The names that a class's code gives to :meth:`Method.file`; None where it never calls it.

    Read from the source, without running it: a name that is put together there is not known.
    """
    calls = [call for c in cls.__mro__ if issubclass(c, Method) and c is not Method
             for call in _calls_of_file(c)]  # fmt: skip
    given = [call.args[0] for call in calls if call.args]
    names = [g.value for g in given if isinstance(g, ast.Constant) and isinstance(g.value, str)]
    return tuple(dict.fromkeys(names)) if calls else None


def _calls_of_file(cls: type) -> list[ast.Call]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    except (OSError, TypeError, SyntaxError):
        return []
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [
        call
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "file"
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "self"
    ]


def packaged_weights(module_file: str, name: str) -> Path:
    """The path of a weights file that ships beside a method's module."""
    return Path(module_file).parent / "weights" / name
