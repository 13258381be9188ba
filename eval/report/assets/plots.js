// The plots: figures as plotly takes them, in the colours of the theme.

const style = getComputedStyle(document.documentElement);
const variable = (name) => style.getPropertyValue(name).trim();
const narrow = matchMedia("(max-width: 640px)");
const dark = matchMedia("(prefers-color-scheme: dark)");

// Replaces the light theme's colours, which the figures are written in, by those of the theme.
function themed(value) {
  if (typeof value === "string") return value in meta.palette ? variable(meta.palette[value]) : value;
  if (Array.isArray(value)) return value.map(themed);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, themed(item)]));
  }
  return value;
}

function look(layout) {
  const axis = { gridcolor: variable("--line"), zerolinecolor: variable("--line"), linecolor: variable("--line") };
  const out = {
    ...layout,
    autosize: true,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: style.fontFamily, size: 12.5, color: variable("--ink") },
    hoverlabel: { font: { family: style.fontFamily } },
    legend: { orientation: "h", y: 1, yanchor: "bottom", x: 0, xanchor: "left", traceorder: "normal", ...layout.legend },
    margin: { ...layout.margin, t: layout.showlegend === false ? 8 : 28 },
    modebar: { orientation: "v", bgcolor: "rgba(0,0,0,0)", color: variable("--quiet"), activecolor: variable("--ink") },
    dragmode: narrow.matches ? false : layout.dragmode,
  };
  for (const key of Object.keys(out)) {
    if (!/^[xy]axis\d*$/.test(key)) continue;
    const title = { ...out[key].title, standoff: 12, font: { size: 12.5, color: variable("--quiet") } };
    out[key] = { ...axis, ...out[key], title };
  }
  return out;
}

async function drawPlots(protocol) {
  const figures = (await unpackJson("figures"))[protocol];
  await library("plotly");
  document.getElementById("plots").hidden = false;
  for (const name of ["accuracy", "verdicts"]) draw(name, figures[name]);
  for (const name of ["pass", "lengths"]) {
    const choose = document.querySelector(`select[data-choose="${name}"]`);
    const names = Object.keys(figures[name]);
    const chosen = names.includes(choose.value) ? choose.value : names[0];
    choose.replaceChildren(...names.map((key) => new Option(key || "all benchmarks", key, false, key === chosen)));
    choose.hidden = names.length < 2;
    choose.onchange = () => draw(name, figures[name][choose.value]);
    choose.closest("figure").hidden = !names.length;
    if (names.length) draw(name, figures[name][chosen]);
  }
}

function draw(name, figure) {
  const place = document.querySelector(`[data-plot="${name}"]`);
  place.style.minHeight = `${figure.layout.height}px`;
  Plotly.react(place, themed(figure.data), look(themed(figure.layout)), {
    displaylogo: false,
    responsive: true,
    displayModeBar: narrow.matches ? false : "hover",
    modeBarButtons: [["toImage", "resetScale2d"]], // by name: the usual ones have one that sends the data to a cloud
    plotlyServerURL: "",
  });
}
