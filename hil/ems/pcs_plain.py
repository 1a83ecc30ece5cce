from hil.ems.pcs_sunspec import SunSpecPcs as PlainPcs
