// What can be changed from the page: all of it goes through the REST interface.

const byId = (id) => document.getElementById(id);

/** Ask the REST interface; tells the outcome beside the controls, and asks for the token where one is needed. */
async function ask(method, path, body) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const token = sessionStorage.getItem("token");
  if (token) headers.Authorization = `Bearer ${token}`;
  try {
    const response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const answer = await response.json();
    if (response.status === 401) byId("token-form").hidden = false;
    if (!response.ok) throw new Error(answer.error);
    say(`accepted at tick ${answer.tick}`, "good");
    return answer;
  } catch (error) {
    say(error.message, "bad");
    return null;
  }
}

function say(message, how) {
  const said = byId("said");
  said.textContent = message;
  said.className = how;
}

const write = (values) => ask("POST", "/api/commands", { set: values });

/** Parameters as typed: "value=3.70V gain=1.1"; an equals sign between name and value. */
function parameters(text) {
  const pairs = text.split(/[\s,]+/).filter(Boolean).map((pair) => pair.split("="));
  return Object.fromEntries(pairs.map(([name, ...rest]) => [name, rest.join("=")]));
}

export function clearFault(name) {
  return ask("DELETE", `/api/faults/${encodeURIComponent(name)}`);
}

/** Connect the controls; container() gives the number of the container that is shown. */
export async function start(container) {
  const setpoint = (watts) => write({
    [`pcs[${container()}].setpoint_enabled`]: true,
    [`pcs[${container()}].setpoint_mode`]: "watts",
    [`pcs[${container()}].power_setpoint`]: watts,
  });
  byId("setpoint-form").addEventListener("submit", (event) => {
    event.preventDefault();
    setpoint(1000 * byId("setpoint").valueAsNumber);
  });
  byId("setpoint-zero").addEventListener("click", () => setpoint(0));
  byId("connect").addEventListener("click", () => write({ [`container[${container()}].request`]: "connect" }));
  byId("disconnect").addEventListener("click", () => write({ [`container[${container()}].request`]: "disconnect" }));
  byId("reset").addEventListener("click", () => write({ [`container[${container()}].alarm_reset`]: true }));
  byId("speeds").addEventListener("click", (event) => {
    const { value } = event.target;
    if (value) write({ "emulator.speed": value === "infinity" ? value : Number(value) });
  });
  byId("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem("token", byId("token").value);
    byId("token-form").hidden = true;
    say("token noted; ask again", "good");
  });
  byId("clear-all").addEventListener("click", () => ask("DELETE", "/api/faults?all=true"));
  byId("fault-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const kind = byId("fault-kind").value;
    const fault = { kind, target: byId("fault-target").value.trim(), parameters: parameters(byId("fault-parameters").value) };
    await ask("POST", "/api/faults", fault);
  });
  byId("fault-kind").addEventListener("change", showParameters);
  await listKinds();
}

let kinds = [];

async function listKinds() {
  const answer = await (await fetch("/api/faults/kinds")).json();
  kinds = answer.kinds || [];
  byId("fault-kind").append(...kinds.map(({ kind, description }) => {
    const option = new Option(kind, kind);
    option.title = description;
    return option;
  }));
  const targets = new Set(kinds.flatMap((kind) => kind.targets));
  byId("fault-targets").append(...[...targets].map((target) => new Option(target, target)));
}

function showParameters() {
  const kind = kinds.find((candidate) => candidate.kind === byId("fault-kind").value);
  if (!kind) return;
  const wanted = kind.parameters.map(({ name, unit, required }) => `${name}=${required ? "" : "?"}${unit || ""}`);
  byId("fault-parameters").placeholder = wanted.join(" ") || "no parameters";
  byId("fault-target").placeholder = kind.targets[0] || "target";
  byId("fault-form").title = `${kind.description} ${kind.changes}`;
}
