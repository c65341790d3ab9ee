package web

import "github.com/stagedoor/stagedoor"

// Route is a row of the table, for tests.
type Route struct {
	Pattern string
	Role    stagedoor.Role
}

// Routes is the table.
func Routes() []Route {
	var list []Route
	for _, r := range (&site{}).routes() {
		list = append(list, Route{r.pattern, r.role})
	}
	return list
}
