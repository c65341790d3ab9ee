package storetest

import (
	"context"
	"testing"

	"github.com/stagedoor/stagedoor"
)

// credentialsMoveRevision holds that a daemon is told of every change of a
// credential, by any process, and of none where nothing changed.
func credentialsMoveRevision(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	again := fresh(t)
	s, daemon := opened(t, again, nil), opened(t, again, nil)
	last, err := daemon.Revision(ctx)
	must(t, err)
	for _, change := range []struct {
		name string
		make func() error
	}{
		{"adding", func() error { return s.AddCredential(ctx, small("id-1", "acme")) }},
		{"changing", func() error {
			return s.UpdateCredential(ctx, "id-1", func(c *stagedoor.SealedCredential) error {
				c.Plan = stagedoor.PlanBusiness
				return nil
			})
		}},
		{"removing", func() error { return s.RemoveCredential(ctx, "id-1") }},
	} {
		must(t, change.make())
		now, err := daemon.Revision(ctx)
		must(t, err)
		if now <= last {
			t.Errorf("%s a credential left the revision at %d", change.name, now)
		}
		last = now
	}
	_, err = s.Credentials(ctx)
	must(t, err)
	must(t, s.UpdateQuota(ctx, "one", func([]byte) ([]byte, error) { return []byte("{}"), nil }))
	if now, err := daemon.Revision(ctx); err != nil || now != last {
		t.Errorf("reading, and the quota's ledger, moved the revision from %d to %d (%v)", last, now, err)
	}
}
