// A chart from the JSON in its data-chart attribute: {kind, labels, series: [{name, values}]}. Colours are the page's tokens.

import { init } from "echarts";

const COLOURS = ["--blue", "--jade", "--amber", "--accent", "--red", "--ink-3"];

// So many categories all show their names; of more, the chart leaves some out.
const MOST_LABELS = 8;

function token(element, name) {
  return getComputedStyle(element).getPropertyValue(name).trim();
}

function options(element, data) {
  const ink = token(element, "--ink-2");
  const line = token(element, "--line");
  const axis = { axisLine: { lineStyle: { color: line } }, axisTick: { show: false }, axisLabel: { color: ink } };
  return {
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    animationDuration: 180,
    color: COLOURS.map((name) => token(element, name)),
    textStyle: { fontFamily: token(element, "--font-ui"), color: ink },
    grid: { left: 8, right: 8, top: 32, bottom: 8, containLabel: true },
    legend: { show: data.series.length > 1, textStyle: { color: ink }, top: 0 },
    // Rich text, because the HTML tooltip carries inline styles.
    tooltip: { trigger: "axis", renderMode: "richText", backgroundColor: token(element, "--surface"), textStyle: { color: token(element, "--ink") } },
    xAxis: { type: "category", data: data.labels, ...axis, axisLabel: { color: ink, interval: data.labels.length > MOST_LABELS ? "auto" : 0 } },
    yAxis: { type: "value", splitLine: { lineStyle: { color: line } }, ...axis },
    series: data.series.map((one) => ({ type: data.kind ?? "line", name: one.name, data: one.values, showSymbol: false })),
  };
}

export default function attach(element) {
  const canvas = element.querySelector(".plot-canvas");
  const data = JSON.parse(element.dataset.chart);
  const chart = init(canvas);
  chart.setOption(options(element, data));
  new ResizeObserver(() => chart.resize()).observe(canvas);
  new MutationObserver(() => chart.setOption(options(element, data)))
    .observe(document.documentElement, { attributeFilter: ["data-theme", "class"] });
}
