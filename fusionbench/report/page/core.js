"use strict";

// Elements, numbers and the state that all sections share. Text goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";
const $ = (id) => document.getElementById(id);

/** h("td", {class: "n", onclick: f}, "text", child, [more]): an HTML element. */
function h(tag, props, ...children) {
  return build(document.createElement(tag), props, children);
}

/** The same for SVG. */
function s(tag, props, ...children) {
  return build(document.createElementNS(SVG, tag), props, children);
}

function build(element, props, children) {
  for (const [name, value] of Object.entries(props || {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [k, v] of Object.entries(value)) element.style.setProperty(k, v);
    else if (name === "value" || name === "checked") element[name] = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Replace what an element holds. */
function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A labelled control. */
function field(label, control, kind = "field") {
  return h("label", { class: kind }, h("span", {}, label), control);
}

/** A select of [value, label] pairs. */
function select(id, options, value, change) {
  const made = h("select", { id, onchange: (event) => change(event.target.value) }, choices(options));
  made.value = value;
  return made;
}

function choices(options) {
  return options.map(([value, label]) => h("option", { value }, label));
}

/** JSON, deflated, in base64, from a block of the page. */
async function unpack(id) {
  const bytes = Uint8Array.from(atob($(id).textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

const number = (value) => (typeof value === "string" ? Number(value.replace("inf", "Infinity")) : value);
const known = (value) => value !== null && value !== undefined;

/** A number as the tables write it. */
function shown(value, decimals) {
  if (!known(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  return (Number(value.toFixed(decimals)) + 0).toFixed(decimals).replace("-", "−");
}

/** A number of any size in three or four digits. */
function short(value) {
  if (!known(value)) return "–";
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.01 ? 3 : 5;
  return value.toLocaleString("en", { maximumFractionDigits: digits }).replace("-", "−");
}

const SUFFIXES = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];

/** 1234567 as 1.23 M. */
function counted(value) {
  if (!known(value)) return "–";
  const [unit, suffix] = SUFFIXES.find(([least]) => value >= least) || [1, ""];
  return `${short(value / unit)}${suffix ? ` ${suffix}` : ""}`;
}

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

let data = null;
const state = {
  dataset: 0, convention: "", metric: "", pair: 0, method: -1, order: "given",
  a: 0, b: 1, mode: "slider", split: 0.5, zoom: 1, x: 0, y: 0, scale: 64,
  text: "", family: "", hidden: new Set(), dropped: new Set(), orders: {}, clear: false, against: "", compared: "",
  boxes: false, evaluation: 0, score: 0.25,
};
const sections = [];

/** Change the state and draw again the sections that depend on what changed. */
function update(changes) {
  const changed = Object.keys(changes).filter((key) => state[key] !== changes[key] || typeof changes[key] === "object");
  Object.assign(state, changes);
  for (const { keys, draw } of sections) {
    if (changed.some((key) => keys.includes(key))) draw(changed);
  }
}

/** A section is drawn when one of its keys changes. */
function section(keys, draw) {
  sections.push({ keys, draw });
}

const dataset = () => data.datasets[state.dataset];
const NOTHING = { columns: [], ranks: null, significance: {},
  table: { heading: "Nothing has been scored", stub: "Method", headers: [], blocks: [], caption: [], notes: [] } };
const board = () => dataset().boards.find((one) => one.convention === state.convention) || dataset().boards[0] || NOTHING;

/** The columns of the board that show a metric, with their places in it. */
const metrics = () => board().columns.map((column, place) => ({ column, place, ...data.columns[column] })).filter((one) => known(one.column));

/** The chosen metric in the board; undefined where nothing was scored. */
const chosen = () => metrics().find((one) => one.metric === state.metric) || metrics()[0];

/** The decimals of the board's numbers in a column. */
function decimalsAt(place) {
  const texts = board().table.blocks.flatMap((block) => block.lines.map((line) => line[place + 1][0] || ""));
  return Math.max(0, ...texts.map((text) => (text.split(".")[1] || "").length));
}

/** The mean of each method in a column of the board, as it is shown there. */
function meansAt(place) {
  const lines = board().table.blocks.flatMap((block) => block.lines);
  return new Map(lines.map((line) => [methodOf(line), numeric(line[place + 1][0])]));
}

/** Methods that the filter lets through; source images always stay. */
function passes(place) {
  const method = data.methods[place];
  if (method.anchor) return true;
  if (state.hidden.has(place) || (state.family && method.family !== state.family)) return false;
  const terms = state.text.toLowerCase().split(/[\s,]+/).filter(Boolean);
  const text = `${method.name} ${method.label} ${method.family} ${method.year || ""}`.toLowerCase();
  return !terms.length || terms.some((term) => text.includes(term));
}

/** Scroll to a section without leaving a trace in the address. */
function jump(id) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  $(id).scrollIntoView({ behavior: still ? "auto" : "smooth", block: "start" });
}
