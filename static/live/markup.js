/**
 * Turns the server's markup into elements: the only place that does. A browser that knows Trusted
 * Types refuses markup from anywhere else, and the policy's name is in the headers of every page.
 */
const asItIs = { createHTML: (html) => html };

// It comes from our own templates only, over the page's own connection; scripts in it never run.
const policy = window.trustedTypes?.createPolicy("portal", asItIs) ?? asItIs;

/** Return the one element that a frame's markup holds; an empty one of this tag if it holds none. */
export function elementOf(html, tag) {
  const template = document.createElement("template");
  // A <tr> parses only inside a table's context, which a template provides.
  template.innerHTML = policy.createHTML(html.trim());
  return template.content.firstElementChild ?? document.createElement(tag);
}

/** Return the document of a whole page. */
export function pageOf(html) {
  return new DOMParser().parseFromString(policy.createHTML(html), "text/html");
}
