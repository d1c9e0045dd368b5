"""Arguments and options that several commands take, and where their output goes."""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from archcost.convention import Convention
from archcost.errors import ArchcostError, Source, SpecError, did_you_mean
from archcost.foreign import OPTIONS, USUAL, is_foreign
from archcost.kinds import DTYPES
from archcost.net import Net, uncounted
from archcost.source import Limits, Value, parse, plain_data

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from archcost.render.grid import Grid
    from archcost.spec import Spec

Function = TypeVar("Function", bound=Callable[..., Any])
FORMATS = {"rich": "", "json": ".json", "csv": ".csv", "markdown": ".md", "latex": ".tex", "parquet": ".parquet"}


class Network(click.ParamType[str]):
    """The name of a built-in network, or the path of a specification."""

    name = "name|file"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        several = param is not None and param.nargs != 1
        OPTIONS.set(OPTIONS.get()._replace(several=several))
        if not several:
            check_used([value])
        if is_foreign(value):
            _say_of_import(value)
        return value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        from archcost.zoo import names

        found = [CompletionItem(name) for name in names() if name.startswith(incomplete)]
        return found or [CompletionItem(incomplete, type="file")]


def _say_of_import(source: str) -> None:
    """Say on stderr, whatever the format, what an exporter changed and which operators of a model are left out."""
    from archcost.importers import net_of

    net = net_of(source)
    if net.notes:
        click.echo(f"{source}: {net.notes}", err=True)
    found = uncounted(net.nodes)
    if found:
        listed = ", ".join(f"{name} ({count})" for name, count in found.items())
        click.echo(f"{source} is incomplete: not counted are {listed}", err=True)


def check_used(names: Sequence[str]) -> None:
    """Refuse `--input` and `--kwargs` where none of the networks can use them."""
    if not (OPTIONS.get().inputs or OPTIONS.get().kwargs):
        return
    from archcost.importers import check_used

    check_used(names)


class ConventionName(click.ParamType[str]):
    """The name of a convention, or a file of conventions."""

    name = "name|file"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        from archcost.presets import names

        found = [CompletionItem(name) for name in names() if name.startswith(incomplete)]
        return found or [CompletionItem(incomplete, type="file")]


def limited(function: Function) -> Function:
    """`--limit`, and what is to be known of models in foreign formats."""
    return limit_option(foreign(function))


def foreign(function: Function) -> Function:
    """`--input`, `--kwargs` and `--unknown`."""
    for name, shown, text, multiple in (
        ("--unknown", "skip", "Go on with operators of a model that are not known; they are not counted.", False),
        ("--kwargs", "K=V", "An argument of PACKAGE.MODULE:FUNCTION, which makes a model.", True),
        ("--input", "3,224,224", "Sizes of one sample of a model, as 77:int64 with a type.", True),
    ):
        function = click.option(
            name,
            metavar=shown,
            multiple=multiple,
            is_eager=True,
            expose_value=False,
            callback=_remember,
            help=text,
            type=click.Choice(["skip"]) if name == "--unknown" else str,
        )(function)
    return function


def _remember(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    """Keep what a foreign model needs, for whoever imports it; nothing is left of a command before."""
    known = ctx.meta.setdefault("archcost.foreign", USUAL)
    if param.name == "input":
        known = known._replace(inputs=tuple(value))
    elif param.name == "kwargs":
        known = known._replace(kwargs=tuple((knob, plain_data(found)) for knob, found in map(setting, value)))
    elif param.name == "settings":
        known = known._replace(settings=tuple((knob, plain_data(found)) for knob, found in map(setting, value)))
    else:
        known = known._replace(skip_unknown=bool(value))
    ctx.meta["archcost.foreign"] = known
    OPTIONS.set(known)
    return value


def limit_option(function: Function) -> Function:
    """`--limit`."""
    text = "Raise a limit of a spec: bytes, values, depth, layers."
    return click.option("--limit", "limits", multiple=True, metavar="NAME=N", help=text)(function)


def knobs(function: Function) -> Function:
    """`--set` and `--limit`."""
    return settings_option("Set a knob: resolution=192, depths=[2,2,2,2].")(limited(function))


def settings_option(text: str) -> Callable[[Function], Function]:
    """`--set`."""
    return click.option("--set", "settings", multiple=True, metavar="K=V", is_eager=True, callback=_remember, help=text)


def counting(function: Function) -> Function:
    """`--convention`, `--batch` and `--dtype`."""
    function = click.option(
        "--batch", default=1, show_default=True, type=click.IntRange(1, 2**40), metavar="N", help="Samples at once."
    )(dtype_option(function))
    return convention_option(function)


def dtype_option(function: Function) -> Function:
    """`--dtype`."""
    return click.option(
        "--dtype",
        type=click.Choice([*DTYPES]),
        metavar="TYPE",
        help=f"Type of what a spec gives none: {', '.join(DTYPES)}; by default the convention's, float32 mostly.",
    )(function)


def convention_option(function: Function) -> Function:
    """`--convention`."""
    return click.option(
        "--convention",
        "convention_name",
        default="lecture",
        show_default=True,
        type=ConventionName(),
        help="What counts as a FLOP, a parameter, a byte: archcost conventions shows all.",
    )(function)


def output(*formats: str) -> Callable[[Function], Function]:
    """`--format` and `--output`."""

    def decorate(function: Function) -> Function:
        function = click.option(
            "--output",
            type=click.Path(dir_okay="parquet" in formats),
            metavar="FILE",
            help="Write to a file; its ending tells the format.",
        )(function)
        return click.option("--format", "form", type=click.Choice(formats), help="How to print.")(function)

    return decorate


def load(name: str, settings: Sequence[str], limits: Sequence[str]) -> Net:
    """The net that the arguments of a command mean."""
    from archcost.zoo import load_net

    # The sizes that a file leaves open are set as it is read; a foreign net has no other knobs.
    knobs = {} if is_foreign(name) else dict(map(setting, settings))
    return load_net(name, knobs, parsed_limits(limits))


def left_out(name: str, spec: Spec) -> list[str]:
    """A remark on a network of which no net is at hand, if its specification has operators that are not counted."""
    named = re.findall(r"\buncounted: *\{ *operator: *\"?([^\",}]+)", spec.at.source.text)
    return [f"{name} is INCOMPLETE: not counted are {', '.join(dict.fromkeys(named))}"] if named else []


def counted(name: str, networks: Sequence[str], limits: Sequence[str]) -> Convention:
    """The convention that is meant: a built-in one, one in a file, or one that a network brings along."""
    from archcost.presets import convention, in_file, names, one_of
    from archcost.zoo import find, is_path

    if name in names():
        return convention(name)
    allowed = parsed_limits(limits)
    specs = [find(network, allowed)[0] for network in networks]
    if is_path(name):
        return in_file(name, allowed, {part for spec in specs for part in spec.parts})
    spec = next((spec for spec in specs if name in spec.conventions), None)
    return one_of(spec.conventions, name, spec.parts) if spec else convention(name)


def setting(text: str) -> tuple[str, Value]:
    """A knob and what `--set` gives it."""
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise ArchcostError(f"--set takes K=V, such as resolution=192, not {text!r}")
    parsed = parse(Source(f"--set {name}", value))
    return name, parsed._replace(key_at=parsed.at)


def parsed_limits(texts: Sequence[str]) -> Limits:
    """The default limits with those that `--limit` raises."""
    limits = Limits()
    for text in texts:
        name, _, number = text.partition("=")
        if name not in Limits._fields:
            raise ArchcostError(f"there is no limit {name!r}{did_you_mean(name, Limits._fields)}")
        if not number.isdecimal() or not 0 < int(number[:18]) < 10**15:
            raise ArchcostError(f"--limit takes NAME=N with a whole number from 1, not {text!r}")
        limits = limits._replace(**{name: int(number)})
    return limits


def chosen_format(form: str | None, path: str | None, formats: Sequence[str]) -> str:
    """The format that is asked for, or that the file's ending tells, or the first."""
    if form:
        return form
    ending = Path(path).suffix.lower() if path else ""
    told = next((name for name, known in FORMATS.items() if ending and known == ending), formats[0])
    if told not in formats:
        raise ArchcostError(f"{path}: there is no {told} here, only {', '.join(formats)}")
    return told


def emit(text: str, path: str | None) -> None:
    """Print the text, or write it to a file whole: under another name first, then renamed."""
    emit_parts([text if text.endswith("\n") else f"{text}\n"], path)


def emit_parts(parts: Iterable[str], path: str | None) -> None:
    """The same with a text that comes in parts."""
    if path in (None, "-"):
        for part in parts:
            click.echo(part, nl=False, color=True)  # colours are in the text only where they are wanted
        return
    import tempfile

    target = Path(str(path))
    try:
        if target.exists() and not target.is_file():  # a device or a pipe is written into
            with target.open("w", encoding="utf-8") as device:
                device.writelines(parts)
            return
        target = target.resolve()  # a link stays a link
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.writelines(parts)
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~umask)
            temporary.replace(target)
        except BaseException:
            temporary.unlink()
            raise
    except OSError as error:
        raise SpecError(f"{path}: cannot be written: {error.strerror}") from error


def draw(form: str, grids: Sequence[Grid], path: str | None) -> str:
    """Grids in a text format; only the one that is asked for is imported."""
    if form == "rich":
        people = path is None and (sys.stdout.isatty() or "FORCE_COLOR" in os.environ)
        form = "terminal" if people else "text"
    text: str = importlib.import_module(f"archcost.render.{form}").draw(grids)
    return text
