(() => {
  const { colours, short, options } = charts;
  const result = JSON.parse(document.getElementById("data").textContent);

  const percent = (v) => `${Number((100 * v).toPrecision(3))} %`;
  const numbers = (v) => short(v);

  function axis(title, more) {
    return charts.axis(
      title,
      Object.assign(
        { type: "linear", ticks: { color: colours.soft, maxRotation: 0, callback: numbers } },
        title === "" ? { title: { display: false } } : {},
        more
      )
    );
  }

  const part = (title, more) => axis(title, Object.assign({ min: 0, max: 1, ticks: { color: colours.soft, stepSize: 0.2, maxRotation: 0, callback: numbers } }, more));
  // The same width for all, so that histograms stand under their diagrams.
  const fixed = (a) => (a.width = 52);

  const diagonal = {
    id: "diagonal",
    afterDatasetsDraw({ ctx, scales: { x, y } }) {
      ctx.save();
      ctx.strokeStyle = colours.soft;
      ctx.setLineDash([5, 4]);
      ctx.beginPath();
      ctx.moveTo(x.getPixelForValue(0), y.getPixelForValue(0));
      ctx.lineTo(x.getPixelForValue(1), y.getPixelForValue(1));
      ctx.stroke();
      ctx.restore();
    },
  };

  const centre = (b) => (b.lower + b.upper) / 2;
  const bars = { barPercentage: 1, categoryPercentage: 0.92 };

  function reliability(c, i) {
    return new Chart("reliability" + i, {
      data: {
        datasets: [
          {
            type: "line",
            data: c.calibration.equal_mass.map((b) => ({ x: b.confidence, y: b.accuracy, bin: b })),
            borderColor: colours.found,
            backgroundColor: colours.found,
            borderWidth: 1.6,
            pointRadius: 2.4,
            clip: false,
          },
          {
            type: "bar",
            data: c.calibration.equal_width.map((b) => ({ x: centre(b), y: b.accuracy, bin: b })),
            backgroundColor: colours.certified + "b0",
            minBarLength: 2,
            ...bars,
          },
        ],
      },
      options: options(
        {
          x: part("", { offset: false, ticks: { display: false } }),
          y: part("accuracy", { afterFit: fixed }),
        },
        ({ raw }) =>
          `confidence ${short(raw.bin.lower)} to ${short(raw.bin.upper)}: ${raw.bin.count} answers, ` +
          `${percent(raw.bin.accuracy)} accuracy, ${percent(raw.bin.confidence)} confidence`
      ),
      plugins: [diagonal],
    });
  }

  function histogram(c, i) {
    const all = c.calibration;
    return new Chart("histogram" + i, {
      type: "bar",
      data: {
        datasets: [
          {
            data: all.equal_width.map((b) => ({ x: centre(b), y: b.count / all.count, bin: b })),
            backgroundColor: colours.exact,
            ...bars,
          },
        ],
      },
      options: options(
        {
          x: part("confidence", { offset: false, grid: { display: false } }),
          y: part("share", { afterFit: fixed, ticks: { color: colours.soft, stepSize: 0.5, callback: numbers } }),
        },
        ({ raw }) => `confidence ${short(raw.bin.lower)} to ${short(raw.bin.upper)}: ${percent(raw.y)}`
      ),
    });
  }

  function change(kind) {
    const points = result.generalization
      .filter((p) => p.transformation.kind === kind)
      .sort((a, b) => a.transformation.strength - b.transformation.strength);
    const series = (name, colour, dash) => ({
      label: name,
      data: points.map((p) => ({ x: p.transformation.strength, y: p[name] })),
      borderColor: colour,
      backgroundColor: colour,
      borderDash: dash,
      borderWidth: 2,
      pointRadius: 3,
      clip: false,
    });
    return new Chart(kind, {
      type: "line",
      data: { datasets: [series("accuracy", colours.certified, []), series("confidence", colours.found, [6, 4])] },
      options: options({ x: axis(""), y: part("") }, ({ dataset, raw }) => `${dataset.label} at ${short(raw.x)}: ${percent(raw.y)}`),
    });
  }

  charts.draw(() =>
    result.conditions
      .flatMap((c, i) => [reliability(c, i), histogram(c, i)])
      .concat(["SHIFT", "ROTATION", "SCALE", "BLUR"].map(change))
  );
})();
