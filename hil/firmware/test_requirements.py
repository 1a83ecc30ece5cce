"""A firmware library does what is required of it: ``pytest hil/firmware --firmware-library PATH`` for any library."""

import pytest

from hil.firmware import check_contactors, check_operation, check_protection  # noqa: F401 (they enter requirements)
from hil.firmware.requirement import REQUIREMENTS
from hil.firmware.rig import Rig

pytestmark = pytest.mark.component


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_the_firmware_meets_its_requirement(name: str, rig: Rig) -> None:
    REQUIREMENTS[name](rig)
