// The drawing of the kiosk: its screen, and what comes out of its slots.

import { find, make } from "./dom.js";
import { post } from "./api.js";

let shown = -1;
let loading = false;

export function prepareKiosk(tell) {
  find("screen").addEventListener("pointerdown", (event) => {
    const box = event.target.getBoundingClientRect();
    const x = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    const y = Math.min(1, Math.max(0, (event.clientY - box.top) / box.height));
    mark(x, y);
    tell(post("touch", { x, y }));
  });
}

function mark(x, y) {
  const dot = find("finger-dot");
  dot.style.left = `${x * 100}%`;
  dot.style.top = `${y * 100}%`;
  dot.classList.remove("hit");
  void dot.offsetWidth; // restarts the animation
  dot.classList.add("hit");
}

export function drawKiosk(state) {
  find("noscreen").hidden = state.screen.connected && state.screen.frame > 0;
  drawFrame(state.screen.frame);
  find("light").classList.toggle("on", state.world.light !== "off");
  find("sensor").querySelector("i").classList.toggle("on", state.world.finger !== null);
  drawPaper(state.world.slips);
  drawCard(state.world.cards.find((card) => card.place === "bezel"));
  const stock = [["blanks", state.world.hopper], ["paper", `${(state.world.paper_mm / 1000).toFixed(1)} m`],
    ["tickets", state.world.tickets_left], ["reject bin", state.world.reject], ["handed out", state.world.hand]];
  find("stock").replaceChildren(...stock.map(([name, value]) => make("span", {}, `${name} `, make("b", {}, String(value)))));
}

// A frame is shown once it is loaded, so that the screen never flickers; frames in between are left out.
function drawFrame(frame) {
  if (frame === shown || frame === 0 || loading) return;
  loading = true;
  const next = new Image();
  const done = () => { loading = false; };
  next.onload = () => { find("screen").src = next.src; shown = frame; done(); };
  next.onerror = done;
  next.src = `/api/screen?frame=${frame}`;
}

function drawPaper(number) {
  const paper = find("paper");
  if (paper.dataset.number === String(number)) return;
  paper.dataset.number = number;
  paper.classList.remove("has");
  paper.replaceChildren();
  if (number === 0) return;
  const picture = make("img", { src: `/api/slips/${number}.png`, alt: "The newest ticket" });
  picture.onload = () => paper.classList.add("has");
  paper.append(picture);
}

function drawCard(card) {
  const exit = find("exit");
  exit.classList.toggle("has", Boolean(card));
  const face = card ? `${card.serial} ${card.prints} ${card.printed}` : "";
  if (exit.dataset.face === face) return;
  exit.dataset.face = face;
  exit.replaceChildren();
  if (!card) return;
  exit.append(card.printed
    ? make("img", { src: `/api/cards/${card.serial}.png?face=${card.face}`, alt: "The card" })
    : make("i", { className: "blank" }));
}
