// Where a picture comes from: the run's folder, or a preview inside the page.

const absent = new Set();

/** The preview of a view of a pair inside the page, as a data address; empty where there is none. */
function preview(pair, view, large) {
  const block = $(`images-${state.dataset}-${pair}`);
  if (!block) return "";
  const text = block.textContent.split(";")[large ? 1 : 0].split(",")[view];
  return text ? `data:image/jpeg;base64,${text}` : "";
}

/** The address of a view's image in the run's folder; empty where there is none. */
function original(pair, view) {
  const found = dataset().originals[view];
  if (!found || found.missing.includes(pair)) return "";
  const address = `${found.folder}/${dataset().pairs[pair]}.png`.split("/").map(encodeURIComponent).join("/");
  return absent.has(address) ? "" : address;
}

/** Candidates for a picture, best first: [address, what it is]. */
function candidates(pair, view, small) {
  const file = [original(pair, view), "original"];
  const large = [preview(pair, view, true), "preview"];
  const tiny = [preview(pair, view, false), "thumbnail"];
  return (small ? [tiny, large, file] : [file, large, tiny]).filter(([address]) => address);
}

/**
 * Put a picture into an <img>, and go on to the next candidate where one cannot be loaded.
 * `done(kind)` is called with what is shown: original, preview, thumbnail, or nothing.
 */
function show(img, pair, view, small, done = () => {}) {
  const rest = candidates(pair, view, small);
  const next = () => {
    if (!rest.length) {
      img.removeAttribute("src");
      img.hidden = true;
      done("");
      return;
    }
    const [address, kind] = rest.shift();
    img.hidden = false;
    img.loading = small && kind === "original" ? "lazy" : "eager";
    img.onload = () => done(kind);
    img.onerror = () => {
      if (kind === "original") absent.add(address);
      next();
    };
    img.src = address;
  };
  next();
}

/** Why a method has no value, or no picture, on a pair. */
function trouble(method, pair, column) {
  const said = dataset().troubles[method] || {};
  return (said[""] && said[""][pair]) || (said[column] && said[column][pair]) || "";
}

/** Width and height of a pair's images, where they were read. */
function sizeOf(pair, img) {
  const size = dataset().sizes[pair];
  if (size) return size;
  return img && img.naturalWidth ? [img.naturalWidth, img.naturalHeight] : [4, 3];
}

/** The view that shows a method, or -1. */
const viewOf = (method) => data.views.findIndex((view) => view.method === method);
