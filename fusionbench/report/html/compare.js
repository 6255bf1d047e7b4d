// Comparing two pictures of a pair: what stands on the stage, and the boxes on it.

const BOX_COLOURS = ["#ffb000", "#35b5ff", "#ff6b8b", "#5bd68c", "#d08cff", "#ffffff"];

function compareTools() {
  const views = data.views.map((view, place) => [String(place), view.label]);
  const modes = [["slider", "Slider"], ["difference", "Difference"]];
  fill($("compare-tools"),
    field("A, left", select("view-a", views, String(state.a), (value) => update({ a: Number(value) }))),
    h("button", { type: "button", id: "swap", "aria-label": "Swap A and B", title: "Swap A and B", onclick: () => update({ a: state.b, b: state.a }) }, "⇄"),
    field("B, right", select("view-b", views, String(state.b), (value) => update({ b: Number(value) }))),
    h("fieldset", { class: "segments" }, h("legend", {}, "View"), modes.map(([value, label]) => h("label", {},
      h("input", { type: "radio", name: "mode", value, checked: state.mode === value, onchange: () => update({ mode: value }) }), h("span", {}, label)))),
    field("Full scale", select("scale", LEVELS.map((level) => [String(level), `${level} levels`]), String(state.scale), (value) => update({ scale: Number(value) })), "field scale"),
    h("div", { class: "field joined" }, h("span", { id: "zoom-label" }, "Zoom"), h("div", { class: "row", role: "group", "aria-labelledby": "zoom-label" },
      h("button", { type: "button", id: "zoom-out", "aria-label": "Zoom out", onclick: () => zoomAt(state.zoom / 1.5) }, "−"),
      h("output", { id: "zoom", class: "readout" }),
      h("button", { type: "button", id: "zoom-in", "aria-label": "Zoom in", onclick: () => zoomAt(state.zoom * 1.5) }, "+"),
      h("button", { type: "button", id: "zoom-reset", onclick: () => pan(1, 0, 0) }, "Fit"))));
}

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

function startCompare() {
  compareTools();
  buildStage();
  section(["a", "b"], () => { $("view-a").value = String(state.a); $("view-b").value = String(state.b); });
  section(["dataset"], boxTools);
  section(["dataset", "pair", "a", "b"], loadStage);
  section(["mode", "scale"], () => {
    drawLegend();
    $("scale").closest("label").hidden = state.mode !== "difference";
  });
  section(["dataset", "pair", "a", "b", "mode", "boxes", "evaluation", "score"], drawBoxes);
  section(["split", "zoom", "x", "y", "mode"], place);
  section(["zoom"], () => { $("zoom").textContent = `${state.zoom.toFixed(state.zoom < 10 ? 1 : 0)}×`; });
  addEventListener("resize", place);
}
