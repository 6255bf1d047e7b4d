// The strip: one metric over all pairs, the range of the methods and one of them on top.

const STRIP = { height: 132, left: 52, right: 12, top: 10, bottom: 20 };

/** Values of a column of the board: [method][pair] of numbers or null. */
function columnValues() {
  const column = chosen()?.column;
  return column === undefined ? [] : dataset().values[column].map((row) => row.map(number));
}

let remembered = { key: "", value: null };

/** Values, their smallest and largest per pair over the methods, and the pairs in order. */
function overview() {
  const key = [state.dataset, state.convention, state.metric, state.order, state.method].join("\n");
  if (remembered.key === key) return remembered.value;
  const values = columnValues();
  const ranked = values.filter((_, method) => !data.methods[method].anchor);
  const range = dataset().pairs.map((_, pair) => {
    const some = ranked.map((row) => row[pair]).filter((v) => known(v) && Number.isFinite(v));
    return some.length ? [Math.min(...some), Math.max(...some)] : null;
  });
  remembered = { key, value: { values, range, order: pairOrder(values, range), sparks: new Map() } };
  return remembered.value;
}

function pairOrder(values, range) {
  const pairs = dataset().pairs.map((_, pair) => pair);
  const by = { value: (pair) => (values[state.method] || [])[pair], spread: (pair) => range[pair] && range[pair][1] - range[pair][0] }[state.order];
  if (!by) return pairs;
  const low = -Infinity;
  return pairs.sort((x, y) => (by(y) ?? low) - (by(x) ?? low) || x - y);
}

/** A scale from the values to pixels, with a margin; infinite values are left out. */
function extent(rows) {
  const some = rows.flat().filter((v) => known(v) && Number.isFinite(v));
  if (!some.length) return [0, 1];
  const [low, high] = some.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
  return low === high ? [low - 1, high + 1] : [low, high];
}

/** Round values for an axis, about `count` of them. */
function ticks(low, high, count) {
  const raw = (high - low) / count;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = unit * [1, 2, 5, 10].find((m) => m * unit >= raw);
  const made = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-9; v += step) made.push(Math.abs(v) < step * 1e-9 ? 0 : v);
  return made;
}

/** An SVG path through points, broken where there is none. */
function path(points) {
  let pen = "M";
  return points.map((point) => {
    if (!point) { pen = "M"; return ""; }
    const part = `${pen}${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
    pen = "L";
    return part;
  }).join("");
}

function drawStrip() {
  const host = $("strip");
  const { values, range, order } = overview();
  const width = Math.max(280, host.clientWidth || 900);
  const { height, left, right, top, bottom } = STRIP;
  const own = values[state.method] || [];
  const [low, high] = extent([range.flatMap((r) => r || []), own]);
  const x = (place) => left + ((place + 0.5) / order.length) * (width - left - right);
  const y = (v) => top + (1 - (v - low) / (high - low)) * (height - top - bottom);
  const finite = (v) => known(v) && Number.isFinite(v);
  const points = order.map((pair, place) => (finite(own[pair]) ? [x(place), y(own[pair])] : null));
  const room = (width - left - right) / order.length;
  const wide = Math.max(1, Math.min(14, room * (order.length > 80 ? 1.05 : 0.7)));
  const here = order.indexOf(state.pair);
  const name = data.methods[state.method]?.label || "";
  const chart = s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, class: "strip", "aria-hidden": "true" },
    ticks(low, high, 3).map((v) => [
      s("line", { x1: left, x2: width - right, y1: y(v), y2: y(v), class: "grid" }),
      s("text", { x: left - 8, y: y(v) + 4, class: "tick", "text-anchor": "end" }, short(v))]),
    s("rect", { x: x(here) - Math.max(wide, 3) / 2 - 2, y: top - 6, width: Math.max(wide, 3) + 4, height: height - top - bottom + 12, rx: 3, class: "cursor" }),
    s("path", { class: "range", "stroke-width": wide, d: order.map((pair, place) => (range[pair]
      ? `M${x(place).toFixed(1)} ${(y(range[pair][0]) + 0.7).toFixed(1)}V${(y(range[pair][1]) - 0.7).toFixed(1)}` : "")).join("") }),
    s("path", { class: "own", d: path(points) }),
    order.length <= 80 && points.map((p) => p && s("circle", { cx: p[0], cy: p[1], r: 2.6, class: "dot" })),
    finite(own[state.pair]) && s("circle", { cx: x(here), cy: y(own[state.pair]), r: 4.5, class: "dot now" }),
    s("text", { x: clamp(x(here), left + 30, width - 40), y: height - 4, class: "tick here", "text-anchor": "middle" }, dataset().pairs[state.pair]));
  const slider = h("div", {
    class: "strip-box", role: "slider", tabindex: 0, id: "strip-slider", "aria-label": `Pair; values of ${name}`,
    "aria-valuemin": 1, "aria-valuemax": order.length, "aria-valuenow": here + 1,
    "aria-valuetext": `${dataset().pairs[state.pair]}: ${known(own[state.pair]) ? short(own[state.pair]) : "no value"}`,
    onkeydown: stripKey, onclick: (event) => {
      const box = event.currentTarget.getBoundingClientRect();
      const place = Math.floor(((event.clientX - box.left - left) / (width - left - right)) * order.length);
      step(clamp(place, 0, order.length - 1));
    },
  }, chart);
  const focused = document.activeElement?.id === "strip-slider";
  fill(host, h("p", { class: "key" },
    h("span", { class: "swatch own" }), ` ${name} `,
    h("span", { class: "swatch range" }), ` all ${data.methods.filter((m) => !m.anchor).length} methods, lowest to highest`), slider);
  if (focused) slider.focus({ preventScroll: true });
}

/** Go to the pair at a place of the shown order. */
function step(place) {
  const { order } = overview();
  update({ pair: order[clamp(place, 0, order.length - 1)] });
}

const move = (by) => step(overview().order.indexOf(state.pair) + by);

function stripKey(event) {
  const { order } = overview();
  const here = order.indexOf(state.pair);
  const to = { ArrowLeft: here - 1, ArrowDown: here - 1, ArrowRight: here + 1, ArrowUp: here + 1,
    PageUp: here + 10, PageDown: here - 10, Home: 0, End: order.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  step(to);
}
