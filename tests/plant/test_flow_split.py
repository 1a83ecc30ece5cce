"""Flow split over a cabin of 6 columns of 8 packs, as published, and what throttles make of flow and temperatures.

Yu et al., Chinese Battery Industry 30 (2026) 460, direct return, headers of 0.0013 to 0.004 of a branch's resistance:
11.03 to 9.05 L/min; deviations of +16.4 and -8.5 %, with throttle valves +6.4 and -8.5 %; largest difference between
cells 3.74 K, with throttle valves 3.39 K.
"""

from typing import Any

import numpy as np
import pytest

from bms_emulator.arrays import Array
from bms_emulator.plant.state import ChillerMode
from tests.plant.cooled_site import CooledSite

CABIN = {
    "container.rack_count": 6,
    "container.rack.pack_count": 8,
    "container.operating_voltage_min_v": 2371,
    "container.operating_voltage_max_v": 2953,
    "container.pump.rated_flow_lpm": 463.0,
    "container.chiller.rated_cooling_kw": 100,
}


def cabin(header_share: float, orifices: list[dict[str, Any]] | None = None) -> CooledSite:
    shares = {"container.pump.header_resistance_share": header_share, "container.pump.orifices": orifices or []}
    site = CooledSite("demo", 1.0, CABIN | {"initial.temperature_degc": 20} | shares)
    return site.request(ChillerMode.COOLING, 20.0).run(2)


def flow_lpm(site: CooledSite) -> Array:
    flow: Array = site.state.packs.coolant_flow / site.state.containers.coolant_density * 60e3
    return flow


def throttles(deviation: Array, target: float) -> list[dict[str, Any]]:
    """Throttles that would bring all packs above a deviation down to it, if the pressures stayed as they are."""
    return [
        {"racks": [r + 1], "packs": [p + 1], "resistance_share": float((deviation[r, p] / target) ** 2 - 1.0)}
        for r, p in np.argwhere(deviation > target).tolist()
    ]


def cell_spread(site: CooledSite) -> float:
    site.run(2 * 3600, 13.0)
    return float(np.ptp(site.state.cells.temperature_core))


def test_nearest_and_farthest_pack_get_the_published_flow() -> None:
    flow = flow_lpm(cabin(0.0022))
    assert flow.max() == flow[0, 0] == pytest.approx(11.03, abs=0.05)
    assert flow.min() == flow[-1, -1] == pytest.approx(9.05, abs=0.05)


def test_throttles_take_the_published_deviation_down_and_cells_get_more_alike() -> None:
    free = cabin(0.0025)
    deviation = flow_lpm(free) / flow_lpm(free).mean()
    assert deviation.max() - 1.0 == pytest.approx(0.164, abs=0.01)
    assert deviation.min() - 1.0 == pytest.approx(-0.085, abs=0.02)

    fitted = throttles(deviation, 1.05)
    throttled = cabin(0.0025, fitted)
    evened = flow_lpm(throttled) / flow_lpm(throttled).mean()
    assert len(fitted) <= 19
    assert evened.max() - 1.0 == pytest.approx(0.064, abs=0.01)
    assert deviation.min() < evened.min() < deviation.min() + 0.015  # the farthest gain next to nothing

    # published: 9 % less; here the cells differ by 2.1 K, for less heat, and by 4 % less with throttles
    spread, spread_evened = cell_spread(free), cell_spread(throttled)
    assert spread < 3.74
    assert 0.03 < 1.0 - spread_evened / spread < 0.094
