// Speaking with the sandbox that served this page, and with nobody else.

import { byId } from "./dom.js";

export async function ask(path, { method = "GET", body } = {}) {
  const options = { method };
  if (body !== undefined) {
    options.headers = { "content-type": "application/json" };
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(`/sandbox/${path}`, options);
  const told = await answer.json();
  if (!answer.ok) throw new Error(told?.error?.message ?? `The sandbox answered ${answer.status}.`);
  return told;
}

export const post = (path, body = {}) => ask(path, { method: "POST", body });

export function complain(message) {
  const trouble = byId("trouble");
  if (trouble.textContent !== message) trouble.textContent = message;
  trouble.hidden = message === "";
}
