"use strict";
// Errors of trainings: each seed, mean with two standard errors, the paper's number.
function trainingChart(canvas, variants) {
  const { colours, axis, options } = charts;
  const percent = (v) => 100 * v;
  const seeds = variants.flatMap((v, i) => v.errors.map((e) => ({ x: percent(e), y: i })));
  const means = variants.map((v, i) => ({ x: percent(v.mean_error), y: i }));
  const paper = variants
    .map((v, i) => ({ x: percent(v.paper_error), y: i, known: v.paper_error !== null }))
    .filter((p) => p.known);
  const half = variants.map((v) => (v.standard_error === null ? 0 : 2 * percent(v.standard_error)));
  const all = seeds.concat(paper).map((p) => p.x);
  means.forEach((m, i) => all.push(m.x - half[i], m.x + half[i]));
  const low = Math.min(...all);
  const room = Math.max(0.1, (Math.max(...all) - low) * 0.12);
  const whiskers = {
    id: "whiskers",
    beforeDatasetsDraw({ ctx, scales: { x, y } }) {
      ctx.save();
      ctx.strokeStyle = colours.certified;
      ctx.lineWidth = 2;
      means.forEach((m, i) => {
        const [a, b, at] = [x.getPixelForValue(m.x - half[i]), x.getPixelForValue(m.x + half[i]), y.getPixelForValue(i)];
        ctx.beginPath();
        ctx.moveTo(a, at);
        ctx.lineTo(b, at);
        for (const end of [a, b]) {
          ctx.moveTo(end, at - 6);
          ctx.lineTo(end, at + 6);
        }
        ctx.stroke();
      });
      ctx.restore();
    },
  };
  const set = (label, data, more) => Object.assign({ label, data, showLine: false }, more);
  const made = options(
    {
      x: axis("error, %", { min: Math.max(0, low - room), max: Math.max(...all) + room }),
      y: axis("", {
        title: { display: false },
        min: -0.5,
        max: variants.length - 0.5,
        reverse: true,
        afterBuildTicks: (a) => (a.ticks = variants.map((v, value) => ({ value }))),
        ticks: { color: colours.ink, autoSkip: false, callback: (i) => variants[i].name },
        grid: { display: false },
      }),
    },
    ({ dataset, raw }) => `${dataset.label}: ${raw.x.toFixed(2)} %`
  );
  made.plugins.legend = { labels: { color: colours.ink, usePointStyle: true } };
  return new Chart(canvas, {
    type: "scatter",
    data: {
      datasets: [
        set("mean, two standard errors", means, { backgroundColor: colours.certified, borderColor: colours.certified, pointRadius: 6 }),
        set("one seed", seeds, { backgroundColor: "transparent", borderColor: colours.soft, borderWidth: 1.5, pointRadius: 5 }),
        set("paper", paper, { backgroundColor: colours.found, borderColor: colours.found, pointStyle: "rectRot", pointRadius: 7 }),
      ].filter((d) => d.data.length > 0),
    },
    options: made,
    plugins: [whiskers],
  });
}
