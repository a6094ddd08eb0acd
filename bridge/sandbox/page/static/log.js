// What the platform sent, how often, and how it was answered.

import { byId, cell, make, renderRows } from "./dom.js";

const time = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

function tries(sending) {
  const dots = sending.attempts.map((attempt) => make("span", {
    name: "try", "data-ok": String(attempt.status === 200), text: attempt.status ?? attempt.error,
  }));
  return dots.length ? dots : [make("span", { text: "none", name: "none" })];
}

function row(sending) {
  const last = sending.attempts.at(-1);
  return make("tr", { role: "row" }, [
    cell("Time", [make("time", { text: time.format(new Date(sending.created)), datetime: sending.created })], "mono"),
    cell("Event", [make("span", { text: sending.type, name: "event" })]),
    cell("Tries", tries(sending)),
    cell("Answered in", [last ? `${last.ms.toFixed(last.ms < 10 ? 1 : 0)} ms` : ""], "mono"),
    cell("Result", [make("span", { text: sending.state, name: "result", "data-word": sending.state })]),
  ]);
}

export function showLog(board) {
  renderRows(byId("log"), board.deliveries, (sending) => String(sending.number), row);
  byId("log-empty").hidden = board.deliveries.length > 0;
}
