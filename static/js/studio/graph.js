// The graph of relations from the JSON in data-graph: {nodes: [{id, label, weight}], edges: [{id, source, target,
// label, weight, directed}]}. The list below says the same, so the drawing is for the eye alone.

import cytoscape from "cytoscape";

const MOST_ANIMATED = 80;
const MOST_ZOOM = 1.2;

function token(element, name) {
  return getComputedStyle(element).getPropertyValue(name).trim();
}

function style(element) {
  const ink = token(element, "--ink");
  const text = { label: "data(label)", color: ink, "font-family": token(element, "--font-ui") };
  return [
    { selector: "node", style: { ...text, "background-color": token(element, "--accent"), width: "data(size)", height: "data(size)", "font-size": 13, "text-valign": "bottom", "text-margin-y": 4 } },
    { selector: "edge", style: { ...text, width: "data(weight)", "line-color": token(element, "--line-strong"), "curve-style": "bezier", "font-size": 11, "text-rotation": "autorotate", "text-background-color": token(element, "--surface"), "text-background-opacity": 1, "text-background-padding": 2 } },
    { selector: "edge[?directed]", style: { "target-arrow-shape": "triangle", "target-arrow-color": token(element, "--line-strong") } },
  ];
}

export default function attach(figure) {
  const data = JSON.parse(figure.dataset.graph);
  const most = Math.max(1, ...data.nodes.map((node) => node.weight));
  const nodes = data.nodes.map((node) => ({ data: { ...node, size: 18 + (26 * node.weight) / most } }));
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches || nodes.length > MOST_ANIMATED;
  const graph = cytoscape({
    container: figure.querySelector("[data-canvas]"),
    elements: { nodes, edges: data.edges.map((edge) => ({ data: edge })) },
    style: style(figure),
    layout: { name: "cose", animate: !calm, animationDuration: 180, nodeRepulsion: () => 12000, idealEdgeLength: () => 140, padding: 24 },
    userZoomingEnabled: false,
    maxZoom: MOST_ZOOM,
  });
  new MutationObserver(() => graph.style(style(figure))).observe(document.documentElement, {
    attributeFilter: ["data-theme", "class"],
  });
  figure.querySelector("[data-picture]").addEventListener("click", async () => {
    const link = document.createElement("a");
    const picture = await graph.png({ output: "blob-promise", full: true, scale: 2, bg: token(figure, "--surface") });
    link.href = URL.createObjectURL(picture);
    link.download = `${data.title}.png`;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}
