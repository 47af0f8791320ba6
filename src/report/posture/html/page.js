"use strict";
(() => {
  const list = document.getElementById("list");
  if (!list) return;
  const body = list.tBodies[0];
  const rows = [...body.rows];
  for (const hidden of document.querySelectorAll("[data-script]")) hidden.hidden = false;
  const matches = document.getElementById("matches");
  const search = document.getElementById("search");
  const nothing = document.querySelector(".nothing");
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const tell = () => {
    const seen = rows.filter((row) => row.offsetParent !== null).length;
    matches.textContent = seen === rows.length ? "" : `${seen} of ${rows.length}`;
    nothing.style.display = seen === 0 ? "block" : "none";
  };
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    rows.forEach((row) => {
      row.toggleAttribute("data-unmatched", !words.every((word) => texts.get(row).includes(word)));
    });
    tell();
  });
  for (const box of document.querySelectorAll(".filters input[type=checkbox]")) box.addEventListener("change", tell);
  const key = (row, at) => {
    const cell = row.cells[at];
    return cell.dataset.sort === undefined ? cell.textContent.trim() : Number(cell.dataset.sort);
  };
  [...list.tHead.rows[0].cells].forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of list.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const sign = down ? -1 : 1;
      rows.sort((a, b) => {
        const x = key(a, at);
        const y = key(b, at);
        return sign * (typeof x === "number" ? x - y : x.localeCompare(y));
      });
      body.append(...rows);
    });
  });
  tell();
})();
