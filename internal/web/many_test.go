package web_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
)

// TestManyCredentials holds that pages stay small where there are many credentials,
// and that each of these is found.
func TestManyCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 100 {
		c := w.credential()
		c.Slug, c.Name, c.Labels = fmt.Sprintf("client-%03d", i), fmt.Sprintf("Client %03d", i), map[string]string{"customer": fmt.Sprint(i)}
		if _, _, err := w.app.Add(t.Context(), c, false, nil); err != nil {
			t.Fatal(err)
		}
	}
	b := w.as(stagedoor.RoleViewer)
	shows := func(path string, want, without string) {
		t.Helper()
		got := b.get(path)
		if got.status != 200 || !strings.Contains(got.body, want) || without != "" && strings.Contains(got.body, without) || len(got.body) > 100_000 {
			t.Errorf("%s: %d, %d bytes, %t with %q, %t with %q", path, got.status, len(got.body),
				strings.Contains(got.body, want), want, strings.Contains(got.body, without), without)
		}
	}
	shows("/credentials", "1–48 of 100", "Client 048")
	shows("/credentials", `href="/credentials?page=2"`, "")
	shows("/credentials?page=3", "Client 099", "Client 095")
	shows("/credentials?q=client+07", "Client 079", "Client 080")
	shows("/credentials?label=customer%3D99", "Client 099", "Client 098")
	shows("/quota", "1–12 of 100", "Client 012")
	shows("/quota?q=client+09", "Client 099", "Client 089")
	shows("/quota?q=nobody", "None match", "Client 0")
}
