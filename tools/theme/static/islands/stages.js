/* Tensor to number: the boxes of each stage come with the page; here they go from one to the next. */
islands.stages = (host) => {
  const frames = JSON.parse(host.dataset.frames), slider = host.querySelector("input");
  const boxes = [...host.querySelectorAll(".lb-canvas i")];
  const rows = [...host.querySelectorAll("tbody tr")].map((row) =>
    [...row.cells].map((cell) => cell.textContent));
  const show = () => {
    const at = slider.value - 1, [name, said, , shape, coefficient] = rows[at];
    frames[at].forEach(([left, top, width, height, text, kind], i) => {
      const box = boxes[i], percent = { left, top, width, height };
      for (const side in percent) box.style[side] = `${percent[side]}%`;
      box.textContent = text;
      box.className = kind;
    });
    host.querySelector("label b").textContent = `${at + 1} of 8`;
    host.querySelector("figcaption").innerHTML = `<strong>${name}</strong>: ${said}. ` +
      `Shape ${shape}. The marked loss counts ${coefficient}.`;
    host.querySelector("[role=img]").ariaLabel = `Stage ${name}: ${said}. Shape ${shape}`;
    host.querySelector("[name=back]").disabled = !at;
    host.querySelector("[name=forward]").disabled = at === 7;
  };
  const go = (to) => {
    slider.value = to;
    show();
    keepState(host, slider.value);
  };
  host.addEventListener("input", () => go(slider.value));
  host.addEventListener("click", ({ target }) => {
    if (target.name === "back") go(+slider.value - 1);
    if (target.name === "forward") go(+slider.value + 1);
  });
  return (state) => {
    if (state) [slider.value] = state;
    show();
  };
};

