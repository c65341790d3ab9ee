package browsertest

import (
	"strings"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Record keeps the bodies of all answers from now on, for [Page.Kept].
func (p *Page) Record() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.recording = true
}

// Kept is what the browser holds of the site, by what it is: the page's source, its
// address and history, what scripts and the site stored, and all answers since Record
// that are still to be had.
func (p *Page) Kept() map[string]string {
	p.t.Helper()
	kept := map[string]string{}
	for what, expression := range map[string]string{
		"the page's source":  "document.documentElement.outerHTML",
		"the address":        "location.href",
		"the history":        "JSON.stringify(history.state)",
		"local storage":      "JSON.stringify(localStorage)",
		"session storage":    "JSON.stringify(sessionStorage)",
		"cookies":            "document.cookie",
		"caches":             "(async () => JSON.stringify(await caches.keys()))()",
		"IndexedDB":          "(async () => JSON.stringify(await indexedDB.databases()))()",
		"names of resources": "JSON.stringify(performance.getEntriesByType('resource').map((e) => e.name))",
	} {
		var text string
		if err := p.eval(expression, &text); err == nil {
			kept[what] = text
		}
	}
	p.mu.Lock()
	answers := p.answers
	p.mu.Unlock()
	for id, url := range answers {
		body, err := chromedp.Call(p.ctx, network.GetResponseBody, network.GetResponseBodyParams{RequestID: network.RequestID(id)})
		if err == nil {
			kept["the answer of "+url+" "+id] = string(body.Body)
		}
		if strings.Contains(url, "?") {
			kept["the address "+url] = url
		}
	}
	return kept
}
