"""Finding the models of a SunSpec device, as any SunSpec client does."""

from hil.ems.device import Block
from hil.ems.link import Link, LinkError
from hil.ems.registers import Fields, unpack

BASE = 40000
MARKER = 0x53756E53
"""What stands at the base: SunS."""
END = 0xFFFF
"""Model id behind the last model."""


async def scan(link: Link) -> dict[int, tuple[int, int]]:
    """First register and length, with id and length themselves, of each model by its id.

    Raises:
        LinkError: There is no answer, or no marker.
    """
    if unpack("u32", await link.read(BASE, 2)) != MARKER:
        raise LinkError(f"{link.host}:{link.port}, unit {link.unit}: no SunSpec device")
    models: dict[int, tuple[int, int]] = {}
    at = BASE + 2
    while True:
        model, length = await link.read(at, 2)
        if model == END:
            return models
        models.setdefault(model, (at, length + 2))
        at += length + 2


def block(models: dict[int, tuple[int, int]], model: int, fields: Fields, most: int = 120) -> Block:
    """What to read of a model.

    Raises:
        LinkError: The device has no such model.
    """
    if model not in models:
        raise LinkError(f"SunSpec model {model} is missing")
    at, length = models[model]
    return Block(at, min(length, most), fields)
