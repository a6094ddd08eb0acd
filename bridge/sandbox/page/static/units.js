// The platform's side: units, who rents them, what the bridge wrote, and what staff can do.

import { byId, cell, make, renderOptions, renderRows } from "./dom.js";
import { ask } from "./talk.js";

const MASKED = "••••••";

export function setUpUnits({ act, typeCode }) {
  let board = null;
  let chosen = null;
  const transfer = byId("transfer");
  const leave = byId("leave");

  for (const button of document.querySelectorAll("[data-close]")) {
    button.addEventListener("click", () => button.closest("dialog").close());
  }
  const finish = (dialog, path, body) => {
    dialog.close();
    return act(path, body);
  };
  byId("transfer-go").addEventListener("click", () =>
    finish(transfer, `rentals/${chosen.id}/transfer`, { unitId: byId("transfer-unit").value }));
  byId("leave-schedule").addEventListener("click", () =>
    finish(leave, `rentals/${chosen.id}/schedule-move-out`, { date: byId("leave-day").value }));
  byId("leave-confirm").addEventListener("click", () => finish(leave, `rentals/${chosen.id}/confirm-move-out`));
  byId("leave-cancel").addEventListener("click", () => finish(leave, `rentals/${chosen.id}/cancel-move-out`));

  function askTransfer(rental) {
    chosen = rental;
    byId("transfer-title").textContent = `Transfer from ${rental.unit}`;
    const free = board.units.filter((unit) => unit.state === "available");
    renderOptions(byId("transfer-unit"), free.map((unit) => ({ value: unit.id, text: unit.name })));
    byId("transfer-go").disabled = free.length === 0;
    transfer.showModal();
  }

  function askLeave(rental) {
    chosen = rental;
    byId("leave-title").textContent = `Move out of ${rental.unit}`;
    byId("leave-day").value = rental.moveOut ?? board.clock.day;
    byId("leave-cancel").hidden = !rental.moveOut;
    byId("leave-schedule").hidden = Boolean(rental.moveOut);
    leave.showModal();
  }

  const button = (text, name, onClick, extra = {}) => {
    const made = make("button", { type: "button", text, "data-act": name, ...extra });
    made.addEventListener("click", onClick);
    return made;
  };

  function staff(unit) {
    const rental = unit.rental;
    if (!rental) {
      if (unit.state !== "available") return [];
      return [button("Move in", "move-in", () => act("move-ins", {
        tenantId: byId("tenant").value, unitId: unit.id, startDate: byId("start").value || null,
      }), { name: "primary", "aria-label": `Move in to ${unit.name}` })];
    }
    const run = (name, body) => act(`rentals/${rental.id}/${name}`, body);
    const said = (what) => ({ "aria-label": `${what}, ${unit.name}` });
    if (rental.state === "reserved") {
      if (rental.belongsToTransfer) return [];
      return [
        button("Complete move-in", "complete", () => run("complete-move-in"), { name: "primary", ...said("Complete move-in") }),
        button("Cancel", "cancel", () => run("cancel-move-in"), said("Cancel move-in")),
      ];
    }
    const box = make("input", { type: "checkbox", checked: rental.overlocked, "data-act": "overlock", ...said("Overlock") });
    box.addEventListener("change", () => run("edit", { customFields: { [`${board.prefix}_overlocked`]: box.checked } }));
    return [
      rental.overdue
        ? button("Pay", "money", () => run("pay"), { name: "good", ...said("Pay") })
        : button("Overdue", "money", () => run("overdue"), said("Mark overdue")),
      button("Transfer", "transfer", () => askTransfer(rental), said("Transfer")),
      button("Move out", "move-out", () => askLeave(rental), said("Move out")),
      make("label", { name: "tick" }, [box, "Overlock"]),
    ];
  }

  function status(rental) {
    if (!rental?.status) return make("span", { text: "nothing yet", name: "none" });
    const word = rental.status.split(":")[0];
    return make("span", { text: rental.status, name: "status", "data-word": word });
  }

  function code(unit) {
    const rental = unit.rental;
    if (!rental?.hasCode) return make("span", { text: "none", name: "none" });
    if (rental.code === null) {
      return make("span", { name: "code" }, [
        make("span", { text: MASKED, "aria-hidden": "true" }), make("span", { text: "hidden", name: "hidden" })]);
    }
    return button(rental.code, "code", () => typeCode({ site: unit.siteId, target: unit.target, code: rental.code }),
      { name: "code", title: "Type it at the gate" });
  }

  function where(unit) {
    if (unit.target === "NONE") return `${unit.state}, no door`;
    return unit.target ? unit.state : `${unit.state}, not mapped`;
  }

  function row(unit, before) {
    const rental = unit.rental;
    const about = rental ? [make("span", { text: rental.tenant, name: "tenant" })] : [];
    if (rental?.overdue) about.push(make("span", { text: "overdue", name: "flag bad" }));
    if (rental?.moveOut) about.push(make("span", { text: `leaves ${rental.moveOut}`, name: "flag" }));
    if (rental?.state === "reserved") about.push(make("span", { text: `from ${rental.startDate}`, name: "flag" }));
    if (unit.blockedReason) about.push(make("span", { text: unit.blockedReason, name: "none" }));
    const fresh = make("tr", { role: "row", "data-state": unit.state }, [
      cell("Unit", [make("strong", { text: unit.name }), make("span", { text: where(unit), name: "state" })], "unit"),
      cell("Tenant", about, rental || unit.blockedReason ? "" : "blank"),
      cell("Gate code", rental ? [code(unit)] : [], rental ? "" : "blank"),
      cell("Bridge says", rental ? [status(rental)] : [], rental ? "" : "blank"),
      cell("Staff", staff(unit), "acts"),
    ]);
    if (before && before.dataset.status !== (rental?.status ?? "")) fresh.classList.add("changed");
    fresh.dataset.status = rental?.status ?? "";
    return fresh;
  }

  function endedRow(rental) {
    return make("li", {}, [
      make("strong", { text: rental.unit }), make("span", { text: rental.tenant, name: "tenant" }), status(rental),
      make("span", { text: rental.hasCode ? "code still there" : "no code", name: "none" }),
    ]);
  }

  return {
    codesWanted: () => byId("show-codes").checked,
    show(next) {
      board = next;
      const tenants = board.tenants.map((tenant) => ({ value: tenant.id, text: tenant.name }));
      renderOptions(byId("tenant"), tenants);
      renderRows(byId("units"), board.units, (unit) => unit.id, row);
      byId("ended-box").hidden = board.ended.length === 0;
      renderRows(byId("ended"), board.ended, (rental) => rental.id, endedRow);
    },
    load: (codes) => ask(codes ? "board?codes=show" : "board"),
  };
}
