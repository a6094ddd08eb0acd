// The gate: a code is typed, the barrier opens or says why not.

import { byId, renderOptions } from "./dom.js";
import { post } from "./talk.js";

const OPEN_FOR = 4000;
const REASONS = {
  ok: "Welcome. The barrier closes in a moment.",
  unknown_code: "The gate does not know this code.",
  no_access_here: "This code does not open this door.",
  suspended: "Access is suspended.",
  malformed: "A gate code has 6 digits.",
};

export function setUpKeypad() {
  const gate = byId("gate");
  const field = byId("code");
  const door = byId("door");
  const open = byId("open");
  let closing = null;

  function say(verdict, answer, reason) {
    clearTimeout(closing);
    gate.dataset.verdict = "idle";
    void gate.offsetWidth; // the refusal's shake starts anew each time
    gate.dataset.verdict = verdict;
    byId("answer").textContent = answer;
    byId("reason").textContent = reason;
    if (verdict === "opened") closing = setTimeout(ready, OPEN_FOR);
  }

  const ready = () => say("idle", "Ready", "Type a code and press Open.");

  async function tryCode() {
    const code = field.value.trim();
    if (!code) return say("idle", "Ready", "Type a code first.");
    if (!door.value) return say("trouble", "No door", "No unit names a door at the gate.");
    open.disabled = true;
    try {
      const [site, target] = JSON.parse(door.value);
      const { opened, reason } = await post("keypad", { site, target, code });
      say(opened ? "opened" : "refused", opened ? "Open" : "Refused", REASONS[reason] ?? reason);
      field.value = "";
    } catch (error) {
      say("trouble", "No answer", error.message);
    } finally {
      open.disabled = false;
    }
  }

  byId("keys").addEventListener("click", (event) => {
    const key = event.target.closest("button")?.dataset.key;
    if (!key) return;
    if (key === "clear") field.value = "";
    else if (key === "back") field.value = field.value.slice(0, -1);
    else if (field.value.length < field.maxLength) field.value += key;
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") tryCode();
  });
  open.addEventListener("click", tryCode);

  return {
    typeCode({ site, target, code }) {
      door.value = JSON.stringify([site, target]);
      field.value = code;
      open.focus();
    },
    showCodes(shown) {
      field.type = shown ? "text" : "password";
    },
    show(board) {
      const several = board.sites.length > 1;
      renderOptions(door, board.doors.map(({ site, siteTitle, target }) => ({
        value: JSON.stringify([site, target]), text: several ? `${siteTitle} · ${target}` : target,
      })));
      if (!board.hasGate && gate.dataset.verdict === "idle") {
        say("trouble", "No gate", "Start the sandbox with a gate to use the keypad.");
      }
    },
  };
}
