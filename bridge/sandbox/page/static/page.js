// The page: asks for the board every second, and shows it.

import { byId } from "./dom.js";
import { setUpKeypad } from "./keypad.js";
import { showLog } from "./log.js";
import { complain, post } from "./talk.js";
import { setUpUnits } from "./units.js";

const EVERY = 1000;
const DAY = 24 * 3600;

const keypad = setUpKeypad();
const units = setUpUnits({ act, typeCode: keypad.typeCode });
let board = null;
let isLost = false;

async function refresh() {
  try {
    board = await units.load(units.codesWanted());
  } catch {
    isLost = true;
    complain("The sandbox does not answer.");
    return;
  }
  if (isLost) complain("");
  isLost = false;
  byId("time").textContent = board.clock.time;
  byId("day").textContent = `${board.clock.day} · ${board.clock.zone}`;
  units.show(board);
  keypad.show(board);
  showLog(board);
}

async function act(path, body) {
  try {
    await post(path, body);
    complain("");
  } catch (error) {
    complain(error.message);
  }
  await refresh();
}

function secondsUntil(hour) {
  const [hours, minutes, seconds] = board.clock.time.split(":").map(Number);
  const left = hour * 3600 - (hours * 3600 + minutes * 60 + seconds);
  return left > 0 ? left : left + DAY;
}

const STEPS = { hour: () => 3600, overdue: () => secondsUntil(13), midnight: () => secondsUntil(24) };

for (const button of document.querySelectorAll("[data-clock]")) {
  button.addEventListener("click", () => {
    if (board) act("clock", { advanceSeconds: STEPS[button.dataset.clock]() });
  });
}
byId("show-codes").addEventListener("change", () => {
  keypad.showCodes(units.codesWanted());
  refresh();
});

async function keepFresh() {
  await refresh();
  setTimeout(keepFresh, EVERY);
}

keepFresh();
