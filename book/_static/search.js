// The ranking of the site's search. Sphinx asks for pages that contain every word, and ranks a word
// in the text like any other: a question in a sentence finds nothing, or everything. Here no word
// is required, rare words count more than common ones (idf), and what a page is about counts more
// than what it mentions. SECTIONS and WORDS (tools/sphinx_extensions/search_sections.py) say
// what pages are about and which words mean the same; Sphinx's index knows the words of their texts.
// Only the search page loads this file.
"use strict";

{
  const WHOLE = new Map(Object.entries(WORDS.whole)); // a plain object knows "constructor", too
  const SAME = new Map(WORDS.same.flatMap(([one, ...others]) => others.map((word) => [word, one])));
  const EMPTY = new Set(WORDS.empty.concat(stopwords));
  const PART = 0.7; // a part of a compound, against the whole
  const BESIDE = 0.6; // a word of the text beside a heading, against a word of the heading
  const SAID = 0.5; // a word of its running text
  const MENTIONED = 0.15; // a word of the page's text, for the page
  const ALONE = 0.5; // the same, if no section is known for it
  const QUESTION = 1.2; // a question, for the first section that answers it
  const ITSELF = 0.3; // how well a section fits that a question leads to, beside the question
  const OTHERS = { "book/questions": 0.75, "book/glossary": 0.75, "book/index": 0.6, "book/findings": 0.78 };
  const API = 0.85; // a page of the reference
  const FEWEST = 0.4; // of the best score: less is not shown
  const NEAR = 0.8; // of the best section of its page: the second is shown beside it
  const PASTED = 10; // words: nobody types as many, it is a message of audit
  const NAMED = 3; // a finding whose code, or a phrase that it alone prints, is in the query

  const stemmer = new Stemmer();
  const same = (stem) => SAME.get(stem) || stem;

  // Before a text falls into words: one spelling, phrases that are one word, 256x256, Keras 2.2.4.
  const READ = [
    [/cross[- ]entropy/gi, "crossentropy"],
    [/\b(class|loss|sample)[- ](weights?)\b/gi, "$1_$2"],
    [/\bhow (many|much|often)\b/gi, ""],
    [/\bmulti[- ]?(class|gpu|label|output|task)/gi, "multi $1"],
    [/\bbatch[- ]?norm(ali[sz]ation)?\b/gi, "batchnorm"],
    [/(\d) ?[x×] ?(?=\d)/g, "$1 "],
    [/\b(keras|tensorflow|tf)[- ]?v?\d[\d.]*/gi, "$& release"],
  ];
  const CAPITAL = /(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/; // CrossEntropyLoss, BCELoss

  /** The words of a text, and how much each counts: `val_loss` is one, `val` and `loss` are halves. */
  const words = (text) => {
    const found = new Map();
    for (const [pattern, by] of READ) text = text.replace(pattern, by);
    for (const token of text.match(/[\p{L}\p{N}_]+/gu) || []) {
      const parts = token.split("_").flatMap((part) => part.split(CAPITAL));
      for (const one of parts.every((part) => part.length > 1) ? [token, ...parts] : [token]) {
        const lower = one.toLowerCase();
        if (lower.length < 2 || EMPTY.has(lower)) continue;
        const word = same(stemmer.stemWord(WHOLE.get(lower) || lower));
        found.set(word, Math.max(found.get(word) || 0, one === token ? 1 : PART));
      }
    }
    return found;
  };

  let index = null;

  /** What is asked of every query: words of the sections, pages of each word, names of anchors. */
  const prepare = () => {
    const rows = SECTIONS.flatMap(([page, anchor, heading, text, there, said = "", typed = [], phrases = []]) => {
      const section = { page, anchor, heading, there, phrases, said: words(said) };
      const beside = words(`${heading} ${text} ${typed.join(" ")}`);
      return [heading, ...typed].map((head) => ({ ...section, head: words(head), text: beside }));
    });
    const pages = new Map(); // word -> pages
    const sections = new Map(); // word -> sections
    const add = (where, word, one) => {
      if (!where.has(word)) where.set(word, new Set());
      where.get(word).add(one);
    };
    for (const { page, anchor, head, text } of rows) {
      for (const word of [...head.keys(), ...text.keys()]) {
        add(pages, word, page);
        add(sections, word, `${page}#${anchor}`);
      }
    }
    const { terms, docnames } = Search._index;
    for (const [term, where] of Object.entries(terms)) {
      for (const number of [where].flat()) add(pages, same(term), docnames[number]);
    }
    const names = new Map(rows.map((row) => [`${row.page}#${row.anchor}`, row.heading]).reverse());
    return { rows, pages, sections, names };
  };

  /** Whether one letter more, less or other, or two that changed places, make one word of another. */
  const slip = (a, b) => {
    if (Math.abs(a.length - b.length) > 1) return false;
    let i = 0;
    while (i < a.length && a[i] === b[i]) i += 1;
    const [x, y] = [a.slice(i), b.slice(i)];
    const swapped = x[0] === y[1] && x[1] === y[0] && x.slice(2) === y.slice(2);
    return swapped || x.slice(1) === y.slice(1) || x === y.slice(1) || x.slice(1) === y;
  };

  /** The longest known words of which a typed one is a slip, whatever its ending is. */
  const meant = (word) => {
    const near = [...index.pages.keys()].filter((w) => w.length > 4
      && [0, 1, -1].some((more) => slip(w, word.slice(0, w.length + more))));
    const longest = Math.max(...near.map((w) => w.length));
    return near.filter((w) => w.length === longest);
  };

  /** The words of a query with their weights; an unknown one stands for those that contain it, or
      for what it is a slip of. */
  const weigh = (query) => {
    const all = index.names.size;
    const weights = new Map();
    for (const [word, share] of words(query)) {
      let known = [word];
      if (!index.pages.has(word)) known = [...index.pages.keys()].filter((w) => w.includes(word));
      if (!known.length && word.length > 4) known = meant(word);
      if (word.length < 4 && known[0] !== word) known = [];
      for (const one of known) {
        const idf = Math.log(1 + all / (index.sections.get(one)?.size || 1)); // or the text alone
        weights.set(one, Math.max(weights.get(one) || 0, (share * idf) / known.length));
      }
    }
    return weights;
  };

  /** How well a section fits: the share of the query that it covers, more if it says little else. */
  const fit = (row, weights, sum) => {
    let covered = 0;
    let inHead = 0;
    for (const [word, weight] of weights) {
      if (row.head.has(word)) inHead += 1;
      covered += row.head.has(word) ? weight : row.text.has(word) ? BESIDE * weight : row.said.has(word) ? SAID * weight : 0;
    }
    return (covered / sum) * (0.75 + (0.25 * inHead) / Math.max(row.head.size, 1));
  };

  const rank = (query) => {
    index ||= prepare();
    const weights = weigh(query);
    const sum = [...weights.values()].reduce((a, b) => a + b, 0);
    if (!sum) return [];
    const best = new Map(); // page -> its opening, its best section, the words of its text
    const at = (page) => {
      if (!best.has(page)) best.set(page, { page, about: 0, sections: new Map(), text: 0 });
      return best.get(page);
    };
    const offer = (page, anchor, score) => {
      const { sections } = at(page);
      sections.set(anchor, Math.max(sections.get(anchor) || 0, score));
    };
    const codes = new Set(query.match(/[a-z\d]+(-[a-z\d]+)+/g));
    const spaced = query.replace(/\s+/g, " ");
    const fits = new Map(index.rows.map((row) => [row, fit(row, weights, sum)]));
    const itself = new Map(); // "page#anchor" -> how well that section fits
    for (const [{ page, anchor }, score] of fits) {
      const name = `${page}#${anchor}`;
      itself.set(name, Math.max(itself.get(name) || 0, score));
    }
    for (const row of index.rows) {
      const known = row.phrases.filter((phrase) => spaced.includes(phrase)).map(({ length }) => length);
      if (codes.has(row.heading)) known.push(row.heading.length);
      const score = known.length ? NAMED + Math.max(...known) / 1000 : fits.get(row);
      if (!score) continue;
      if (!row.anchor) at(row.page).about = Math.max(at(row.page).about, score);
      else offer(row.page, row.anchor, score);
      row.there.forEach(([page, anchor], i) => {
        const own = itself.get(`${page}#${anchor}`) || 0;
        offer(page, anchor, score * (i ? 1 : QUESTION) + ITSELF * own);
      });
    }
    for (const [word, weight] of weights) {
      const share = (index.sections.has(word) ? MENTIONED : ALONE) * (weight / sum);
      for (const page of index.pages.get(word)) at(page).text += share;
    }
    const found = [];
    for (const { page, about, sections, text } of best.values()) {
      const section = Math.max(0, ...sections.values());
      const pasted = page === "book/findings" && weights.size >= PASTED;
      const other = pasted ? 1 : OTHERS[page] || (page.startsWith("book/api/") ? API : 1);
      const score = (section + 0.7 * about + text) * other;
      sections.set("", Math.max(about, sections.get("") || 0)); // the page itself
      const [first, second] = [...sections].sort((a, b) => b[1] - a[1]);
      found.push({ page, anchor: first[0], score });
      if (second?.[1] >= NEAR * first[1] && second[1]) found.push({ page, anchor: second[0], score: score - 1e-6 });
    }
    const ranked = found.sort((a, b) => b.score - a.score);
    return ranked.filter(({ score }) => score >= FEWEST * ranked[0].score);
  };

  // Sphinx shows the last of the list first.
  Search._performSearch = (query) => {
    document.getElementById("search-progress")?.replaceChildren();
    const { docnames, titles, filenames } = Search._index;
    return rank(query).reverse().map(({ page, anchor, score }) => {
      const number = docnames.indexOf(page);
      const heading = index.names.get(`${page}#${anchor}`);
      const title = anchor && heading ? `${titles[number]} > ${heading}` : titles[number];
      return [page, title, anchor && `#${anchor}`, null, score, filenames[number]];
    });
  };
}
