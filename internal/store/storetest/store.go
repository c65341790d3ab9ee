package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Store is all that the suite calls; store.Store fulfils it.
type Store interface {
	Created() bool
	Close() error

	AddCredential(ctx context.Context, c stagedoor.SealedCredential) error
	Credential(ctx context.Context, slugOrID string) (stagedoor.SealedCredential, error)
	Credentials(ctx context.Context) ([]stagedoor.SealedCredential, error)
	UpdateCredential(ctx context.Context, id string, edit func(*stagedoor.SealedCredential) error) error
	RemoveCredential(ctx context.Context, id string) error

	TokenRow(ctx context.Context, credentialID string) (stagedoor.SealedTokenRow, error)
	LeaseToken(ctx context.Context, credentialID string, d time.Duration) (stagedoor.SealedTokenRow, bool, error)
	SaveToken(ctx context.Context, row stagedoor.SealedTokenRow) (bool, error)
	DropToken(ctx context.Context, credentialID string, fence int64) error

	AddCaller(ctx context.Context, c stagedoor.Caller) error
	Callers(ctx context.Context) ([]stagedoor.Caller, error)
	UpdateCaller(ctx context.Context, id string, edit func(*stagedoor.Caller) error) error
	RevokeToken(ctx context.Context, id string, expires time.Time) error
	RevokedTokens(ctx context.Context) ([]string, error)
	UseAssertion(ctx context.Context, id string, expires time.Time) (first bool, err error)

	AddOperatorToken(ctx context.Context, t stagedoor.OperatorToken) error
	OperatorTokens(ctx context.Context) ([]stagedoor.OperatorToken, error)
	RemoveOperatorToken(ctx context.Context, name string) error

	AddOperator(ctx context.Context, o stagedoor.Operator, i stagedoor.Invitation) error
	Operators(ctx context.Context) ([]stagedoor.Operator, error)
	UpdateOperator(ctx context.Context, name string, end bool, edit func(o *stagedoor.Operator, others []stagedoor.Operator) error) (stagedoor.Operator, error)
	ResetOperator(ctx context.Context, name string, i stagedoor.Invitation) (stagedoor.Operator, error)
	RemoveOperator(ctx context.Context, name string, may func(o stagedoor.Operator, others []stagedoor.Operator) error) (stagedoor.Operator, error)
	SetPassword(ctx context.Context, operatorID, former, password string, at time.Time, keep string) error
	Invitation(ctx context.Context, hash []byte) (stagedoor.Invitation, stagedoor.Operator, error)
	Invitations(ctx context.Context) ([]stagedoor.Invitation, error)
	AcceptInvitation(ctx context.Context, id, password string, at time.Time) (accepted bool, err error)
	AddSession(ctx context.Context, n stagedoor.Session, password string) error
	Sessions(ctx context.Context) ([]stagedoor.Session, error)
	SeenSessions(ctx context.Context, seen map[string]time.Time) error
	RemoveSession(ctx context.Context, operatorID, id string) error

	BeginAnswer(ctx context.Context, a stagedoor.KeptAnswer, before time.Time) (stagedoor.KeptAnswer, bool, error)
	EndAnswer(ctx context.Context, a stagedoor.KeptAnswer) error
	ForgetAnswer(ctx context.Context, token string, key []byte) error
	PruneAnswers(ctx context.Context, before time.Time) error

	Revision(ctx context.Context) (int64, error)

	Quota(ctx context.Context, account string) ([]byte, error)
	UpdateQuota(ctx context.Context, account string, change func([]byte) ([]byte, error)) error

	AppendAudit(ctx context.Context, chain int64, compose func(stagedoor.AuditState) ([]stagedoor.AuditRow, error)) error
	PruneAudit(ctx context.Context, limit int, decide func(stagedoor.AuditOldest) (int64, []byte, error)) error
	ReadAudit(ctx context.Context, read func(stagedoor.AuditReader) error) error
	Audit(ctx context.Context, q stagedoor.AuditQuery) ([]stagedoor.AuditRow, error)
	AuditArrived(ctx context.Context) (int64, error)
	OldestAudit(ctx context.Context) (time.Time, error)

	AddRun(ctx context.Context, r stagedoor.Run) error
	Run(ctx context.Context, id string) (stagedoor.Run, error)
	Runs(ctx context.Context, q stagedoor.RunQuery) ([]stagedoor.Run, error)
	CountRuns(ctx context.Context) (map[stagedoor.RunState]int, error)
	UpdateRun(ctx context.Context, id string, edit func(*stagedoor.Run) error) (stagedoor.Run, error)
	RunLease(ctx context.Context, id string) (stagedoor.RunLease, error)
	AddRunSlices(ctx context.Context, id string, slices []stagedoor.RunSlice) error
	RunSlices(ctx context.Context, id string, limit int) ([]stagedoor.RunSlice, error)
	PruneRuns(ctx context.Context, before time.Time, limit int) (int, error)

	AddSchedule(ctx context.Context, c stagedoor.Schedule) error
	Schedules(ctx context.Context) ([]stagedoor.Schedule, error)
	UpdateSchedule(ctx context.Context, name string, edit func(*stagedoor.Schedule) error) (stagedoor.Schedule, error)
	FireSchedule(ctx context.Context, name string, due time.Time, edit func(*stagedoor.Schedule) []stagedoor.Run) (bool, error)
	RemoveSchedule(ctx context.Context, name string) error

	AddDestination(ctx context.Context, d stagedoor.SealedDestination) error
	Destination(ctx context.Context, name string) (stagedoor.SealedDestination, error)
	Destinations(ctx context.Context) ([]stagedoor.SealedDestination, error)
	NoteDestination(ctx context.Context, d stagedoor.SavedDestination) error
	RemoveDestination(ctx context.Context, name string) error

	AddQuotaSample(ctx context.Context, account string, sample stagedoor.QuotaSample, before time.Time) error
	QuotaSamples(ctx context.Context, account string, since, until time.Time) ([]stagedoor.QuotaSample, error)

	AddTroubles(ctx context.Context, credentialID string, list []stagedoor.Trouble) error
	Troubles(ctx context.Context, credentialID string) ([]stagedoor.Trouble, error)
	LastUses(ctx context.Context, slug string, limit int) ([]stagedoor.AuditRow, error)
	LastActs(ctx context.Context, actor string, limit int) ([]stagedoor.AuditRow, error)

	Meta(ctx context.Context, key string) ([]byte, error)
	SetMeta(ctx context.Context, key string, value []byte) error
	InitMeta(ctx context.Context, key string, value []byte) ([]byte, error)
}

// Fresh makes a database that nobody has opened yet, and returns how to open
// it, any number of times, as as many processes would.
type Fresh func(t *testing.T) (open func(wall func() time.Time) (Store, error))

// Test runs the suite.
func Test(t *testing.T, fresh Fresh) {
	for name, test := range map[string]func(*testing.T, Fresh){
		"credentials come back as they were given":          credentialRoundTrip,
		"a credential is found by slug and by id":           credentialFound,
		"slugs are unique":                                  slugsUnique,
		"a change is whole or not at all":                   updateWhole,
		"changes of many at once are all kept":              updateConcurrent,
		"a change of a removed credential is refused":       updateRemoved,
		"removing takes the token row along":                removeToken,
		"account id, client id and secrets are not written": nothingInTheClear,
		"a lease goes to one, and ends by the clock":        leaseByClock,
		"a lease ends when the token is saved":              leaseBySave,
		"a lease from before the clock was set back ends":   leaseClockBack,
		"who lost the lease writes nothing":                 saveLost,
		"of many, one at a time has the lease":              leaseConcurrent,
		"dropping an older token does nothing":              dropOlder,
		"a new data key resets the token row":               newDataKey,
		"a token needs a credential":                        tokenNeedsCredential,
		"callers come back as they were given":              callerRoundTrip,
		"names of callers are unique, but for revoked ones": callerNamesUnique,
		"a caller goes with its credential":                 callerGoesWithCredential,
		"a change of a caller is whole or not at all":       callerUpdateWhole,
		"changes of a caller by many at once are all kept":  callerUpdateConcurrent,
		"credentials move the revision":                     credentialsMoveRevision,
		"callers move the revision":                         callersMoveRevision,
		"revoked tokens are kept until they have ended":     revokedTokensKept,
		"of many uses of an assertion one is the first":     assertionUsedOnce,
		"operators' tokens come back as they were given":    operatorTokensKept,
		"names of operators' tokens are unique":             operatorTokenNamesUnique,
		"operators' tokens move the revision":               operatorTokensMoveRevision,
		"of many tokens of one name one is made":            operatorTokenConcurrent,
		"operators come back as they were given":            operatorsKept,
		"an invitation is accepted once":                    invitationOnce,
		"sessions end with what they stand on":              sessionsKept,
		"operators and sessions move the revision":          operatorsMoveRevision,
		"answers are kept by token and key":                 answersKept,
		"answers end with their time and their token":       answersEnd,
		"of many requests with one key one begins":          answersConcurrent,
		"quotas are kept by account":                        quotaKept,
		"quotas changed by many at once are all kept":       quotaConcurrent,
		"the audit's rows come back in their orders":        auditKept,
		"who writes the audit sees how it ends":             auditState,
		"the audit is read as it was at one moment":         auditSnapshot,
		"the audit's oldest rows are removed":               auditPruned,
		"of many who write the audit each has its turn":     auditConcurrent,
		"runs come back as they were given":                 runRoundTrip,
		"runs are listed by what is asked for":              runsListed,
		"a change of a run is whole or not at all":          runUpdateWhole,
		"changes of a run by many at once are all kept":     runUpdateConcurrent,
		"slices of runs are kept, the newest word on each":  runSlicesKept,
		"old runs that have ended are removed":              runsPruned,
		"what is asked of runs moves the revision":          runsMoveRevision,
		"schedules come back as they were given":            scheduleRoundTrip,
		"a change of a schedule is whole or not at all":     scheduleUpdateWhole,
		"of many who fire a schedule one does":              scheduleFiresOnce,
		"destinations come back as they were given":         destinationRoundTrip,
		"samples of quotas are kept for a while":            quotaSamples,
		"equal troubles are one that counts":                troublesKept,
		"a credential's last uses are found":                lastUses,
		"facts are set once, or again":                      metaSet,
		"of many first facts one wins for all":              metaConcurrent,
		"many open an empty database at once":               openConcurrent,
		"many write at once":                                writeConcurrent,
	} {
		t.Run(name, func(t *testing.T) { test(t, fresh) })
	}
}

// clock is a wall clock that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)} }

func (c *clock) wall() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// open opens a fresh database once.
func open(t *testing.T, fresh Fresh, wall func() time.Time) Store {
	t.Helper()
	return opened(t, fresh(t), wall)
}

func opened(t *testing.T, open func(wall func() time.Time) (Store, error), wall func() time.Time) Store {
	t.Helper()
	s, err := open(wall)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// must stops the test at an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantKind checks that err is explained and of this kind.
func wantKind(t *testing.T, err error, kind stagedoor.Kind) {
	t.Helper()
	if err == nil || stagedoor.KindOf(err) != kind {
		t.Fatalf("got %v, want an error of kind %s", err, kind)
	}
}
