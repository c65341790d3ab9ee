package salesforce

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// report is a stream as Apex classes: one of its rows, one that reads them, and
// the tests of that.
type report struct {
	Title       string
	Description string // one line in Flow Builder
	About       string // of a row
	Operation   string // "GET /report/meeting_activities"
	Class, Row  string // "MeetingActivities", "MeetingActivity"; the project's name goes before
	Flow        string // "Meeting_Activities"
	Action      string // what it is called in Flow Builder
	From, To    string // query parameters
	ListKeys    []string
	Passes      [][]pair
	User        bool // it is read for one user at a time
	// Before and After are the path around the user; AskedPath is what the tests ask for.
	Before, After, AskedPath string
	Fields                   []field
	Key                      []string // the fields of a record that make a row's key
	// Example is a record in an Apex string; the tests look for ExampleValue in
	// ExampleField.
	Example, ExampleField, ExampleValue string
}

type pair struct{ Key, Value string }

// field is one field of a row.
type field struct {
	Name, Sent string // in Apex, and in Zoom's record
	Type       string
	Reader     string // the method of the client that reads it
	About      string
}

// classNames are what the streams are called in Apex: the plural reads, the
// singular is a row.
var classNames = map[string][2]string{
	"meeting_activities":   {"MeetingActivities", "MeetingActivity"},
	"report_user_meetings": {"UserMeetings", "UserMeeting"},
}

// HasClass tells whether a stream gets a typed class.
func HasClass(stream string) bool { return classNames[stream] != [2]string{} }

func reportOf(s stagedoor.Stream) (report, error) {
	names, known := classNames[s.Name]
	if !known || s.Window == nil {
		return report{}, fmt.Errorf("the stream %s has no form in Apex", s.Name)
	}
	r := report{
		Title: s.Title, About: oneLine(s.Title + ": one row. " + s.Description), Operation: s.Method + " " + s.Path,
		Description: apexText(oneLine(s.Title + ", from Zoom")),
		Class:       names[0], Row: names[1],
		From: s.Window.From, To: s.Window.To, ListKeys: s.ListKeys,
		Key: slices.Concat(s.ID...),
	}
	words := strings.Join(spaced(names[0]), " ")
	r.Action, r.Flow = "Get Zoom "+words, strings.ReplaceAll(words, " ", "_")
	r.Before, r.AskedPath = apexText(s.Path), apexText(s.Path)
	into := ""
	if p := s.Partition; p != nil {
		before, after, _ := strings.Cut(s.Path, "{"+p.Param+"}")
		r.User, into = true, p.Into
		r.Before, r.After = before, after
		r.AskedPath = before + "jill%40example.com" + after
	}
	passes := s.Passes
	if len(passes) == 0 {
		passes = []map[string]string{{}}
	}
	for _, pass := range passes {
		asked := maps.Clone(s.Params)
		if asked == nil {
			asked = map[string]string{}
		}
		maps.Copy(asked, pass)
		var pairs []pair
		for _, key := range slices.Sorted(maps.Keys(asked)) {
			pairs = append(pairs, pair{apexText(key), apexText(asked[key])})
		}
		r.Passes = append(r.Passes, pairs)
	}
	if len(r.Key) == 0 {
		r.Key = s.Content
	}
	for _, c := range s.Columns {
		if c.Name == into {
			continue // asked for, not answered
		}
		f := field{Name: fieldName(c.Name), Sent: c.Source(), About: oneLine(c.About)}
		f.Type, f.Reader = apexType(c.Type)
		r.Fields = append(r.Fields, f)
	}
	return r, r.setExample(s)
}

// apexType is the Apex type of a column, and the method that reads it.
func apexType(t stagedoor.ColumnType) (name, reader string) {
	switch t {
	case stagedoor.Integer:
		return "Long", "whole"
	case stagedoor.Real:
		return "Double", "real"
	case stagedoor.Boolean:
		return "Boolean", "truth"
	case stagedoor.Timestamp, stagedoor.ActivityTime, stagedoor.MinuteTime:
		return "Datetime", "moment"
	case stagedoor.Digits:
		return "String", "digits"
	}
	return "String", "text"
}

// setExample takes the stream's example record for the tests.
func (r *report) setExample(s stagedoor.Stream) error {
	var record map[string]any
	if err := json.Unmarshal([]byte(s.Example), &record); err != nil {
		return fmt.Errorf("the example of the stream %s: %w", s.Name, err)
	}
	compact, err := json.Marshal(json.RawMessage(s.Example))
	if err != nil {
		return fmt.Errorf("the example of the stream %s: %w", s.Name, err)
	}
	r.Example = apexText(string(compact))
	for _, f := range r.Fields {
		if value, ok := record[f.Sent].(string); ok && value != "" && f.Reader == "text" {
			r.ExampleField, r.ExampleValue = f.Name, "'"+apexText(value)+"'"
			return nil
		}
	}
	return fmt.Errorf("the example of the stream %s has no text", s.Name)
}

// apexText writes text inside an Apex string.
func apexText(text string) string {
	return strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`).Replace(text)
}

// oneLine is text that may stand in a comment of Apex.
func oneLine(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "*/", "* /")
}

// spaced cuts MeetingActivities into its words.
func spaced(name string) []string {
	var words []string
	start := 0
	for i := 1; i <= len(name); i++ {
		if i == len(name) || 'A' <= name[i] && name[i] <= 'Z' {
			words = append(words, name[start:i])
			start = i
		}
	}
	return words
}
