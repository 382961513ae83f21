(() => {
  const lines = JSON.parse(document.getElementById("data").textContent);

  function draw(line) {
    const colours = ["found", "certified", "exact", "soft"].map((name) => charts.colours[name]);
    const all = line.series.flatMap((s) => s.values).filter((v) => v !== null);
    const vertical = line.log
      ? charts.logAxis(line.y_title, Math.min(...all) / 1.3, Math.max(...all) * 1.3)
      : charts.axis(line.y_title, { beginAtZero: true });
    const options = charts.options(
      { x: charts.axis(line.x_title), y: vertical },
      ({ dataset, raw }) => `${dataset.label}: ${charts.short(raw)}`
    );
    options.interaction = { mode: "index", intersect: false };
    options.plugins.legend = {
      labels: { color: charts.colours.soft, usePointStyle: true, pointStyle: "line", pointStyleWidth: 34 },
    };
    return new Chart(line.id, {
      type: "line",
      data: {
        labels: line.labels,
        datasets: line.series.map((s, i) => ({
          label: s.name,
          data: s.values,
          borderColor: colours[i % colours.length],
          backgroundColor: colours[i % colours.length],
          borderDash: s.dashed ? [6, 4] : [],
          borderWidth: 2,
          pointRadius: s.dashed ? 0 : 3,
        })),
      },
      options,
    });
  }

  charts.draw(() => lines.map(draw));
})();
