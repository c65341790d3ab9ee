package operator

import (
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
)

// TestUsualWork makes a hash with what passwords really cost.
func TestUsualWork(t *testing.T) {
	if w := UsualWork(); w.Memory < 19*1024 || w.Passes < 2 || w.Lanes != 1 {
		t.Errorf("%+v is less than OWASP asks for", w)
	}
	h := newHasher(UsualWork())
	kept, err := h.hash(t.Context(), stagedoor.NewSecret(goodPassword), false)
	if err != nil || !strings.HasPrefix(kept, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("%q, %v", kept, err)
	}
	for password, want := range map[string]bool{goodPassword: true, goodPassword + " ": false, "": false} {
		if got, err := h.matches(t.Context(), kept, stagedoor.NewSecret(password), false); err != nil || got != want {
			t.Errorf("%q: %v, %v", password, got, err)
		}
	}
	again, err := h.hash(t.Context(), stagedoor.NewSecret(goodPassword), false)
	if err != nil || again == kept {
		t.Error("two hashes of one password are the same: there is no salt")
	}
}

// TestReadPHC holds that a hash is read as it is written, and nothing else is.
func TestReadPHC(t *testing.T) {
	h := newHasher(small())
	kept, err := h.hash(t.Context(), stagedoor.NewSecret("x"), false)
	if err != nil {
		t.Fatal(err)
	}
	w, salt, hash, err := readPHC(kept)
	if err != nil || w != small() || len(salt) != saltBytes || len(hash) != hashBytes || h.phc(w, salt, hash) != kept {
		t.Errorf("%q was read as %+v, %v", kept, w, err)
	}
	for _, wrong := range []string{
		"", "$", "x", strings.Replace(kept, "argon2id", "argon2i", 1), strings.Replace(kept, "v=19", "v=16", 1), strings.Replace(kept, "m=64", "m=99999999", 1),
		strings.Replace(kept, "m=64", "m=0", 1), strings.Replace(kept, "t=1", "t=0", 1), strings.Replace(kept, "t=1", "t=4000000000", 1), strings.Replace(kept, "p=1", "p=0", 1),
		strings.Replace(kept, "p=1", "p=300", 1), kept + "$", kept[:len(kept)-30], strings.Replace(kept, "m=64", "m=-1", 1),
	} {
		_, _, _, err := readPHC(wrong)
		kind(t, err, stagedoor.KindStore)
	}
}

// FuzzReadPHC holds that nothing that stands in a database takes the machine's memory.
func FuzzReadPHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$c29tZXNhbHRzb21lc2FsdA")
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=255$$")
	f.Fuzz(func(t *testing.T, kept string) {
		w, salt, hash, err := readPHC(kept)
		if err == nil && (w.Memory > mostMemory || w.Passes > mostPasses || w.Passes == 0 || w.Lanes == 0 || len(salt) < 8 || len(hash) < 16) {
			t.Errorf("%q: %+v", kept, w)
		}
	})
}

func TestSameCharactersAreTheSamePassword(t *testing.T) {
	h := newHasher(small())
	kept, err := h.hash(t.Context(), stagedoor.NewSecret("gänsefüßchen und ﬁnken"), false)
	if err != nil {
		t.Fatal(err)
	}
	if same, err := h.matches(t.Context(), kept, stagedoor.NewSecret("ga\u0308nsefu\u0308ßchen und finken"), false); !same || err != nil {
		t.Errorf("another keyboard, another password: %v", err)
	}
}

func TestCheckPassword(t *testing.T) {
	for _, good := range []string{
		goodPassword, "Tr0ub4dor&3 x", "gänsefüßchen", "四川省成都市武侯区春天好", "anna likes 3 geese", strings.Repeat("0123456789abcdef", 64), "zQ8!vN2@pL5#",
	} {
		if err := CheckPassword("anna", stagedoor.NewSecret(good)); err != nil {
			t.Errorf("%.30q: %v", good, err)
		}
	}
	for bad, why := range map[string]string{
		"":                                "less than 12",
		"elevenchars":                     "less than 12",
		"四川省成都市武侯区春天":                     "less than 12",
		strings.Repeat("aäbcdefghij", 94): "longer than 1024",
		"aaaaaaaaaaaaaaaa":                "different",
		"121212121212":                    "different",
		"password12345":                   "commonest",
		"Password!2026":                   "commonest",
		"PASSWORD1234":                    "commonest",
		"123456789012":                    "commonest",
		"qwertyuiop12":                    "commonest",
		"Stagedoor2026":                   "commonest",
		"Summer2026!!":                    "commonest",
		"correct horse battery staple":    "commonest",
		"anna-maria12":                    "the name itself",
		"AnnaMaria2026":                   "the name itself",
		"annamariaannamaria":              "the name itself",
		"\xff\xfe0123456789":              "UTF-8",
	} {
		err := CheckPassword("anna-maria", stagedoor.NewSecret(bad))
		kind(t, err, stagedoor.KindUsage, why)
		if len(bad) > 5 && err != nil && strings.Contains(err.Error(), bad) {
			t.Errorf("%q is repeated: %v", bad, err)
		}
	}
	for name := range map[string]bool{"": true, "123": true, "-": true} { // a name without letters is part of no password
		if err := CheckPassword(name, stagedoor.NewSecret(goodPassword)); err != nil {
			t.Error(name, err)
		}
	}
}
