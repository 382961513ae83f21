"use strict";
(() => {
  const result = JSON.parse(document.getElementById("data").textContent);
  const pictures = result.pictures;
  let chart = null;

  const short = (v) => Number(v.toPrecision(4)).toString();

  // Hues far apart for few lines, evenly spread for many.
  function colour(i, dark) {
    return `hsl(${(25 + (360 * i) / Math.max(pictures.length, 3)) % 360} ${dark ? "75% 66%" : "80% 38%"})`;
  }

  function draw() {
    if (chart) chart.destroy();
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(name).trim();
    const print = matchMedia("print").matches;
    const dark = !print && matchMedia("(prefers-color-scheme: dark)").matches;
    const axis = (title, more) =>
      Object.assign(
        {
          title: { display: true, text: title, color: of("--soft") },
          ticks: { color: of("--soft"), maxRotation: 0, callback: (v) => short(v) },
          grid: { color: of("--line") },
        },
        more
      );
    const name = (p) => (result.objective === "layer" ? "dream" : `${result.objective} ${p.index}`);
    Chart.defaults.font.family = "system-ui, sans-serif";
    chart = new Chart("path", {
      type: "line",
      data: {
        datasets: pictures.map((p, i) => ({
          label: name(p),
          data: p.path.map((y, x) => ({ x, y })),
          borderColor: pictures.length === 1 ? of("--found") : colour(i, dark),
          backgroundColor: pictures.length === 1 ? of("--found") : colour(i, dark),
          borderWidth: 1.8,
          pointRadius: 0,
          pointHitRadius: 6,
        })),
      },
      options: {
        animation: false,
        maintainAspectRatio: false,
        scales: {
          x: axis("gradients", { type: "linear", max: pictures[0].path.length - 1 || 1 }),
          y: axis(result.objective === "layer" ? "mean square" : result.objective === "class" ? "logit" : "activation"),
        },
        plugins: {
          legend: {
            display: pictures.length > 1 && pictures.length <= 24,
            position: "bottom",
            labels: { color: of("--soft"), boxWidth: 14, boxHeight: 3 },
          },
          tooltip: {
            callbacks: {
              title: () => "",
              label: ({ dataset, raw }) => `${dataset.label} at gradient ${raw.x}: ${short(raw.y)}`,
            },
          },
        },
      },
    });
  }

  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  matchMedia("print").addEventListener("change", draw);
})();
