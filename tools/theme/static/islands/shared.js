/* The pictures that move; tools/sphinx_extensions/islands has what they show before this script runs.
   Each takes its state from the address and keeps it there; tests compare its numbers with lossbook. */
const islands = {};
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
const digits = (x) => String(Number(x.toPrecision(4))); // 4 significant ones, no zeros behind
const stateOf = (host) => {
  const [name, text] = decodeURIComponent(location.hash.slice(1)).split("=");
  return name === host.id && text ? text.split("_") : null;
};
const keepState = (host, ...parts) => {
  try {
    history.replaceState(null, "", `#${host.id}=${parts.join("_")}`);
  } catch { /* too often */ }
};

