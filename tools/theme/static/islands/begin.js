for (const host of document.querySelectorAll("[data-island]")) {
  const set = islands[host.dataset.island](host);
  const read = () => set(stateOf(host));
  read();
  host.dataset.alive = "";
  addEventListener("hashchange", () => {
    if (!stateOf(host)) return;
    read();
    host.scrollIntoView();
  });
}
