"""``bms-emulator tls``: certificates for Modbus/TCP Security."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Certificates for Modbus/TCP Security.", no_args_is_help=True)

MAKE_EXAMPLES = r"""
Examples:

  tls make: an authority, a server, and clients that may read and write

  tls make --host 192.168.1.20 --role monitor=read --role ems=write: for a plant of your own

Exit status: 0 where all were made, 2 where not.
"""

_PERMISSIONS = ("read", "write")


def _role(text: str) -> tuple[str, str]:
    name, _, permission = text.partition("=")
    if not name or permission not in _PERMISSIONS:
        raise typer.BadParameter(f"{text!r}: must be NAME=read or NAME=write")
    return name, permission


@app.command("make", epilog=MAKE_EXAMPLES)
def make(
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where to put them.")] = Path("certificates"),
    host: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS", help="Name or address of the server; repeatable.")
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=PERMISSION", help="Role of a client, and whether it may read or write; repeatable."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=36500, metavar="N", help="How long they are valid.")] = 825,
) -> None:
    """Make an authority, a server certificate and one for a client of each role, and print what the site has to say."""
    from bms_emulator.interfaces.modbus.authority import AuthorityError
    from bms_emulator.interfaces.modbus.authority import make as make_all

    roles = dict(map(_role, role or ["reader=read", "operator=write"]))
    try:
        made = make_all(out, host or ["127.0.0.1", "localhost"], roles, days)
    except AuthorityError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    authority, server, *_ = (path.resolve() for path in made)
    print("modbus:\n  tls:")
    print(f"    certificate_file: {server}")
    print(f"    key_file: {server.with_suffix('.key')}")
    print(f"    ca_file: {authority}")
    print(f"    roles: {{{', '.join(f'{name}: {permission}' for name, permission in roles.items())}}}")
