/* The class that the loss forgot: share of a class, found, weight; tools/sphinx_extensions/islands/forgotten.py. */
islands.forgotten = (host) => {
  const field = Object.fromEntries([...host.querySelectorAll("input")].map((f) => [f.name, f]));
  const weightOf = (place) => Number((10 ** (place / 20)).toPrecision(2)); // 1 to 1000
  const RIGHT = 0.9966, WRONG = 0.95;
  // Binary crossentropy, averaged over five classes: of a right pixel, and of one that is missed.
  const right = -Math.log(RIGHT);
  const wrong = (2 * -Math.log(1 - WRONG) + 3 * -Math.log(WRONG)) / 5;

  const compute = (share, found, weight) => {
    const rare = share / 100, seen = (rare * found) / 100, missed = rare - seen;
    const loss = weight * (seen * right + missed * wrong) + (1 - rare) * right;
    return { loss, iou: seen / rare, coefficients: (weight * rare) / (weight * rare + 1 - rare),
      missed: (weight * missed * wrong) / loss };
  };
  const show = () => {
    const [share, found] = [+field.share.value, +field.found.value];
    const weight = weightOf(field.weight.value), now = compute(share, found, weight);
    const percent = (x) => `${(100 * x).toFixed(2)} %`;
    const write = (name, width, text) => {
      const number = host.querySelector(`[data-number=${name}]`), bar = number.previousElementSibling;
      number.textContent = text;
      bar.style.setProperty("--w", Math.min(1, width));
      bar.classList.toggle("over", width > 1);
    };
    write("loss", now.loss / Math.LN2, now.loss.toFixed(4));
    write("iou", now.iou, now.iou.toFixed(4));
    write("coefficients", now.coefficients, percent(now.coefficients));
    write("missed", now.missed, percent(now.missed));
    for (const [name, text] of [["share", `${share}\u00a0%`], ["found", `${found}\u00a0%`],
      ["weight", weight]]) {
      field[name].previousElementSibling.textContent = text;
      field[name].ariaValueText = String(text);
    }
    const side = 10 * Math.sqrt(share), picture = host.querySelector("svg");
    const [missed, seen] = picture.querySelectorAll("rect");
    for (const rect of [missed, seen]) rect.setAttribute("width", side);
    missed.setAttribute("height", side);
    seen.setAttribute("height", (side * found) / 100);
    picture.ariaLabel = "An image of four large classes and a rare fifth one: its square covers " +
      `${share} % of the area, of which ${found} % are found`;
    host.querySelector("figcaption").textContent = now.loss > Math.LN2
      ? "With such a weight the loss shouts, and it says nothing any more about the other classes."
      : weight > 1 ? "A weight gives the class a larger share of the coefficients: now the loss moves."
        : found > 90 ? "Nearly all of the class is found. Now find less of it, and watch the loss."
          : `${100 - found} % of the class are lost, and the loss is ${now.loss.toFixed(4)}.`;
  };
  host.addEventListener("input", () => {
    show();
    keepState(host, field.share.value, field.found.value, weightOf(field.weight.value));
  });
  return (state) => {
    if (state) {
      [field.share.value, field.found.value] = state;
      field.weight.value = Math.round(20 * Math.log10(state[2] || 1));
    }
    show();
  };
};

