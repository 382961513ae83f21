(() => {
  const { colours, short, axis, options } = charts;
  const result = JSON.parse(document.getElementById("data").textContent);
  const pictures = result.pictures;

  // Hues evenly spread; one line alone takes the page's own colour.
  function colour(i) {
    if (pictures.length === 1) return colours.found;
    const dark = !matchMedia("print").matches && matchMedia("(prefers-color-scheme: dark)").matches;
    return `hsl(${(25 + (360 * i) / Math.max(pictures.length, 3)) % 360} ${dark ? "75% 66%" : "80% 38%"})`;
  }

  const name = (p) => (result.objective === "layer" ? "dream" : `${result.objective} ${p.index}`);
  const numbers = () => ({ ticks: { color: colours.soft, maxRotation: 0, callback: (v) => short(v) } });
  const yTitle = { layer: "mean square", class: "logit" }[result.objective] || "activation";

  function draw() {
    const made = options(
      {
        x: axis("gradients", { type: "linear", max: pictures[0].path.length - 1 || 1, ...numbers() }),
        y: axis(yTitle, numbers()),
      },
      ({ dataset, raw }) => `${dataset.label} at gradient ${raw.x}: ${short(raw.y)}`
    );
    made.plugins.legend = {
      display: pictures.length > 1 && pictures.length <= 24,
      position: "bottom",
      labels: { color: colours.soft, boxWidth: 14, boxHeight: 3 },
    };
    const datasets = pictures.map((p, i) => ({
      label: name(p),
      data: p.path.map((y, x) => ({ x, y })),
      borderColor: colour(i),
      backgroundColor: colour(i),
      borderWidth: 1.8,
      pointRadius: 0,
      pointHitRadius: 6,
    }));
    return [new Chart("path", { type: "line", data: { datasets }, options: made })];
  }

  charts.draw(draw);
})();
