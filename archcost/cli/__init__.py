"""The command line: thin commands, each imported only when it is called; bad input ends with exit code 2."""

from __future__ import annotations

import errno
import gc
import importlib
import sys
from collections.abc import Mapping
from typing import Any

import click

from archcost import __version__
from archcost.errors import ArchcostError, did_you_mean

COMMANDS: Mapping[str, tuple[str, str]] = {
    "table": ("archcost.cli.table", "Show what each layer of a network costs."),
    "compare": ("archcost.cli.compare", "Set networks side by side, stage by stage."),
    "explain": ("archcost.cli.explain", "Show how the numbers of a layer come about."),
    "reconcile": ("archcost.cli.reconcile", "Show what a network costs under every convention, and why."),
    "identify": ("archcost.cli.identify", "Find out where a published number comes from."),
    "formula": ("archcost.cli.formula", "Show what a network costs as a formula of its symbols."),
    "sweep": ("archcost.cli.sweep", "Compute what networks cost at many settings of their knobs."),
    "search": ("archcost.cli.search", "Find the largest or smallest setting of a knob that meets a condition."),
    "import": ("archcost.cli.imports", "Write a model in another format as a specification."),
    "verify": ("archcost.cli.verify", "Recompute every published number and judge it."),
    "list": ("archcost.cli.catalog", "List the built-in networks."),
    "show": ("archcost.cli.catalog", "Print a specification."),
    "validate": ("archcost.cli.catalog", "Check specification files."),
    "conventions": ("archcost.cli.conventions", "Explain what counts as a FLOP, a parameter, a byte."),
    "layers": ("archcost.cli.reference", "Explain the layer types."),
    "schema": ("archcost.cli.reference", "Print the JSON Schema of specifications, for editors."),
}


class BadInput(click.ClickException):
    """What the user gave cannot be used."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


class Commands(click.Group):
    """Commands by name; their help is known without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(COMMANDS[name][0]), f"{name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"there is no command {args[0]!r}{did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ArchcostError as error:
            raise BadInput(str(error)) from error
        except OSError as error:
            if error.errno == errno.EPIPE:  # the reader has gone; click ends quietly
                raise
            raise BadInput(f"cannot be written: {error.strerror}") from error
        except KeyboardInterrupt:
            ctx.exit(130)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """What a neural-network architecture costs: sizes, memory, parameters, FLOPs.

    \b
    archcost table alexnet                 the lectures' table
    archcost table net.yaml --set width=2  a network of your own
    archcost compare alexnet vgg16         two networks side by side
    archcost list                          the built-in networks
    """


def main() -> None:
    """The `archcost` command."""
    gc.disable()  # the process ends before garbage in cycles would matter, and looking for it takes a tenth of the time
    try:
        cli(prog_name="archcost")
    except KeyboardInterrupt:
        sys.exit(130)
