"use strict";
// Shows the phones of the page's data blocks: one page of rows at a time, sorted and filtered. Text becomes text nodes.
(() => {
  const PAGE_ROWS = 100;
  const SHOWN_GROUPS = 15;
  const SHOWN_LABELS = 2; // as columns; the details have all
  const MAX_CHOICES = 1000; // of one select; where there are more, the search finds them
  const MAC_PLACE = "\u0001"; // stands for the phone's own MAC in every text
  const page = JSON.parse(document.querySelector("script.page").textContent);
  const phones = readPhones();
  const results = new Map(page.results.map((result, place) => [result.key, { ...result, place }]));
  const collator = new Intl.Collator("en", { numeric: true });
  const columns = [
    { name: "device", heading: "Phone", kind: "device" },
    { name: "model", heading: "Model", kind: "model" },
    ...page.labels
      .slice(0, SHOWN_LABELS)
      .map((label) => ({ name: labelColumn(label), heading: label, kind: "label" })),
    { name: "result", heading: "Result", kind: "end" },
    { name: "causes", heading: page.causeHeading, kind: "causes" },
    { name: "why", heading: "Why", kind: "why" },
  ];
  const find = (id) => document.getElementById(id);
  const form = find("filter");
  const selects = [
    ["result", "Result"],
    ["causes", page.causeHeading],
    ...page.labels.map((label) => [labelColumn(label), label]),
    ["gateways", "Gateway"],
  ].flatMap(([name, heading]) => makeSelect(name, heading));
  const sorting = { column: columns.find((column) => column.name === "result"), up: true };
  let searchTexts = null;
  let shown = [];
  let pageNumber = 0;

  makeHeadings();
  linkGroups();
  foldGroups();
  form.addEventListener("input", refresh);
  form.addEventListener("reset", () => setTimeout(refresh));
  form.addEventListener("submit", (event) => event.preventDefault());
  find("browse").hidden = false;
  refresh();
  addEventListener("resize", () => document.querySelectorAll(".details > td").forEach(span));
  addEventListener("beforeprint", writePrinted);
  addEventListener("afterprint", () => find("printed").replaceChildren());

  function readPhones() {
    const scripts = [...document.querySelectorAll("script.phones")];
    const blocks = scripts.map((script) => JSON.parse(script.textContent));
    scripts.forEach((script) => script.remove());
    const macs = blocks.flatMap((block) => block.macs);
    const values = [null];
    const places = new Map([["null", 0]]);
    const byName = new Map();
    let first = 0;
    for (const block of blocks) {
      const own = block.values.map((value) => {
        const key = JSON.stringify(value);
        if (!places.has(key)) places.set(key, values.push(value) - 1);
        return places.get(key);
      });
      const named = [
        ...Object.entries(block.columns),
        ...Object.entries(block.labels).map(([label, cells]) => [labelColumn(label), cells]),
      ];
      for (const [name, cells] of named) {
        if (!byName.has(name)) byName.set(name, new Int32Array(macs.length));
        const places = byName.get(name);
        cells.forEach((cell, row) => (places[first + row] = own[cell]));
      }
      first += block.macs.length;
    }
    return { macs, values, byName, count: macs.length };
  }

  function labelColumn(label) {
    return `label ${label}`;
  }

  function column(name) {
    if (!phones.byName.has(name)) phones.byName.set(name, new Int32Array(phones.count));
    return phones.byName.get(name);
  }

  function value(name, row) {
    return phones.values[column(name)[row]];
  }

  // Without a row the text is that of many phones.
  function expand(text, row) {
    return text.replaceAll(MAC_PLACE, row === null ? "<MAC>" : phones.macs[row]);
  }

  function text(name, row) {
    return words(name, value(name, row), row);
  }

  // The value of a column as it is shown; of lists the texts one after the other.
  function words(name, found, row) {
    if (found === null) return "";
    if (name === "result") return results.get(found)?.words ?? found;
    if (name === "causes") return found.map((key) => causeWords(expand(key, row))).join("; ");
    return expand(Array.isArray(found) ? found.join(" ") : found, row);
  }

  function causeWords(key) {
    return Object.hasOwn(page.causes, key) ? page.causes[key] : key;
  }

  function element(tag, content = "", className = "") {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.textContent = content;
    return made;
  }

  function button(content, act) {
    const made = element("button", content);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  }

  // Filters

  function makeSelect(name, heading) {
    const used = new Set(column(name));
    const keys = new Set();
    for (const place of used) for (const key of [phones.values[place]].flat()) keys.add(key ?? "");
    if (keys.size < 2 || keys.size > MAX_CHOICES) return [];
    const shownAs = (key) => (name === "causes" ? causeWords(key) : words(name, key, null));
    const choices = [...keys].map((key) => ({ key, shown: shownAs(key) }));
    choices.sort((a, b) => collator.compare(a.shown, b.shown));
    if (name === "result") choices.sort((a, b) => results.get(a.key)?.place - results.get(b.key)?.place);
    const label = element("label", heading + " ");
    const select = element("select");
    select.name = name;
    const options = choices.map(({ key, shown }) => new Option(shown || "(none)", `=${key}`));
    select.append(new Option("All", "all"), ...options);
    label.append(select);
    form.querySelector("button").before(label);
    return [select];
  }

  function refresh() {
    const wanted = selects.filter((select) => select.value !== "all").map(matching);
    const searched = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (searched.length) searchTexts ??= phones.macs.map((_, row) => searchText(row));
    const rows = [];
    for (let row = 0; row < phones.count; row++) {
      if (!wanted.every(({ cells, fits }) => fits[cells[row]])) continue;
      if (!searched.every((word) => searchTexts[row].includes(word))) continue;
      rows.push(row);
    }
    shown = sorted(rows, sorting.column.name, sorting.up);
    find("found").textContent =
      `${count(shown.length)} of ${count(phones.count)} phones` + (shown.length === phones.count ? "" : " match");
    showPage(0);
  }

  // For each value of the select's column whether it fits what is chosen.
  function matching(select) {
    const wanted = select.value.slice(1);
    const fits = phones.values.map((found) =>
      Array.isArray(found) ? found.includes(wanted) : (found ?? "") === wanted);
    if (wanted === "") fits[0] = true;
    return { cells: column(select.name), fits };
  }

  function searchText(row) {
    const own = [...phones.byName.keys()].filter((name) => name !== "details" && name !== "finished");
    return [phones.macs[row], ...own.map((name) => text(name, row))].join(" ").toLowerCase();
  }

  // Sorting: values are ranked once, phones by the ranks of theirs; then by MAC.

  function sorted(rows, name, up) {
    const cells = column(name);
    const keys = phones.values.map((found) => (name === "result" ? results.get(found)?.place ?? -1 : 0));
    const used = [...new Set(rows.map((row) => cells[row]))];
    const shownWords = new Map(used.map((place) => [place, words(name, phones.values[place], null)]));
    used.sort((a, b) => keys[a] - keys[b] || collator.compare(shownWords.get(a), shownWords.get(b)));
    const ranks = new Map(used.map((place, rank) => [place, up ? rank : -rank]));
    const macs = phones.macs;
    const downwards = name === "device" && !up ? -1 : 1;
    return rows.sort(
      (a, b) => ranks.get(cells[a]) - ranks.get(cells[b]) || (macs[a] < macs[b] ? -downwards : downwards));
  }

  function makeHeadings() {
    for (const one of columns) {
      const heading = element("th", "", one.kind);
      heading.scope = "col";
      heading.append(button(one.heading, () => {
        sorting.up = sorting.column === one ? !sorting.up : true;
        sorting.column = one;
        refresh();
        markSorting();
      }));
      one.element = heading;
      find("list").tHead.rows[0].append(heading);
    }
    markSorting();
  }

  function markSorting() {
    for (const one of columns) {
      if (one === sorting.column) one.element.ariaSort = sorting.up ? "ascending" : "descending";
      else one.element.removeAttribute("aria-sort");
    }
  }

  // One page of rows

  function showPage(number) {
    pageNumber = number;
    const rows = shown.slice(number * PAGE_ROWS, (number + 1) * PAGE_ROWS);
    find("list").tBodies[0].replaceChildren(...rows.map(phoneRow));
    showPages(Math.ceil(shown.length / PAGE_ROWS));
  }

  function showPages(pages) {
    const turn = (content, number, possible) => {
      const made = button(content, () => {
        showPage(number);
        find("phones-heading").focus();
      });
      made.disabled = !possible;
      return made;
    };
    const last = pages - 1;
    find("pages").hidden = pages < 2;
    find("pages").replaceChildren(
      turn("First", 0, pageNumber > 0),
      turn("Previous", pageNumber - 1, pageNumber > 0),
      element("span", `Page ${count(pageNumber + 1)} of ${count(pages)}`),
      turn("Next", pageNumber + 1, pageNumber < last),
      turn("Last", last, pageNumber < last),
    );
  }

  function phoneRow(row) {
    const made = element("tr");
    for (const one of columns) {
      made.append(one.name === "device" ? deviceCell(row, made) : cell(one, row));
    }
    return made;
  }

  function deviceCell(row, own) {
    const made = element("th");
    made.scope = "row";
    const opener = button(text("device", row), () => {
      const open = opener.ariaExpanded !== "true";
      opener.ariaExpanded = open;
      if (open) own.after(detailsRow(row));
      else own.nextElementSibling.remove();
    });
    opener.ariaExpanded = false;
    made.append(opener);
    return made;
  }

  function cell(one, row) {
    const made = element("td", "", one.kind);
    if (one.name === "result") made.append(element("span", text("result", row), `result ${value("result", row)}`));
    else made.textContent = text(one.name, row);
    return made;
  }

  function detailsRow(row) {
    const made = element("tr", "", "details");
    const list = element("dl");
    const labels = [...phones.byName.keys()].filter((name) => name.startsWith("label "));
    const told = [
      ["Why", value("why", row)?.map((sentence) => expand(sentence, row))],
      [page.causeHeading, value("causes", row)?.map((key) => causeWords(expand(key, row)))],
      ["Model", text("model", row)],
      ...labels.map((name) => [name.slice("label ".length), text(name, row)]),
      ["Gateways", value("gateways", row)?.map((key) => expand(key, row))],
      ...(value("details", row) ?? []).map(([name, found]) => [name, expand(found, row)]),
      ["Looked at", text("finished", row)],
    ];
    for (const [name, found] of told) {
      const lines = [found ?? ""].flat().filter(Boolean);
      if (!lines.length) continue;
      const pair = element("div");
      pair.append(element("dt", name), ...lines.map((line) => element("dd", line)));
      list.append(pair);
    }
    const around = element("td");
    span(around);
    around.append(list);
    made.append(around);
    return made;
  }

  // A narrow window has fewer columns.
  function span(cell) {
    cell.colSpan = columns.filter((one) => one.element.offsetWidth).length;
  }

  function count(number) {
    return number.toLocaleString("en");
  }

  // Groups: their names filter the list, and long tables are folded.

  function linkGroups() {
    for (const row of document.querySelectorAll("tr[data-value]")) {
      const name = row.dataset.column ?? labelColumn(row.dataset.label);
      const select = selects.find((one) => one.name === name);
      const wanted = `=${row.dataset.value}`;
      if (!select || ![...select.options].some((option) => option.value === wanted)) continue;
      const group = row.querySelector(".group");
      group.replaceChildren(button(group.textContent, () => {
        form.reset();
        select.value = wanted;
        refresh();
        find("phones").scrollIntoView();
        find("phones-heading").focus({ preventScroll: true });
      }));
    }
  }

  function foldGroups() {
    for (const body of document.querySelectorAll("table.groups > tbody")) {
      const folded = [...body.rows].slice(SHOWN_GROUPS);
      if (folded.length < 2) continue;
      folded.forEach((row) => row.classList.add("folded"));
      const more = button(`Show ${count(folded.length)} more`, () => {
        folded.forEach((row) => row.classList.remove("folded"));
        more.remove();
      });
      more.className = "more";
      body.parentElement.after(more);
    }
  }

  // For the printer: every phone that somebody has to know, those that are alike in one paragraph.

  function writePrinted() {
    const rows = sorted([...phones.macs.keys()], "device", true);
    const parts = page.results.filter((result) => result.alarms).flatMap((result) => {
      const own = rows.filter((row) => value("result", row) === result.key);
      if (!own.length) return [];
      return [element("h3", `${result.words}: ${count(own.length)}`), ...alike(own).map(printedGroup)];
    });
    const others = page.results.filter((result) => !result.alarms).map((result) => result.words.toLowerCase());
    find("printed").replaceChildren(...parts, element("p", `Counted only: ${others.join(", ")}.`));
  }

  function alike(rows) {
    const names = [...page.labels.map(labelColumn), "causes", "why"];
    const groups = new Map();
    for (const row of rows) {
      const key = names.map((name) => column(name)[row]).join(" ");
      if (!groups.has(key)) {
        groups.set(key, { rows: [], shown: names.map((name) => words(name, value(name, row), null)) });
      }
      groups.get(key).rows.push(row);
    }
    const compare = (a, b) => a.shown.map((text, place) => collator.compare(text, b.shown[place])).find(Boolean) ?? 0;
    return [...groups.values()].sort(compare);
  }

  function printedGroup({ rows, shown }) {
    const labels = shown.slice(0, -2);
    const [causes, why] = shown.slice(-2);
    const made = element("section");
    const heading = [...labels.map((label) => label || "(none)"), causes].filter(Boolean).join(", ");
    made.append(element("h4", `${heading}: ${count(rows.length)}`), element("p", why));
    const list = element("ul");
    list.append(...rows.map((row) => element("li", `${text("device", row)} ${text("model", row)}`)));
    made.append(list);
    return made;
  }
})();
