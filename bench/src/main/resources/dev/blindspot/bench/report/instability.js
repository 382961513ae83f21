"use strict";
// Growth of perturbations over the layers of a network, below the product of the bounds.
function instabilityChart(canvas, layers) {
  const { colours, short, axis, logAxis, options } = charts;
  const line = (label, colour, value, more) =>
    Object.assign(
      {
        label,
        data: [1].concat(layers.map(value)).map((v) => (v > 0 ? v : null)),
        borderColor: colour,
        backgroundColor: colour,
        borderWidth: 2,
        pointRadius: 3,
      },
      more
    );
  const sets = [
    line("product of the upper bounds", colours.certified, (l) => l.product),
    line("adversarial, largest", colours.found, (l) => l.adversarial.so_far.max, {
      borderDash: [2, 3],
      borderWidth: 1,
      pointRadius: 0,
    }),
    line("adversarial, mean", colours.found, (l) => l.adversarial.so_far.mean),
    line("Gaussian noise, mean", colours.soft, (l) => l.noise.so_far.mean, { borderDash: [6, 4] }),
  ];
  const known = sets.flatMap((s) => s.data).filter((v) => v !== null);
  const made = options(
    {
      x: axis("output of", {
        ticks: { color: colours.ink, autoSkip: false, maxRotation: 60 },
        grid: { display: false },
      }),
      y: logAxis("growth so far, L2", Math.min(...known) / 1.4, Math.max(...known) * 1.4),
    },
    ({ dataset, dataIndex, raw }) =>
      `${dataset.label}: ${short(raw)}` + (dataIndex > 0 ? ` behind ${layers[dataIndex - 1].kind}` : "")
  );
  made.plugins.legend = { labels: { color: colours.ink, usePointStyle: true, pointStyle: "line", pointStyleWidth: 34 } };
  made.interaction = { mode: "nearest", intersect: false };
  return new Chart(canvas, {
    type: "line",
    data: { labels: ["input"].concat(layers.map((l) => l.name)), datasets: sets },
    options: made,
  });
}
