"use strict";
(() => {
  const make = (tag, attributes = {}, text = "") => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
    return element;
  };
  const all = (root, selector) => Array.from(root.querySelectorAll(selector));
  const presses = (element, act) => {
    element.addEventListener("click", act);
    // What is no button by nature answers the keys of one.
    if (element.tagName.toLowerCase() === "button") return;
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      act();
    });
  };

  // Tables: a click on a title sorts by that column.
  const sortable = (table) => {
    const body = table.tBodies[0];
    const titles = all(table, "thead th");
    let column = 0;
    for (const title of titles) {
      const at = column;
      column += title.colSpan;
      if (!title.textContent.trim()) continue;
      const button = make("button", { type: "button" });
      button.append(...title.childNodes);
      title.append(button);
      const cell = (row) => {
        let index = 0;
        for (const found of row.cells) {
          if (index >= at) return found;
          index += found.colSpan;
        }
        return null;
      };
      const compare = (a, b) => {
        const [x, y] = [a, b].map((c) => (c && c.dataset.v !== undefined ? Number(c.dataset.v) : NaN));
        if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
        if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
        return (a ? a.textContent : "").localeCompare(b ? b.textContent : "", undefined, { numeric: true });
      };
      presses(button, () => {
        const down = title.getAttribute("aria-sort") === "ascending";
        titles.forEach((other) => other.removeAttribute("aria-sort"));
        title.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = Array.from(body.rows).map((row) => [cell(row), row]);
        rows.sort((a, b) => (down ? compare(b[0], a[0]) : compare(a[0], b[0])));
        body.append(...rows.map((pair) => pair[1]));
      });
    }
  };

  // One tip for the whole page: what is known of the mark under the pointer, or of the one that has the focus.
  const tip = make("div", { class: "tip", role: "tooltip", id: "tip" });
  tip.hidden = true;
  document.body.append(tip);
  const facts = new WeakMap();
  const [LONGEST, LINES] = [120, 12];
  const cut = (text) => (text.length > LONGEST ? text.slice(0, LONGEST - 1) + "\u2026" : text);
  let shown = null;
  const hide = () => {
    if (shown) shown.classList.remove("here");
    shown = null;
    tip.hidden = true;
  };
  const show = (mark) => {
    if (mark === shown) return;
    hide();
    shown = mark;
    mark.classList.add("here");
    tip.replaceChildren();
    const list = make("dl");
    facts.get(mark).slice(0, LINES).forEach((line, i) => {
      const at = line.indexOf(": ");
      if (i === 0 || at < 0) return tip.append(make(i === 0 ? "b" : "div", {}, cut(line)));
      list.append(make("dt", {}, cut(line.slice(0, at))), make("dd", {}, cut(line.slice(at + 2))));
    });
    if (list.firstChild) tip.append(list);
    tip.hidden = false;
    const box = mark.getBoundingClientRect();
    const left = Math.min(box.right + 10, window.innerWidth - tip.offsetWidth - 8);
    const below = box.bottom + 8 + tip.offsetHeight > window.innerHeight;
    tip.style.left = Math.max(8, left) + "px";
    tip.style.top = Math.max(8, below ? box.top - tip.offsetHeight - 8 : box.bottom + 8) + "px";
  };
  const [NEAR, MANY] = [14, 3000];
  const nearest = (marks, event) => {
    // Of more, only the one right under the pointer is looked for.
    if (marks.length > MANY) return null;
    let [best, least] = [null, NEAR * NEAR];
    for (const mark of marks) {
      const box = mark.getBoundingClientRect();
      if (!box.width) continue;
      const [dx, dy] = [(box.left + box.right) / 2 - event.clientX, (box.top + box.bottom) / 2 - event.clientY];
      if (dx * dx + dy * dy < least) [best, least] = [mark, dx * dx + dy * dy];
    }
    return best;
  };
  const hover = (svg) => {
    const marks = all(svg, ".marks > path");
    for (const mark of marks) {
      const title = mark.querySelector("title");
      const text = title ? title.textContent : "";
      // The browser's own tip would stand beside ours.
      if (title) title.remove();
      facts.set(mark, text.split("\n"));
      mark.setAttribute("role", "img");
      mark.setAttribute("aria-label", cut(text.replaceAll("\n", ", ")));
      mark.setAttribute("tabindex", "-1");
    }
    if (!marks.length) return;
    // One stop for the keyboard in each drawing; arrows go from mark to mark.
    const place = (mark) => mark.getBBox().x;
    const step = (mark, by) => {
      const seen = marks.filter((m) => !m.closest(".off")).sort((a, b) => place(a) - place(b));
      const next = seen[(seen.indexOf(mark) + by + seen.length) % seen.length];
      if (!next) return;
      mark.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
    };
    marks[0].setAttribute("tabindex", "0");
    const moved = (event) => {
      const direct = event.target.closest(".marks > path");
      const mark = direct || nearest(marks, event);
      if (mark) show(mark);
      else hide();
    };
    svg.addEventListener("pointermove", moved);
    svg.addEventListener("pointerdown", moved);
    svg.addEventListener("pointerleave", hide);
    svg.addEventListener("focusin", (event) => facts.has(event.target) && show(event.target));
    svg.addEventListener("focusout", hide);
    svg.addEventListener("keydown", (event) => {
      if (!facts.has(event.target)) return;
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (by) event.preventDefault();
      if (by) step(event.target, by);
      if (event.key === "Escape") hide();
    });
  };
  window.addEventListener("scroll", hide, { passive: true, capture: true });

  // Legends: an entry hides what bears its name, in the drawing and in its sister on other scales.
  const SVG = "http://www.w3.org/2000/svg";
  const entries = (svg) =>
    all(svg, ".legend > .entry").map((entry) => {
      const box = entry.getBBox ? entry.getBBox() : null;
      if (box && box.width) {
        const area = document.createElementNS(SVG, "rect");
        const place = { x: box.x - 2, y: box.y - 1, width: box.width + 4, height: box.height + 2, opacity: 0 };
        for (const [name, value] of Object.entries(place)) area.setAttribute(name, value);
        entry.append(area);
      }
      const name = entry.dataset.series;
      const attributes = { role: "button", tabindex: "0", "aria-pressed": "true", "aria-label": name };
      for (const [key, value] of Object.entries(attributes)) entry.setAttribute(key, value);
      return { entry, name };
    });
  const families = (svgs) => {
    const legends = svgs.map(entries);
    const off = new Set();
    const apply = (svg) => {
      for (const element of all(svg, ".panel [data-series], .panel [data-key]"))
        element.classList.toggle("off", [element.dataset.series, element.dataset.key].some((name) => off.has(name)));
    };
    const update = () =>
      legends.forEach((legend, i) => {
        legend.forEach((l) => l.entry.setAttribute("aria-pressed", String(!off.has(l.name))));
        apply(svgs[i]);
      });
    for (const { entry, name } of legends.flat())
      presses(entry, () => {
        if (!off.delete(name)) off.add(name);
        hide();
        update();
      });
  };

  const figure = (element) => {
    const papers = all(element, ".paper");
    const svgs = papers.map((paper) => paper.querySelector("svg"));
    const controls = make("div", { class: "controls" });
    // Sizes are known only of what is shown.
    const hidden = papers.map((paper) => paper.hidden);
    papers.forEach((paper) => (paper.hidden = false));
    svgs.forEach((svg) => svg.setAttribute("role", "group"));
    svgs.forEach(hover);
    families(svgs);
    papers.forEach((paper, i) => (paper.hidden = hidden[i]));
    if (papers.length > 1) {
      const scale = papers[1].dataset.scale;
      const label = (other) => (other ? "Scales as printed" : scale[0].toUpperCase() + scale.slice(1));
      const button = make("button", { type: "button", class: "scale" }, label(false));
      presses(button, () => {
        hide();
        papers.forEach((paper) => (paper.hidden = !paper.hidden));
        button.textContent = label(papers[0].hidden);
      });
      controls.append(button);
    }
    const data = element.querySelector(".data");
    const copy = make("button", { type: "button", class: "copy" }, "Copy data");
    const said = make("output");
    presses(copy, async () => {
      const text = data.querySelector("pre");
      try {
        await navigator.clipboard.writeText(text.textContent);
        said.textContent = "Copied.";
      } catch {
        // Without a clipboard the data are shown and selected.
        data.open = true;
        const range = document.createRange();
        range.selectNodeContents(text);
        const selection = window.getSelection();
        selection.removeAllRanges();
        selection.addRange(range);
        said.textContent = document.execCommand("copy") ? "Copied." : "Selected: copy with Ctrl+C.";
      }
      window.setTimeout(() => (said.textContent = ""), 3000);
    });
    controls.append(copy, said);
    element.insertBefore(controls, element.querySelector("figcaption"));
  };

  all(document, "table.sortable").forEach(sortable);
  all(document, "figure.drawing").forEach(figure);
})();
