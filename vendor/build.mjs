// Makes what the pages load from what package-lock.json pins: one style sheet (and what two kinds of page add to it), one sprite, the socket client,
// their licences, and vendor.lock.json with a digest of each. Run `npm ci && npm run build` here; commit the result.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as sass from "sass";
import { sprite } from "./icons.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const inModules = (...parts) => join(here, "node_modules", ...parts);

// The colours that the design system compiles to, by their role in scss/_tokens.scss, so that both themes come
// from one sheet. White is the surface, or the words on a solid button.
const ROLES = {
  "#005ea2": "--primary",
  "#1a4480": "--primary-2",
  "#162e51": "--primary-3",
  "#000": "--ink",
  "#1b1b1b": "--ink",
  "#3d4551": "--ink-2",
  "#454545": "--ink-2",
  "#757575": "--ink-2",
  "#71767a": "--edge",
  "#565c65": "--edge",
  "#919191": "--edge",
  "#a9aeb1": "--rule-2",
  "#c9c9c9": "--rule-2",
  "#dfe1e2": "--rule",
  "#e6e6e6": "--rule",
  "#f0f0f0": "--raised",
  "#2491ff": "--focus",
  "#0076d6": "--focus",
  "#8b0a03": "--bad",
  "#b50909": "--bad",
  "#d54309": "--bad",
  "#d83933": "--bad",
};

// Variants and states that no page of ours has.
const UNUSED = new RegExp(
  [
    "usa-button--(accent|base|inverse|outline-inverse|secondary|big|cool|warm|hover|active|disabled)",
    "usa-(dark-background|link|combo|alert|range|list|memorable|js-loading|success|icon|media-link|show-password)",
    "usa-(focus|hover|active|prose|date|file|time|character|search|language)|usa-form([ -]|$)(?!group)",
    "usa-input--[0-9xsml]|usa-input-group|usa-label--|usa-hint--|label-description|__container|usa-legend--large",
    "tile|input-list|indeterminate|aria-disabled|--success|:visited|::-ms|\\[type=range\\]|\\[type=date\\]",
    "^(input|select|textarea|button|iframe|\\[[a-zA-Z=]+\\])(:not\\(\\[disabled\\]\\))?:focus",
  ].join("|"),
);

function compile(name) {
  const { css } = sass.compile(join(here, "scss", name), {
    style: "compressed",
    charset: false,
    logger: sass.Logger.silent,
    loadPaths: [join(here, "scss"), inModules("@uswds", "uswds", "packages")],
  });
  return css.trim();
}

function withRoles(css) {
  return css.replace(/([a-z-]+):([^;{}]*)/g, (_, property, value) => {
    const roles = value.replace(/#[0-9a-f]{3,6}\b/gi, (hex) => {
      const colour = hex.toLowerCase();
      const isText = property === "color" || property === "fill";
      if (colour === "#fff") return isText ? "var(--on-primary)" : "var(--surface)";
      if (colour === "#005ea2" && property === "color") return "var(--link)";
      if (!(colour in ROLES)) throw new Error(`no role for ${colour} in ${property}:${value}`);
      return `var(${ROLES[colour]})`;
    });
    return `${property}:${roles}`;
  });
}

// Our own sprite draws what the design system would fetch.
function withoutPictures(css) {
  return css
    .replace(/@supports\s*\(mask:\s*url\(""\)\)/g, "@supports (mask:none)")
    .replace(/\b(background-image|(?:-webkit-)?mask(?:-image)?):url\([^;}]*/g, "$1:none");
}

function withoutUnused(css) {
  const once = (text) =>
    text.replace(/(@?[^{}@;]+)\{([^{}]*)\}/g, (whole, selector, body) => {
      if (selector.startsWith("@")) return body.trim() ? whole : "";
      const used = selector.split(/,(?![^(]*\))/).filter((one) => !UNUSED.test(one));
      return used.length && body.trim() ? `${used.join(",")}{${body}}` : "";
    });
  return once(once(once(css)));
}

const withOurFont = (css) => css.replace(/font-family:-apple-system[^;}]*/g, "font-family:var(--font)");

function styles() {
  const bare = compile("uswds.scss").replace(/\/\*[\s\S]*?\*\//g, "");
  const uswds = withOurFont(withRoles(withoutUnused(withoutPictures(bare))));
  const css = `/* Parts of the U.S. Web Design System 3.14.0: see ../vendor/LICENSE-uswds.txt */\n${uswds}\n${compile("portal.scss")}\n`;
  if (/url\((?!["']?#)|@import|@font-face|@charset/.test(css)) throw new Error("the style sheet would fetch something");
  return css;
}

// What is shipped from a package, and every package whose code is inside it.
const PACKAGES = {
  "@uswds/uswds": { licence: "CC0-1.0 and others, see the file", holds: ["@uswds/uswds"] },
  "socket.io-client": {
    licence: "MIT",
    holds: ["socket.io-client", "socket.io-parser", "engine.io-client", "engine.io-parser", "@socket.io/component-emitter"],
  },
};

function licences(name) {
  const texts = PACKAGES[name].holds.map((held) => {
    const file = readdirSync(inModules(held)).find((entry) => /^licen[cs]e/i.test(entry));
    return `${held}\n\n${readFileSync(inModules(held, file), "utf8").trim()}\n`;
  });
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

const client = () => readFileSync(inModules("socket.io-client", "dist", "socket.io.esm.min.js"));
const MADE = [
  ["static/ui/portal.css", "@uswds/uswds", styles],
  ["static/floor/floor.css", null, () => `${compile("floor.scss")}\n`],
  ["static/offers/offers.css", null, () => `${compile("offers.scss")}\n`],
  ["static/ui/sprite.svg", null, sprite],
  ["static/vendor/socket.io.esm.min.js", "socket.io-client", client],
  ["static/vendor/LICENSE-uswds.txt", "@uswds/uswds", () => licences("@uswds/uswds")],
  ["static/vendor/LICENSE-socket.io-client.txt", "socket.io-client", () => licences("socket.io-client")],
];

const lock = MADE.map(([file, name, make]) => {
  const bytes = Buffer.from(make());
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), bytes);
  console.log(`${file}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`);
  const sha384 = createHash("sha384").update(bytes).digest("base64");
  if (!name) return { file, package: null, version: null, sha384, licence: "the portal's own" };
  const { version } = JSON.parse(readFileSync(inModules(name, "package.json"), "utf8"));
  return { file, package: name, version, sha384, licence: PACKAGES[name].licence };
});
writeFileSync(join(here, "vendor.lock.json"), `${JSON.stringify(lock, null, 2)}\n`);
