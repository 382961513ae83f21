"use strict";
(() => {
  const audit = JSON.parse(document.getElementById("data").textContent);
  const found = audit.samples.filter((s) => s.success);
  const { colours, short, axis, logAxis, options } = charts;

  function scatter() {
    const points = found
      .filter((s) => s.certified_l2 > 0)
      .map((s) => ({ x: s.l2, y: s.certified_l2, sample: s }));
    // In exact arithmetic, where that is visibly more.
    const rings = found
      .filter((s) => s.certified_l2_real > 1.02 * s.certified_l2)
      .map((s) => ({ x: s.l2, y: s.certified_l2_real, sample: s }));
    const all = points.concat(rings).flatMap((p) => [p.x, p.y]);
    const min = all.length ? Math.min(...all) / 1.3 : 0.1;
    const max = all.length ? Math.max(...all) * 1.3 : 1;
    const diagonal = {
      id: "diagonal",
      beforeDatasetsDraw({ ctx, chartArea: a, scales: { x, y } }) {
        const [x0, y0, x1, y1] = [min, min, max, max].map((v, i) => (i % 2 ? y : x).getPixelForValue(v));
        ctx.save();
        ctx.globalAlpha = 0.12;
        ctx.fillStyle = colours.soft;
        ctx.beginPath();
        ctx.moveTo(x0, y0);
        ctx.lineTo(x1, y1);
        ctx.lineTo(a.left, a.top);
        ctx.fill();
        ctx.globalAlpha = 1;
        ctx.strokeStyle = colours.soft;
        ctx.setLineDash([5, 4]);
        ctx.beginPath();
        ctx.moveTo(x0, y0);
        ctx.lineTo(x1, y1);
        ctx.stroke();
        ctx.fillStyle = colours.soft;
        ctx.font = "12px system-ui, sans-serif";
        ctx.fillText("impossible: certified above found", a.left + 10, a.top + 18);
        ctx.restore();
      },
    };
    return new Chart("scatter", {
      type: "scatter",
      data: {
        datasets: [
          { data: points, backgroundColor: colours.certified + "99", borderColor: colours.certified, pointRadius: 4 },
          { data: rings, backgroundColor: "transparent", borderColor: colours.exact, pointRadius: 4 },
        ],
      },
      options: options(
        {
          x: logAxis("found L2 distance", min, max),
          y: logAxis("certified L2 radius", min, max),
        },
        ({ raw, datasetIndex }) =>
          `#${raw.sample.index}: ${raw.sample.predicted} to ${raw.sample.adversarial_label}, ` +
          `certified ${short(raw.y)}${datasetIndex ? " in exact arithmetic" : ""}, found ${short(raw.x)}`
      ),
      plugins: [diagonal],
    });
  }

  function histogram() {
    const values = found.map((s) => s.rms);
    const top = values.length ? Math.max(...values) : 1;
    // About the root of the count, in steps of 1, 2 or 5 times a power of ten.
    const wanted = top / Math.max(8, Math.min(30, Math.sqrt(values.length) * 1.5));
    const power = Math.pow(10, Math.floor(Math.log10(wanted)));
    const step = [1, 2, 5, 10].map((d) => d * power).find((s) => s >= wanted);
    const bins = new Array(Math.floor(top / step) + 1).fill(0);
    values.forEach((v) => bins[Math.min(bins.length - 1, Math.floor(v / step))]++);
    const end = bins.length * step;
    const mean = audit.attack.mean_distortion_rms;
    const meanLine = {
      id: "mean",
      afterDatasetsDraw({ ctx, chartArea: a, scales: { x } }) {
        if (mean === null) return;
        const at = x.getPixelForValue(mean);
        ctx.save();
        ctx.strokeStyle = colours.ink;
        ctx.setLineDash([5, 4]);
        ctx.beginPath();
        ctx.moveTo(at, a.top);
        ctx.lineTo(at, a.bottom);
        ctx.stroke();
        ctx.fillStyle = colours.ink;
        ctx.font = "12px system-ui, sans-serif";
        const right = at + 110 < a.right;
        ctx.textAlign = right ? "left" : "right";
        ctx.fillText("mean " + short(mean), at + (right ? 6 : -6), a.top + 12);
        ctx.restore();
      },
    };
    return new Chart("histogram", {
      type: "bar",
      data: {
        datasets: [
          {
            data: bins.map((n, i) => ({ x: (i + 0.5) * step, y: n })),
            backgroundColor: colours.found,
            barPercentage: 1,
            categoryPercentage: 0.94,
          },
        ],
      },
      options: options(
        {
          x: axis("RMS change of a pixel", {
            type: "linear",
            min: 0,
            max: end,
            offset: false,
            ticks: { color: colours.soft, maxRotation: 0, callback: (v) => short(v) },
            grid: { display: false },
          }),
          y: axis("images", { beginAtZero: true, grace: "12%", ticks: { color: colours.soft, precision: 0 } }),
        },
        ({ raw }) => `${short(raw.x - step / 2)} to ${short(raw.x + step / 2)}: ${raw.y} images`
      ),
      plugins: [meanLine],
    });
  }

  function layers() {
    const rows = audit.bounds.layers;
    const known = rows.flatMap((r) => [r.lower, r.upper]).filter((v) => v !== null && v > 0);
    const min = known.length ? Math.min(...known) / 1.6 : 0.1;
    const max = known.length ? Math.max(...known) * 1.6 : 10;
    const exact = (r) => r.upper !== null && r.upper <= r.lower * 1.02;
    document.getElementById("layers-box").style.height = 90 + 34 * rows.length + "px";
    return new Chart("layers", {
      data: {
        labels: rows.map((r) => r.name),
        datasets: [
          {
            type: "bar",
            data: rows.map((r) => (exact(r) ? null : [Math.max(r.lower, min), r.upper === null ? max : r.upper])),
            backgroundColor: colours.certified,
            borderRadius: 3,
            borderSkipped: false,
            maxBarThickness: 16,
          },
          {
            type: "line",
            showLine: false,
            data: rows.map((r) => (exact(r) ? r.upper : null)),
            pointBackgroundColor: colours.exact,
            pointBorderColor: colours.exact,
            pointRadius: 6,
            pointHoverRadius: 7,
          },
        ],
      },
      options: Object.assign(
        options(
          {
            x: logAxis("Lipschitz constant, L2 to L2", min, max),
            y: axis("", { title: { display: false }, ticks: { color: colours.ink, autoSkip: false }, grid: { display: false } }),
          },
          ({ dataIndex: i }) =>
            `${rows[i].kind}: ${short(rows[i].lower)} to ${short(rows[i].upper)} (${rows[i].method})`
        ),
        { indexAxis: "y" }
      ),
    });
  }

  charts.draw(() => [scatter(), histogram(), layers()]);
})();
