// Small lines over the last minute, as inline SVG.

import { element } from "./elements.js";

const WIDTH = 240;
const HEIGHT = 56;
const SVG = "http://www.w3.org/2000/svg";

export function svg(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// points: [{t, y}], t in unix seconds, y null where nothing was measured, which leaves a gap.
export function chart(name, now, unit, points, span) {
  const measured = points.filter(({ y }) => y !== null);
  const top = Math.max(...measured.map(({ y }) => y), 0);
  const end = points.length ? points[points.length - 1].t : 0;
  const x = (t) => WIDTH * (1 - (end - t) / span);
  const y = (value) => HEIGHT - 3 - (HEIGHT - 6) * (top > 0 ? value / top : 0);
  const drawn = svg("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", class: "chart", role: "img",
    "aria-label": `${name} over the last ${span} seconds: now ${now} ${unit}, at most ${short(top)} ${unit}`,
  });
  drawn.append(svg("line", { x1: 0, x2: WIDTH, y1: HEIGHT - 1, y2: HEIGHT - 1, class: "axis" }));
  for (const stretch of stretches(points)) {
    const line = stretch.map((point) => `${x(point.t).toFixed(1)},${y(point.y).toFixed(1)}`);
    // A lone point still has to be seen: a line of no length with round ends is a dot.
    const lone = line.length === 1;
    if (lone) line.push(line[0]);
    drawn.append(svg("polyline", { points: line.join(" "), class: lone ? "line dot" : "line" }));
  }
  return element("figure", { class: "card" },
    element("figcaption", {}, name),
    element("p", { class: "big" }, now, " ", element("span", { class: "unit" }, unit)),
    drawn,
    element("p", { class: "scale note" },
      element("span", {}, `${span} s ago`),
      element("span", {}, measured.length ? `highest ${short(top)} ${unit}` : "nothing measured"),
      element("span", {}, "now")));
}

function stretches(points) {
  const found = [[]];
  for (const point of points) {
    if (point.y === null) found.push([]);
    else found[found.length - 1].push(point);
  }
  return found.filter((stretch) => stretch.length);
}

export function short(value) {
  if (value === 0) return "0";
  return value.toFixed(value >= 100 ? 0 : value >= 1 ? 1 : 2);
}
