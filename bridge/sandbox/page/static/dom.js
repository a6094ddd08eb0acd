// Building elements from data. Text is only ever set as text: a tenant's name is never markup here.

export const byId = (id) => document.getElementById(id);

export function make(tag, { text, name, ...attributes } = {}, children = []) {
  const element = document.createElement(tag);
  if (text !== undefined && text !== null) element.textContent = text;
  if (name) element.className = name;
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

export const cell = (label, children, name) => make("td", { role: "cell", "data-label": label, name }, children);

// Replaces only rows whose data differ, and gives the focus back to the button that had it.
export function renderRows(body, items, keyOf, build) {
  const old = new Map([...body.children].map((row) => [row.dataset.key, row]));
  const rows = items.map((item) => {
    const key = keyOf(item);
    const now = JSON.stringify(item);
    const row = old.get(key);
    if (row && row.dataset.now === now) return row;
    const fresh = build(item, row);
    fresh.dataset.key = key;
    fresh.dataset.now = now;
    return fresh;
  });
  const focused = body.contains(document.activeElement) ? document.activeElement : null;
  const place = focused && { row: focused.closest("[data-key]")?.dataset.key, act: focused.dataset.act };
  if (rows.length === body.children.length && rows.every((row, at) => row === body.children[at])) return;
  body.replaceChildren(...rows);
  if (!place) return;
  const row = rows.find((candidate) => candidate.dataset.key === place.row);
  const again = row?.querySelector(`[data-act="${place.act}"]`) ?? row?.querySelector("button");
  again?.focus();
}

export function renderOptions(select, options) {
  const now = JSON.stringify(options);
  if (select.dataset.now === now) return;
  const chosen = select.value;
  select.replaceChildren(...options.map(({ value, text }) => make("option", { value, text })));
  if (options.some(({ value }) => value === chosen)) select.value = chosen;
  select.dataset.now = now;
}
