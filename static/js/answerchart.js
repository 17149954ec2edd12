// The chart of an answer: {kind, labels, series, horizontal, x, unit}. Numbers and names only; drawn when it is seen.

import { init } from "echarts";

const COLOURS = ["--blue", "--jade", "--amber", "--accent", "--red", "--ink-3"];

const token = (element, name) => getComputedStyle(element).getPropertyValue(name).trim();

function series(data) {
  if (data.kind === "pie") {
    const values = data.series[0].values;
    return [{ type: "pie", radius: ["42%", "72%"], data: data.labels.map((name, at) => ({ name, value: values[at] })) }];
  }
  const line = data.kind === "line" || data.kind === "area";
  return data.series.map((one) => ({
    type: line ? "line" : data.kind,
    name: one.name,
    data: one.values,
    showSymbol: data.labels.length < 32,
    stack: data.kind === "area" ? "all" : undefined,
    areaStyle: data.kind === "area" ? { opacity: 0.35 } : undefined,
    barMaxWidth: 40,
  }));
}

function axes(data, ink, rule) {
  if (data.kind === "pie") return {};
  const look = { axisLine: { lineStyle: { color: rule } }, axisTick: { show: false }, axisLabel: { color: ink, hideOverlap: true }, nameTextStyle: { color: ink } };
  const values = { type: "value", name: data.unit, splitLine: { lineStyle: { color: rule } }, ...look };
  if (data.kind === "scatter") return { xAxis: { ...values, name: data.x, nameLocation: "middle", nameGap: 28 }, yAxis: { ...values, name: data.series[0].name } };
  const names = { type: "category", data: data.labels, inverse: data.horizontal, ...look, axisLabel: { ...look.axisLabel, width: 140, overflow: "truncate" } };
  return data.horizontal ? { xAxis: values, yAxis: names } : { xAxis: names, yAxis: values };
}

function options(element, data) {
  const ink = token(element, "--ink-2");
  const many = data.series.length > 1;
  return {
    animation: false,
    aria: { enabled: true, decal: { show: many } },
    color: COLOURS.map((name) => token(element, name)),
    textStyle: { fontFamily: token(element, "--font-ui"), color: ink },
    grid: { left: 8, right: 16, top: many || data.unit ? 36 : 12, bottom: data.kind === "scatter" ? 28 : 8, containLabel: true },
    legend: { show: many, type: "scroll", textStyle: { color: ink }, top: 0 },
    label: { color: ink },
    // Rich text, because the HTML tooltip carries inline styles.
    tooltip: { trigger: data.kind === "pie" || data.kind === "scatter" ? "item" : "axis", renderMode: "richText", confine: true, backgroundColor: token(element, "--surface"), textStyle: { color: token(element, "--ink") } },
    ...axes(data, ink, token(element, "--line")),
    series: series(data).map((one) => (one.type === "pie" ? { ...one, label: { color: ink } } : one)),
  };
}

export default function attach(element) {
  const canvas = element.querySelector(".plot-canvas");
  const data = JSON.parse(element.dataset.chart);
  let chart = null;
  const draw = () => chart?.setOption(options(element, data), true);
  new ResizeObserver(() => {
    if (!canvas.offsetWidth) return;
    if (chart) return void chart.resize();
    chart = init(canvas);
    draw();
  }).observe(canvas);
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme", "class"] });
  element.parentElement.querySelector("[data-save-chart]")?.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = chart.getDataURL({ pixelRatio: 2, backgroundColor: token(element, "--surface") });
    link.download = `${element.getAttribute("aria-label").slice(0, 60) || "chart"}.png`;
    link.click();
  });
}
