// The leaderboard, and what every table is filtered by.

const ARROWS = { higher: "↑", lower: "↓" };

/** A menu of check boxes in a <details>. */
function menu(title, id, options, off, change) {
  const count = () => `${options.length - options.filter(([key]) => off.has(key)).length} of ${options.length}`;
  const badge = h("span", { class: "count" }, count());
  const boxes = options.map(([key, label]) => {
    const box = h("input", { type: "checkbox", checked: !off.has(key), onchange: () => flip(key, box.checked) });
    return { key, box, row: h("label", {}, box, h("span", {}, label)) };
  });
  const flip = (key, on) => {
    if (on) off.delete(key);
    else off.add(key);
    badge.textContent = count();
    change();
  };
  const all = (on) => () => {
    boxes.forEach(({ key, box }) => { box.checked = on; if (on) off.delete(key); else off.add(key); });
    badge.textContent = count();
    change();
  };
  return h("details", { class: "menu", id },
    h("summary", {}, `${title} `, badge),
    h("div", { class: "sheet" },
      h("div", { class: "row" },
        h("button", { type: "button", onclick: all(true) }, "All"),
        h("button", { type: "button", onclick: all(false) }, "None")),
      h("fieldset", {}, h("legend", { class: "hide" }, title), boxes.map(({ row }) => row))));
}

function boardTools() {
  const methods = data.methods.map((method, place) => [place, method.label]).filter(([place]) => !data.methods[place].anchor);
  const names = [...new Set(data.columns.map((column) => column.metric))].map((name) => [name, name]);
  const families = [...new Set(data.methods.filter((m) => !m.anchor).map((m) => m.family))].sort();
  fill($("board-tools"),
    field("Filter", h("input", { id: "filter", type: "search", placeholder: "name, family or year",
      oninput: (event) => update({ text: event.target.value }) })),
    field("Family", select("family", [["", "All families"], ...families.map((name) => [name, name])], state.family,
      (family) => update({ family }))),
    menu("Methods", "methods-menu", methods, state.hidden, () => update({ hidden: state.hidden })),
    menu("Metrics", "metrics-menu", names, state.dropped, () => update({ dropped: state.dropped })),
    h("button", { type: "button", id: "unsort", onclick: () => { orders.clear(); update({ orders: {} }); } }, "Order of the run"));
}

/** The table with the family and year of each method in its second column. */
function withFamilies(table) {
  const family = (line) => {
    const method = data.methods[methodOf(line)];
    return plainCell(method && !method.anchor ? [method.family, method.year].filter(Boolean).join(" ") : "");
  };
  const blocks = table.blocks.map((block) => ({ ...block, lines: block.lines.map(([name, ...cells]) => [name, family([name]), ...cells]) }));
  return { ...table, headers: [["Family", "", true], ...table.headers], blocks };
}

function drawBoard() {
  const { table, columns } = board();
  const column = (place) => data.columns[columns[place - 1]];
  drawTable($("board"), withFamilies(table), {
    filtered: true,
    open: (method) => { update({ method }); jump("pairs"); },
    skip: (head, place) => state.dropped.has(column(place)?.metric),
    cell: (place, method) => (place === 0 ? { class: "family words" } : column(place) && { "data-metric": column(place).metric, "data-method": method }),
  });
  $("unsort").disabled = !orders.size;
}

function startBoard() {
  boardTools();
  $("board").addEventListener("click", (event) => {
    const cell = event.target.closest("td[data-metric]");
    if (!cell) return;
    update({ metric: cell.dataset.metric, method: Number(cell.dataset.method) });
    jump("pairs");
  });
  section(["dataset", "convention", "text", "family", "hidden", "dropped", "orders"], drawBoard);
}
