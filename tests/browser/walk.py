"""Many states of what an address sets: what it shows after each, read in one call."""

import json

SET = """hash => new Promise(done => {
  addEventListener('hashchange', () => done(), {once: true}); location.hash = hash; })"""


def walk(page, selector, read, states):
    """Return what `read`, a function of JavaScript, says of the element after each state.

    As text: Playwright looks at every value of a nested answer, which takes longer than the walk.
    """
    function = f"""async ([selector, states]) => {{
      const set = {SET}, read = {read}, found = [];
      for (const state of states) {{
        if (location.hash !== `#${{state}}`) await set(state);
        found.push(read(document.querySelector(selector)));
      }}
      return JSON.stringify(found); }}"""
    return json.loads(page.evaluate(function, [selector, states]))
