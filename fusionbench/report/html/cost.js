// What a method costs against how well it scores, where the run was profiled.

const COSTS = {
  time: { label: "Time", unit: "ms", of: (row) => row.times.method?.median },
  memory: { label: "Peak memory", unit: "MiB", of: (row) => (known(row.memory) ? row.memory / 2 ** 20 : null) },
  macs: { label: "Multiply-adds", unit: "G", of: (row) => (known(row.macs) ? row.macs / 1e9 : null) },
  parameters: { label: "Parameters", unit: "M", of: (row) => (known(row.parameters) ? row.parameters / 1e6 : null) },
};
const LIGHTS = { green: "steady", amber: "with reservations", red: "not to be trusted" };
const PLOT = { height: 380, left: 60, right: 24, top: 16, bottom: 44 };
const cost = { kind: "time", condition: 0 };

const conditions = () => [...new Set(data.profile.map((row) => `${row.variant} · ${row.size} · ${row.device}`))];

function costRows() {
  const wanted = conditions()[cost.condition];
  return data.profile.filter((row) => `${row.variant} · ${row.size} · ${row.device}` === wanted);
}

function costTools() {
  const redraw = (key, value) => { cost[key] = value; drawCost(); };
  fill($("cost-tools"),
    field("Cost", select("cost-kind", Object.entries(COSTS).map(([key, one]) => [key, `${one.label} (${one.unit})`]), cost.kind, (v) => redraw("kind", v))),
    field("Measured with", select("condition", conditions().map((text, place) => [String(place), text]), "0", (v) => redraw("condition", Number(v)))));
}

/** Points that no other point beats in both: cheaper, and better. */
function front(points, better) {
  const sign = better === "higher" ? 1 : -1;
  let best = -Infinity;
  return [...points].sort((p, q) => p.x - q.x || sign * (q.y - p.y)).filter((p) => {
    const on = sign * p.y > best;
    best = Math.max(best, sign * p.y);
    return on;
  });
}

function drawCost() {
  const place = chosen();
  const column = data.columns[board().columns[place]];
  const lines = new Map(board().lines.map((line) => [line.method, line]));
  const { label, unit, of } = COSTS[cost.kind];
  const points = costRows().map((row) => ({ row, x: of(row), y: number(lines.get(row.method)?.means[place] ?? null) }))
    .filter((p) => known(p.x) && p.x > 0 && known(p.y) && Number.isFinite(p.y));
  fill($("pareto"), points.length ? scatter(points, column, `${label} (${unit})`) : h("p", { class: "empty" }, "No method has both this cost and this metric."));
  fill($("cost-table"), costTable());
}

function scatter(points, column, title) {
  const width = Math.max(300, $("pareto").clientWidth || 900);
  const { height, left, right, top, bottom } = PLOT;
  const [low, high] = extent([points.map((p) => p.y)]);
  const margin = (high - low) * 0.08;
  const logs = points.map((p) => Math.log10(p.x));
  const [first, last] = [Math.min(...logs) - 0.15, Math.max(...logs) + 0.35];
  const x = (v) => left + ((Math.log10(v) - first) / (last - first)) * (width - left - right);
  const y = (v) => top + (1 - (v - low + margin) / (high - low + 2 * margin)) * (height - top - bottom);
  const on = front(points, column.better);
  const named = new Set([...on, ...points.filter((p) => p.row.method === state.method)]);
  const decades = [];
  for (let e = Math.floor(first); e <= Math.ceil(last); e += 1) for (const m of last - first < 1.5 ? [1, 2, 5] : [1]) decades.push(m * 10 ** e);
  const steps = on.map((p, i) => (i ? `H${x(p.x).toFixed(1)}V${y(p.y).toFixed(1)}` : `M${x(p.x).toFixed(1)} ${y(p.y).toFixed(1)}`)).join("");
  return h("figure", { class: "plot" }, s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `${column.metric} against ${title}; the values are in the tables` },
    ticks(low - margin, high + margin, 5).map((v) => [s("line", { x1: left, x2: width - right, y1: y(v), y2: y(v), class: "grid" }),
      s("text", { x: left - 8, y: y(v) + 4, class: "tick", "text-anchor": "end" }, short(v))]),
    decades.filter((v) => x(v) >= left && x(v) <= width - right).map((v) => [s("line", { x1: x(v), x2: x(v), y1: top, y2: height - bottom, class: "grid" }),
      s("text", { x: x(v), y: height - bottom + 18, class: "tick", "text-anchor": "middle" }, short(v))]),
    s("text", { x: (left + width - right) / 2, y: height - 6, class: "axis", "text-anchor": "middle" }, title),
    s("text", { x: left, y: top - 4, class: "axis" }, `${column.metric} ${ARROWS[column.better]}`),
    s("path", { d: steps, class: "front" }),
    points.map((p) => s("g", { class: `point ${on.includes(p) ? "on" : ""} ${p.row.method === state.method ? "chosen" : ""}` },
      s("circle", { cx: x(p.x), cy: y(p.y), r: 5 }, s("title", {}, `${p.row.label}: ${short(p.x)}, ${column.metric} ${short(p.y)}`)),
      named.has(p) && s("text", x(p.x) > width - 150 ? { x: x(p.x) - 9, y: y(p.y) - 8, "text-anchor": "end" } : { x: x(p.x) + 9, y: y(p.y) - 8 }, p.row.label)))),
  h("figcaption", {}, "The line joins methods that no other method beats in both; they and the chosen method are named. Logarithmic scale."));
}

function costTable() {
  const keys = Object.keys(COSTS);
  return h("table", {}, h("caption", {}, `Profile: ${conditions()[cost.condition]}; times are medians of one call`),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Method"), keys.map((key) => h("th", { scope: "col", class: "n" }, `${COSTS[key].label} (${COSTS[key].unit})`)), h("th", { scope: "col" }, "Measurement"))),
    h("tbody", {}, costRows().map((row) => h("tr", {}, h("th", { scope: "row" }, row.label),
      keys.map((key) => h("td", { class: "n" }, short(COSTS[key].of(row) ?? null))),
      h("td", { class: "remark" }, row.error || [LIGHTS[row.light] || "", ...row.reasons].filter(Boolean).join("; "))))));
}

function startCost() {
  if (!data.profile?.length) return;
  $("cost").hidden = false;
  costTools();
  section(["dataset", "convention", "metric", "method"], drawCost);
}
