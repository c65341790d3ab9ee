// The curve of a day, in the colours of the page. The same figures stand in a table.
(() => {
  const colours = ["--accent", "--ok", "--warn", "--fail", "--text-soft"];
  const drawn = new WeakMap();
  // What is below the curve tells its lines apart, in as many rows as they need.
  const size = (box) => ({ width: box.clientWidth, height: box.clientHeight - (box.clientWidth < 500 ? 100 : 60) });

  function draw(box) {
    if (drawn.has(box)) return;
    const style = getComputedStyle(document.documentElement);
    // Colours that depend on the theme are known of elements alone.
    const probe = document.createElement("i");
    box.append(probe);
    const colour = (name) => {
      probe.className = "colour" + name;
      return getComputedStyle(probe).color || style.color;
    };
    const { times, labels, series } = JSON.parse(box.dataset.curve);
    const soft = colour("--text-soft");
    const line = colour("--line");
    const axis = { stroke: soft, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
    const plot = new uPlot({
      ...size(box),
      legend: { live: true },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1e3), "UTC"), // the day is Zoom's, which is UTC's
      fmtDate: (template) => uPlot.fmtDate(template.replaceAll("{h}", "{HH}").replaceAll("{aa}", ":00").replaceAll("{mm}:00", "{mm}")),
      cursor: { points: { size: 6 } },
      scales: { x: { time: true, range: [times[0], times[0] + 86400] }, y: { range: (_u, _min, max) => [0, Math.max(max * 1.1, 5)] } },
      axes: [{ ...axis }, { ...axis, size: 60 }],
      series: [{}, ...labels.map((label, i) => ({ label, stroke: colour(colours[i % colours.length]), width: 2, paths: uPlot.paths.stepped({ align: 1 }) }))],
    }, [times, ...series], box);
    probe.remove();
    drawn.set(box, plot);
  }

  const all = () => document.querySelectorAll("[data-curve]").forEach(draw);
  all();
  new MutationObserver(all).observe(document.body, { childList: true, subtree: true });
  addEventListener("resize", () => {
    for (const box of document.querySelectorAll("[data-curve]")) drawn.get(box)?.setSize(size(box));
  });
})();
