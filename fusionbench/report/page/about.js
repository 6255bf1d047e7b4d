// Where the numbers come from: commands, versions, machine, data, weights, parameters.

const facts = (record) => h("dl", { class: "facts" }, Object.entries(record).map(([key, value]) => h("div", {}, h("dt", {}, key),
  h("dd", {}, typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? "–")))));

const mono = (text) => h("code", {}, text);

function fold(title, open, ...children) {
  return h("details", { class: "fold", open }, h("summary", {}, title), children);
}

function grid(caption, heads, rows) {
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, h("table", {}, h("caption", { class: "hide" }, caption),
    h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
    h("tbody", {}, rows.map(([first, ...rest]) => h("tr", {}, h("th", { scope: "row" }, first), rest.map((cell) => h("td", {}, cell)))))));
}

function drawAbout() {
  const { commands, versions, hardware, datasets, methods, columns, findings } = data.about;
  const options = (record) => Object.entries(record).map(([key, value]) => `${key} = ${JSON.stringify(value)}`).join(", ") || "–";
  fill($("manifest"),
    fold(commands.length > 1 ? `Commands (${commands.length})` : "Command", true,
      h("ol", { class: "commands" }, commands.map((one) => h("li", {}, h("pre", { tabindex: 0 }, one.command), h("p", { class: "hint" }, one.said.join(" · ")))))),
    fold(`What checks found (${findings.length})`, findings.length > 0, grid("What checks found", ["Finding"], findings.map((text) => [text]))),
    fold(`Data sets (${datasets.length})`, true, grid("Data sets", ["Data set", "Split", "Pairs", "Left out", "Fingerprint", "Home", "Terms"],
      datasets.map((one) => [one.title || one.name, one.split || "–", one.pairs, one.skipped, mono(one.fingerprint), one.home || "–", one.terms || "–"]))),
    fold("Versions and machine", false, h("div", { class: "columns" }, h("div", {}, h("h3", {}, "Versions"), facts(versions)), h("div", {}, h("h3", {}, "Machine"), facts(hardware)))),
    fold(`Methods and weights (${methods.length})`, false, grid("Methods and weights", ["Method", "Weights", "SHA-256 of the weights", "Options", "Trained on", "Fingerprint", "Publication"],
      methods.map((one) => [one.label, one.weights ? `${one.weights.origin}: ${one.weights.file}` : "–", one.weights ? mono(one.weights.sha256) : "–",
        options(one.options), one.trained.join(", ") || "–", mono(one.fingerprint), one.citation || "–"]))),
    fold(`Metrics and parameters (${columns.length})`, false, grid("Metrics and parameters", ["Column", "Parameters", "Fingerprint", "Publication"],
      columns.map((one) => [one.name, options(one.params), mono(one.fingerprint), one.citation || "–"]))));
  $("foot").textContent = `fusionbench ${data.version}. Values of pairs are rounded to seven significant digits; scores.csv beside this page has all. This page loads nothing from any network.`;
}
