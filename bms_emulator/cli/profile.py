"""``bms-emulator profile``: check profiles, list them, keep their JSON Schemas fresh."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bms_emulator.profile.document import read_document
from bms_emulator.profile.errors import Problem, ProfileError
from bms_emulator.profile.folders import KIND_FOLDERS, Folders, Found, shipped_folder

if TYPE_CHECKING:
    from bms_emulator.profile.base import Profile

app = typer.Typer(help="Check, list and describe device profiles.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@dataclass(frozen=True)
class Checked:
    """A profile that was checked, with all that is wrong with it and with what it names."""

    kind: str
    name: str
    file: str
    problems: tuple[Problem, ...]


@app.command(
    epilog="Examples: bms-emulator profile check · check demo · check racks/1p416s · check plant/plant.yaml --json"
)
def check(
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE_OR_NAME", help="Files, names, or kind/name; all profiles where none is given."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check profiles with all that they name, and print every problem with its file and line.

    Exit status 1 if there is any.
    """
    checked = [item for target in (targets or _everything()) for item in _check(target)]
    problems = sorted({problem for item in checked for problem in item.problems})
    if as_json:
        rows = [
            {
                "kind": item.kind,
                "name": item.name,
                "file": item.file,
                "ok": not item.problems,
                "problems": [problem.as_dict() for problem in item.problems],
            }
            for item in checked
        ]
        print(json.dumps({"ok": not problems, "profiles": rows}, indent=2))
    else:
        for problem in problems:
            print(problem)
        for item in checked:
            if not item.problems:
                print(f"{item.file}: ok")
    raise typer.Exit(1 if problems else 0)


@app.command("list", epilog="Examples: bms-emulator profile list · list sites --json")
def list_(
    kind: Annotated[str | None, typer.Argument(help=f"One of {', '.join(KIND_FOLDERS)}; all where omitted.")] = None,
    as_json: Json = False,
) -> None:
    """List profiles: those in the folders that BMS_EMULATOR_PROFILES names, and those that are shipped."""
    if kind is not None and kind not in KIND_FOLDERS:
        raise typer.BadParameter(f"{kind!r} is no kind of profile; there are: {', '.join(KIND_FOLDERS)}")
    folders = Folders.default()
    found = [item for k in ([kind] if kind else KIND_FOLDERS) for item in folders.list(k).values()]
    rows = [{"kind": f.kind, "name": f.name, "file": f.label, "description": _description(f)} for f in found]
    if as_json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    width = {key: max((len(row[key]) for row in rows), default=0) for key in ("kind", "name")}
    for row in rows:
        print(f"{row['kind']:{width['kind']}}  {row['name']:{width['name']}}  {row['description']}")


@app.command(epilog="Examples: bms-emulator profile schema · schema --check")
def schema(
    is_check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit status 1 if a file is stale.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Folder to write to; that of the shipped profiles if omitted.")
    ] = None,
) -> None:
    """Write the JSON Schemas of all kinds of profiles, which editors complete and check files by."""
    from bms_emulator.profile.schema import schema_texts

    folder = folder or shipped_folder() / "schema"
    texts = schema_texts(_models())
    stale = [name for name, text in texts.items() if _text(folder / name) != text]
    if not is_check:
        folder.mkdir(parents=True, exist_ok=True)
        for name in stale:
            (folder / name).write_text(texts[name], encoding="utf-8")
    for name in stale:
        print(f"{folder / name}: {'is stale; rewrite it with: bms-emulator profile schema' if is_check else 'written'}")
    raise typer.Exit(1 if is_check and stale else 0)


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _description(found: Found) -> str:
    """The description of a profile that need not be sound."""
    try:
        content = read_document(found.path, found.label).data
    except ProfileError as error:
        return str(error.problems[0])
    description = content.get("description") if isinstance(content, dict) else None
    return description if isinstance(description, str) else ""


def _models() -> "dict[str, type[Profile]]":
    from bms_emulator.interfaces.modbus.map import RegisterMap
    from bms_emulator.profile.loader import KINDS, MAPS
    from bms_emulator.testing.campaign.model import Campaign
    from bms_emulator.testing.scenario.model import Scenario

    return {**KINDS, MAPS: RegisterMap, "scenarios": Scenario, "campaigns": Campaign}


def _everything() -> list[str]:
    folders = Folders.default()
    return [f"{kind}/{name}" for kind in KIND_FOLDERS for name in folders.list(kind)]


def _check(target: str) -> list[Checked]:
    """What a target means, checked; a name may mean profiles of several kinds."""
    from bms_emulator.profile.loader import is_path
    from bms_emulator.profile.wording import near

    kind, _, name = target.partition("/")
    if Path(target).is_file():
        parent = Path(target).resolve().parent.name
        return [_checked(parent if parent in KIND_FOLDERS else "sites", target)]
    if kind in KIND_FOLDERS and not is_path(name):
        return [_checked(kind, name)]
    if is_path(target):
        return [_nothing(target, "no such file")]
    folders = Folders.default()
    there = {kind: folders.list(kind) for kind in KIND_FOLDERS}
    kinds = [kind for kind in KIND_FOLDERS if target in there[kind]]
    names = sorted({name for found in there.values() for name in found})
    return [_checked(kind, target) for kind in kinds] or [_nothing(target, "no such profile" + near(target, names))]


def _nothing(target: str, message: str) -> Checked:
    return Checked("", target, target, (Problem(target, 0, "", message),))


def _checked(kind: str, name_or_path: str) -> Checked:
    """One profile, checked: a site with its register maps bound to its points."""
    from bms_emulator.profile.loader import is_path, locate

    file = name_or_path
    problems: tuple[Problem, ...] = ()
    try:
        _, found = locate(kind, name_or_path)
        file = found.label
        _load(kind, name_or_path)
    except ProfileError as error:
        problems = error.problems
    return Checked(kind, Path(name_or_path).stem if is_path(name_or_path) else name_or_path, file, problems)


def _load(kind: str, name_or_path: str) -> None:
    from bms_emulator.interfaces.modbus.load import load_map
    from bms_emulator.interfaces.modbus.plan import compile_maps
    from bms_emulator.points.catalogue import Catalogue
    from bms_emulator.profile.loader import MAPS, load_profile
    from bms_emulator.profile.site import SiteProfile

    if kind == MAPS:
        load_map(name_or_path)
        return
    profile = load_profile(kind, name_or_path)
    if isinstance(profile, SiteProfile):
        compile_maps(profile, Catalogue(profile))
