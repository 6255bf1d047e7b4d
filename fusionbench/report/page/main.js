// The beginning: read the data, choose where to start, draw every section.

function startTheme() {
  const apply = (theme) => {
    if (theme === "auto") document.documentElement.removeAttribute("data-theme");
    else document.documentElement.dataset.theme = theme;
  };
  let kept = "auto";
  try { kept = localStorage.getItem("fusionbench-theme") || "auto"; } catch { /* storage is off */ }
  $("theme").value = ["light", "dark"].includes(kept) ? kept : "auto";
  apply($("theme").value);
  $("theme").addEventListener("change", (event) => {
    apply(event.target.value);
    try { localStorage.setItem("fusionbench-theme", event.target.value); } catch { /* storage is off */ }
  });
}

function startHead() {
  document.title = data.title;
  $("title").textContent = data.datasets.map((one) => one.title).join(", ");
  const ranked = data.methods.filter((method) => !method.anchor).length;
  const pairs = data.datasets.reduce((sum, one) => sum + one.pairs.length, 0);
  const names = new Set(data.columns.map((column) => column.metric));
  $("summary").textContent = [plural(ranked, "fusion method"), plural(pairs, "pair"), plural(names.size, "metric"),
    `${data.conventions.length === 1 ? "convention" : "conventions"} ${data.conventions.join(", ")}`].join(" · ");
  fill($("dataset"), choices(data.datasets.map((one, place) => [String(place), one.title])));
  $("dataset").addEventListener("change", (event) => update({ dataset: Number(event.target.value), pair: 0, zoom: 1, x: 0, y: 0 }));
  fill($("convention"), choices(data.conventions.map((name) => [name, name])));
  $("convention").addEventListener("change", (event) => update({ convention: event.target.value }));
}

/** Links to the sections that the data set has. */
function drawNav() {
  const shownSections = [...document.querySelectorAll("main > section")].filter((one) => !one.hidden);
  fill($("nav"), shownSections.map((one) => h("a", { href: `#${one.id}` }, one.dataset.name)));
}

/** The first method and the first two pictures that are worth a look. */
function beginning() {
  const first = data.methods.findIndex((method) => !method.anchor);
  const method = first < 0 ? 0 : first;
  state.convention = data.conventions[0] || "";
  state.metric = data.columns.find((column) => column.convention === state.convention)?.metric || "";
  state.compared = state.metric;
  state.against = first < 0 ? "" : String(first);
  state.method = method;
  state.a = data.views.length > 2 ? 1 : 0;
  state.b = data.views.length > 2 ? 2 : 1;
}

async function start() {
  startTheme();
  data = await unpack("data");
  beginning();
  startHead();
  startBoard();
  startRanks();
  startDetection();
  startCost();
  startPairs();
  startCompare();
  drawAbout();
  section(["dataset", "convention"], drawNav);
  sections.forEach(({ draw }) => draw(Object.keys(state)));
  document.documentElement.dataset.ready = "true";
  addEventListener("click", (event) => {
    for (const open of document.querySelectorAll("details.menu[open]")) if (!open.contains(event.target)) open.open = false;
  });
  addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && document.querySelector("details.menu[open]");
    if (open) { open.open = false; open.querySelector("summary").focus(); }
  });
}

start().catch((error) => {
  $("summary").textContent = `This page cannot show its data: ${error.message}`;
  throw error;
});
