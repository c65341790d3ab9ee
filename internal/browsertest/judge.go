package browsertest

import (
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
)

// Axe finds what of the page some people can not use, by the rules of WCAG 2.2 A and
// AA, and of good practice; script is axe-core itself.
// Source: github.com/dequelabs/axe-core, read 2026-11.
func (p *Page) Axe(script string) []string {
	p.t.Helper()
	p.Eval(script+"; 0", nil)
	var found []struct {
		ID    string `json:"id"`
		Help  string `json:"help"`
		Nodes []struct {
			HTML    string `json:"html"`
			Summary string `json:"failureSummary"`
		} `json:"nodes"`
	}
	p.Eval(`axe.run(document, { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }).then((r) => r.violations)`, &found)
	var list []string
	for _, f := range found {
		for _, n := range f.Nodes {
			list = append(list, fmt.Sprintf("%s (%s): %.200s %s", f.ID, f.Help, n.HTML, strings.ReplaceAll(n.Summary, "\n", " ")))
		}
	}
	return list
}

// Overflow is by how many CSS pixels the page is wider than what is seen of it.
func (p *Page) Overflow() int {
	p.t.Helper()
	var by int
	p.Eval("document.documentElement.scrollWidth - document.documentElement.clientWidth", &by)
	return by
}

// Shift is how much of the page moved by itself since it was opened: the score of
// layout shifts without input (web.dev/articles/cls, read 2026-11).
func (p *Page) Shift() float64 {
	p.t.Helper()
	var score float64
	p.Eval(`new Promise((done) => {
  let sum = 0;
  const o = new PerformanceObserver((list) => { for (const e of list.getEntries()) if (!e.hadRecentInput) sum += e.value; });
  o.observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => done(sum)));
})`, &score)
	return score
}

// Shot is a picture of the whole page, as PNG.
func (p *Page) Shot() []byte {
	p.t.Helper()
	text, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	p.must(err)
	return text
}
