"""Rows that never change: constants, counts, numbers of repetitions, and what stands on the nameplate."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bms_emulator.interfaces.modbus.binding import conversion_of
from bms_emulator.interfaces.modbus.formats import Coding, Format
from bms_emulator.interfaces.modbus.layout import Place, axis_count
from bms_emulator.interfaces.modbus.nameplate import NAMEPLATE, Name, Rating, Subject
from bms_emulator.profile.site import SiteProfile
from bms_emulator.profile.wording import near


def write_constant(
    place: Place, words: NDArray[np.int64], image: NDArray[np.uint16], site: SiteProfile, container: int
) -> None:
    """Write a row that never changes, in all of its repetitions.

    Args:
        place: The row.
        words: Word of each repetition, shape (repetitions...).
        image: Big-endian words to write to.
        site: The site.
        container: Which container the device shows, counted from 1.

    Raises:
        ValueError: The row asks for something that there is not, or that its format does not hold.
    """
    row, form = place.row, place.format
    if row.type == "string":
        text_of = _text_of(place, site, container)
        for index, word in np.ndenumerate(words):
            image[word : word + row.words] = _string(text_of(index), row.words)
    elif row.index is not None:
        axes = [dim.axis for dim in place.dims]
        if row.index not in axes:
            raise ValueError(f"index = {row.index!r}: nothing around repeats over it")
        for index, word in np.ndenumerate(words):
            number = index[axes.index(row.index)] + 1
            image[word : word + form.words] = np.frombuffer(form.pack(number), ">u2")
    else:
        image[words[..., None] + np.arange(form.words)] = np.frombuffer(_bytes(place, form, site), ">u2")


def _bytes(place: Place, form: Format, site: SiteProfile) -> bytes:
    """Bytes of a constant that is the same in every repetition."""
    row = place.row
    if row.type == "pad" or row.value == "none":
        return form.missing
    if isinstance(row.value, float):
        if form.coding is Coding.INTEGER and row.value != int(row.value):
            raise ValueError(f"value = {row.value:g}: must be a whole number")
        return form.pack(row.value)
    if row.length is not None:
        return form.pack(place.rest)
    if row.count == "container":
        return form.pack(site.container_count)
    if row.count is not None:
        return form.pack(axis_count(row.count, tuple(dim.axis for dim in place.dims), site.container))
    return _rating(place, form, site)


def _rating(place: Place, form: Format, site: SiteProfile) -> bytes:
    """Bytes of a number on the nameplate."""
    name = place.row.nameplate or ""
    rating = NAMEPLATE.get(name)
    if not isinstance(rating, Rating):
        known = [key for key, entry in NAMEPLATE.items() if isinstance(entry, Rating)]
        raise ValueError(f"nameplate = {name!r}: no such number{near(name, known)}")
    raw = conversion_of(place, place.row, rating.unit).raw(rating.of(site))
    if form.coding is Coding.FLOAT:
        return form.pack(raw)
    low, high = form.bounds(whole=False)
    whole = math.trunc(raw + math.copysign(0.5, raw))
    if not low <= whole <= high:
        raise ValueError(f"nameplate {name} is {whole} as raw value; {place.row.type} takes {low} to {high}")
    return form.pack(whole)


def _text_of(place: Place, site: SiteProfile, container: int) -> Callable[[tuple[int, ...]], str]:
    """Text of a string row by repetition."""
    row = place.row
    if row.nameplate is None:
        text = row.text or ""
        return lambda _: text
    entry = NAMEPLATE.get(row.nameplate)
    if not isinstance(entry, Name):
        known = [key for key, other in NAMEPLATE.items() if isinstance(other, Name)]
        raise ValueError(f"nameplate = {row.nameplate!r}: no such text{near(row.nameplate, known)}")
    axes = [dim.axis for dim in place.dims]

    def text_of(index: tuple[int, ...]) -> str:
        number = {axis: at + 1 for axis, at in zip(axes, index, strict=True)}
        return entry.of(site, Subject(container, number.get("rack", 0), number.get("pack", 0)))

    return text_of


def _string(text: str, words: int) -> NDArray[np.uint16]:
    """Words of an ASCII text, padded with NUL.

    Raises:
        ValueError: It is not ASCII or too long.
    """
    data = text.encode("ascii")
    if len(data) > 2 * words:
        raise ValueError(f"text = {text!r}: {len(data)} characters; {2 * words} fit")
    return np.frombuffer(data.ljust(2 * words, b"\0"), ">u2")
