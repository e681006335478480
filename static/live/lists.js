/** Live lists: children of [data-view], each with data-subject and data-at. Upsert and remove. */

/** Turn the server's markup into one element; it comes from our own templates only. */
function elementOf(html, tag) {
  const template = document.createElement("template");
  // A <tr> parses only inside a table's context, which a template provides.
  template.innerHTML = html.trim();
  return template.content.firstElementChild ?? document.createElement(tag);
}

function before(list, element) {
  const at = element.dataset.at;
  const children = [...list.children];
  return list.dataset.sort === "desc"
    ? children.find((child) => child.dataset.at < at)
    : children.find((child) => child.dataset.at > at);
}

/** A full list ends where its page ends: what lies before it belongs to another page. */
function isOlderThanPage(list, element) {
  const limit = Number(list.dataset.limit || 0);
  if (!limit || list.children.length < limit) return false;
  const edge = list.dataset.sort === "desc" ? list.lastElementChild : list.firstElementChild;
  return element.dataset.at < edge.dataset.at;
}

function trim(list) {
  const limit = Number(list.dataset.trim || 0);
  while (limit && list.children.length > limit) {
    (list.dataset.sort === "desc" ? list.lastElementChild : list.firstElementChild).remove();
  }
}

function upsert(list, subject, html) {
  const known = list.querySelector(`:scope > [data-subject="${CSS.escape(subject)}"]`);
  if (html === null) {
    known?.remove();
    return false;
  }
  const element = elementOf(html, "li");
  if (known) {
    if (known.outerHTML !== element.outerHTML) known.replaceWith(element);
    return false;
  }
  if (isOlderThanPage(list, element)) return false;
  list.insertBefore(element, before(list, element) ?? null);
  trim(list);
  return true;
}

/** Apply a frame to every list of its view; returns whether something new appeared. */
export function applyToLists(frame) {
  let isNew = false;
  for (const list of document.querySelectorAll(`[data-view="${CSS.escape(frame.view)}"]`)) {
    isNew = upsert(list, frame.subject, frame.gone ? null : frame.html) || isNew;
  }
  return isNew;
}

/** Take away whatever lists show, before the page is asked for anew. */
export function clearLists() {
  document.querySelectorAll("[data-view]:not([data-view='strip'])").forEach((list) => list.replaceChildren());
}
