package api

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// everybody is an admin.
type everybody struct{}

func (everybody) Verify(context.Context, stagedoor.Secret) (stagedoor.OperatorToken, error) {
	return stagedoor.OperatorToken{ID: "1", Name: "test", Role: stagedoor.RoleAdmin}, nil
}

// failing is a service of which every question fails.
type failing struct{ err error }

func (f failing) Quota(context.Context, stagedoor.Credential) (stagedoor.QuotaReport, error) {
	return stagedoor.QuotaReport{}, f.err
}

func (f failing) QuotaCurve(context.Context, string, time.Time) (stagedoor.QuotaCurve, error) {
	return stagedoor.QuotaCurve{}, f.err
}

func (f failing) SavedCredential(context.Context, string) (stagedoor.Credential, error) {
	return stagedoor.Credential{}, f.err
}

func asked(t *testing.T, err error) (*httptest.ResponseRecorder, string) {
	t.Helper()
	var log bytes.Buffer
	h, opening := New(Options{
		Tokens: everybody{}, Quota: failing{err}, Key: make([]byte, keyBytes), Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if opening != nil {
		t.Fatal(opening)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, Prefix+"/credentials/acme/quota", nil))
	return w, log.String()
}

func TestErrorsNobodyChoseWordsFor(t *testing.T) {
	w, log := asked(t, errors.New("a text of some library"))
	if w.Code != 500 || strings.Contains(w.Body.String(), "library") || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(log, "operation=getQuota") || !strings.Contains(log, "a text of some library") {
		t.Errorf("the log says %s", log)
	}
}

func TestRetryAfter(t *testing.T) {
	w, log := asked(t, &stagedoor.Error{Kind: stagedoor.KindRateLimited, Cause: "the limit is used up", RetryAt: time.Now().Add(90 * time.Second)})
	if after, err := strconv.Atoi(w.Header().Get("Retry-After")); w.Code != http.StatusTooManyRequests || err != nil || after < 1 || after > 90 {
		t.Errorf("%d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	if log != "" {
		t.Errorf("it is logged: %s", log)
	}
}
