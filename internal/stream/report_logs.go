package stream

import (
	"time"

	"github.com/stagedoor/stagedoor"
)

// reportLogs are the logs of the whole account: who signed in, and what admins
// changed. Their rows have no id, so all of their columns make the key.
func reportLogs() []stagedoor.Stream {
	return []stagedoor.Stream{{
		Name:        "operation_logs",
		Title:       "Operation logs",
		Family:      "reports",
		Description: "What admins changed: users, roles, settings, billing and more, one row a change.",
		Docs:        "https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/operationlogs",
		Method:      "GET",
		Path:        "/report/operationlogs",
		ListKeys:    []string{"operation_logs"},
		PageSize:    300,
		Window: &stagedoor.Window{
			From: "from", To: "to",
			// Zoom's page states no limit for this report, so days further back
			// are asked for when --since says so.
			First:  6,
			Settle: 24 * time.Hour,
		},
		Columns: []stagedoor.Column{
			{Name: "time", Type: stagedoor.Timestamp},
			{Name: "operator", Type: stagedoor.Text, About: "the e-mail address of who did it"},
			{Name: "category_type", Type: stagedoor.Text, About: "what was changed: user, user_settings, account, billing, im, recording, phone_contacts, webinar, sub_account, role, zoom_rooms; one of them alone with -p category_type=…"},
			{Name: "action", Type: stagedoor.Text, About: "Add, Update, Delete and others"},
			{Name: "operation_detail", Type: stagedoor.Text},
		},
		Day:       []string{"time"},
		Content:   []string{"time", "operator", "category_type", "action", "operation_detail"},
		ShowsGone: true,
		EmptyMeans: &stagedoor.Error{
			Kind:  stagedoor.KindFeatureOff,
			Cause: "Zoom gave no operation logs at all for these days. Either no admin changed anything, or the role of the app's owner does not show them",
			Fix:   "On zoom.us, Admin → User Management → Roles, give the role of the app's owner the view of \"Admin activity logs\" beside \"Usage Reports\".",
		},
		Example: `{"time":"2026-11-20T09:13:27Z","operator":"jchill@example.com","category_type":"user","action":"Update","operation_detail":"Update User kchan@example.com: User Type from Basic to Licensed"}`,
	}, {
		Name:        "sign_in_activities",
		Title:       "Sign-in activities",
		Family:      "reports",
		Description: "Who signed in and out, when, from which address and with which client, one row a sign-in or sign-out.",
		Docs:        "https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/activities",
		Method:      "GET",
		Path:        "/report/activities",
		ListKeys:    []string{"activity_logs"},
		// Zoom states no maximum; 300 is that of the other reports, and what
		// integrators send.
		PageSize: 300,
		Window:   &stagedoor.Window{From: "from", To: "to", LookBack: 6, Settle: 24 * time.Hour},
		Columns: []stagedoor.Column{
			{Name: "time", Type: stagedoor.Timestamp},
			{Name: "email", Type: stagedoor.Text},
			{Name: "type", Type: stagedoor.Text, About: "Sign in or Sign out"},
			{Name: "ip_address", Type: stagedoor.Text},
			{Name: "client_type", Type: stagedoor.Text, About: "Browser, Windows, Mac, iOS and others"},
			{Name: "version", Type: stagedoor.Text, About: "of the client; empty or - for browsers"},
		},
		Day:       []string{"time"},
		Content:   []string{"time", "email", "type", "ip_address", "client_type", "version"},
		ShowsGone: true,
		EmptyMeans: &stagedoor.Error{
			Kind:  stagedoor.KindFeatureOff,
			Cause: "Zoom gave no sign-ins at all for these days. Either nobody signed in, or the role of the app's owner does not show them",
			Fix:   "On zoom.us, Admin → User Management → Roles, give the role of the app's owner the view of \"Sign in / Sign out\" beside \"Usage Reports\".",
		},
		Example: `{"client_type":"Browser","email":"jchill@example.com","ip_address":"192.0.2.1","time":"2026-11-20T08:02:51Z","type":"Sign in","version":"5.9.1.2581"}`,
	}}
}
