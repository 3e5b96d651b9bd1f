// Tabs as the ARIA practices have them: arrows, Home and End move, one stop in the tab order.

export function tabs(list, changed) {
  const all = [...list.querySelectorAll("[role=tab]")];
  const name = (tab) => tab.getAttribute("aria-controls");

  function select(tab) {
    for (const other of all) {
      const chosen = other === tab;
      other.setAttribute("aria-selected", String(chosen));
      other.tabIndex = chosen ? 0 : -1;
      document.getElementById(name(other)).hidden = !chosen;
    }
    changed(name(tab));
  }

  function byAddress() {
    select(all.find((tab) => `#${name(tab)}` === location.hash) ?? all[0]);
    scrollTo(0, 0);
  }

  function go(tab) {
    history.replaceState(null, "", `#${name(tab)}`);
    select(tab);
  }

  for (const tab of all) tab.addEventListener("click", () => go(tab));
  list.addEventListener("keydown", (event) => {
    const at = all.indexOf(document.activeElement);
    const to = {
      ArrowRight: (at + 1) % all.length,
      ArrowLeft: (at + all.length - 1) % all.length,
      Home: 0,
      End: all.length - 1,
    }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    all[to].focus();
    go(all[to]);
  });
  addEventListener("hashchange", byAddress);
  byAddress();
}
