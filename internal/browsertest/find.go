package browsertest

import (
	"fmt"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// finder finds what can be seen by its role and its name, as assistive programs do.
const finder = `(role, name) => {
  const seen = (e) => e.checkVisibility({ visibilityProperty: true }) && (!document.querySelector("dialog:modal") || e.closest("dialog:modal"));
  const clean = (t) => (t || "").replace(/\s+/g, " ").trim();
  const roles = {
    button: "button, summary, [role=button]", link: "a[href]", field: "input:not([type=hidden]):not([type=checkbox]):not([type=radio]), textarea, select", box: "input[type=checkbox], input[type=radio]",
  };
  const named = (e) => {
    if (e.getAttribute("aria-label")) return clean(e.getAttribute("aria-label"));
    if (e.labels && e.labels.length) return clean(e.labels[0].innerText);
    return clean(e.innerText);
  };
  const all = [...document.querySelectorAll(roles[role])].filter(seen);
  return all.find((e) => named(e) === name) || all.find((e) => named(e).startsWith(name)) || null;
}`

// find waits for something, brings it into view and returns its middle.
func (p *Page) find(role, name string) (x, y float64) {
	p.t.Helper()
	found := fmt.Sprintf("(%s)(%s, %s)", finder, quoted(role), quoted(name))
	if !p.until(found) {
		p.t.Fatalf("there is no %s %q on the page: %s", role, name, p.Text())
	}
	// It stands still when it is where it was a moment ago, and nothing lies over it.
	still := fmt.Sprintf(`new Promise((done) => {
  const e = %s;
  if (!e) return done(false);
  e.scrollIntoView({ block: "center", behavior: "instant" });
  const before = e.getBoundingClientRect();
  setTimeout(() => {
    const now = e.getBoundingClientRect();
    const at = [now.x + now.width / 2, now.y + now.height / 2];
    const top = document.elementFromPoint(...at);
    globalThis.browsertestAt = at;
    done(e.isConnected && before.x === now.x && before.y === now.y && (e === top || e.contains(top) || (top && top.contains(e))));
  }, 50);
})`, found)
	if !p.untilPromise(still) {
		p.t.Fatalf("%s %q never stands still, or something lies over it", role, name)
	}
	var at [2]float64
	p.Eval("browsertestAt", &at)
	return at[0], at[1]
}

// Click clicks a button or a link, by its name, with the mouse.
func (p *Page) Click(role, name string) {
	p.t.Helper()
	x, y := p.find(role, name)
	p.must(chromedp.Do(p.ctx, chromedp.MouseClickXY(x, y)))
}

// Type puts a text into the field of this label, in the place of what was there.
func (p *Page) Type(label, text string) {
	p.t.Helper()
	p.Click("field", label)
	p.Eval("document.activeElement.select && document.activeElement.select()", nil)
	p.Write(text)
}

// Write types a text where the focus is.
func (p *Page) Write(text string) {
	p.t.Helper()
	if text == "" {
		p.must(chromedp.Do(p.ctx, chromedp.KeyEvent("\b")))
		return
	}
	_, err := chromedp.Call(p.ctx, input.InsertText, input.InsertTextParams{Text: text})
	p.must(err)
}

// Tick ticks a box, or unticks it.
func (p *Page) Tick(label string) {
	p.t.Helper()
	p.Click("box", label)
}

// Choose takes an option of a list of choices, by its value.
func (p *Page) Choose(label, value string) {
	p.t.Helper()
	p.find("field", label)
	p.Eval(fmt.Sprintf(`(() => { const e = (%s)("field", %s); e.value = %s; e.dispatchEvent(new Event("input", { bubbles: true })); e.dispatchEvent(new Event("change", { bubbles: true })); })()`,
		finder, quoted(label), quoted(value)), nil)
}
