const filter = document.getElementById("filter");
const strict = document.getElementById("strict");
const groups = [...document.querySelectorAll("tbody")];
const rows = groups.map((group) => [...group.querySelectorAll("tr[data-rule]")]);
const open = new Set(["public", "public(ignoresBearer)", "carrier"]);

function show() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  groups.forEach((group, index) => {
    let some = false;
    for (const row of rows[index]) {
      const text = row.dataset.text;
      row.hidden =
        (strict.checked && open.has(row.dataset.rule)) || !words.every((word) => text.includes(word));
      some ||= !row.hidden;
      shown += row.hidden ? 0 : 1;
    }
    group.hidden = !some;
  });
  document.getElementById("shown").textContent = `${shown} of ${rows.flat().length}`;
}

document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
filter.addEventListener("input", show);
strict.addEventListener("change", show);
show();
