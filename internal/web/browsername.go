package web

import "strings"

// browserName is what people call a browser, by what it says of itself: "Firefox on
// Windows". One that says nothing known keeps its own words.
//
// Each browser also names those that it wants to be taken for, so that the order
// counts. Source: developer.mozilla.org, "Browser detection using the user agent
// string", read 2026-11.
func browserName(says string) string {
	name := first(says, [][2]string{
		{"Edg", "Edge"},
		{"OPR/", "Opera"},
		{"SamsungBrowser/", "Samsung Internet"},
		{"Firefox/", "Firefox"},
		{"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
	})
	system := first(says, [][2]string{
		{"Windows", "Windows"}, {"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"CrOS", "ChromeOS"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"},
	})
	switch {
	case name == "":
		return says
	case system == "":
		return name
	}
	return name + " on " + system
}

// first is the name of the first sign that the text has.
func first(text string, signs [][2]string) string {
	for _, s := range signs {
		if strings.Contains(text, s[0]) {
			return s[1]
		}
	}
	return ""
}
