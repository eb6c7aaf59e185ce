// The deck: `?cut=90`, `?cut=half` or `?cut=day` shows the slides of one cut, else all are shown.
(() => {
  "use strict";
  const cut = new URLSearchParams(location.search).get("cut");
  const parts = [...document.querySelectorAll("[data-cuts]")];
  const belongs = (part) => part.dataset.cuts.split(" ").includes(cut);
  // Before reveal.js counts: numbers, progress and the printed pages are those of the cut.
  if (parts.some(belongs)) {
    for (const part of parts) if (!belongs(part)) part.remove();
    for (const name of document.querySelectorAll(".when")) name.remove(); // it is this one
  }
  for (const link of document.querySelectorAll(".cuts a"))
    if (link.getAttribute("href") === `?cut=${cut}`) link.setAttribute("aria-current", "true");

  // The minutes of an exercise count down when they are pressed; pressed again, they start anew.
  for (const minutes of document.querySelectorAll(".exercises .minutes")) {
    const text = minutes.lastChild;
    const total = 60 * parseInt(text.data, 10);
    const button = document.createElement("button");
    let ticking;
    button.type = "button";
    button.title = "Start the clock";
    text.replaceWith(button);
    button.append(text);
    button.addEventListener("click", () => {
      const end = Date.now() + 1000 * total;
      const show = () => {
        const left = Math.max(0, Math.round((end - Date.now()) / 1000));
        button.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
        if (left === 0) clearInterval(ticking);
      };
      clearInterval(ticking);
      ticking = setInterval(show, 250);
      show();
    });
  }

  Reveal.initialize({
    width: 1280,
    height: 720,
    margin: 0,
    center: false,
    hash: true,
    slideNumber: "c/t",
    transition: "none",
    backgroundTransition: "none",
    pdfMaxPagesPerSlide: 1,
    plugins: [RevealNotes],
  });
})();
