// Ranks of the methods, how far orders agree, and which differences are clear.

const CLEAR = 0.05;
const MOST_ROWS = 400;

function drawRanks() {
  const { ranks } = board();
  $("ranks").hidden = !ranks;
  if (ranks) drawTable($("rank-table"), ranks, { filtered: true, skip: (head) => state.dropped.has(head) });
}

/** How far orders agree, for runs under several conventions. */
function drawAgreement() {
  const [table] = data.agreement;
  if (table) drawTable($("agreement"), table, { rows: "order" });
}

/** Every comparison of two methods by the chosen metrics, the chosen method first. */
function comparisons(metric, against) {
  const some = metrics().filter((one) => !metric || one.metric === metric);
  return some.flatMap((one) => (board().significance[one.column] || []).map((row) => ({ one, row })))
    .filter(({ row: [first, second] }) => passes(first) && passes(second) && (against === null || first === against || second === against))
    .map(({ one, row }) => ({ one, ...turned(row, against) }))
    .filter(({ better }) => !state.clear || known(better));
}

/** A comparison as an object; seen from the second method where that is the chosen one. */
function turned([first, second, n, difference, low, high, p, holm, better], against) {
  const other = { first: second, second: first, n, p, holm, better };
  const minus = (value) => (known(value) ? -number(value) : null);
  if (second === against) return { ...other, difference: minus(difference), low: minus(high), high: minus(low) };
  return { ...other, first, second, difference, low, high };
}

const signed = (value, decimals) => (known(value) ? `${number(value) > 0 ? "+" : ""}${shown(number(value), decimals)}` : "–");
const chance = (p) => (known(p) ? (p < 0.001 ? "< 0.001" : p.toFixed(3)) : null);

function comparisonLine({ one, first, second, n, difference, low, high, p, holm, better }, against) {
  const decimals = decimalsAt(one.place);
  const tone = !known(better) || against === null ? "" : better === against ? "good" : "bad";
  return [plainCell(data.methods[first].label), plainCell(data.methods[second].label), plainCell(`${one.metric} ${ARROWS[one.better]}`),
    plainCell(signed(difference, decimals)), plainCell(known(low) ? `${signed(low, decimals)} to ${signed(high, decimals)}` : null),
    plainCell(chance(p)), plainCell(chance(holm)), plainCell(n), plainCell(known(better) ? data.methods[better].label : null, "", tone)];
}

/** For each method and metric: how many others are clearly worse, and how many clearly better. */
function tally() {
  const some = metrics().filter((one) => !state.dropped.has(one.metric));
  const counts = new Map();
  const count = (method, metric, key) => {
    const cell = counts.get(`${method} ${metric}`) || { won: 0, lost: 0 };
    counts.set(`${method} ${metric}`, cell);
    if (key) cell[key] += 1;
  };
  for (const { column, metric } of some) {
    for (const [first, second, , , , , , , better] of board().significance[column] || []) {
      for (const method of [first, second]) count(method, metric, known(better) && (better === method ? "won" : "lost"));
    }
  }
  const methods = data.methods.map((method, place) => place).filter((place) => some.some(({ metric }) => counts.has(`${place} ${metric}`)));
  const cell = (place, metric) => {
    const found = counts.get(`${place} ${metric}`);
    return plainCell(found ? `${found.won} : ${found.lost}` : null);
  };
  return made("Others that are clearly worse : clearly better", "Method", some.map(({ metric }) => [metric]),
    methods.map((place) => [plainCell(data.methods[place].label), ...some.map(({ metric }) => cell(place, metric))]),
    ["A difference is clear where Wilcoxon's signed-rank test, corrected after Holm over all comparisons by the metric, gives p < 0.05."]);
}

function significanceTools() {
  const some = metrics().filter((one) => (board().significance[one.column] || []).length);
  if (!some.some((one) => one.metric === state.compared)) state.compared = "";
  const methods = data.methods.map((method, place) => [String(place), method.label]).filter((_, place) => !data.methods[place].anchor);
  fill($("significance-tools"),
    field("Metric", select("compared", [["", "All metrics"], ...some.map((one) => [one.metric, `${one.metric} ${ARROWS[one.better]}`])], state.compared, (compared) => update({ compared }))),
    field("Method", select("against", [["", "Every two methods"], ...methods], state.against, (against) => update({ against }))),
    h("label", { class: "check" }, h("input", { type: "checkbox", id: "clear", checked: state.clear, onchange: (event) => update({ clear: event.target.checked }) }), h("span", {}, "Clear differences only")));
}

function drawSignificance() {
  const none = !Object.values(board().significance).some((rows) => rows.length);
  $("significance").hidden = none;
  if (none) return;
  const against = state.against === "" ? null : Number(state.against);
  const lines = comparisons(state.compared, against).map((one) => comparisonLine(one, against));
  drawTable($("tally"), tally(), { filtered: true, down: true });
  drawTable($("comparisons"), made(`Comparisons of two methods, ${board().table.heading}`, "First",
    [["Second", true], ["Metric", true], ["Difference"], ["95 % interval"], ["p"], ["p (Holm)"], ["N"], ["Clearly better", true]], lines,
    ["Difference: mean of the first method minus that of the second over the same pairs, with the 95 % interval of a bootstrap over pairs; p of Wilcoxon's signed-rank test, as it is and corrected after Holm over all comparisons by the metric."]),
  { rows: "comparison", most: MOST_ROWS, down: true });
}

function startRanks() {
  section(["dataset", "convention", "text", "family", "hidden", "dropped", "orders"], drawRanks);
  section(["orders"], drawAgreement);
  section(["dataset", "convention"], significanceTools);
  section(["dataset", "convention", "text", "family", "hidden", "dropped", "orders", "compared", "against", "clear"], drawSignificance);
}
