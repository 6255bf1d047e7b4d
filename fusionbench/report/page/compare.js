// Comparing two pictures of a pair: what stands on the stage.

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
