// The live page: two streams feed the figures, the table and the heat map; texts are set as text, never as markup.

import { HeatMap } from "/heatmap.js";
import { clearFault, start } from "/controls.js";

const RECONNECT_MS = 1000;
const EVENTS_SHOWN = 100;
const KELVIN = 273.15;

const byId = (id) => document.getElementById(id);
const known = (value) => value !== null && value !== undefined;
const fixed = (value, digits) => value.toFixed(digits).replace(/^-(?=[0.]*$)/, ""); // there is no negative zero
const number = (value, digits = 1) => (known(value) ? fixed(value, digits) : "–");
const millivolts = (high, low) => (known(high) && known(low) ? 1000 * (high - low) : null);
const kilo = (value, digits = site.rated_power_kw < 1000 ? 1 : 0) => number(known(value) ? value / 1000 : value, digits);
const words = (text) => String(text).replaceAll("_", " ");
let container = 1;
let site = null;

function element(tag, text = "", className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function clock(seconds) {
  const days = Math.floor(seconds / 86400);
  const time = new Date((seconds % 86400) * 1000).toISOString().slice(11, 21);
  return days > 0 ? `${days} d ${time}` : time;
}

function milliseconds(seconds) {
  return known(seconds) ? `${(1000 * seconds).toFixed(seconds < 0.001 ? 2 : 1)}` : "–";
}

function showClock({ tick, time_s: time, status }) {
  const speed = status.speed === "infinity" ? "max" : `${status.speed ?? 1}×`;
  const actual = known(status.speed_actual) ? ` (${Number(status.speed_actual.toPrecision(3)).toLocaleString("en")}×)` : "";
  byId("clock-time").textContent = clock(time);
  byId("clock-tick").textContent = tick.toLocaleString("en");
  byId("clock-speed").textContent = speed + actual;
  byId("clock-late").textContent = `${milliseconds(status.lateness?.p50)} / ${milliseconds(status.lateness?.p99)} ms`;
  byId("clock-lost").textContent = `${status.ticks_skipped ?? 0} / ${status.overruns ?? 0}`;
  for (const button of byId("speeds").children) {
    button.setAttribute("aria-pressed", String(button.value === String(status.speed ?? 1)));
  }
}

function direction(watts) {
  return known(watts) ? (watts > 50 ? "exporting" : watts < -50 ? "importing" : "balanced") : "no reading";
}

function fire(panel, detectors) {
  if (panel.discharging) return "agent flows";
  if (panel.release_running) return `releases in ${number(panel.release_countdown_s, 0)} s`;
  return detectors.map(([name, { state }]) => `${words(name)} ${words(state)}`).join(", ") || "detectors normal";
}

/** Name, value, unit, second line and class of each key figure. */
function figures({ container: bank, racks, pcs, meter, load, pv, weather }) {
  const spread = millivolts(bank.cell_voltage_max_v, bank.cell_voltage_min_v);
  const level = bank.alarm_level;
  const good = bank.mode === "connected" ? "good" : bank.mode === "fault" ? "level-3" : "";
  const at = (rack, pack) => (rack ? `R${rack} P${pack}` : "");
  const closed = (part) => (part.closed ? "closed" : "open");
  const detectors = Object.entries(bank.detector).filter(([, { state }]) => state !== "normal");
  return [
    ["Bank", words(bank.mode), "", `${bank.racks_connected} of ${racks.length} racks`, good],
    ["Alarm level", String(level), "", bank.master_lost ? "master lost" : ["none", "warning", "derating", "trip"][level] || "", level > 0 ? `level-${level}` : ""],
    ["SOC", number(bank.soc_percent), "%", `SOH ${number(bank.soh_percent)} %`],
    ["DC power", kilo(bank.power_w), "kW", bank.power_w > 500 ? "discharging" : bank.power_w < -500 ? "charging" : "idle"],
    ["PCS", kilo(pcs.power_w), "kW", `${words(pcs.state)} · set ${pcs.setpoint_enabled ? `${kilo(pcs.power_setpoint_w)} kW` : "off"}${pcs.limited ? " · limited" : ""}`],
    ["DC voltage", number(bank.voltage_v), "V", `strings ${number(bank.rack_voltage_min_v, 0)} – ${number(bank.rack_voltage_max_v, 0)}`],
    ["DC current", number(bank.current_a), "A", `strings ${number(bank.rack_current_min_a, 0)} – ${number(bank.rack_current_max_a, 0)}`],
    ["Chiller", words(bank.chiller.actual_mode), "", `${words(bank.chiller.control_source)} control · ${number(bank.chiller.setpoint_in_force_degc)} °C`, bank.chiller.fault_level !== "none" ? "level-2" : ""],
    ["Discharge limit", kilo(bank.discharge_power_limit_w), "kW", `${number(bank.discharge_current_limit_a, 0)} A`],
    ["Charge limit", kilo(bank.charge_power_limit_w), "kW", `${number(bank.charge_current_limit_a, 0)} A`],
    ["Cell max", number(bank.cell_voltage_max_v, 3), "V", at(bank.cell_voltage_max_rack, bank.cell_voltage_max_pack)],
    ["Cell min", number(bank.cell_voltage_min_v, 3), "V", `${at(bank.cell_voltage_min_rack, bank.cell_voltage_min_pack)}, Δ ${number(spread, 0)} mV`],
    ["Temperature max", number(bank.temperature_max_degc), "°C", at(bank.temperature_max_rack, bank.temperature_max_pack)],
    ["Temperature min", number(bank.temperature_min_degc), "°C", at(bank.temperature_min_rack, bank.temperature_min_pack)],
    ["Coolant", number(bank.coolant.supply_temperature_degc), "°C", `back ${number(bank.coolant.return_temperature_degc)} · ${number(bank.coolant.flow_kg_per_s, 2)} kg/s`],
    ["Auxiliary", kilo(bank.auxiliary.power_w, 1), "kW", `chiller ${kilo(bank.chiller.electrical_power_w, 1)} kW`],
    ["PCS reactive", kilo(pcs.reactive_power_var), "kvar", `${kilo(pcs.apparent_power_va)} kVA · PF ${number(known(pcs.power_factor_percent) ? pcs.power_factor_percent / 100 : null, 2)}`],
    ["PCS breakers", `DC ${closed(pcs.dc_breaker)}`, "", `AC ${closed(pcs.ac_breaker)} · link ${number(pcs.dc_voltage_v, 0)} V`, pcs.faults ? "level-3" : ""],
    ["Fire panel", words(bank.fire.level), "", fire(bank.fire, detectors), { warning: "level-2", fire: "level-3" }[bank.fire.level] || ""],
    ["Meter", kilo(meter.power_w), "kW", `${direction(meter.power_w)} · ${kilo(meter.reactive_power_var)} kvar`],
    ["Grid", number(meter.voltage_v), "V", `${number(meter.frequency_hz, 2)} Hz`, meter.power_failure ? "level-3" : ""],
    ["Load", kilo(load.power_w), "kW", `${kilo(load.reactive_power_var)} kvar${load.override_enabled ? " · overridden" : ""}`],
    ["PV", kilo(pv.power_w), "kW", `${pv.connected ? "connected" : "off"}${pv.limited ? " · limited" : ""}`],
    ["Outside", number(weather.ambient_temperature_degc), "°C", `${number(weather.humidity_percent, 0)} % humid${known(weather.irradiance_w_per_m2) ? ` · ${number(weather.irradiance_w_per_m2, 0)} W/m²` : ""}`],
  ];
}

function showFigures(message) {
  const place = byId("figures");
  const wanted = figures(message);
  while (place.children.length < wanted.length) {
    const tile = element("dl", "", "figure");
    const main = element("dd", "", "main");
    main.append(document.createTextNode(""), element("small"));
    tile.append(element("dt"), main, element("dd", "", "sub"));
    place.append(tile);
  }
  wanted.forEach(([name, value, unit, second, className], n) => {
    const [title, main, sub] = place.children[n].children;
    place.children[n].className = `figure ${className || ""}`;
    title.textContent = name;
    main.firstChild.data = value;
    main.lastChild.textContent = unit;
    sub.textContent = second;
    sub.title = second;
  });
}

function showRacks(racks) {
  const body = byId("racks").tBodies[0];
  while (body.rows.length > racks.length) body.deleteRow(-1);
  while (body.rows.length < racks.length) {
    const row = body.insertRow();
    for (const className of ["rack", "text", "", "", "", "", "text position", "", "text position", "", "", "", "text"]) {
      row.insertCell().className = className;
    }
  }
  racks.forEach((rack, n) => {
    const row = body.rows[n];
    const at = (cell, pack) => (cell ? `P${pack} C${cell}` : "");
    const texts = [
      String(n + 1), words(rack.mode), number(rack.soc_percent), number(rack.string_voltage_v), number(rack.current_a),
      number(rack.cell_voltage_max_v, 3), at(rack.cell_voltage_max_cell, rack.cell_voltage_max_pack),
      number(rack.cell_voltage_min_v, 3), at(rack.cell_voltage_min_cell, rack.cell_voltage_min_pack),
      number(millivolts(rack.cell_voltage_max_v, rack.cell_voltage_min_v), 0),
      number(rack.temperature_max_degc), number(rack.temperature_min_degc),
    ];
    texts.forEach((text, column) => { row.cells[column].textContent = text; });
    row.className = rack.alarm_level > 0 ? `level-${rack.alarm_level}` : "";
    row.cells[1].className = `text mode-${rack.mode}`;
    const active = Object.entries(rack.alarm).filter(([, alarm]) => alarm.level > 0);
    row.cells[12].replaceChildren(...active.map(([name, { level }]) => element("span", words(name), `chip level-${level}`)));
    if (rack.alarm_latched) row.cells[12].append(element("span", "latched", "chip"));
    if (!rack.enabled) row.cells[12].append(element("span", "disabled", "chip"));
  });
}

let faultsShown = "";

function showFaults(faults) {
  const now = JSON.stringify(faults);
  if (now === faultsShown) return;
  faultsShown = now;
  byId("fault-count").textContent = faults.length ? String(faults.length) : "";
  byId("clear-all").hidden = faults.length === 0;
  const items = faults.map((fault) => {
    const item = element("li");
    const what = element("span", `${fault.name} `, "what");
    what.append(element("small", `${fault.kind} at ${fault.target}${fault.phase ? `, ${fault.phase}` : ""}`));
    const button = element("button", "Clear");
    button.type = "button";
    button.addEventListener("click", () => clearFault(fault.name));
    item.append(what, button);
    return item;
  });
  byId("faults").replaceChildren(...(items.length ? items : [element("li", "none", "empty")]));
}

/** One line for an event, whatever it carries. */
function eventText({ kind, data }) {
  if (kind === "alarm" && data.alarm) return `${words(data.alarm)} ${data.previous} → ${data.level}`;
  if (kind === "state" && data.point) return `${words(data.point)} ${words(data.previous_text ?? data.previous)} → ${words(data.text ?? data.value)}`;
  if (kind === "fault" && data.name) return [data.name, data.action, data.kind].filter(Boolean).join(" ");
  return Object.entries(data).map(([name, value]) => `${words(name)} ${typeof value === "object" ? JSON.stringify(value) : value}`).join(", ").slice(0, 200);
}

function showEvents({ events, events_missed: missed }) {
  const list = byId("events");
  for (const event of events) {
    const item = element("li");
    const what = element("span", "", "what");
    const level = event.kind === "alarm" && event.data.level > 0 ? ` level-${event.data.level}` : "";
    what.append(element("span", event.kind, `chip${level}`), `${eventText(event)} `, element("small", event.source));
    item.append(element("span", clock(event.time_s), "when"), what);
    list.prepend(item);
  }
  if (missed > 0 && list.children.length > events.length) list.prepend(element("li", `${missed} events not shown`, "empty"));
  while (list.children.length > EVENTS_SHOWN) list.lastChild.remove();
}

function parseCells(buffer) {
  const header = new DataView(buffer);
  const size = header.getUint16(6, true);
  const rackCount = header.getUint32(12, true);
  const cellCount = header.getUint32(16, true);
  const count = rackCount * cellCount;
  return {
    rackCount,
    cellCount,
    packCellCount: header.getUint32(20, true),
    voltage: new Float32Array(buffer, size, count),
    temperature: new Float32Array(buffer, size + 4 * count, count).map((kelvin) => kelvin - KELVIN),
  };
}

/** Keep a stream open; a new choice of container ends it and opens another. */
class Stream {
  constructor(path, take, state = () => {}) {
    this.path = path;
    this.take = take;
    this.state = state;
    this.open();
  }

  open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}${this.path}?container=${container}`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.state(true);
    socket.onmessage = ({ data }) => this.take(data);
    socket.onclose = () => {
      this.state(false);
      if (this.socket === socket) setTimeout(() => this.open(), RECONNECT_MS);
    };
    this.socket = socket;
  }

  restart() {
    const old = this.socket;
    this.open();
    old.close();
  }
}

function showLink(connected) {
  byId("link").textContent = connected ? "live" : "no connection";
  byId("link").className = `badge ${connected ? "good" : "bad"}`;
  if (connected) byId("events").replaceChildren(); // a new stream begins with the latest events
}

function chooseContainer(streams) {
  const choice = byId("container");
  choice.append(...Array.from({ length: site.container_count }, (_, n) => new Option(n + 1, n + 1)));
  byId("container-choice").hidden = site.container_count < 2;
  choice.addEventListener("change", () => {
    container = Number(choice.value);
    streams.forEach((stream) => stream.restart());
  });
}

function press(chosen, other, act) {
  byId(chosen).addEventListener("click", () => {
    byId(chosen).setAttribute("aria-pressed", "true");
    byId(other).setAttribute("aria-pressed", "false");
    act();
  });
}

async function main() {
  site = await (await fetch("/api/site")).json();
  byId("site-name").textContent = `${site.name} · ${(site.container_count * site.rated_energy_kwh / 1000).toPrecision(3)} MWh`;
  document.title = `${site.name} – BMS emulator`;
  const parts = ["low", "high", "below", "above", "silent"];
  const legend = Object.fromEntries(parts.map((part) => [part, byId(`scale-${part}`)]));
  const map = new HeatMap(byId("heat"), byId("scale-bar"), byId("heat-reading"), legend);
  map.fullRange.voltage = [site.cell_voltage_min_v, site.cell_voltage_max_v];
  press("show-voltage", "show-temperature", () => map.show("voltage"));
  press("show-temperature", "show-voltage", () => map.show("temperature"));
  press("scale-auto", "scale-full", () => map.use("auto"));
  press("scale-full", "scale-auto", () => map.use("full"));
  matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => map.draw());

  const state = new Stream("/ws/state", (data) => {
    const message = JSON.parse(data);
    showClock(message);
    showFigures(message);
    showRacks(message.racks);
    showFaults(message.status.faults ?? []);
    showEvents(message);
    map.mark(message.racks.map((rack) => rack.alarm_level));
  }, showLink);
  const cells = new Stream("/ws/cells", (data) => map.take(parseCells(data)));
  chooseContainer([state, cells]);
  await start(() => container);
}

main();
