// Puts the page together: people on the left, the kiosk in the middle, the machine on the right.

import { find, keep, make } from "./dom.js";
import { follow, post } from "./api.js";
import { drawKiosk, prepareKiosk } from "./kiosk.js";
import { drawApprovals, drawPanels, preparePanels } from "./panels.js";

const HOLD = 3; // seconds for which a person leaves the finger on the glass
let chosen = null;
let people = [];

const person = () => people.find((one) => one.nik === chosen) ?? people[0];

async function tell(doing, done = "") {
  const told = find("told");
  try {
    await doing;
    told.className = "told";
    told.textContent = done;
  } catch (error) {
    told.className = "told wrong";
    told.textContent = error.message;
  }
}

function drawPeople() {
  keep(find("people"), people, (one) => one.nik,
    (one) => make("button", { role: "radio", onclick: () => choose(one.nik) },
      make("img", { src: `/api/people/${one.nik}.jpg`, alt: "" }),
      make("div", {}, make("strong", {}, one.name.replace(" SPECIMEN", "")), make("small", {}, one.nik), make("br"), make("em", {}))),
    (button, one) => {
      button.setAttribute("aria-checked", String(one.nik === chosen));
      const state = button.querySelector("em");
      state.textContent = one.collected ? "collected" : one.approval.replaceAll("_", " ") +
        (Object.keys(one.fingers).length ? "" : ", no finger");
      state.className = one.collected ? "done" : one.approval === "good" ? "" : "bad";
    });
  drawApprovals(person(), tell);
}

function choose(nik) {
  chosen = nik;
  drawPeople();
}

const slip = () => tell(post("slip", { person: chosen }), `Slip of ${person().name} read by the scanner.`);
const finger = (right) => tell(post("finger", { person: chosen, right, hold: HOLD }),
  right ? `Finger of ${person().name} for ${HOLD} seconds.` : `Somebody else's finger for ${HOLD} seconds.`);
const take = () => tell(post("take-card"), "The card is in the hand.");

find("slip").onclick = slip;
find("scanner").onclick = slip;
find("finger-right").onclick = () => finger(true);
find("sensor").onclick = () => finger(true);
find("finger-wrong").onclick = () => finger(false);
find("finger-none").onclick = () => tell(post("finger", { none: true }));
find("take").onclick = take;
find("exit").onclick = take;
find("copy-nik").onclick = () => tell(navigator.clipboard.writeText(chosen), `NIK ${chosen} copied.`);
prepareKiosk(tell);
preparePanels(tell);

follow((state) => {
  people = state.people;
  chosen ??= people[0].nik;
  drawPeople();
  drawKiosk(state);
  drawPanels(state, tell);
}, () => {
  find("told").className = "told wrong";
  find("told").textContent = "The workbench does not answer. Is `make run` still running?";
});
