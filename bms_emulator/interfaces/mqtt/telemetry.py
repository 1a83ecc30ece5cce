"""State messages: one for each container, rack, PCS and so on, all of one tick."""

import re
from collections.abc import Iterator

import numpy as np

from bms_emulator.arrays import Array
from bms_emulator.interfaces.components import SORTS, Column, Components
from bms_emulator.interfaces.values import dumps
from bms_emulator.points.catalogue import Catalogue

_PLAIN = (float, int)
"""Types whose values Python and JSON write alike, if they are finite."""
_MARK = re.compile(r'"#(\d+)#"')


class Telemetry:
    """The state messages of a site.

    Most of a message stays as it was a round ago, so its text is kept in pieces, of which only those of values that
    have changed are written anew.

    Args:
        catalogue: The points of the site.
        base: Topic under which the messages are published, e.g. ``bms/demo``.
    """

    def __init__(self, catalogue: Catalogue, base: str) -> None:
        sorts = [(sort, Components(catalogue, sort)) for sort in SORTS]
        self.offsets = np.concatenate([components.offsets.ravel() for _, components in sorts])
        """Arena offsets of all values of all messages, shape (values,)."""
        self._messages: list[tuple[str, list[Column], list[int], list[str]]] = []
        for sort, components in sorts:
            pieces, places = _pieces(components)
            for index in sort.indices(catalogue.site):
                topic = f"{base}/{sort.topic(index)}/state"
                self._messages.append((topic, components.columns, places, pieces.copy()))
        self._told: Array = np.full(self.offsets.size, np.nan)

    def messages(self, values: Array, tick: int, time: float) -> Iterator[tuple[str, str]]:
        """Topic and payload of each message, from the values at :attr:`offsets`, all of one tick."""
        told = self._told
        changed = (values != told) & ~(np.isnan(values) & np.isnan(told))
        head = f'{{"tick":{tick},"time_s":{dumps(round(time, 6))}'
        at = 0
        for topic, columns, places, pieces in self._messages:
            which = slice(at, at + len(columns))
            at += len(columns)
            now = values[which]
            for n in np.nonzero(changed[which])[0].tolist():
                shown = columns[n].shown(float(now[n]))
                pieces[places[n]] = repr(shown) if type(shown) in _PLAIN else dumps(shown)
            told[which] = now  # here, as a round may be broken off
            yield topic, head + "".join(pieces)


def _pieces(components: Components) -> tuple[list[str], list[int]]:
    """Text of a message after its head, in pieces: what stands before a value, the value, and so on, and the end.

    Also the position of each column's value among them: a report nests, so its values stand in another order.
    """
    marked = components.arranged([f"#{n}#" for n in range(len(components.columns))])
    parts = _MARK.split("," + dumps(marked)[1:])
    places = [0] * len(components.columns)
    for place in range(1, len(parts), 2):
        places[int(parts[place])] = place
        parts[place] = "null"  # as a value that is not a number is told
    return parts, places
