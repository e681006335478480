/** The ERAC desk by keyboard: j and k go through the offers, Enter opens, the rest stands on the page. */
import { startKeys } from "../live/keys.js";

const links = () => [...document.querySelectorAll("[data-view=erac] > [data-subject] th a")];

/** Go to the next or previous offer of the list: the keyboard goes along, so Enter opens it. */
function go(step) {
  const all = links();
  const here = all.indexOf(document.activeElement);
  const next = all[here < 0 ? 0 : here + step];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

startKeys({ j: () => go(1), k: () => go(-1) });
if (document.querySelector("[role=status].notice")) document.getElementById("item-h")?.focus();
