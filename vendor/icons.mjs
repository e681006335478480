// Every sign of the pages, drawn on 16 × 16. Within a family no two share a shape; the build refuses two alike.
// `ink` is a filled path, `pen` a stroked one.
const ink = (d) => `<path fill-rule="evenodd" d="${d}"/>`;
const pen = (d, width = 2) =>
  `<path fill="none" stroke="currentColor" stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round" d="${d}"/>`;

const DISC = "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1";
const RING = `${DISC}m0 2a5 5 0 1 1 0 10A5 5 0 0 1 8 3`;
const DASHED = '<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="2.4 2.31"/>';

export const families = {
  // How a facility or a lifeline stands.
  standing: {
    open: '<circle cx="8" cy="8" r="6.5"/>',
    limited: ink(`${DISC}m0 1.75A5.25 5.25 0 0 1 13.25 8H2.75A5.25 5.25 0 0 1 8 2.75`),
    closed: ink("M2 2h12v12H2z"),
    unknown: ink(RING),
    noreport: DASHED,
    admin: '<path fill="none" stroke="currentColor" stroke-width="2" d="M8 1l7 7-7 7-7-7z"/>',
  },
  // How far an offer is.
  offer: {
    draft: pen("M3 1.8h6L13 6v8.200H3zM8.500 2v4.500H13", 1.6),
    submitted: pen("M4 2.500L13.500 8L4 13.500z"),
    reviewing: pen("M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2") + pen("M8 4.500v3.900l2.800 1.700", 1.75),
    question: ink("M1 2h14v9.500H8L4.500 15v-3.500H1zM7.200 9v1.500h1.600V9zM5.500 5.600h1.600c0-1.500 2-1.400 1.900-.2 0 .8-1.800 1-1.800 2.700h1.600c0-.9 1.800-1.100 1.800-2.800 0-3.100-5.100-3.200-5.100.3z"),
    listed: pen("M2 2h12v12H2z", 1.75) + pen("M5 8.300l2.200 2.200L11.200 5.700", 2),
    declined: ink("M4.700 0.800h6.600l3.900 3.900v6.600l-3.900 3.900H4.700L.8 11.300V4.700zM3.800 6.800v2.400h8.400V6.800z"),
    committed: ink("M8 .8 15.200 8 8 15.200.8 8zM8 3.400v9.200L12.600 8z"),
    moving: ink("M1 2.500 15 8 1 13.500 4 8z"),
    delivered: pen("M2 8.500l4 4L14 3.500", 2.5),
    released: pen("M6 2.500L2.500 6L6 9.500M3 6h6.250a3.750 3.750 0 0 1 0 7.500H5.500"),
    withdrawn: pen("M3 3l10 10M13 3L3 13", 2.25),
  },
  // How a report or post stands.
  post: {
    waiting: ink("M3 1h10v2.200L9.300 8l3.700 4.800V15H3v-2.200L6.700 8 3 3.200z"),
    published: ink(`${DISC}m3.900 4.200 1 1-5.700 6-3.200-3 1-1.100 2.200 2z`),
    returned: ink(`${DISC}m0 2c1 0 2 .3 2.800.9L3.900 10.800A5 5 0 0 1 8 3m4.100 2.200A5 5 0 0 1 5.200 12.100z`),
    corrected: ink("M11.400 1.200l3.400 3.400L5.600 13.800 1 15l1.200-4.600z"),
    retracted: ink("M1 6.500h14v3H1z"),
    urgent: ink("M8 .8 15.600 14.500H.4zM7.200 5.500v4.600h1.600V5.500zm0 5.800v1.600h1.600v-1.600z"),
    ack: ink("M3 1h2v.8h9l-2.200 3.400L14 8.600H5V15H3z"),
  },
  // The connection, in the incident strip.
  connection: {
    live: '<circle cx="8" cy="8" r="6"/>',
    catch: '<path d="M8 1a7 7 0 1 0 0 14z"/><circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="2"/>',
    off: '<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="2.250"/>',
    pause: ink("M2.500 2.500h11v11h-11z"),
    still: DASHED,
  },
  // How a person is here.
  link: {
    portal: ink("M1 2h14v9H9.500v1.800H12V14H4v-1.200h2.500V11H1zm1.500 1.500v6h11v-6z"),
    phone: ink("M4.300 1 6.600 4.700 5.200 6.500c.8 1.800 2.500 3.500 4.300 4.300l1.800-1.400L15 11.700c0 1.900-1.400 3.300-3.300 3.300C6.200 15 1 9.800 1 4.300 1 2.400 2.400 1 4.300 1"),
    mail: ink("M1 3h14v10H1zm1.700 1.500L8 8.600l5.300-4.100zM2.500 6.200v5.300h11V6.200L8 10.400z"),
    person: ink("M8 1a3 3 0 1 1 0 6 3 3 0 0 1 0-6M2 15c0-4 2.500-6.500 6-6.500s6 2.500 6 6.500z"),
  },
  // Places of the portal.
  place: {
    floor: ink("M1.500 1.500h5.500v5.500H1.500zM9 1.500h5.500v3.500H9zM9 7h5.500v7.500H9zM1.500 9H7v5.500H1.500z"),
    feed: ink("M1.500 2.500h13v2h-13zm0 4.500h13v2h-13zm0 4.500h8v2h-8z"),
    report: ink("M7 1.500h2V7h5.500v2H9v5.500H7V9H1.500V7H7z"),
    offers: ink("M8 .8 15 4v8l-7 3.200L1 12V4zM3.400 4.700 8 6.800l4.600-2.100L8 2.700zM2.700 6.200v4.700l4.500 2V8.200zm6.100 2v4.700l4.500-2V6.200z"),
    more: ink("M2 6.500h3v3H2zm4.500 0h3v3h-3zm4.500 0h3v3h-3z"),
    erac: pen("M2 5h11M10 2l3 3-3 3M14 11H3M6 8l-3 3 3 3", 1.75),
    people: ink("M5.500 2a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5M.5 13.500c0-3.300 2-5.300 5-5.300s5 2 5 5.300zM11 3a2.100 2.100 0 1 1 0 4.200A2.100 2.100 0 0 1 11 3M12 13.500h3.500c0-2.900-1.500-4.700-4.200-4.700.5 1.200.7 2.700.7 4.700"),
    organization: ink("M2 1.500h8V6h4v8.500H2zM4 4v1.500h1.500V4zm2.800 0v1.500h1.500V4zM4 7v1.500h1.500V7zm2.800 0v1.500h1.500V7zM4 10v1.500h1.500V10zm2.800 0v4.500h1.500V10zm4-2v1.500h1.500V8zm0 3v1.500h1.500V11z"),
    incident: ink("M8 1.500A4.500 4.500 0 0 1 12.500 6v5h-9V6A4.500 4.500 0 0 1 8 1.500M6 6.500h1.500c0-.8.3-1.300 1-1.500V3.500C6.900 3.700 6 4.900 6 6.500M2 12.500h12v2H2z"),
    log: ink("M3 1h10v14H3zm2 3v1.500h6V4zm0 3v1.500h6V7zm0 3v1.500h4V10z"),
  },
  // What can be done, and what is said beside words.
  sign: {
    key: ink("M5 4a4 4 0 0 1 3.900 3H15v2.200h-1.500V11.500h-2.200V9.200H8.900A4 4 0 1 1 5 4m0 2.200a1.800 1.800 0 1 0 0 3.600 1.800 1.800 0 0 0 0-3.600"),
    lock: ink("M4 7V5a4 4 0 0 1 8 0v2h1.500v8h-11V7zm2 0h4V5a2 2 0 0 0-4 0z"),
    info: ink(`${DISC}m-.9 3h1.800v1.800H7.100zm0 3h1.800v5H7.100z`),
    down: ink("M8 13 2.500 7.500 4 6l3 3V2h2v7l3-3 1.500 1.500z"),
    dup: ink("M1 1h9v3H4v7H1zm4.500 4.500H15V15H5.500z"),
    add: ink("M6.800 2h2.400v4.800H14v2.400H9.200V14H6.800V9.200H2V6.800h4.800z"),
    search: pen("M7 2a5 5 0 1 0 0 10A5 5 0 0 0 7 2M10.700 10.700L14 14"),
    photo: ink("M5.500 2h5l1 2H15v10H1V4h3.500zM8 6a3 3 0 1 0 0 6 3 3 0 0 0 0-6"),
    file: ink("M2.500 1h7l4 4v10h-11z"),
  },
};

/** The one external sprite; refuses a name used twice and two alike in one family. */
export function sprite() {
  const seen = new Set();
  const symbols = [];
  for (const [family, shapes] of Object.entries(families)) {
    if (new Set(Object.values(shapes)).size !== Object.keys(shapes).length) {
      throw new Error(`two shapes of the family ${family} are alike`);
    }
    for (const [name, shape] of Object.entries(shapes)) {
      if (seen.has(name)) throw new Error(`the name ${name} is used twice`);
      seen.add(name);
      symbols.push(`<symbol id="i-${name}" viewBox="0 0 16 16">${shape}</symbol>`);
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`;
}
