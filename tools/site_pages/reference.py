"""The command line, from the command line itself, and the public Python names."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from typing import Any

from site_pages import markdown as md


def commands() -> str:
    """Every command with its arguments and options."""
    return md.page(
        "Commands",
        "From `fusionbench --help` and that of every command. Exit codes: 0 done; 1 done, but a "
        "cell failed somewhere (the table shows a dash and says why); 2 nothing was done, and one "
        "message says what to change; 130 stopped by Ctrl-C, and what was finished is kept.",
        *(_command(name, command) for name, command in command_tree()),
    )


def command_tree() -> Iterator[tuple[str, Any]]:
    """Every command of the command line under the name that one types."""
    from typer.main import get_command

    from fusionbench.cli import app

    def walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
        below = getattr(command, "commands", None)
        if below is None:
            yield name, command
            return
        for each, inner in below.items():
            yield from walk(f"{name} {each}", inner)

    yield from walk("fusionbench", get_command(app))


def _command(name: str, command: Any) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option"]
    usage = " ".join([name, *(_metavar(p) for p in arguments), "[OPTIONS]" * bool(options)])
    rows = [(f"`{_metavar(p)}`", md.prose(p.help or ""), _default(p)) for p in arguments]
    rows += [
        (f"`{'`, `'.join((*p.opts, *p.secondary_opts))}`", md.prose(p.help or ""), _default(p))
        for p in options
        if p.name != "help"
    ]
    shown = md.table(("", "", "default"), rows) if rows else ""
    return md.section(f"`{name}`", md.fence(usage, "text"), md.prose(command.help or ""), shown)


def _metavar(parameter: Any) -> str:
    name = (parameter.metavar or parameter.name).upper()
    name += "..." * (parameter.nargs == -1)
    return name if parameter.required else f"[{name}]"


def _default(parameter: Any) -> str:
    value = parameter.default
    if callable(value) or value in (None, "", (), []) or parameter.required:
        return ""
    if isinstance(value, bool):
        return "on" if value else ""
    return f"`{getattr(value, 'value', value)}`"


def api() -> str:
    """The names of ``fusionbench.__all__`` and of ``fusionbench.primitives``, through autodoc."""
    parts = [
        "```{eval-rst}\n.. automodule:: fusionbench\n   :no-index:\n```",
        *_names("fusionbench"),
        "## Primitives",
        "What metrics are made of: every function takes NumPy arrays, or torch tensors of any "
        "device, whose last two axes are the image.",
        *_names("fusionbench.primitives"),
    ]
    return md.page("Python", *parts)


def _returned(home: str) -> list[str]:
    """The public classes of a module whose functions are public: what those return."""
    module = importlib.import_module(f"fusionbench.{home}")
    own = (v for k, v in vars(module).items() if inspect.isclass(v) and not k.startswith("_"))
    return [v.__name__ for v in own if v.__module__ == module.__name__]


def _names(module: str) -> Iterator[str]:
    """A directive a name; the names of one home module stand together."""
    package = importlib.import_module(module)
    homes: dict[str, list[str]] = {}
    for name in package.__all__:
        home = getattr(getattr(package, name), "__module__", "") or ""
        known = home.startswith("fusionbench.") and module == "fusionbench"
        homes.setdefault(home.partition(".")[2] if known else "", []).append(name)
    for home, names in sorted(homes.items()):
        lines = [_directive(package, module, name) for name in names]
        if home:
            text = inspect.getdoc(importlib.import_module(f"fusionbench.{home}")) or ""
            yield f"## fusionbench.{home}\n\n{md.prose(text.partition(chr(10))[0])}"
            if any(inspect.isfunction(getattr(package, name)) for name in names):
                others = [name for name in _returned(home) if name not in names]
                lines += [f".. autoclass:: fusionbench.{home}.{n}\n   :members:\n" for n in others]
        yield md.fence("\n".join(lines), "{eval-rst}")


def _directive(package: Any, module: str, name: str) -> str:
    value = getattr(package, name)
    if inspect.isclass(value):
        return f".. autoclass:: {module}.{name}\n   :members:\n"
    if inspect.isroutine(value):
        return f".. autofunction:: {module}.{name}\n"
    if inspect.ismodule(value):
        what = "What there is of them, as a frame of their cards; also the module of that name."
        return f".. py:function:: {module}.{name}()\n\n   {what}\n"
    return f".. py:data:: {module}.{name}\n   :value: {value}\n"
