// The stage: two pictures on top of each other, a divider between them, zoom and pan for both.

const stage = { a: null, b: null, drag: null };
const LEVELS = [16, 32, 64, 128, 255];
// "inferno" of matplotlib (CC0), 17 of its 256 colours: equal steps of the difference look equal.
const INFERNO = ["000004", "0b0724", "210c4a", "3d0965", "57106e", "71196e", "8a226a", "a32c61", "bc3754",
  "d24644", "e45a31", "f1731d", "f98e09", "fcac11", "f9cb35", "f2ea69", "fcffa4"];

function buildStage() {
  const part = (side) => h("img", { class: `layer ${side}`, alt: "", draggable: "false", id: `image-${side}` });
  stage.a = part("a");
  stage.b = part("b");
  stage.images = h("div", { class: "plane" }, h("div", { class: "pair-of-images", id: "images" }, stage.b, stage.a));
  stage.boxes = h("div", { class: "plane boxes", "aria-hidden": "true" });
  stage.divider = h("div", { class: "divider", role: "slider", tabindex: 0, id: "divider", "aria-label": "Divider between A and B",
    "aria-valuemin": 0, "aria-valuemax": 100, onkeydown: dividerKey }, h("span", {}));
  stage.tags = { a: h("span", { class: "tag left" }), b: h("span", { class: "tag right" }) };
  stage.frame = h("div", { class: "frame", id: "frame", onpointerdown: press, onpointermove: drag, onpointerup: release,
    onpointercancel: release, onwheel: wheel, ondblclick: (event) => zoomAt(state.zoom > 1 ? 1 : 2.5, event) },
  stage.images, stage.boxes, stage.divider, stage.tags.a, stage.tags.b);
  stage.legend = h("div", { class: "legend", id: "legend" });
  fill($("stage"), stage.frame, stage.legend);
  setColours();
}

function setColours() {
  const parts = [0, 2, 4].map((at) => INFERNO.map((hex) => (parseInt(hex.slice(at, at + 2), 16) / 255).toFixed(4)).join(" "));
  [...$("colours").children].forEach((channel, i) => channel.setAttribute("tableValues", parts[i]));
}

/** Load both pictures and say what is shown. */
function loadStage() {
  for (const side of ["a", "b"]) {
    const view = state[side];
    const label = data.views[view].label;
    const img = stage[side];
    img.alt = label;
    show(img, state.pair, view, false, (kind) => {
      const facts = kind === "original" || !kind ? "" : ` · ${kind} ${img.naturalWidth} × ${img.naturalHeight}`;
      const why = kind ? "" : ` · ${trouble(data.views[view].method, state.pair, "") || "no picture"}`;
      stage.tags[side].textContent = `${side.toUpperCase()} · ${label}${facts}${why}`;
      fitFrame();
    });
  }
}

function fitFrame() {
  const [width, height] = sizeOf(state.pair, stage.b.naturalWidth ? stage.b : stage.a);
  stage.frame.style.setProperty("aspect-ratio", `${width} / ${height}`);
  stage.frame.style.setProperty("--ratio", width / height);
  place();
}

/** Put everything where the state says. */
function place() {
  const { zoom, x, y, split, mode } = state;
  const box = stage.frame.getBoundingClientRect();
  const move = `translate(${x * box.width}px, ${y * box.height}px) scale(${zoom})`;
  stage.images.style.transform = stage.boxes.style.transform = move;
  stage.frame.classList.toggle("difference", mode === "difference");
  stage.frame.classList.toggle("zoomed", zoom > 1);
  stage.frame.classList.toggle("crisp", zoom * box.width > 2 * Math.max(1, stage.b.naturalWidth));
  const cut = clamp((split - x) / zoom, 0, 1) * 100;
  const left = `inset(0 ${100 - cut}% 0 0)`;
  stage.a.style.clipPath = mode === "slider" ? left : "none";
  const [found, other] = [stage.boxes.querySelector(".a"), stage.boxes.querySelector(".b")];
  if (found) found.style.clipPath = left;
  if (other) other.style.clipPath = `inset(0 0 0 ${cut}%)`;
  stage.divider.hidden = mode !== "slider";
  stage.divider.style.left = `${split * 100}%`;
  stage.divider.setAttribute("aria-valuenow", Math.round(split * 100));
  stage.divider.setAttribute("aria-valuetext", `${Math.round(split * 100)} % ${data.views[state.a].label}, the rest ${data.views[state.b].label}`);
}

function drawLegend() {
  const on = state.mode === "difference";
  stage.legend.hidden = !on;
  for (const channel of $("gain").children) channel.setAttribute("slope", 255 / state.scale);
  if (!on) return;
  fill(stage.legend, h("span", {}, "|A − B|, luma, in levels of 255"), h("span", { class: "ramp", style: {
    background: `linear-gradient(to right, ${INFERNO.map((c) => `#${c}`).join(", ")})` } }),
  h("span", { class: "ends" }, h("span", {}, "0"), h("span", {}, String(Math.round(state.scale / 2))), h("span", {}, `${state.scale}${state.scale < 255 ? " and more" : ""}`)));
}

function dividerKey(event) {
  const by = event.shiftKey ? 0.1 : 0.02;
  const to = { ArrowLeft: state.split - by, ArrowDown: state.split - by, ArrowRight: state.split + by, ArrowUp: state.split + by,
    PageDown: state.split - 0.1, PageUp: state.split + 0.1, Home: 0, End: 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  update({ split: clamp(to, 0, 1) });
}

function press(event) {
  if (event.button) return;
  const onDivider = state.mode === "slider" && (event.target.closest(".divider") || state.zoom === 1);
  if (!onDivider && state.zoom === 1) return;
  stage.drag = { divider: onDivider, from: [event.clientX, event.clientY], at: [state.x, state.y] };
  stage.frame.setPointerCapture(event.pointerId);
  if (onDivider) drag(event);
}

function drag(event) {
  if (!stage.drag) return;
  const box = stage.frame.getBoundingClientRect();
  if (stage.drag.divider) {
    update({ split: clamp((event.clientX - box.left) / box.width, 0, 1) });
    return;
  }
  const [x, y] = [0, 1].map((i) => stage.drag.at[i] + ([event.clientX, event.clientY][i] - stage.drag.from[i]) / [box.width, box.height][i]);
  pan(state.zoom, x, y);
}

function release() {
  stage.drag = null;
}

function wheel(event) {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  zoomAt(state.zoom * Math.exp(-event.deltaY / 200), event);
}

/** Zoom so that the point under the pointer, or the centre, stays where it is. */
function zoomAt(zoom, event) {
  const box = stage.frame.getBoundingClientRect();
  const [px, py] = event ? [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height] : [0.5, 0.5];
  const next = clamp(zoom, 1, 16);
  const ratio = next / state.zoom;
  pan(next, px - (px - state.x) * ratio, py - (py - state.y) * ratio);
}

/** Move the pictures, without leaving the frame uncovered. */
function pan(zoom, x, y) {
  update({ zoom, x: clamp(x, 1 - zoom, 0), y: clamp(y, 1 - zoom, 0) });
}
