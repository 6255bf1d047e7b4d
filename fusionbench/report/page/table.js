// Tables as every format shows them: heads, groups of rows, ranks, footnotes. They sort and filter.

const orders = new Map();
const ARROW = /^(.*?)\s*([↑↓])$/;

/** The number that a cell begins with; null where there is none. */
function numeric(text) {
  if (!known(text)) return null;
  const value = parseFloat(text.replace("−", "-").replace("∞", "Infinity").replace(/^< */, ""));
  return Number.isNaN(value) ? null : value;
}

let places = null;

/** The place of the method that a row is of, or -1: labels are told apart. */
function methodOf(line) {
  places ??= new Map(data.methods.map((method, place) => [method.label, place]));
  return places.get(line[0][0]) ?? -1;
}

/** Lines in the order that a reader asked for; those without a value come last, whatever the direction. */
function sortedLines(lines, order, words) {
  if (!order) return lines;
  const value = ([text]) => (words ? (known(text) ? text.toLowerCase() : null) : numeric(text));
  const keyed = lines.map((line) => [value(line[order.place]), line]);
  const compare = (x, y) => (x < y ? -1 : x > y ? 1 : 0);
  return [...keyed.filter(([v]) => known(v)).sort(([x], [y]) => (order.down ? compare(y, x) : compare(x, y))),
    ...keyed.filter(([v]) => !known(v))].map(([, line]) => line);
}

/** Letters and marks behind a cell, in room enough for the longest of its column: numbers stand below each other. */
const raised = (marks, room) => (Boolean(marks) || room > 0) && h("sup", { style: room ? { "min-width": `${room}ch` } : {} }, marks);
const RANKED = { best: "strong", second: "u", third: "em" };

function content([text, rank, marks, std], room) {
  return [RANKED[rank] ? h(RANKED[rank], {}, text) : text ?? "–", std && h("span", { class: "std" }, ` ± ${std}`), raised(marks, room)];
}

/**
 * Show a table in an element.
 *
 * `table` is what `Table.as_json` gives. Options: `filtered`, whether rows of methods follow the
 * filter; `down`, whether heads without an arrow sort the largest first; `open(method)` for names;
 * `skip(head, place)` for columns that are left out; `cell(place, method)`, more properties of a
 * cell; `most`, rows at most; `rows`, what a row is.
 */
function drawTable(host, table, options = {}) {
  const asked = orders.get(host.id);
  const at = asked ? [table.stub, ...table.headers.map(([text, over]) => over + text)].indexOf(asked.head) : -1;
  const order = at < 0 ? null : { place: at, down: asked.down };
  const longest = (place) => Math.max(0, ...table.blocks.flatMap((block) => block.lines.map((line) => line[place][2].length)));
  const columns = table.headers.map(([text, over, left], i) => ({ text, over, left, place: i + 1, room: left ? 0 : longest(i + 1) }))
    .filter((one) => !options.skip?.(one.text, one.place - 1));
  const visible = (line) => !options.filtered || methodOf(line) < 0 || passes(methodOf(line));
  const words = order && (order.place === 0 || table.headers[order.place - 1]?.[2]);
  const ofMethods = (block) => block.lines.some((line) => methodOf(line) >= 0 && !data.methods[methodOf(line)].anchor);
  const mixed = table.blocks.some(ofMethods); // then blocks of other facts keep their order
  const blocks = table.blocks.map((block) => ({ ...block, shown: sortedLines(block.lines.filter(visible), !mixed || ofMethods(block) ? order : null, words) }));
  const all = (key) => blocks.flatMap((block) => block[key]).filter((line) => !options.filtered || (methodOf(line) >= 0 && !data.methods[methodOf(line)].anchor));
  let room = options.most ?? Infinity;
  const bodies = blocks.filter((block) => block.shown.length).map((block) => {
    const lines = block.shown.slice(0, Math.max(0, room));
    room -= lines.length;
    return h("tbody", {}, ["over", "title"].map((key) => block[key] && h("tr", { class: `group ${key}` },
      h("th", { scope: "rowgroup", colspan: columns.length + 1 }, h("span", { class: "pin" }, block[key])))),
    lines.map((line) => bodyRow(line, columns, order, options)));
  });
  const head = ({ place, text, over = "", left }) => headCell(host.id, { place, text, over, left, order, down: options.down }, () => {
    drawTable(host, table, options);
    $("unsort").disabled = !orders.size;
  });
  const focused = host.contains(document.activeElement) ? document.activeElement.dataset.place : undefined;
  const marked = table.notes.filter(([mark]) => mark);
  const rest = table.notes.filter(([mark]) => !mark);
  const status = host.querySelector(":scope > .status") || h("p", { class: "status", role: "status" });
  status.textContent = statusOf(all("lines").length, all("shown").length, order, table, options);
  fill(host, status,
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": table.heading }, h("table", { class: "board" },
      h("caption", {}, h("span", { class: "pin" }, table.heading)),
      h("thead", {}, overRow(columns), h("tr", {}, head({ place: 0, text: table.stub, left: true }), columns.map(head))),
      bodies)),
    h("div", { class: "said" },
      table.caption.length > 0 && h("p", {}, table.caption.join(" ")),
      marked.length > 0 && h("dl", {}, marked.map(([mark, text]) => h("div", {}, h("dt", {}, mark), h("dd", {}, text)))),
      rest.length > 0 && h("p", {}, rest.map(([, text]) => text).join(" "))));
  if (focused !== undefined) host.querySelector(`[data-place="${focused}"]`)?.focus({ preventScroll: true });
}

/** The row of heads that several columns share; none where there are none. */
function overRow(columns) {
  if (!columns.some((one) => one.over)) return null;
  const runs = [];
  for (const { over } of columns) {
    if (runs.length && runs[runs.length - 1].over === over) runs[runs.length - 1].count += 1;
    else runs.push({ over, count: 1 });
  }
  return h("tr", { class: "overs" }, h("td", {}), runs.map(({ over, count }) => (over ? h("th", { scope: "colgroup", colspan: count }, over) : h("td", { colspan: count }))));
}

/** A head that sorts: the better end first, then the other, then the order of the run again. */
function headCell(id, { place, text, over, left, order, down }, redraw) {
  const [, name, arrow] = text.match(ARROW) || [null, text, ""];
  const first = arrow ? arrow === "↑" : !left && Boolean(down);
  const on = order?.place === place;
  const click = () => {
    if (!on) orders.set(id, { head: over + text, down: first });
    else if (order.down === first) orders.set(id, { head: over + text, down: !first });
    else orders.delete(id);
    redraw();
  };
  return h("th", { scope: "col", class: left ? "" : "n", "aria-sort": on ? (order.down ? "descending" : "ascending") : "none" },
    h("button", { type: "button", "data-key": name, "data-place": place, onclick: click }, name,
      arrow && [" ", h("span", { class: "arrow", title: arrow === "↑" ? "higher is better" : "lower is better" }, arrow)],
      h("span", { class: "sort", "aria-hidden": "true" }, on ? (order.down ? "▾" : "▴") : "")));
}

function bodyRow(line, columns, order, options) {
  const method = methodOf(line);
  const record = data.methods[method];
  const [text, , marks] = line[0];
  const name = record && options.open
    ? h("button", { type: "button", class: "link", title: "Show its values on every pair", onclick: () => options.open(method) }, text) : text;
  return h("tr", { class: record?.anchor ? "anchor" : "", "data-method": record?.name },
    h("th", { scope: "row" }, name, raised(marks)),
    columns.map(({ left, place, room }) => {
      const entry = line[place];
      const kind = `${left ? "words" : "n"} ${entry[1]} ${entry[4]} ${order?.place === place ? "sorted" : ""}`;
      return h("td", { class: kind, ...(options.cell?.(place - 1, method) || {}) }, content(entry, room));
    }));
}

function statusOf(count, shownCount, order, table, { filtered, most, rows = "method" }) {
  const name = order && (order.place ? table.headers[order.place - 1][0].replace(ARROW, "$1") : table.stub);
  const said = [];
  if (filtered && shownCount < count) said.push(`${shownCount} of ${plural(count, rows)}; marks, ranks and tests compare all of them`);
  else if (most < count) said.push(`The first ${most} of ${plural(count, rows)}`);
  else said.push(plural(count, rows));
  if (order) said.push(`sorted by ${name}, ${order.down ? "largest" : "smallest"} first`);
  return said.join(", ");
}

/** A table made here: heads as [text, is words], lines of cells. */
function made(heading, stub, heads, lines, caption) {
  return { heading, stub, caption, notes: [], headers: heads.map(([text, left]) => [text, "", Boolean(left)]), blocks: [{ title: "", over: "", lines }] };
}

const plainCell = (text, rank = "", tone = "") => [known(text) ? String(text) : null, rank, "", "", tone];
