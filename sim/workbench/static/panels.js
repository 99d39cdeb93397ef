// The panels right of the kiosk and below it: centre, faults, the ledger, what came out.

import { find, keep, make } from "./dom.js";
import { post } from "./api.js";

const OUTAGES = [["none", "works"], ["link", "line down"], ["server", "server down"]];
const KINDS = ["good", "missing", "expired", "other_office", "other_person", "forged", "forged_record"];
const words = (name) => name.replaceAll("_", " ").replaceAll("-", " ");
let mode = "next";

export function preparePanels(tell) {
  for (const button of find("mode").children) {
    button.onclick = () => {
      mode = button.dataset.mode;
      for (const other of find("mode").children) other.setAttribute("aria-pressed", String(other === button));
    };
  }
  for (const button of document.querySelectorAll("[data-post]")) {
    const body = button.dataset.body ? JSON.parse(button.dataset.body) : undefined;
    button.onclick = () => tell(post(button.dataset.post, body));
  }
  find("large-close").onclick = () => find("large").close();
}

export function drawPanels(state, tell) {
  drawLamps(state);
  drawCentre(state.centre, tell);
  drawDevices(state, tell);
  drawLedger(state);
  drawKioskd(state);
  drawOutput(state.world);
  const notes = [...state.notes].reverse();
  keep(find("notes"), notes, (note) => note.number,
    (note) => make("li", {}, make("b", {}, note.kind), make("span", {}, note.text)), () => {});
}

export function drawApprovals(person, tell) {
  keep(find("approvals"), KINDS, (kind) => kind, (kind) => make("button", {}, words(kind)), (button, kind) => {
    button.setAttribute("aria-pressed", String(person.approval === kind));
    button.onclick = () => tell(post("approval", { person: person.nik, kind }), `Approval of ${person.name}: ${words(kind)}`);
  });
}

function drawLamps(state) {
  const lamps = Object.entries(state.programs).map(([name, what]) => [name, what === "running"]);
  lamps.push(["centre", state.centre.outage === "none"]);
  keep(find("lamps"), lamps, ([name]) => name, ([name]) => make("li", {}, name),
    (lamp, [, on]) => { lamp.className = on ? "on" : "off"; });
}

function drawCentre(centre, tell) {
  keep(find("outages"), OUTAGES, ([name]) => name, ([name, text]) => make("button", { className: name === "none" ? "" : "bad",
    onclick: () => tell(post("outage", { outage: name })) }, text),
  (button, [name]) => button.setAttribute("aria-pressed", String(centre.outage === name)));
  keep(find("services"), Object.entries(centre.services), ([name]) => name, ([name]) => make("button", {}, name),
    (button, [service, authorised]) => {
      button.className = authorised ? "" : "cut";
      button.title = authorised ? "Cut this authorisation" : "Give it back";
      button.onclick = () => tell(post("service", { service, authorised: !authorised }));
    });
}

function drawDevices(state, tell) {
  const said = new Map((state.kioskd?.devices ?? []).map((device) => [device.slot.replaceAll("_", "-"), device]));
  keep(find("devices"), state.devices, (device) => device.device,
    (device) => make("details", {}, make("summary", {}, words(device.device), make("small", {})), make("div", { className: "chips" })),
    (panel, device) => {
      const heard = said.get(device.device);
      const small = panel.querySelector("small");
      const causes = heard?.causes ?? [];
      small.textContent = !device.powered ? "no power" : heard ? [heard.state, ...causes].map(words).join(", ") : "";
      small.className = device.powered && heard?.state === "online" && causes.length === 0 ? "" : "bad";
      keep(panel.lastChild, Object.entries(device.faults), ([name]) => name,
        ([name, meaning]) => make("button", { title: meaning }, words(name)),
        (button, [name]) => {
          const armed = device.armed.includes(name);
          button.className = armed ? "armed" : "";
          button.onclick = () => tell(post("fault", { device: device.device, name, mode: armed ? "clear" : mode }));
        });
    });
}

function drawLedger(state) {
  const world = state.world;
  const books = state.kioskd?.blanks;
  const held = world.path.length - world.bezel;
  const rows = [
    ["hopper", books?.hopper, world.hopper],
    ["in the path and at the exit", books && books.path + books.unknown, held + world.bezel],
    ["handed over", books?.holder, world.hand],
    ["reject bin", books && books.reject + books.capture, world.reject],
    ["all", books?.loaded, world.hopper + held + world.bezel + world.hand + world.reject],
  ];
  const head = make("tr", {}, make("th", {}, ""), make("th", {}, "ledger"), make("th", {}, "hardware"));
  find("ledger").replaceChildren(head, ...rows.map(([name, said, there]) =>
    make("tr", { className: said !== undefined && said !== there ? "differs" : "" },
      make("td", {}, name), make("td", {}, String(said ?? "–")), make("td", {}, String(there)))));
}

function drawKioskd(state) {
  const kiosk = state.kioskd;
  const waiting = kiosk?.services.filter((one) => one.waiting > 0).map((one) => `${one.letter} ${one.waiting}`).join(", ");
  const facts = kiosk ? [
    ["ready", kiosk.ready ? "yes" : "recovering"],
    ["cards", kiosk.collecting ? "can be collected" : words(kiosk.collecting_cause ?? "cannot be collected")],
    ["link", kiosk.link.up ? "up" : words(kiosk.link.cause ?? "down")],
    ["events waiting / received", `${kiosk.link.queued} / ${state.centre.event_count}`],
    ["people waiting", waiting || "nobody"],
    ["collection", kiosk.collection
      ? [kiosk.collection.stage, kiosk.collection.step, kiosk.collection.cause].filter(Boolean).map(words).join(", ") : "none"],
  ] : [["", "not running"]];
  find("kioskd").replaceChildren(...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}

function enlarge(source, what) {
  find("large-picture").src = source;
  find("large-picture").alt = what;
  find("large").showModal();
}

function drawOutput(world) {
  const slips = Array.from({ length: world.slips }, (_, place) => world.slips - place);
  keep(find("slips"), slips.length ? slips : ["none"], (number) => number, (number) => {
    if (number === "none") return make("p", {}, "No ticket has come out yet. Touch the screen to take a number.");
    const source = `/api/slips/${number}.png`;
    return make("button", { onclick: () => enlarge(source, `Ticket ${number}`) },
      make("img", { src: source, alt: `Ticket ${number}` }), `no. ${number}`);
  }, () => {});
  const cards = world.cards.length ? [...world.cards].reverse() : [{ serial: "none" }];
  keep(find("cards"), cards, (card) => `${card.serial} ${card.prints} ${card.printed}`, (card) => {
    if (card.serial === "none") return make("p", {}, "No card has left the hopper yet.");
    if (!card.printed) return make("button", {}, make("div", { className: "blank" }), make("span", {}));
    const source = `/api/cards/${card.serial}.png?face=${card.face}`;
    return make("button", { onclick: () => enlarge(source, card.serial) },
      make("img", { src: source, alt: card.serial }), make("span", {}));
  }, (button, card) => {
    if (card.serial === "none") return;
    button.className = card.place;
    button.querySelector("span").textContent = `${card.serial}, ${card.place === "hand" ? "taken" : card.place}`;
  });
}
