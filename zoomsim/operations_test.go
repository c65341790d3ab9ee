package zoomsim

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// published lists the operations of a tree.
func (t *operationTree) published() []*operation {
	var all []*operation
	if t.op != nil {
		all = append(all, t.op)
	}
	if t.template != nil {
		all = append(all, t.template.published()...)
	}
	for _, next := range t.literal {
		all = append(all, next.published()...)
	}
	return all
}

func TestEveryOperationIsFound(t *testing.T) {
	all := knownOperations().published()
	if len(all) < 1700 {
		t.Fatalf("only %d operations", len(all))
	}
	labels := map[label]int{}
	for _, op := range all {
		labels[op.label]++
		if found, _ := knownOperations().find(op.method, op.path); found != op {
			t.Errorf("%s is not found", op.name())
		}
	}
	for _, l := range []label{light, medium, heavy, resourceIntensive} {
		if labels[l] == 0 {
			t.Errorf("no operation is %s", l)
		}
	}
}

func TestFindOperation(t *testing.T) {
	for request, want := range map[[2]string]struct {
		path string
		args []string
	}{
		{"GET", "/meetings/meeting_summaries"}:            {"/meetings/meeting_summaries", nil},
		{"GET", "/meetings/123"}:                          {"/meetings/{meetingId}", []string{"123"}},
		{"GET", "/meetings/a%2Fb%252F/recordings"}:        {"/meetings/{meetingId}/recordings", []string{"a/b%2F"}},
		{"GET", "/users/a+b%40c.example"}:                 {"/users/{userId}", []string{"a+b@c.example"}},
		{"GET", "/users/summary"}:                         {"/users/summary", nil},
		{"GET", "/report/users/me/meetings"}:              {"/report/users/{userId}/meetings", []string{"me"}},
		{"PATCH", "/report/meeting_activities"}:           {},
		{"GET", "/users/"}:                                {},
		{"GET", ""}:                                       {},
		{"GET", "/users/%zz"}:                             {},
		{"GET", "/users/me/meetings/and/more/than/known"}: {},
	} {
		op, args := knownOperations().find(request[0], request[1])
		path := ""
		if op != nil {
			path = op.path
		}
		if path != want.path || op != nil && !cmp.Equal(args, want.args) {
			t.Errorf("%v is %q %q, want %q %q", request, path, args, want.path, want.args)
		}
	}
}
