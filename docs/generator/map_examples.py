"""What the page of a register map tells to try: the site, and calls of public clients with what they answered."""

SITES = {
    "cabinet-bcu": "ems-cabinet-bcu",
    "chiller": "ems-container-mbmu",
    "cluster-tower": "ems-cluster-tower",
    "container-mbmu": "ems-container-mbmu",
    "fire-panel": "ems-container-mbmu",
    "io-module": "ems-container-mbmu",
    "pile-sleepwake": "ems-pile-sleepwake",
    "scu-float": "ems-scu-float",
    "weather-station": "full-container",
}
"""Site whose addresses the page of a map shows, where it is not the one that comes first."""

EXAMPLES = {
    "cabinet-bcu": """
The rack closes by itself on this site. Read its state of charge, take back an order to open (0 at `high voltage down`;
1 opens it), look how far it got (3 succeeded) and at its voltage:

```
$ bms-emulator run ems-cabinet-bcu
$ mbpoll -m tcp -p 5070 -a 1 -0 -r 0x227 -1 -q 127.0.0.1
[551]: 	478
$ mbpoll -m tcp -p 5070 -a 1 -0 -r 0x402 -1 -q 127.0.0.1 0
Written 1 references.
$ mbpoll -m tcp -p 5070 -a 1 -0 -r 0x18 -1 -q 127.0.0.1
[24]: 	3
$ mbpoll -m tcp -p 5070 -a 1 -0 -r 561 -1 -q 127.0.0.1
[561]: 	8572
```
""",
    "chiller": """
Take command (1 = `ems`), ask for cooling (2) to 18.0 °C, and see that it cools and who commands it:

```
$ bms-emulator run ems-container-mbmu
$ mbpoll -m tcp -p 5030 -a 110 -0 -r 256 -1 -q 127.0.0.1 1
$ mbpoll -m tcp -p 5030 -a 110 -0 -r 258 -1 -q 127.0.0.1 2
$ mbpoll -m tcp -p 5030 -a 110 -0 -r 259 -1 -q 127.0.0.1 180
$ mbpoll -m tcp -p 5030 -a 110 -0 -r 0 -c 2 -1 -q 127.0.0.1
[0]: 	2
[1]: 	1
```
""",
    "cluster-tower": """
Start (1 at 0x10C3; 2 stops), then read direction, current, reserved, state of charge, running state and voltage:

```
$ bms-emulator run ems-cluster-tower
$ mbpoll -m tcp -p 5040 -a 1 -0 -r 0x10C3 -1 -q 127.0.0.1 1
Written 1 references.
$ mbpoll -m tcp -p 5040 -a 1 -0 -r 0x1044 -c 6 -1 -q 127.0.0.1
[4164]: 	0
[4165]: 	4
[4166]: 	0
[4167]: 	47
[4168]: 	3
[4169]: 	7575
```

As OpenEMS polls it, in a checkout of the sources: `python -m hil.openems cluster-tower --port 5040`.
""",
    "container-mbmu": """
Connect (2 at 0x0381; 3 disconnects), wait for all racks, read voltage, current (20000 is 0 A) and state of charge. The
command is what counts when it changes; the heartbeat at 0x0380 must change at least every 5 s once it has been written.

```
$ bms-emulator run ems-container-mbmu
$ mbpoll -m tcp -p 5030 -a 1 -0 -r 0x381 -1 -q 127.0.0.1 2
Written 1 references.
$ mbpoll -m tcp -p 5030 -a 1 -0 -r 772 -c 2 -1 -q 127.0.0.1
[772]: 	12
[773]: 	12
$ mbpoll -m tcp -p 5030 -a 1 -0 -r 0x20 -c 3 -1 -q 127.0.0.1
[32]: 	13726
[33]: 	20001
[34]: 	474
```
""",
    "fire-panel": """
Level, detectors in alarm and flags of a quiet panel; then a test of the hydrogen detector, which says so (3 = test):

```
$ bms-emulator run ems-container-mbmu
$ mbpoll -m tcp -p 5030 -a 111 -0 -r 0 -c 3 -1 -q 127.0.0.1
[0]: 	0
[1]: 	0
[2]: 	0
$ mbpoll -m tcp -p 5030 -a 111 -0 -r 264 -1 -q 127.0.0.1 1
$ mbpoll -m tcp -p 5030 -a 111 -0 -r 16 -1 -q 127.0.0.1
[16]: 	3
```

0 at the same register ends the test. What can happen to a detector: `bms-emulator fault kinds detector`.
""",
    "io-module": """
Discrete inputs are read with `-t 1`, coils with `-t 0`; here the siren is switched on:

```
$ bms-emulator run ems-container-mbmu
$ mbpoll -m tcp -p 5030 -a 112 -0 -t 1 -r 0 -c 3 -1 -q 127.0.0.1
[0]: 	0
[1]: 	0
[2]: 	0
$ mbpoll -m tcp -p 5030 -a 112 -0 -t 0 -r 3 -1 -q 127.0.0.1 1
Written 1 references.
```
""",
    "meter-sunspec": """
With pysunspec2 1.3:

```python
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP

meter = SunSpecModbusClientDeviceTCP(slave_id=200, ipaddr="127.0.0.1", ipport=5020)  # bms-emulator run demo
meter.scan()
model = meter.models[213][0]
print([number for number in meter.models if isinstance(number, int)], model.W.value, model.Hz.value)
# [1, 203, 213] 650.08 50.0
```
""",
    "pcs-plain": """
Discharge with 400 kW, which is negative here, once racks are on the bus; then read the power in W:

```
$ bms-emulator run demo
$ bms-emulator set container.request=connect
$ mbpoll -m tcp -p 5020 -a 101 -0 -t 4:int -B -r 1202 -1 -q 127.0.0.1 -- -400000
$ mbpoll -m tcp -p 5020 -a 101 -0 -r 1200 -1 -q 127.0.0.1 1
$ mbpoll -m tcp -p 5020 -a 101 -0 -t 4:int -B -r 1100 -1 -q 127.0.0.1
[1100]: 	-400000
```
""",
    "pcs-sunspec": """
With pysunspec2 1.3; racks must be on the bus:

```python
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP

pcs = SunSpecModbusClientDeviceTCP(slave_id=100, ipaddr="127.0.0.1", ipport=5020)  # bms-emulator run demo
pcs.scan()
control = pcs.models[704][0]
control.WSet.cvalue, control.WSetMod.value, control.WSetEna.value = 5e5, 1, 1
control.write()
# two seconds later
pcs.models[701][0].read()
print(pcs.models[701][0].W.cvalue)
# 500000.0
```
""",
    "pile-sleepwake": """
Wake it (0x55; 0xAA lets it sleep), then read its voltage and, in the low word of two, the current in 10 mA:

```
$ bms-emulator run ems-pile-sleepwake
$ mbpoll -m tcp -p 5050 -a 1 -0 -r 0x1090 -1 -q 127.0.0.1 0x55
Written 1 references.
$ mbpoll -m tcp -p 5050 -a 1 -0 -r 4355 -c 3 -1 -q 127.0.0.1
[4355]: 	13727
[4356]: 	0
[4357]: 	110
```

As OpenEMS polls it, in a checkout of the sources: `python -m hil.openems pile-sleepwake --port 5050`.
""",
    "scu-float": """
Input registers with values of 32 bits; the container is at port 5100, rack n at 5100 + n:

```
$ bms-emulator run ems-scu-float
$ mbpoll -m tcp -p 5100 -a 1 -0 -t 3:float -B -r 103 -1 -q 127.0.0.1
[103]: 	12
$ mbpoll -m tcp -p 5100 -a 1 -0 -t 3:float -B -r 207 -1 -q 127.0.0.1
[207]: 	47.4463
$ mbpoll -m tcp -p 5101 -a 1 -0 -t 3:float -B -r 103 -1 -q 127.0.0.1
[103]: 	1373.3
```

It takes no commands. They go to [sunspec-battery](registers-sunspec-battery.md) and
[pcs-sunspec](registers-pcs-sunspec.md), which the same site serves at port 5120.
""",
    "sunspec-battery": """
With pysunspec2 1.3:

```python
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP

bank = SunSpecModbusClientDeviceTCP(slave_id=1, ipaddr="127.0.0.1", ipport=5020)  # bms-emulator run demo
bank.scan()
battery, bank_of_strings = bank.models[802][0], bank.models[803][0]
print(battery.SoC.cvalue)
# 47.4
battery.SetOp.value = 1
battery.SetOp.write()
# twenty seconds later
bank_of_strings.read()
print(bank_of_strings.NStrCon.value)
# 12
```
""",
    "weather-station": """
With pysunspec2 1.3:

```python
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP

station = SunSpecModbusClientDeviceTCP(slave_id=1, ipaddr="127.0.0.6", ipport=5090)  # bms-emulator run full-container
station.scan()
weather = station.models[307][0]
print(weather.TmpAmb.cvalue, weather.RH.cvalue)
# 23.5 44
```
""",
}
"""Worked example of each map, Markdown."""
