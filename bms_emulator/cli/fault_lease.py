"""Leases of faults on the command line: a fault that lasts as long as the command that holds it."""

import math
import time
from typing import Any

import typer

from bms_emulator.cli.client import Client, ClientError, fail

HOLD = 30.0
"""Lease of a fault that is held, where none is given [s of real time]."""
_RENEWALS = 3
"""Renewals within a lease."""


def speed_of(client: Client) -> float:
    """Simulated seconds per second, 1 at least. ClientError: nothing answers."""
    return max(1.0, float(client.get("/api/status").get("speed", 1.0)))


def lease_to_hold(client: Client, lease: str | None) -> str:
    """A lease that can be renewed in time at the present speed.

    Raises:
        ClientError: Nothing answers, or it runs too fast for any.
    """
    speed = speed_of(client)
    if lease is not None:
        return lease
    if math.isinf(speed):
        raise ClientError("--hold: it runs as fast as it can, so no lease is long enough; give --lease, or set a speed")
    return f"{HOLD * speed:g}s"


def hold(client: Client, fault: dict[str, Any]) -> None:
    """Renew the lease of a fault until Ctrl-C, then clear it; ends with an error where the fault has gone."""
    name, lease = fault["name"], fault["lease_end"] - fault["accepted"]
    typer.echo(f"{name}: held until Ctrl-C")
    try:
        while True:
            time.sleep(lease / speed_of(client) / _RENEWALS)
            client.post(f"/api/faults/{name}/renew", {})
    except KeyboardInterrupt:
        client.delete(f"/api/faults/{name}")
        typer.echo(f"cleared: {name}")
    except ClientError as error:
        fail(f"{name}: is held no more: {error}")
