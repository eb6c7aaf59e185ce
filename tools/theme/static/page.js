/* What the book's pages do beyond reading: colour mode, search box, sidebars, the mark of where one
   is, copying code. Without it everything can still be read and followed. */
"use strict";
{
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const one = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const keep = (storage, key, value) => {
    try {
      storage().setItem(key, value);
    } catch {
      /* a private window: it lasts as long as the page */
    }
  };

  // The colour mode: as the system has it, or one of two.

  const show = (mode) => {
    root.dataset.mode = mode;
    root.dataset.theme = mode === "auto" ? (dark.matches ? "dark" : "light") : mode;
    for (const button of all(".colour-mode"))
      button.setAttribute("aria-label", `Color mode: ${mode}`);
  };
  show(["light", "dark"].includes(root.dataset.mode) ? root.dataset.mode : "auto");
  dark.addEventListener("change", () => show(root.dataset.mode));
  for (const button of all(".colour-mode"))
    button.addEventListener("click", () => {
      const modes = dark.matches ? ["auto", "light", "dark"] : ["auto", "dark", "light"];
      show(modes[(modes.indexOf(root.dataset.mode) + 1) % 3]);
      keep(() => localStorage, "mode", root.dataset.mode); // the page's head reads it
    });

  // A dialog closes where one clicks beside it, and at Escape, which Sphinx's script takes for its own.

  const dismissible = (dialog) => {
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "Escape") dialog.close();
    });
    dialog.addEventListener("click", (event) => {
      const box = dialog.getBoundingClientRect();
      const inside =
        event.clientX >= box.left && event.clientX <= box.right &&
        event.clientY >= box.top && event.clientY <= box.bottom;
      if (event.target === dialog && !inside) dialog.close();
    });
  };

  // Search: Ctrl+K, or Command+K.

  const apple = /Mac|iPhone|iPad/.test(navigator.platform);
  const search = one("#search-dialog");
  const openSearch = () => {
    const field = one("main form.search input");
    if (field) field.select();
    else if (search.open) search.close();
    else search.showModal();
  };
  one("main form.search input")?.focus(); // the search page's own field
  if (search) {
    dismissible(search);
    for (const button of all(".open-search")) button.addEventListener("click", openSearch);
    if (apple) for (const key of all("kbd.modifier"))
      if (key.textContent === "Ctrl") key.textContent = "⌘";
    addEventListener("keydown", (event) => {
      const modified = apple ? event.metaKey : event.ctrlKey;
      if (!modified || event.shiftKey || event.altKey || event.key.toLowerCase() !== "k") return;
      event.preventDefault();
      openSearch();
    });
  }

  // The sidebars: a narrow window shows them in a dialog; a wide one folds the left one away.

  const move = (from, to) => {
    to.append(...from.childNodes);
    to.className = from.className;
    from.className = "";
  };
  for (const side of ["chapters", "contents"]) {
    const button = one(`.open-${side}`);
    const bar = one(`#${side}`);
    const dialog = one(`#${side}-dialog`);
    if (!button || !bar) continue;
    dismissible(dialog);
    dialog.addEventListener("close", () => move(dialog, bar));
    button.addEventListener("click", () => {
      if (side === "chapters" && matchMedia("(min-width: 992px)").matches) {
        bar.classList.toggle("folded");
        return;
      }
      move(bar, dialog);
      dialog.showModal();
    });
    dialog.addEventListener("click", (event) => {
      if (event.target.closest("a")) dialog.close();
    });
  }

  // The left sidebar stays where it was from page to page.

  const sidebar = one("#chapters");
  if (sidebar) {
    let kept = null;
    try {
      kept = sessionStorage.getItem("sidebar-scroll-top");
    } catch {
      /* a private window */
    }
    if (kept !== null) sidebar.scrollTop = Number(kept);
    addEventListener("pagehide", () =>
      keep(() => sessionStorage, "sidebar-scroll-top", sidebar.scrollTop));
  }

  // The right one says which section is being read.

  const targets = new Map();
  for (const link of all("#contents a[href^='#']")) {
    const target = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (target) targets.set(target.querySelector("h1, h2, h3, h4") ?? target, link);
  }
  const mark = (current) => {
    for (const link of targets.values()) {
      const on = link === current;
      if (on) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  const seen = new IntersectionObserver(
    (entries) => {
      const last = entries.filter((entry) => entry.isIntersecting).pop();
      if (last) mark(targets.get(last.target));
    },
    { rootMargin: "0px 0px -70% 0px" },
  );
  for (const heading of targets.keys()) seen.observe(heading);

  // The scripts of what can be moved wait until the page has been painted, for a table that comes to
  // life lays out the whole page again: they come with the first thing that the reader does, after
  // some seconds, or at once where such a thing is near the window or a link sets its state.

  const moving = all("lossbook-ledger, [data-island]");
  const sources = new Set(moving.map((host) => host.dataset.script).filter(Boolean));
  if (sources.size) {
    const deeds = ["scroll", "pointermove", "pointerdown", "touchstart", "keydown", "hashchange"];
    const bring = () => {
      near.disconnect();
      for (const deed of deeds) removeEventListener(deed, bring);
      for (const source of sources) {
        const script = document.createElement("script");
        script.src = source;
        document.head.append(script);
      }
      sources.clear();
    };
    const near = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && bring(),
      { rootMargin: "800px 0px" },
    );
    for (const deed of deeds) addEventListener(deed, bring, { passive: true });
    for (const host of moving) near.observe(host);
    if (moving.some(({ id }) => location.hash.startsWith(`#${id}=`))) bring();
    else addEventListener("load", () => setTimeout(bring, 8000));
  }

  // Escape hides the definition of a word until the pointer or the focus comes again.

  addEventListener("keydown", ({ key }) => key === "Escape" && root.classList.add("lb-quiet"));
  for (const event of ["pointerout", "focusout"])
    addEventListener(event, ({ target }) => target.closest?.(".lb-term") && root.classList.remove("lb-quiet"));

  // What comes near the window: code can be copied, without prompts and without what a session
  // printed; what scrolls in its own box can be scrolled with the keyboard, and nothing else stops
  // it there (tools/sphinx_extensions/page_html.py has marked what may scroll). It fades where it goes on. Asking all boxes when the page loads
  // would lay out the whole page.

  const code = (pre) => {
    const copy = pre.cloneNode(true);
    for (const left of copy.querySelectorAll(".linenos, .gp, .go")) left.remove();
    return copy.textContent.replace(/\n+$/, "");
  };
  const giveCopy = (pre) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "lb-copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy this code");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code(pre));
        button.textContent = "Copied";
      } catch {
        button.textContent = "Not copied";
      }
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
    pre.parentElement.append(button);
  };
  const fade = (box) =>
    box.classList.toggle("lb-more", box.scrollLeft + box.clientWidth < box.scrollWidth - 2);
  const copied = (box) => box.matches("div.highlight pre") && !box.closest(".cell_output");
  const near = new IntersectionObserver(
    (entries) => {
      const boxes = entries.filter((entry) => entry.isIntersecting).map((entry) => entry.target);
      const wide = boxes.map((box) => box.scrollWidth > box.clientWidth);
      boxes.forEach((box, at) => {
        if (wide[at]) box.tabIndex = 0;
        else box.removeAttribute("tabindex");
        fade(box);
        if (copied(box) && navigator.clipboard && !box.parentElement.querySelector(".lb-copy"))
          giveCopy(box);
      });
    },
    { rootMargin: "100%" },
  );
  const boxes = all("pre, div.math, .cell_output > .output, .scrolls");
  const watch = () => {
    near.disconnect();
    for (const box of boxes) near.observe(box);
  };
  watch();
  for (const box of boxes) box.addEventListener("scroll", () => fade(box), { passive: true });
  let later;
  addEventListener("resize", () => {
    clearTimeout(later);
    later = setTimeout(watch, 300);
  });
}
