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
