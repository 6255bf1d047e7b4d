// One pair: what every method scores on it, and its pictures.

const SPARK = { width: 132, height: 20 };

function pairsTools() {
  const names = metrics();
  if (!names.some((one) => one.metric === state.metric)) state.metric = names[0]?.metric || "";
  const methods = data.methods.map((method, place) => [String(place), method.label]);
  const orders = [["given", "as in the data set"], ["value", "by the method's value"], ["spread", "by spread of the methods"]];
  fill($("pairs-tools"),
    field("Metric", select("metric", names.map((one) => [one.metric, `${one.metric} ${ARROWS[one.better]}`]), state.metric, (metric) => update({ metric }))),
    field("Method", select("method", methods, String(state.method), (value) => update({ method: Number(value) }))),
    field("Order", select("order", orders, state.order, (order) => update({ order }))),
    h("div", { class: "field joined" }, h("label", { for: "pair" }, "Pair"),
      h("div", { class: "row" },
        h("button", { type: "button", "aria-label": "Previous pair", id: "previous", onclick: () => move(-1) }, "‹"),
        select("pair", overview().order.map((pair) => [String(pair), dataset().pairs[pair]]), String(state.pair), (value) => update({ pair: Number(value) })),
        h("button", { type: "button", "aria-label": "Next pair", id: "next", onclick: () => move(1) }, "›"))));
}

/** Tools are kept where only their values changed, so that focus stays. */
function refreshTools(changed) {
  if (!$("pair") || changed.some((key) => ["dataset", "convention", "order"].includes(key)) || (state.order === "value" && changed.includes("method"))) {
    const focused = document.activeElement?.id;
    pairsTools();
    if (focused && $("pairs-tools").contains($(focused))) $(focused).focus({ preventScroll: true });
    return;
  }
  $("pair").value = String(state.pair);
  $("method").value = String(state.method);
  $("metric").value = state.metric;
}

/** Rank of each method on the pair, on rounded values; equal values share the better rank. */
function pairRanks(values, better, decimals) {
  const rounded = values.map((row, method) => (data.methods[method].anchor || !known(row[state.pair]) ? null
    : Number.isFinite(row[state.pair]) ? Number(row[state.pair].toFixed(decimals)) : row[state.pair]));
  const beats = better === "higher" ? (x, y) => x > y : (x, y) => x < y;
  return rounded.map((v) => (v === null ? null : 1 + rounded.filter((other) => other !== null && beats(other, v)).length));
}

function ranking() {
  const column = chosen();
  const decimals = column ? decimalsAt(column.place) : 4;
  const { values } = overview();
  const ranks = column ? pairRanks(values, column.better, decimals) : [];
  const rows = data.methods.map((method, number) => ({ number, method, rank: ranks[number] ?? null, value: values[number]?.[state.pair] ?? null }));
  const shownRows = rows.filter((row) => passes(row.number));
  const anchors = shownRows.filter((row) => row.method.anchor);
  const rest = shownRows.filter((row) => !row.method.anchor);
  rest.sort((x, y) => (x.rank ?? Infinity) - (y.rank ?? Infinity) || 0);
  return { rows: [...anchors, ...rest], decimals, column };
}

/** A method's values over the pairs in the shown order, with a dot at the pair. */
function spark(method) {
  const { values, range, order, sparks } = overview();
  const [low, high] = sparks.get("extent") || sparks.set("extent", extent([range.flatMap((r) => r || [])])).get("extent");
  const { width, height } = SPARK;
  const x = (place) => 3 + (place / Math.max(1, order.length - 1)) * (width - 6);
  const y = (v) => 3 + (1 - (clamp(v, low, high) - low) / (high - low)) * (height - 6);
  const row = values[method] || [];
  const finite = (v) => known(v) && Number.isFinite(v);
  if (!sparks.has(method)) {
    sparks.set(method, path(order.map((pair, place) => (finite(row[pair]) ? [x(place), y(row[pair])] : null))));
  }
  const here = row[state.pair];
  return s("svg", { width, height, viewBox: `0 0 ${width} ${height}`, class: "spark", "aria-hidden": "true" },
    s("path", { d: sparks.get(method) }),
    finite(here) && s("circle", { cx: x(order.indexOf(state.pair)), cy: y(here), r: 2.6 }));
}

function drawPairTable({ rows, decimals, column }) {
  const place = column?.column;
  fill($("pair-table"), h("table", { class: "pair" },
    h("caption", {}, `${column ? `${column.metric} ${ARROWS[column.better]}` : "No metric"} on this pair, convention ${state.convention}`),
    h("thead", {}, h("tr", {}, h("th", { scope: "col", class: "n" }, "Rank"), h("th", { scope: "col" }, "Method"),
      h("th", { scope: "col", class: "n" }, "Value"), h("th", { scope: "col", class: "over" }, "Over all pairs"))),
    h("tbody", {}, rows.map(({ number: method, method: record, rank, value }) => {
      const mark = rank === 1 ? "strong" : rank === 2 ? "u" : "span";
      const why = known(value) ? "" : trouble(method, state.pair, place);
      return h("tr", { class: `${record.anchor ? "anchor" : ""} ${method === state.method ? "chosen" : ""}`, "data-method": record.name },
        h("td", { class: "n rank" }, rank ?? "–"),
        h("th", { scope: "row" }, h("button", { type: "button", class: "link", "aria-pressed": method === state.method, onclick: () => update({ method }) }, record.label)),
        h("td", { class: "n", title: why }, h(mark, {}, shown(value, decimals)), why && h("span", { class: "why" }, ` ${why}`)),
        h("td", { class: "over" }, spark(method)));
    }))));
}

function card(view, row, decimals) {
  const record = data.views[view];
  const img = h("img", { alt: "", decoding: "async" });
  const note = h("span", { class: "none" });
  show(img, state.pair, view, true, (kind) => {
    note.textContent = kind ? "" : trouble(record.method, state.pair, "") || (original(state.pair, view) ? "" : "no picture in this page");
  });
  const mini = (side, letter) => h("button", { type: "button", class: "mini", "aria-pressed": state[side] === view, "data-side": side,
    "aria-label": `Show ${record.label} as ${letter}`, onclick: () => update({ [side]: view }) }, letter);
  const open = () => { update({ b: view }); jump("compare"); };
  const size = dataset().sizes[state.pair] || [4, 3];
  return h("figure", { class: row && row.number === state.method ? "chosen" : "", "data-view": view },
    h("div", { class: "picture", style: { "aspect-ratio": `${size[0]} / ${size[1]}` }, title: `Compare ${record.label}`, onclick: open }, img, note),
    h("figcaption", {},
      h("span", { class: "name" }, record.label),
      h("span", { class: "facts" }, row && known(row.value) ? `${row.rank ? `${row.rank}. ` : ""}${shown(row.value, decimals)}` : ""),
      h("span", { class: "sides" }, mini("a", "A"), mini("b", "B"))));
}

function drawGallery({ rows, decimals }) {
  const own = new Map(rows.map((row) => [row.number, row]));
  const views = [0, 1, ...rows.filter((row) => !row.method.anchor).map((row) => viewOf(row.number))];
  fill($("gallery"), views.map((view) => card(view, own.get(data.views[view].method), decimals)));
}

/** Neighbouring pairs as small pictures, as many as fit. */
function drawFilm() {
  const { order } = overview();
  const room = Math.max(3, Math.floor(($("film").clientWidth || 900) / 118));
  const here = order.indexOf(state.pair);
  const start = clamp(here - Math.floor(room / 2), 0, Math.max(0, order.length - room));
  const some = order.slice(start, start + room).filter((pair) => preview(pair, 1, false) || preview(pair, 0, false) || original(pair, 1));
  fill($("film"), some.length > 1 && h("div", { class: "film", role: "group", "aria-label": "Neighbouring pairs" }, some.map((pair) => {
    const img = h("img", { alt: "", decoding: "async" });
    show(img, pair, 1, true);
    return h("button", { type: "button", tabindex: -1, "aria-current": pair === state.pair ? "true" : false, title: dataset().pairs[pair], "aria-label": `Pair ${dataset().pairs[pair]}`, onclick: () => update({ pair }) },
      img, h("span", {}, dataset().pairs[pair]));
  })));
}

function drawPair() {
  const found = ranking();
  $("pair-title").textContent = dataset().pairs[state.pair] ?? "No pair";
  drawPairTable(found);
  drawGallery(found);
}

function startPairs() {
  const all = ["dataset", "convention", "metric", "method", "pair", "order"];
  section(all, refreshTools);
  section(all, drawStrip);
  section(["dataset", "pair", "order", "method"], drawFilm);
  section([...all, "text", "family", "hidden"], drawPair);
  section(["a", "b"], () => {
    for (const button of $("gallery").querySelectorAll(".mini")) {
      const view = Number(button.closest("figure").dataset.view);
      button.setAttribute("aria-pressed", state[button.dataset.side] === view);
    }
  });
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    drawStrip();
    drawFilm();
  });
}
