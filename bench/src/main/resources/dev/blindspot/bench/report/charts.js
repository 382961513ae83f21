"use strict";
// What the charts of all pages share: the style sheet's colours, axes, drawing anew.
const charts = (() => {
  const colours = {};
  let drawn = [];

  const short = (v) => (v === null ? "unbounded" : Number(v.toPrecision(4)).toString());

  function readColours() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["ink", "soft", "line", "found", "certified", "exact"]) {
      colours[name] = style.getPropertyValue("--" + name).trim();
    }
  }

  function axis(title, more) {
    return Object.assign(
      {
        title: { display: true, text: title, color: colours.soft },
        ticks: { color: colours.soft, maxRotation: 0 },
        grid: { color: colours.line },
      },
      more
    );
  }

  // A logarithmic axis shows 1, 2 and 5 of each decade, or whole decades if there are many.
  function logAxis(title, min, max) {
    const steps = max / min > 3000 ? [1] : [1, 2, 5];
    const apart = Math.max(1, Math.ceil(Math.log10(max / min) / 12));
    const values = [];
    for (let decade = Math.floor(Math.log10(min)); decade <= Math.log10(max); decade++) {
      if (decade % apart === 0) {
        values.push(...steps.map((d) => Number(`${d}e${decade}`)).filter((v) => v >= min && v <= max));
      }
    }
    return axis(title, {
      type: "logarithmic",
      min,
      max,
      afterBuildTicks: (a) => (a.ticks = values.map((value) => ({ value }))),
      ticks: { color: colours.soft, autoSkip: false, maxRotation: 0, callback: short },
    });
  }

  function options(scales, label) {
    return {
      animation: false,
      maintainAspectRatio: false,
      scales,
      plugins: { legend: { display: false }, tooltip: { callbacks: { title: () => "", label } } },
    };
  }

  // Draws the charts that make() returns, and again when the colours change.
  function draw(make) {
    const again = () => {
      drawn.forEach((c) => c.destroy());
      readColours();
      Chart.defaults.font.family = "system-ui, sans-serif";
      drawn = make();
    };
    again();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
    matchMedia("print").addEventListener("change", again);
  }

  return { colours, short, axis, logAxis, options, draw };
})();
