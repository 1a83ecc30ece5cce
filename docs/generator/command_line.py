"""The page of the command line, from the commands themselves."""

from collections.abc import Iterator
from typing import Any

import typer

from bms_emulator.cli import app
from generator import markdown
from generator.markdown import code, table

PROGRAM = "bms-emulator"
INTRODUCTION = f"""
`{PROGRAM} --help`, and `--help` behind any command, say the same. Commands that talk to a running emulator find it at
`--url` or in `BMS_EMULATOR_URL`. They end with status 0, with 1 where the emulator refuses or does not answer, and with
2 where the command line is wrong.
"""


def page() -> str:
    """The page."""
    root = typer.main.get_command(app)
    return markdown.page("Command line", INTRODUCTION, *(_section(path, command) for path, command in commands(root)))


def commands(group: Any, path: str = PROGRAM) -> Iterator[tuple[str, Any]]:
    """Every command that does something, with the words that call it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def _section(path: str, command: Any) -> str:
    arguments = [parameter for parameter in command.params if not parameter.opts[0].startswith("-")]
    options = [parameter for parameter in command.params if parameter.opts[0].startswith("-")]
    usage = " ".join([path, *map(_argument, arguments), "[OPTIONS]" if options else ""]).strip()
    parts = [f"## {path.removeprefix(PROGRAM + ' ')}", f"```\n{usage}\n```", *_paragraphs(command.help)]
    rows = [(code(_argument(p)), _default(p), p.help) for p in arguments]
    rows += [(code(_option(p)), _default(p), p.help) for p in options]
    if rows:
        parts.append(table(("", "default", "meaning"), rows))
    parts += _examples(path, command.epilog)
    return "\n\n".join(parts)


def _argument(parameter: Any) -> str:
    name = parameter.metavar or parameter.name.upper()
    many = " ..." if parameter.nargs == -1 else ""
    return f"{name}{many}" if parameter.required else f"[{name}{many}]"


def _option(parameter: Any) -> str:
    names = "/".join([*parameter.opts, *parameter.secondary_opts])
    return names if parameter.is_flag else f"{names} {parameter.metavar or 'TEXT'}"


def _default(parameter: Any) -> str:
    environment = f"`{parameter.envvar}`" if parameter.envvar else ""
    default = parameter.default
    shown = "" if default is None or isinstance(default, bool) or default == "" else code(default)
    return ", else ".join(part for part in (environment, shown) if part)


def _paragraphs(text: str | None) -> list[str]:
    return [" ".join(part.split()) for part in (text or "").strip().split("\n\n") if part.strip()]


def _examples(path: str, epilog: str | None) -> list[str]:
    """The epilog of a command: indented lines, and what stands behind "Examples:" on one line, are examples."""
    parts: list[str] = []
    examples: list[str] = []
    for part in (epilog or "").strip("\n").split("\n\n"):
        text = " ".join(part.split()).replace("\\[", "[")
        if part.startswith("  "):
            examples.append(_example(text, PROGRAM))
        elif text.startswith("Examples: "):
            group = path.rpartition(" ")[0]
            calls = text.removeprefix("Examples: ").split(" · ")
            examples += [_example(call, PROGRAM if call.split()[0] in group.split() else group) for call in calls]
        elif text not in ("", "Examples:"):
            parts.append(text.removesuffix(" Examples:"))
    return ["```\n" + "\n".join(examples) + "\n```", *parts] if examples else parts


def _example(text: str, before: str) -> str:
    """An example as a line of a shell; what stands behind a colon says what it is."""
    call, _, note = text.partition(": ")
    whole = call if call.startswith(PROGRAM) else f"{before} {call}"
    return f"{whole}  # {note}" if note else whole
