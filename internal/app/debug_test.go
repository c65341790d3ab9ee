package app

import (
	"testing"

	"github.com/stagedoor/stagedoor"
)

// Each day's limit has a name of its own: two of one name would be one series in
// the metrics, and two rows that nobody can tell apart on the debug page.
func TestDaysAreNamedByFamily(t *testing.T) {
	heavy := []stagedoor.Label{stagedoor.Heavy, stagedoor.ResourceIntensive}
	for want, day := range map[string]stagedoor.QuotaDay{
		"Heavy + Resource-intensive":       {Group: "Heavy", Labels: heavy},
		"phone Heavy + Resource-intensive": {Group: "phone Heavy", Labels: heavy},
		"contact_center Light":             {Group: "contact_center Light", Labels: []stagedoor.Label{stagedoor.Light}},
		"phone Medium":                     {Group: "phone Medium"},
	} {
		if got := dayName(day); got != want {
			t.Errorf("%+v is named %q, want %q", day, got, want)
		}
	}
}
