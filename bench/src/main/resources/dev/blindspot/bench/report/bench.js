(() => {
  const { colours, short, options } = charts;
  const { machine, results } = JSON.parse(document.getElementById("data").textContent);
  const name = (r) => (r.driver === "attack" ? r.prb : `${r.name === "" ? r.prb : r.name} ${r.dir}`);
  const colour = (r) => (r.dir === "BWD_D" ? colours.found : r.dir === "BWD_W" ? colours.exact : colours.certified);

  // Both times move the same bytes, so a peer's point lies above or below ours.
  const points = results
    .filter((r) => r.gflops !== null && r.gigabytes !== null)
    .map((r) => ({ row: r, x: r.gflops / r.gigabytes, y: r.gflops }));
  const peers = points
    .filter(({ row }) => row.peer_ratio > 0)
    .map((p) => ({ row: p.row, x: p.x, y: p.y / p.row.peer_ratio }));

  function ends(values, more) {
    const all = values.concat(more).filter((v) => v > 0);
    return [Math.min(...all) / 1.6, Math.max(...all) * 1.6];
  }

  function roofline() {
    const ridge = machine.gflops / machine.gigabytes;
    const [left, right] = ends(points.map((p) => p.x), [ridge]);
    const [low, high] = ends(points.concat(peers).map((p) => p.y), [machine.gflops]);
    const roof = [left, ridge, right].map((x) => ({ x, y: Math.min(machine.gflops, x * machine.gigabytes) }));
    const at = (p, fill, radius) => ({
      data: p,
      backgroundColor: p.map(({ row }) => (fill ? colour(row) : "transparent")),
      borderColor: p.map(({ row }) => colour(row)),
      borderWidth: 1.6,
      pointRadius: radius,
      clip: false,
    });
    return new Chart("roofline", {
      type: "scatter",
      data: {
        datasets: [
          { type: "line", data: roof, borderColor: colours.soft, borderWidth: 2, pointRadius: 0, pointHitRadius: 0 },
          at(points, true, 4.5),
          at(peers, false, 4.5),
        ],
      },
      options: options(
        {
          x: charts.logAxis("operations for each byte that has to move", left, right),
          y: charts.logAxis("GFLOP/s", low, high),
        },
        ({ raw, datasetIndex }) =>
          raw.row === undefined
            ? ""
            : datasetIndex === 1
              ? `${name(raw.row)}: ${short(raw.y)} GFLOP/s, ${raw.row.impl}`
              : `${raw.row.peer}, ${name(raw.row)}: ${short(raw.y)} GFLOP/s, ${raw.row.peer_impl}`
      ),
    });
  }

  function ratios() {
    const rows = results.filter((r) => r.peer_ratio > 0);
    const [low, high] = ends(rows.map((r) => r.peer_ratio), [1]);
    return new Chart("ratios", {
      type: "bar",
      data: {
        labels: rows.map(name),
        datasets: [
          // By position, not by label: two problems may have one name.
          { data: rows.map((r) => r.peer_ratio), backgroundColor: rows.map(colour), base: 1 },
        ],
      },
      options: {
        indexAxis: "y",
        ...options(
          {
            x: charts.logAxis("the peer's time over ours: beyond 1 we are faster", low, high),
            y: charts.axis("", { title: { display: false }, ticks: { color: colours.soft, autoSkip: false } }),
          },
          ({ raw, dataIndex }) => {
            const r = rows[dataIndex];
            return `${short(raw)}: ${short(r.median_us)} µs, ${r.peer} ${short(r.peer_median_us)} µs (${r.peer_impl})`;
          }
        ),
      },
    });
  }

  const there = (id) => document.getElementById(id) !== null;
  charts.draw(() => [...(there("roofline") ? [roofline()] : []), ...(there("ratios") ? [ratios()] : [])]);
})();
