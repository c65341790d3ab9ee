package stagedoor

import (
	"errors"
	"fmt"
	"testing"
)

// TestExitStatus holds the order of the contract: 130, 4, 5, 3, 1.
func TestExitStatus(t *testing.T) {
	of := func(k Kind) error { return fmt.Errorf("wrapped: %w", &Error{Kind: k}) }
	tests := []struct {
		errs []error
		want int
	}{
		{nil, 0},
		{[]error{nil, nil}, 0},
		{[]error{errors.New("unknown")}, 1},
		{[]error{of(KindUsage)}, 2},
		{[]error{of(KindScopeMissing)}, 1},
		{[]error{of(KindHostRefused)}, 1},
		{[]error{of(KindPartial), of(KindScopeMissing)}, 3},
		{[]error{of(KindPartial), of(KindDailyQuota)}, 5},
		{[]error{of(KindDailyQuota), of(KindInvalidClient), of(KindPartial)}, 4},
		{[]error{of(KindInvalidClient), of(KindInterrupted)}, 130},
		{[]error{of(KindFeatureOff)}, 0},
	}
	for _, tt := range tests {
		if got := ExitStatus(tt.errs...); got != tt.want {
			t.Errorf("ExitStatus(%v) = %d, want %d", tt.errs, got, tt.want)
		}
	}
}

// TestKinds holds that the table is whole and says each kind once.
func TestKinds(t *testing.T) {
	seen := map[Kind]bool{}
	for _, row := range Kinds() {
		if seen[row.Kind] {
			t.Errorf("%s stands in the table twice", row.Kind)
		}
		seen[row.Kind] = true
		if row.Means == "" || row.HTTP == 0 {
			t.Errorf("%s has no meaning or no HTTP status", row.Kind)
		}
		if row.Kind.Row() != row {
			t.Errorf("%s.Row() is not its row", row.Kind)
		}
	}
	if got := Kind("made up").Row(); got.Kind != KindInternal {
		t.Errorf("an unknown kind counts as %s, want internal", got.Kind)
	}
}

func TestErrorText(t *testing.T) {
	err := &Error{
		Op: "GET /users", Subject: "credential acme", Kind: KindScopeMissing,
		Cause: "The app was not granted a scope.", Fix: "Add it.", Tracking: "v=2.0;rid=1",
	}
	const want = "GET /users: credential acme: The app was not granted a scope (x-zm-trackingid v=2.0;rid=1). Fix: Add it."
	if got := err.Error(); got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
	if KindOf(fmt.Errorf("x: %w", err)) != KindScopeMissing {
		t.Error("KindOf does not look through wrapping")
	}
}
