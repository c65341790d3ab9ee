// What every page does by script: times in the viewer's zone, copying, the stream
// of changes, and forms that are sent when a choice is made. Each works without a
// script in a plainer way.

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const steps = [["second", 60], ["minute", 60], ["hour", 24], ["day", 30], ["month", 12], ["year", Infinity]];

// The viewer's clock may be wrong; ages are told by that of the daemon. What it is off
// by less than the page may have taken to come is no fault of the clock.
const loaded = Date.now();

function now() {
  const off = Date.parse(document.body.dataset.now) - loaded;
  return Date.now() + (Math.abs(off) > 60e3 ? off : 0);
}

function ago(then) {
  let left = (then - now()) / 1000;
  if (Math.abs(left) < 5) return "now";
  for (const [unit, size] of steps) {
    if (Math.abs(Math.round(left)) < size) return relative.format(Math.round(left), unit);
    left /= size;
  }
}

function tellTimes(root) {
  for (const time of root.querySelectorAll("time[data-relative]")) {
    const then = Date.parse(time.dateTime);
    if (Number.isNaN(then)) continue;
    const text = ago(then);
    if (time.textContent !== text) time.textContent = text;
    time.title = exact.format(then);
  }
}

function say(text) {
  const said = document.getElementById("said");
  said.textContent = "";
  requestAnimationFrame(() => { said.textContent = text; });
}

function prepare(root) {
  tellTimes(root);
  for (const dialog of root.querySelectorAll("dialog.overlay[open]:not([data-shown])")) {
    dialog.dataset.shown = "";
    dialog.close();
    // What lies under an overlay is neither seen nor read out, so that what the page
    // has to say goes into its head, which stays in sight.
    dialog.querySelector(".overlay-head").append(...["lost", "notices", "said"].map((id) => document.getElementById(id)));
    dialog.showModal();
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const from = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(from.value ?? from.textContent);
    say(document.body.dataset.copied);
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 2000);
  } catch {
    getSelection().selectAllChildren(from); // so that the keyboard can copy it
  }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-fill]");
  if (!button) return;
  const field = document.getElementById(button.dataset.fill);
  field.value = button.dataset.value;
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

document.addEventListener("change", (event) => {
  if (event.target.matches("select[data-submit]")) event.target.form.requestSubmit();
});

// Escape closes an overlay; what lies under it is the page it came from.
document.addEventListener("cancel", (event) => {
  if (!event.target.matches("dialog.overlay")) return;
  event.preventDefault();
  event.target.querySelector("a.close").click();
}, true);

document.addEventListener("htmx:configRequest", (event) => {
  const token = document.body.dataset.csrf;
  if (token) event.detail.headers["X-CSRF-Token"] = token;
  // What nobody did is no use of the session, which ends when it is not used.
  if (event.detail.triggeringEvent?.type.startsWith("live-")) event.detail.headers["X-By-Itself"] = "1";
});

// A part of the page that is not there any more when it is asked for anew, such as a
// credential that somebody removed: the page as a whole says so.
document.addEventListener("htmx:responseError", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (xhr.status === 404 && requestConfig.triggeringEvent?.type.startsWith("live-")) location.reload();
});

let stream; // of changes: there is one at most

// What is typed and not sent is kept where the session ends meanwhile.
let typed = false;
document.addEventListener("input", (event) => {
  if (event.target.matches("input, textarea") && event.target.form?.method === "post") typed = true;
});

document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.xhr.status !== 401 || !typed) return;
  event.preventDefault();
  leave();
});

const visitor = (root) => root.querySelector(".who")?.textContent;

// stay says that the session has ended. Secrets go: whoever comes to this browser next
// could read them. Whoever signs in elsewhere in this browser goes on here, where it
// is the same one.
function stay() {
  const notices = document.getElementById("notices");
  if (notices.querySelector("[data-ended]")) return;
  stream?.close(); // it is of the session that ended, and would end the next one here
  for (const field of document.querySelectorAll("input[type=password]")) field.value = "";
  notices.replaceChildren(document.getElementById("ended").content.cloneNode(true));
  addEventListener("focus", async function back() {
    const answer = await fetch("/me", { redirect: "manual", headers: { "X-By-Itself": "1" } }).catch(() => null);
    if (!answer?.ok) return;
    removeEventListener("focus", back);
    const me = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (visitor(me) !== visitor(document)) return location.reload();
    document.body.dataset.csrf = me.body.dataset.csrf;
    for (const field of document.querySelectorAll("input[name=csrf]")) field.value = me.body.dataset.csrf;
    notices.replaceChildren();
    follow(document.body.dataset.live);
  });
}

function leave() {
  if (typed) return stay();
  location.assign("/sign-in?next=" + encodeURIComponent(location.pathname + location.search));
}

// A stream that a browser gave up was refused, or the daemon is away: a page that
// leads elsewhere says that nobody is signed in any more.
async function again(path) {
  try {
    const answer = await fetch("/me", { redirect: "manual", headers: { "X-By-Itself": "1" } });
    if (answer.type === "opaqueredirect") return leave();
  } catch {
    // away; the stream tries on
  }
  follow(path);
}

// The stream of changes. A browser connects again by itself; what changed in
// between is not known, so that all parts are asked for anew.
function follow(path) {
  const lost = document.getElementById("lost");
  let before = false;
  const source = stream = new EventSource(path);
  const all = ["credentials", "callers", "quota", "audit", "runs", "operators"];
  const changed = (topic) => document.body.dispatchEvent(new CustomEvent("live-" + topic));
  for (const topic of all) source.addEventListener(topic, () => changed(topic));
  source.addEventListener("signed-out", leave);
  source.onopen = () => {
    lost.hidden = true;
    if (before) all.forEach(changed);
    before = true;
  };
  source.onerror = () => {
    lost.hidden = false;
    if (source.readyState !== EventSource.CLOSED) return;
    source.close();
    setTimeout(() => again(path), 3000);
  };
  addEventListener("pagehide", () => source.close());
}

prepare(document);
// What comes into the page later is made ready before it is painted.
new MutationObserver((changes) => {
  for (const change of changes) {
    for (const node of change.addedNodes) if (node.nodeType === Node.ELEMENT_NODE) prepare(node.parentElement ?? node);
  }
}).observe(document.body, { childList: true, subtree: true });
setInterval(() => tellTimes(document), 10000);
if (document.body.dataset.live) follow(document.body.dataset.live);
