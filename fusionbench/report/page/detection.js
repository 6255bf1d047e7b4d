// What detectors found: average precision, and the boxes on the stage.

const BOX_COLOURS = ["#ffb000", "#35b5ff", "#ff6b8b", "#5bd68c", "#d08cff", "#ffffff"];

const evaluations = () => data.detection.filter((one) => one.dataset === state.dataset);

function boxTools() {
  const some = evaluations();
  $("boxes-tools").hidden = !some.length;
  if (!some.length) return;
  const floor = some[Math.min(state.evaluation, some.length - 1)].floor;
  const value = h("output", { for: "score", class: "readout" }, state.score.toFixed(2));
  fill($("boxes-tools"),
    h("label", { class: "check" }, h("input", { type: "checkbox", id: "boxes", checked: state.boxes, onchange: (event) => update({ boxes: event.target.checked }) }), h("span", {}, "Detection boxes")),
    field("Detector", select("evaluation", some.map((one, place) => [String(place), one.label]), String(Math.min(state.evaluation, some.length - 1)), (v) => update({ evaluation: Number(v) }))),
    h("div", { class: "field joined" }, h("label", { for: "score" }, "Score at least"), h("div", { class: "row" },
      h("input", { type: "range", id: "score", min: floor, max: 0.95, step: 0.05, value: state.score, oninput: (event) => {
        value.textContent = Number(event.target.value).toFixed(2);
        update({ score: Number(event.target.value) });
      } }), value)),
    h("p", { class: "hint" }, "Solid: found. Dashed: labelled."));
}

function boxLayer(side, evaluation, [width, height]) {
  const own = (evaluation.found[state[side]] || {})[state.pair] || [];
  const kept = own.filter((box) => box[5] >= state.score);
  const drawn = (box, name, real) => {
    const [x0, y0, x1, y1, number, score] = box;
    const colour = real ? "#ffffff" : BOX_COLOURS[number % BOX_COLOURS.length];
    const size = width / 55;
    return s("g", { class: real ? "true" : "found" },
      real && s("rect", { x: x0, y: y0, width: x1 - x0, height: y1 - y0, stroke: "#000000", class: "under" }),
      s("rect", { x: x0, y: y0, width: x1 - x0, height: y1 - y0, stroke: colour }),
      !real && s("text", { x: x0, y: Math.max(size, y0 - size / 3), fill: colour, "font-size": size }, `${name || number} ${score.toFixed(2)}`));
  };
  const truths = evaluation.truths[state.pair] || [];
  return s("svg", { class: side, viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none" },
    truths.map((box) => drawn(box, evaluation.labels[box[4]], true)),
    kept.map((box) => drawn(box, evaluation.classes[box[4]], false)));
}

function drawBoxes() {
  const some = evaluations();
  const evaluation = some[Math.min(state.evaluation, some.length - 1)];
  const on = state.boxes && evaluation && state.mode === "slider";
  const size = sizeOf(state.pair, stage.b);
  fill(stage.boxes, on && [boxLayer("a", evaluation, size), boxLayer("b", evaluation, size)]);
  place();
}

function drawDetection() {
  const some = evaluations();
  $("detection").hidden = !some.length;
  const hosts = some.map((one, place) => h("div", { id: `detection-${place}`, class: "table" }));
  fill($("detection-tables"), hosts);
  some.forEach(({ table }, place) => drawTable(hosts[place], table, { filtered: true, down: true, rows: "method" }));
}

function startDetection() {
  section(["dataset", "text", "family", "hidden", "orders"], drawDetection);
}
