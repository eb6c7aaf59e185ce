/* Means of means: eight sequences in two batches; tools/sphinx_extensions/islands/means.py. */
islands.means = (host) => {
  const sequences = JSON.parse(host.dataset.sequences);
  const chips = [...host.querySelectorAll(".lb-chips button")];
  const bars = [...host.querySelectorAll(".lb-chart i")], line = host.querySelector(".lb-chart b");
  const drawn = host.querySelector(".lb-covariance");
  let batches = [], held = null;

  const compute = () => {
    const parts = ["A", "B"].map((name) => sequences.filter((_, i) => batches[i] === name))
      .filter((part) => part.length);
    const rows = parts.map((part) => part.length);
    const steps = parts.map((part) => part.flat().length);
    const losses = parts.map((part) => sum(part.flat()) / part.flat().length);
    const mean = (widths) => sum(losses.map((x, i) => x * widths[i])) / sum(widths);
    const held = steps.map((n, i) => n / rows[i]), meanHeld = sum(steps) / sum(rows);
    const byRows = mean(rows);
    const covariance = sum(rows.map((n, i) =>
      n * (held[i] - meanHeld) * (losses[i] - byRows))) / sum(rows);
    return { rows, steps, losses, byRows, bySteps: mean(steps), held, meanHeld, covariance };
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
    showCovariance(now, names, gap);
    host.querySelector("figcaption").textContent =
      `Mean of the batches ${digits(now.byRows)}, mean of all steps ${digits(now.bySteps)}: ` +
      (Math.abs(gap) < 1e-9 ? "no difference." :
        `${digits(Math.abs(gap))} too ${gap > 0 ? "much" : "little"}, for the batch with more steps ` +
        `in a row is the ${gap > 0 ? "easier" : "harder"} one.`);
  };
  // A rectangle from the means to each batch: left above and right below, the product is negative.
  const showCovariance = ({ losses, byRows, held, meanHeld, covariance }, names, gap) => {
    const across = (n) => 30 + 80 * (n - 1), down = (loss) => 130 - 12 * loss;
    const [x, y] = [across(meanHeld), down(byRows)];
    const all = (selector) => [...drawn.querySelectorAll(selector)];
    all(".mean")[0].setAttribute("d", `M${x} 6V130M30 ${y}H310`);
    const [points, areas, letters] = [all("circle"), all(".area"), all("text")];
    points.forEach((point, i) => {
      for (const part of [point, areas[i], letters[i]]) part.toggleAttribute("hidden", !names[i]);
      if (!names[i]) return;
      const [px, py] = [across(held[i]), down(losses[i])];
      areas[i].setAttribute("d", `M${x} ${y}H${px}V${py}H${x}z`);
      areas[i].classList.toggle("plus", (held[i] - meanHeld) * (losses[i] - byRows) > 0);
      for (const [node, dx, dy, a, b] of [[point, 0, 0, "cx", "cy"], [letters[i], 8, 4, "x", "y"]]) {
        node.setAttribute(a, px + dx);
        node.setAttribute(b, py + dy);
      }
      letters[i].textContent = names[i];
    });
    const zero = (n) => (Math.abs(n) < 1e-9 ? 0 : n);
    for (const [name, n] of Object.entries({ covariance, held: meanHeld, gap }))
      host.querySelector(`[data-number=${name}]`).textContent = digits(zero(n));
    drawn.ariaLabel = "Steps in a row across, loss upwards: a rectangle from the mean of the " +
      `batches to each batch. Covariance ${digits(zero(covariance))}`;
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
  // With a mouse a sequence is dragged onto a bar; a press (or a key) puts it into the other one.
  host.addEventListener("pointerdown", ({ target }) => {
    held = target.closest(".lb-chips button");
  });
  host.addEventListener("pointerup", ({ clientX, clientY }) => {
    const bar = document.elementFromPoint(clientX, clientY)?.closest(".lb-chart i");
    if (held && bar) {
      batches[held.value] = bar.textContent[0];
      keep();
    }
    held = null;
  });
  return (state) => {
    const [placed, wide] = state ?? [];
    batches = [.../^[AB]{8}$/.test(placed) ? placed : "AAAABBBB"];
    host.querySelector(`[value=${wide === "steps" ? "steps" : "rows"}]`).checked = true;
    show();
  };
};

