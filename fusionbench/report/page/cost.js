// What a method costs against how well it scores, where the run was profiled.

const PLOT = { height: 380, left: 60, right: 24, top: 16, bottom: 44 };
const COSTS = ["Time (ms)", "Memory (MB)", "MACs (G)", "Params (M)"];
const cost = { head: "", table: 0 };

const costHeads = () => data.cost[cost.table].headers.map(([text]) => text);

function costTools() {
  const redraw = (key, value) => { cost[key] = value; drawCost(); };
  const heads = COSTS.filter((head) => costHeads().includes(head));
  if (!heads.includes(cost.head)) [cost.head] = heads;
  fill($("cost-tools"),
    field("Cost", select("cost-head", heads.map((head) => [head, head]), cost.head, (v) => redraw("head", v))),
    field("Measured", select("condition", data.cost.map((table, place) => [String(place), table.heading.replace("Computational cost at ", "")]), String(cost.table), (v) => redraw("table", Number(v)))));
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

function costPoints(column) {
  const place = costHeads().indexOf(cost.head) + 1;
  const means = meansAt(column.place);
  return data.cost[cost.table].blocks.flatMap((block) => block.lines)
    .map((line) => ({ label: line[0][0], method: methodOf(line), x: numeric(line[place]?.[0]), y: means.get(methodOf(line)) ?? null }))
    .filter((p) => p.method >= 0 && !data.methods[p.method].anchor && passes(p.method) && known(p.x) && p.x > 0 && known(p.y) && Number.isFinite(p.y));
}

function drawCost() {
  const column = chosen();
  const points = column ? costPoints(column) : [];
  fill($("pareto"), points.length ? scatter(points, column, cost.head) : h("p", { class: "empty" }, "No method has both this cost and this metric."));
  drawTable($("cost-table"), data.cost[cost.table], { filtered: true });
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
  const named = new Set([...on, ...points.filter((p) => p.method === state.method)]);
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
    points.map((p) => s("g", { class: `point ${on.includes(p) ? "on" : ""} ${p.method === state.method ? "chosen" : ""}` },
      s("circle", { cx: x(p.x), cy: y(p.y), r: 5 }, s("title", {}, `${p.label}: ${short(p.x)}, ${column.metric} ${short(p.y)}`)),
      named.has(p) && s("text", x(p.x) > width - 150 ? { x: x(p.x) - 9, y: y(p.y) - 8, "text-anchor": "end" } : { x: x(p.x) + 9, y: y(p.y) - 8 }, p.label)))),
  h("figcaption", {}, "The line joins methods that no other method beats in both; they and the chosen method are named. Logarithmic scale."));
}

function startCost() {
  if (!data.cost.length) return;
  $("cost").hidden = false;
  costTools();
  section(["dataset", "convention", "metric", "method", "text", "family", "hidden", "orders"], drawCost);
}
