/* Means of means: eight sequences in two batches; tools/sphinx_extensions/islands/means.py. */
islands.means = (host) => {
  const sequences = JSON.parse(host.dataset.sequences);
  const chips = [...host.querySelectorAll(".lb-chips button")];
  const bars = [...host.querySelectorAll(".lb-chart i")], line = host.querySelector(".lb-chart b");
  let batches = [];

  const compute = () => {
    const parts = ["A", "B"].map((name) => sequences.filter((_, i) => batches[i] === name))
      .filter((part) => part.length);
    const rows = parts.map((part) => part.length);
    const steps = parts.map((part) => part.flat().length);
    const losses = parts.map((part) => sum(part.flat()) / part.flat().length);
    const mean = (widths) => sum(losses.map((x, i) => x * widths[i])) / sum(widths);
    return { rows, steps, losses, byRows: mean(rows), bySteps: mean(steps) };
  };
  const show = () => {
    const now = compute(), wide = host.querySelector("[name=width]:checked").value;
    const widths = now[wide], mean = wide === "rows" ? now.byRows : now.bySteps;
    const names = batches.every((name) => name === batches[0]) ? [batches[0]] : ["A", "B"];
    let start = 0;
    bars.forEach((bar, i) => {
      bar.hidden = !names[i];
      if (bar.hidden) return;
      const w = widths[i] / sum(widths);
      for (const [name, x] of Object.entries({ x: start, w, h: now.losses[i] / 10 }))
        bar.style.setProperty(`--${name}`, x);
      bar.textContent = `${names[i]} ${digits(now.losses[i])}`;
      start += w;
    });
    line.style.setProperty("--h", mean / 10);
    line.textContent = `mean ${digits(mean)}`;
    host.querySelector("[role=img]").ariaLabel = "Batches as bars, as high as their loss: " +
      `${names.map((name, i) => `batch ${name}, ${widths[i]} ${wide} wide, ${digits(now.losses[i])} high`)
        .join("; ")}; the mean is ${digits(mean)}`;
    chips.forEach((chip, i) => {
      chip.lastElementChild.textContent = `in ${batches[i]}`;
      chip.className = `in-${batches[i]}`;
    });
    const gap = now.byRows - now.bySteps;
    host.querySelector("figcaption").textContent =
      `Mean of the batches ${digits(now.byRows)}, mean of all steps ${digits(now.bySteps)}: ` +
      (Math.abs(gap) < 1e-9 ? "no difference." :
        `${digits(Math.abs(gap))} too ${gap > 0 ? "much" : "little"}, for the batch with more steps ` +
        `in a row is the ${gap > 0 ? "easier" : "harder"} one.`);
  };
  const keep = () => {
    show();
    keepState(host, batches.join(""), host.querySelector("[name=width]:checked").value);
  };
  host.addEventListener("input", keep);
  host.addEventListener("click", ({ target }) => {
    const chip = target.closest(".lb-chips button");
    if (!chip) return;
    batches[chip.value] = batches[chip.value] === "A" ? "B" : "A";
    keep();
  });
  return (state) => {
    const [placed, wide] = state ?? [];
    batches = [.../^[AB]{8}$/.test(placed) ? placed : "AAAABBBB"];
    host.querySelector(`[value=${wide === "steps" ? "steps" : "rows"}]`).checked = true;
    show();
  };
};

