package audit_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/audit"
	"github.com/stagedoor/stagedoor/internal/store"
)

var testKey = []byte("the key of the audit, 32 bytes..")

// audited is a database with an audit, and the attacker's way to it.
type audited struct {
	t    *testing.T
	path string
	key  []byte
	head *stagedoor.AuditHead
}

func newAudited(t *testing.T) *audited {
	return &audited{t: t, path: filepath.Join(t.TempDir(), "stagedoor.db"), key: testKey}
}

func (a *audited) open() *store.Store {
	a.t.Helper()
	s, err := store.Open(a.t.Context(), store.Options{Database: "sqlite:" + a.path})
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { s.Close() })
	return s
}

// process writes lines as one process does, from start to end.
func (a *audited) process(lines int) {
	a.t.Helper()
	s := a.open()
	defer s.Close()
	l := audit.Open(s, a.key, audit.Options{Process: "test"})
	a.record(l, lines)
	if err := l.Close(context.Background()); err != nil {
		a.t.Fatal(err)
	}
}

func (a *audited) record(l *audit.Log, lines int) {
	a.t.Helper()
	for i := range lines {
		l.Record(stagedoor.Event{Actor: "person ada", Action: fmt.Sprint("act.", i), Credential: "acme", Result: "ok"})
	}
}

// sql is what an attacker does who can write the database.
func (a *audited) sql(statements ...string) {
	a.t.Helper()
	db, err := sql.Open("sqlite", a.path)
	if err != nil {
		a.t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range statements {
		result, err := db.Exec(statement)
		if err != nil {
			a.t.Fatalf("%s: %v", statement, err)
		}
		if n, _ := result.RowsAffected(); n == 0 && !strings.HasPrefix(statement, "CREATE") {
			a.t.Fatalf("%s: did nothing", statement)
		}
	}
}

func (a *audited) verify() stagedoor.AuditReport {
	a.t.Helper()
	s := a.open()
	defer s.Close()
	report, err := audit.Verify(a.t.Context(), s, a.key, a.head, true)
	if err != nil {
		a.t.Fatal(err)
	}
	return report
}

func (a *audited) saveHead() {
	a.t.Helper()
	s := a.open()
	defer s.Close()
	made, err := audit.MakeHead(a.t.Context(), s, a.key, time.Now)
	if err != nil {
		a.t.Fatal(err)
	}
	// As a person keeps it.
	read, err := stagedoor.ParseAuditHead(made.String() + "\n")
	if err != nil {
		a.t.Fatal(err)
	}
	a.head = &read
}

// prune removes what is older than the wait after which it was called.
func (a *audited) prune(before time.Time) (int64, error) {
	a.t.Helper()
	s := a.open()
	defer s.Close()
	return audit.Prune(a.t.Context(), s, a.key, before, 1<<40, time.Now)
}

func says(r stagedoor.AuditReport) string {
	var all []string
	for _, p := range r.Problems {
		all = append(all, fmt.Sprintf("%s %d/%d: %s", p.Kind, p.Chain, p.Sequence, p.Says))
	}
	return strings.Join(all, "\n")
}

// TestAttacks does to the database what somebody may who has it and not the key,
// and asserts what `audit verify` says of it.
func TestAttacks(t *testing.T) {
	const exchange = `UPDATE audit_lines SET sequence = CASE sequence WHEN 2 THEN -3 ELSE -2 END WHERE chain = 2 AND sequence IN (2, 3)`
	cutTail := []string{
		`DELETE FROM audit_lines WHERE chain = 4 AND sequence > 3`,
		`UPDATE audit_chains SET sequence = 3, mac = (SELECT mac FROM audit_lines WHERE chain = 4 AND sequence = 3), arrival = (SELECT arrival FROM audit_lines WHERE chain = 4 AND sequence = 3) WHERE number = 4`,
	}
	for name, test := range map[string]struct {
		head   bool // one was saved before the attack
		pruned bool // chain 1 and part of chain 2 were removed by retention
		attack []string
		hit    func(*audited)
		want   []string // none: it is not found
	}{
		"nothing":                       {head: true},
		"nothing, after retention":      {head: true, pruned: true},
		"a line is edited":              {attack: []string{`UPDATE audit_lines SET line = replace(line, 'person ada', 'person eve') WHERE chain = 2 AND sequence = 2`}, want: []string{"changed 2/2: line 2 of chain 2 is not the one that was written there"}},
		"an opening is edited":          {attack: []string{`UPDATE audit_lines SET line = replace(line, '"opens"', '"closed"') WHERE chain = 2 AND sequence = 0`}, want: []string{"changed 2/0"}},
		"a line is made unreadable":     {attack: []string{`UPDATE audit_lines SET line = '{' WHERE chain = 2 AND sequence = 2`}, want: []string{"changed 2/2"}},
		"a MAC is changed":              {attack: []string{`UPDATE audit_lines SET mac = randomblob(32) WHERE chain = 2 AND sequence = 2`}, want: []string{"changed 2/2"}},
		"the time it is listed under":   {attack: []string{`UPDATE audit_lines SET at = at - 3600000000 WHERE chain = 2 AND sequence = 2`}, want: []string{"changed 2/2", "is listed under"}},
		"the order of arrival":          {attack: []string{`UPDATE audit_lines SET arrival = 1000 WHERE chain = 2 AND sequence = 2`}, want: []string{"moved 2/3: line 3 of chain 2 arrived before the line before it"}},
		"a chain arrives later":         {attack: []string{`UPDATE audit_lines SET arrival = arrival + 1000 WHERE chain = 2`}, want: []string{"moved 2/4: chain 2 ended at line 4 when chain 3 was opened"}},
		"a line is removed":             {attack: []string{`DELETE FROM audit_lines WHERE chain = 2 AND sequence = 2`}, want: []string{"missing 2/2: line 2 of chain 2: removed. The next that is there is line 3"}},
		"an opening is removed":         {attack: []string{`DELETE FROM audit_lines WHERE chain = 2 AND sequence = 0`}, want: []string{"missing 2/0: line 0 of chain 2: removed"}},
		"a line is removed, renumbered": {attack: []string{`DELETE FROM audit_lines WHERE chain = 2 AND sequence = 2`, `UPDATE audit_lines SET sequence = sequence - 1 WHERE chain = 2 AND sequence > 2`}, want: []string{"changed 2/2", "chain 2 reached line 4"}},
		"a chain is removed":            {attack: []string{`DELETE FROM audit_lines WHERE chain = 2`, `DELETE FROM audit_chains WHERE number = 2`}, want: []string{"missing 2/0: chain 2 is gone as a whole"}},
		"a chain is removed, renumbered": {attack: []string{
			`DELETE FROM audit_lines WHERE chain = 2`, `DELETE FROM audit_chains WHERE number = 2`,
			`UPDATE audit_lines SET chain = chain - 1 WHERE chain > 2`, `UPDATE audit_chains SET number = number - 1 WHERE number > 2`,
		}, want: []string{"changed 2/0", "unlinked 2/0: chain 2 was not opened after the chain 1 that is there now"}},
		"a chain's end is cut": {attack: []string{
			`DELETE FROM audit_lines WHERE chain = 2 AND sequence > 2`,
			`UPDATE audit_chains SET sequence = 2, mac = (SELECT mac FROM audit_lines WHERE chain = 2 AND sequence = 2) WHERE number = 2`,
		}, want: []string{"missing 2/3: chain 2 reached line 4 when chain 3 was opened, at ", "now it ends at line 2: lines 3 to 4 were removed"}},
		"the newest lines, clumsily":   {attack: cutTail[:1], want: []string{"missing 4/4: chain 4 reached line 4, by what is noted of it, and ends at line 3"}},
		"the newest lines":             {attack: cutTail},
		"the newest lines, with head":  {head: true, attack: cutTail, want: []string{"missing 4/4: chain 4 reached line 4 when the head was made", "line 4 was removed"}},
		"the newest chain":             {attack: []string{`DELETE FROM audit_lines WHERE chain = 4`, `DELETE FROM audit_chains WHERE number = 4`}},
		"the newest chain, clumsily":   {attack: []string{`DELETE FROM audit_lines WHERE chain = 4`}, want: []string{"missing 4/0: chain 4 is gone as a whole"}},
		"the newest chain, with head":  {head: true, attack: []string{`DELETE FROM audit_lines WHERE chain = 4`, `DELETE FROM audit_chains WHERE number = 4`}, want: []string{"4 chains had been opened when the head was made, at ", "and 3 are there now"}},
		"two lines change places":      {attack: []string{exchange, `UPDATE audit_lines SET sequence = -sequence WHERE sequence < 0`}, want: []string{"what stands as line 3 of chain 2 was written as line 2 of chain 2"}},
		"a line goes to another chain": {attack: []string{`UPDATE audit_lines SET chain = 3, sequence = 5, arrival = 900 WHERE chain = 2 AND sequence = 2`}, want: []string{"what stands as line 5 of chain 3 was written as line 2 of chain 2", "missing 2/2"}},
		"two chains change places": {attack: []string{
			`UPDATE audit_lines SET chain = CASE chain WHEN 2 THEN -3 ELSE -2 END WHERE chain IN (2, 3)`, `UPDATE audit_lines SET chain = -chain WHERE chain < 0`,
			`UPDATE audit_chains SET number = CASE number WHEN 2 THEN -3 ELSE -2 END WHERE number IN (2, 3)`, `UPDATE audit_chains SET number = -number WHERE number < 0`,
		}, want: []string{"changed 2/0", "changed 3/0", "unlinked 2/0"}},
		"the chains are renumbered": {attack: []string{`UPDATE audit_lines SET chain = chain + 10`, `UPDATE audit_chains SET number = number + 10`}, want: []string{"missing 1/0: chains 1 to 10 are gone", "changed 11/0"}},
		"everything is removed":     {attack: []string{`DELETE FROM audit_lines`, `DELETE FROM audit_chains`}, want: []string{"no line is there, though the audit was begun"}},
		"everything, with head":     {head: true, attack: []string{`DELETE FROM audit_lines`, `DELETE FROM audit_chains`}, want: []string{"4 chains had been opened"}},
		"a line is doubled": {attack: []string{
			`CREATE TABLE other (arrival integer NOT NULL PRIMARY KEY, chain, sequence, at, line, mac)`,
			`INSERT INTO other SELECT * FROM audit_lines`,
			`INSERT INTO other SELECT 900, chain, sequence, at, replace(line, 'ada', 'eve'), mac FROM audit_lines WHERE chain = 2 AND sequence = 2`,
			`DROP TABLE audit_lines`, `ALTER TABLE other RENAME TO audit_lines`,
		}, want: []string{"changed 2/2: line 2 of chain 2 is there twice"}},
		"a line before all chains":            {attack: []string{`INSERT INTO audit_lines SELECT 900, -1, 1, at, replace(line, 'ada', 'eve'), mac FROM audit_lines WHERE chain = 2 AND sequence = 2`}, want: []string{"changed -1/1: line 1 of chain -1 stands where no process writes"}},
		"a line of no chain":                  {attack: []string{`INSERT INTO audit_lines SELECT 900, 0, 1, at, replace(line, 'ada', 'eve'), mac FROM audit_lines WHERE chain = 2 AND sequence = 2`}, want: []string{"changed 0/1: line 1 of chain 0 stands where no process writes"}},
		"a line before its chain":             {attack: []string{`INSERT INTO audit_lines SELECT 900, 2, -1, at, replace(line, 'ada', 'eve'), mac FROM audit_lines WHERE chain = 2 AND sequence = 2`}, want: []string{"changed 2/-1: line -1 of chain 2 stands where no process writes"}},
		"a line behind all chains":            {attack: []string{`INSERT INTO audit_lines SELECT 900, 9223372036854775807, 1, at, line, mac FROM audit_lines WHERE chain = 2 AND sequence = 2`}, want: []string{"changed 9223372036854775807/1: line 1 of chain 9223372036854775807 stands where no process writes"}},
		"a line far behind a chain":           {attack: []string{`INSERT INTO audit_lines SELECT 900, 4, 9223372036854775807, at, line, mac FROM audit_lines WHERE chain = 2 AND sequence = 2`}, want: []string{"changed 4/9223372036854775807: line 9223372036854775807 of chain 4 stands where no process writes"}},
		"the first of all lines":              {attack: []string{`INSERT INTO audit_lines SELECT 900, -9223372036854775808, 1, at, line, mac FROM audit_lines WHERE chain = 2 AND sequence = 2`}, want: []string{"changed -9223372036854775808/1: line 1"}},
		"an end behind all chains":            {attack: []string{`INSERT INTO audit_chains SELECT 9223372036854775807, 1, mac, 900 FROM audit_lines WHERE chain = 2 AND sequence = 2`}, want: []string{"missing 5/0: chains 5 to 9223372036854775807 are gone"}},
		"a line that is no text":              {attack: []string{`UPDATE audit_lines SET line = x'00ff1b' WHERE chain = 2 AND sequence = 2`}, want: []string{"changed 2/2"}},
		"a line of 10 MB":                     {attack: []string{`UPDATE audit_lines SET line = hex(zeroblob(5000000)), mac = zeroblob(5000000) WHERE chain = 2 AND sequence = 2`}, want: []string{"changed 2/2"}},
		"an older database":                   {hit: putBackOlder(false)},
		"an older database, with head":        {head: true, hit: putBackOlder(false), want: []string{"4 chains had been opened", "or an older database was put back"}},
		"an older database, used since":       {hit: putBackOlder(true)},
		"an older one, used since, with head": {head: true, hit: putBackOlder(true), want: []string{"chain 4 began otherwise when the head was made"}},
		"the audit's key is another":          {head: true, hit: func(a *audited) { a.key = []byte("another key of 32 bytes ........") }, want: []string{"changed 1/0", "changed 4/4", "the head of ", "is not one of this audit"}},
		"the head is altered":                 {head: true, hit: func(a *audited) { a.head.Ends[0].Sequence++ }, want: []string{"head 0/0: the head of "}},
		"the first lines, without an anchor":  {attack: []string{`DELETE FROM audit_lines WHERE chain = 1`, `DELETE FROM audit_chains WHERE number = 1`}, want: []string{"missing 1/0: chain 1 is gone as a whole"}},
		"the anchor is removed":               {pruned: true, attack: []string{`DELETE FROM audit_anchor`}, want: []string{"missing 1/0: chain 1 is gone as a whole", "missing 2/0: lines 0 to 2 of chain 2"}},
		"an anchor is forged": {attack: []string{
			`INSERT INTO audit_anchor VALUES (1, '{"through":1,"opening":"00","cuts":[],"arrival":5,"removed":5,"at":"2026-11-01T00:00:00Z","mac":"00"}')`,
			`DELETE FROM audit_lines WHERE chain = 1`, `DELETE FROM audit_chains WHERE number = 1`,
		}, want: []string{"anchor 0/0: the anchor, which vouches", "missing 1/0"}},
		"an anchor is stretched": {pruned: true, attack: []string{
			`DELETE FROM audit_lines WHERE chain = 2`, `DELETE FROM audit_chains WHERE number = 2`,
			`UPDATE audit_anchor SET document = json_set(document, '$.cuts', json('[]'))`,
		}, want: []string{"anchor 0/0", "missing 1/0"}},
		"an anchor is made unreadable": {pruned: true, attack: []string{`UPDATE audit_anchor SET document = '{'`}, want: []string{"anchor 0/0"}},
		"more than retention removed":  {pruned: true, attack: []string{`DELETE FROM audit_lines WHERE chain = 2 AND sequence = 3`}, want: []string{"missing 2/3: line 3 of chain 2: removed"}},
		"all of a cut chain removed":   {pruned: true, attack: []string{`DELETE FROM audit_lines WHERE chain = 2`, `DELETE FROM audit_chains WHERE number = 2`}, want: []string{"missing 2/3: chain 2 is gone: lines up to line 2 were removed when their time was over, and those after it by somebody else"}},
		"removed lines are put back":   {hit: putBackRemoved, want: []string{"restored 1/0: chain 1 is there from line 0 on", "restored 2/0: line 0 of chain 2 is there"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAudited(t)
			for range 4 {
				a.process(4)
			}
			if test.pruned {
				a.pruneEight()
			}
			if test.head {
				a.saveHead()
			}
			if len(test.attack) > 0 {
				a.sql(test.attack...)
			}
			if test.hit != nil {
				test.hit(a)
			}
			report := a.verify()
			said := says(report)
			if (report.Err() != nil) != (len(test.want) > 0) || report.Found != int64(len(report.Problems)) {
				t.Errorf("found %d problems:\n%s", report.Found, said)
			}
			for _, want := range test.want {
				if !strings.Contains(said, want) {
					t.Errorf("nothing says %q:\n%s", want, said)
				}
			}
			if err := report.Err(); err != nil && stagedoor.KindOf(err) != stagedoor.KindAltered {
				t.Errorf("it is of kind %s", stagedoor.KindOf(err))
			}
		})
	}
}

// TestUnreadableLinesHideNoOthers looks for lines among which one was spoilt.
func TestUnreadableLinesHideNoOthers(t *testing.T) {
	for name, line := range map[string]string{"no JSON": `'{'`, "no text": `x'00ff1b'`, "no object": `'[1]'`, "another type": `'{"actor": {"a": 1}}'`, "empty": `''`} {
		t.Run(name, func(t *testing.T) {
			a := newAudited(t)
			a.process(4)
			a.sql(`UPDATE audit_lines SET line = ` + line + ` WHERE sequence = 2`)
			s := a.open()
			defer s.Close()
			rows, err := s.Audit(t.Context(), stagedoor.AuditQuery{Actor: "person ada", Limit: 10})
			if err != nil || len(rows) < 3 {
				t.Errorf("%d lines, %v", len(rows), err)
			}
		})
	}
}

// pruneEight removes the first 8 rows: chain 1 (5 rows) and 3 rows of chain 2.
func (a *audited) pruneEight() {
	a.t.Helper()
	s := a.open()
	defer s.Close()
	if n, err := audit.Prune(a.t.Context(), s, a.key, time.Now().Add(time.Hour), 8, time.Now); n != 8 || err != nil {
		a.t.Fatalf("removed %d: %v", n, err)
	}
}

// putBackOlder puts a database from before the newest chain back.
func putBackOlder(used bool) func(*audited) {
	return func(a *audited) {
		a.sql(`DELETE FROM audit_lines WHERE chain = 4`, `DELETE FROM audit_chains WHERE number = 4`)
		if used {
			a.process(4)
		}
	}
}

// putBackRemoved lets retention remove lines, and puts a copy of them back.
func putBackRemoved(a *audited) {
	before, err := os.ReadFile(a.path)
	if err != nil {
		a.t.Fatal(err)
	}
	copied := a.path + ".copy"
	if err := os.WriteFile(copied, before, 0o600); err != nil {
		a.t.Fatal(err)
	}
	a.pruneEight()
	db, err := sql.Open("sqlite", a.path)
	if err != nil {
		a.t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, statement := range []string{`ATTACH '` + copied + `' AS copy`, `INSERT OR IGNORE INTO audit_lines SELECT * FROM copy.audit_lines`, `INSERT OR IGNORE INTO audit_chains SELECT * FROM copy.audit_chains`} {
		if _, err := db.Exec(statement); err != nil {
			a.t.Fatal(err)
		}
	}
}
