// The leaderboard: a table that sorts and filters.

const ARROWS = { higher: "↑", lower: "↓" };

function metrics() {
  return board().columns
    .map((column, place) => ({ column, place, ...data.columns[column] }))
    .filter((one) => !state.dropped.has(one.metric));
}

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
    h("button", { type: "button", id: "unsort", onclick: () => update({ sort: null }) }, "Order of the run"));
}

/** Lines in the chosen order; those without a value come last, whatever the direction. */
function sorted(lines) {
  if (!state.sort) return lines;
  const { key, down } = state.sort;
  const place = board().columns.findIndex((column) => data.columns[column].metric === key);
  const value = (line) => {
    const method = data.methods[line.method];
    if (key === ":method") return method.label.toLowerCase();
    if (key === ":family") return method.family;
    if (key === ":n") return Number(line.n[0]);
    return place < 0 ? null : number(line.means[place]);
  };
  const keyed = lines.map((line) => [value(line), line]);
  const order = (x, y) => (x < y ? -1 : x > y ? 1 : 0);
  return [...keyed.filter(([v]) => known(v)).sort(([x], [y]) => (down ? order(y, x) : order(x, y))),
    ...keyed.filter(([v]) => !known(v))].map(([, line]) => line);
}

/** Best first, then worst first, then the run's order again. */
function sortBy(key, first) {
  const now = state.sort;
  const next = !now || now.key !== key ? { key, down: first } : now.down === first ? { key, down: !first } : null;
  update({ sort: next });
  $("board").querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

function headCell(key, label, first, extra = {}, arrow = "") {
  const on = state.sort && state.sort.key === key;
  const sort = on ? (state.sort.down ? "descending" : "ascending") : "none";
  return h("th", { scope: "col", "aria-sort": sort, ...extra },
    h("button", { type: "button", "data-key": key, onclick: () => sortBy(key, first) },
      label, arrow && [" ", h("span", { class: "arrow", title: arrow === "↑" ? "higher is better" : "lower is better" }, arrow)],
      h("span", { class: "sort", "aria-hidden": "true" }, on ? (state.sort.down ? "▾" : "▴") : "")));
}

const sup = (marks) => marks.length > 0 && h("sup", {}, marks.join(" "));

function valueCell([text, rank, marks], one, line) {
  const inner = rank === "best" ? h("strong", {}, text) : rank === "second" ? h("u", {}, text) : text || "–";
  const sort = state.sort && state.sort.key === one.metric;
  return h("td", { class: `n ${rank} ${sort ? "sorted" : ""}`, "data-metric": one.metric, "data-method": line.method }, inner, sup(marks));
}

function bodyRow(line, shownMetrics) {
  const method = data.methods[line.method];
  const open = () => { update({ method: line.method }); jump("pairs"); };
  return h("tr", { class: method.anchor ? "anchor" : "", "data-method": method.name },
    h("th", { scope: "row" },
      h("button", { type: "button", class: "link", title: "Show its values on every pair", onclick: open }, method.label),
      sup(line.marks)),
    h("td", { class: "family" }, method.anchor ? "" : method.family, method.year ? h("span", { class: "year" }, ` ${method.year}`) : ""),
    h("td", { class: "n" }, line.n[0], sup(line.n[2])),
    shownMetrics.map((one) => valueCell(line.cells[one.place], one, line)));
}

function drawBoard() {
  const table = board();
  const columns = metrics();
  const lines = table.lines.filter((line) => passes(line.method));
  const anchors = lines.filter((line) => data.methods[line.method].anchor);
  const methods = sorted(lines.filter((line) => !data.methods[line.method].anchor));
  const all = table.lines.length - anchors.length;
  fill($("board"), h("table", { class: "board" },
    h("caption", {}, h("span", { class: "pin" }, table.heading)),
    h("thead", {}, h("tr", {},
      headCell(":method", "Method", false), headCell(":family", "Family", false, { class: "family" }), headCell(":n", "N", true, { class: "n" }),
      columns.map((one) => headCell(one.metric, one.metric, one.better === "higher", { class: "n" }, ARROWS[one.better])))),
    anchors.length > 0 && h("tbody", { class: "anchors" }, anchors.map((line) => bodyRow(line, columns))),
    h("tbody", {}, methods.map((line) => bodyRow(line, columns)))));
  const sortText = state.sort ? `, sorted by ${state.sort.key.replace(":", "")}, ${state.sort.down ? "largest" : "smallest"} first` : "";
  $("board-status").textContent = methods.length === all
    ? `${plural(all, "method")}${sortText}`
    : `${methods.length} of ${plural(all, "method")}${sortText}; the marks compare all of them`;
  $("unsort").disabled = !state.sort;
  fill($("board-notes"), h("p", {}, table.said.join(" ")),
    table.notes.length > 0 && h("dl", {}, table.notes.map(([mark, text]) => h("div", {}, h("dt", {}, mark), h("dd", {}, text)))));
}

function startBoard() {
  boardTools();
  $("board").addEventListener("click", (event) => {
    const cell = event.target.closest("td[data-metric]");
    if (!cell) return;
    update({ metric: cell.dataset.metric, method: Number(cell.dataset.method) });
    jump("pairs");
  });
  section(["dataset", "convention", "text", "family", "hidden", "dropped", "sort"], drawBoard);
}
