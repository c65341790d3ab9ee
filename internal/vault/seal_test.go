package vault_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/vault"
)

// disguises are the ways in which a text may lie in a file.
func disguises(text string) map[string][]byte {
	ways := map[string][]byte{
		"raw":           []byte(text),
		"hex":           []byte(hex.EncodeToString([]byte(text))),
		"HEX":           []byte(strings.ToUpper(hex.EncodeToString([]byte(text)))),
		"query escaped": []byte(url.QueryEscape(text)),
		"path escaped":  []byte(url.PathEscape(text)),
		"quoted":        []byte(strings.Trim(fmt.Sprintf("%q", text), `"`)),
	}
	for name, encoding := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64 url": base64.RawURLEncoding} {
		for before := range 3 {
			// Only the middle looks the same whatever stands before and after.
			encoded := encoding.EncodeToString(append(make([]byte, before), text...))
			encoded = encoded[(before*8+5)/6:]
			if (before+len(text))%3 != 0 {
				encoded = encoded[:len(encoded)-1]
			}
			ways[fmt.Sprint(name, " after ", before)] = []byte(encoded)
		}
	}
	return ways
}

// leaks names the canaries, and their disguises, that lie in a folder's files.
func leaks(t *testing.T, folder string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		for name, canary := range map[string]string{
			"account id": canaryAccount, "client id": canaryClient, "client secret": canarySecret, "token": canaryToken,
		} {
			for way, bytesOf := range disguises(canary) {
				if bytes.Contains(content, bytesOf) {
					found = append(found, fmt.Sprintf("%s: %s, %s", filepath.Base(path), name, way))
				}
			}
		}
		return err
	})
	must(t, err)
	return found
}

func TestFilesHoldNothingInTheClear(t *testing.T) {
	for name, o := range map[string]vault.Options{
		"file": {}, "passphrase": {Key: "passphrase", Passphrase: saying(canarySecret)},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			s, v := h.vault(o)
			c := added(t, v)
			for range 2 {
				_, err := v.SetSecret(t.Context(), "acme", stagedoor.NewSecret(canarySecret+"2"), "ann")
				must(t, err)
				must(t, v.SetStatus(t.Context(), c.ID, stagedoor.StatusFailing, "refused", "ann"))
			}
			tokens := v.Tokens(c.ID)
			row, _, err := tokens.Lease(t.Context(), time.Minute)
			must(t, err)
			row.Token = stagedoor.Token{Value: stagedoor.NewSecret(canaryToken), Expiry: time.Now().Add(time.Hour)}
			row.Refused = &stagedoor.Error{
				Kind: stagedoor.KindInvalidClient, Cause: "Zoom does not know it.", Detail: canarySecret + canaryClient,
				Err: errors.New(canarySecret + canaryAccount),
			}
			if saved, err := tokens.Save(t.Context(), row); err != nil || !saved {
				t.Fatalf("saved %v, %v", saved, err)
			}
			if _, err := os.Stat(h.database() + "-wal"); err != nil {
				t.Fatal("the search would miss the write-ahead log")
			}
			if found := leaks(t, h.folder); len(found) > 0 {
				t.Errorf("in the clear: %v", found)
			}

			// The search finds what there is to find, wherever it lies.
			must(t, s.SetMeta(t.Context(), "leak", []byte("id="+canaryAccount)))
			if found := leaks(t, h.folder); !slices.Contains(found, "stagedoor.db-wal: account id, raw") {
				t.Errorf("the search does not find what lies in the database: %v", found)
			}
		})
	}
}

func TestTheSearchForLeaksFindsEachDisguise(t *testing.T) {
	folder := t.TempDir()
	for way, content := range map[string]func(string) string{
		"raw":              func(s string) string { return s },
		"hex":              func(s string) string { return hex.EncodeToString([]byte(s)) },
		"HEX":              func(s string) string { return fmt.Sprintf("%X", s) },
		"query escaped":    url.QueryEscape,
		"path escaped":     url.PathEscape,
		"base64 after 0":   func(s string) string { return base64.StdEncoding.EncodeToString([]byte("sixsix" + s + "end")) },
		"base64 after 1":   func(s string) string { return base64.StdEncoding.EncodeToString([]byte("1" + s + "4444")) },
		"base64 after 2":   func(s string) string { return base64.StdEncoding.EncodeToString([]byte("55555" + s)) },
		"base64 url after": func(s string) string { return base64.URLEncoding.EncodeToString([]byte("7777777" + s + "22")) },
	} {
		must(t, os.WriteFile(filepath.Join(folder, "file"), []byte("before "+content(canarySecret)+" after"), 0o600))
		found := leaks(t, folder)
		if !slices.ContainsFunc(found, func(s string) bool { return strings.Contains(s, "client secret, "+way) }) {
			t.Errorf("%s is not found, only %v", way, found)
		}
	}
}

// TestDatabaseWithoutItsKeyOpensNothing copies the database's files to another
// machine.
func TestDatabaseWithoutItsKeyOpensNothing(t *testing.T) {
	h, thief := newHome(t), newHome(t)
	_, v := h.vault(vault.Options{})
	added(t, v)
	for _, name := range []string{"stagedoor.db", "stagedoor.db-wal"} {
		must(t, os.WriteFile(filepath.Join(thief.folder, name), readFile(t, filepath.Join(h.folder, name)), 0o600))
	}
	thief.refuses(vault.Options{}, stagedoor.KindKey, thief.key(), "missing")
	own := newHome(t)
	own.vault(vault.Options{})
	thief.refuses(vault.Options{Key: "file:" + own.key()}, stagedoor.KindKey, "not the one")
	must(t, os.WriteFile(thief.key(), readFile(t, h.key()), 0o600))
	_, v = thief.vault(vault.Options{})
	if _, err := v.Credential(t.Context(), "acme"); err != nil {
		t.Errorf("the copy is not whole, so that this test shows nothing: %v", err)
	}
}

// TestSealsOpenNowhereElse moves sealed values to where an attacker with the
// database, but without the key, might want them.
func TestSealsOpenNowhereElse(t *testing.T) {
	for attack, move := range map[string]func(victim stagedoor.SealedCredential, mine *stagedoor.SealedCredential){
		"a field of another credential": func(victim stagedoor.SealedCredential, mine *stagedoor.SealedCredential) {
			mine.Fields["client_secrets"] = victim.Fields["client_secrets"]
		},
		"another credential's data key": func(victim stagedoor.SealedCredential, mine *stagedoor.SealedCredential) {
			mine.DataKey = victim.DataKey
		},
		"data key and all fields of another": func(victim stagedoor.SealedCredential, mine *stagedoor.SealedCredential) {
			mine.DataKey, mine.Fields = victim.DataKey, victim.Fields
		},
		"another field of the same credential": func(_ stagedoor.SealedCredential, mine *stagedoor.SealedCredential) {
			mine.Fields["account_id"], mine.Fields["client_id"] = mine.Fields["client_id"], mine.Fields["account_id"]
		},
		"a field as the data key": func(_ stagedoor.SealedCredential, mine *stagedoor.SealedCredential) {
			mine.DataKey = mine.Fields["client_id"]
		},
		"a bit turned": func(_ stagedoor.SealedCredential, mine *stagedoor.SealedCredential) {
			mine.Fields["client_id"][20] ^= 1
		},
		"a field taken away": func(_ stagedoor.SealedCredential, mine *stagedoor.SealedCredential) {
			delete(mine.Fields, "client_secrets")
		},
		"the data key taken away": func(_ stagedoor.SealedCredential, mine *stagedoor.SealedCredential) {
			mine.DataKey = []byte{}
		},
	} {
		t.Run(attack, func(t *testing.T) {
			s, v := newHome(t).vault(vault.Options{})
			added(t, v)
			_, err := v.Add(t.Context(), stagedoor.Credential{Slug: "mine", AccountID: "a", ClientID: "c"})
			must(t, err)
			victim, err := s.Credential(t.Context(), "acme")
			must(t, err)
			mine, err := s.Credential(t.Context(), "mine")
			must(t, err)
			if _, err := v.Credential(t.Context(), "mine"); err != nil {
				t.Fatalf("it did not open before: %v", err)
			}
			must(t, s.UpdateCredential(t.Context(), mine.ID, func(c *stagedoor.SealedCredential) error {
				c.Fields = maps.Clone(c.Fields)
				move(victim, c)
				return nil
			}))
			_, err = v.Credential(t.Context(), "mine")
			wantError(t, err, stagedoor.KindKey, "credential mine", "does not open", "credential remove mine")
			_, err = v.List(t.Context())
			wantError(t, err, stagedoor.KindKey, "credential mine")
			_, err = v.SetSecret(t.Context(), "mine", stagedoor.NewSecret("x"), "ann")
			wantError(t, err, stagedoor.KindKey, "credential mine")
			must(t, v.Remove(t.Context(), "mine"))
			if _, err = v.List(t.Context()); err != nil {
				t.Errorf("after the fix: %v", err)
			}
		})
	}
}
