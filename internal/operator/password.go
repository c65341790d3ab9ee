package operator

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/stagedoor/stagedoor"
)

// Work is what argon2id takes to make a hash of a password.
type Work struct {
	Memory uint32 // KiB
	Passes uint32
	Lanes  uint8
}

// UsualWork is what OWASP asks for at least: 19 MiB, two passes, one lane.
// Source: cheatsheetseries.owasp.org, Password Storage Cheat Sheet, "Argon2id",
// read 2026-11.
func UsualWork() Work { return Work{Memory: 19 * 1024, Passes: 2, Lanes: 1} }

const (
	saltBytes = 16 // RFC 9106 section 3.1: 16 bytes are recommended for passwords; read 2026-11
	hashBytes = 32
	// mostMemory, in KiB, is the most that a stored hash may ask for: the store is
	// where an attacker may have been.
	mostMemory = 256 * 1024
	mostPasses = 16

	// Passwords are made at the same time by two strangers at most, and by one more
	// whose browser is known, so that a flood of sign-ins takes no more than 57 MiB
	// and two processors, and does not keep out who was here before.
	strangersAtOnce = 2
	knownAtOnce     = 1
	// waitingAtMost is how many may wait for their turn; the next is told to come
	// again.
	waitingAtMost = 32
)

// hasher makes hashes of passwords, in the form of the PHC.
type hasher struct {
	work             Work
	strangers, known chan struct{}
	waiting          atomic.Int64
	made             atomic.Int64 // how many were made, for tests
	// dummy is the hash of a password that nobody has, for names that nobody has.
	dummy func() string
}

func newHasher(w Work) *hasher {
	h := &hasher{work: w, strangers: make(chan struct{}, strangersAtOnce), known: make(chan struct{}, knownAtOnce)}
	h.dummy = sync.OnceValue(func() string { return h.phc(w, []byte(rand.Text()), []byte(rand.Text()[:hashBytes/2])) })
	return h
}

// turn waits until a hash may be made, and returns what gives the turn back.
func (h *hasher) turn(ctx context.Context, known bool) (func(), error) {
	lane := h.strangers
	if known {
		lane = h.known
	}
	if h.waiting.Add(1) > waitingAtMost && !known {
		h.waiting.Add(-1)
		return nil, &stagedoor.Error{
			Op: "check a password", Kind: stagedoor.KindRateLimited, Cause: "too many sign-ins wait at the moment", Fix: "Try again in a few seconds.",
		}
	}
	defer h.waiting.Add(-1)
	select {
	case lane <- struct{}{}:
		return func() { <-lane }, nil
	case <-ctx.Done():
		return nil, &stagedoor.Error{Op: "check a password", Kind: stagedoor.KindInterrupted, Cause: "the request ended before its turn came", Err: ctx.Err()}
	}
}

// hash makes the text to be kept of a password.
func (h *hasher) hash(ctx context.Context, password stagedoor.Secret, known bool) (string, error) {
	done, err := h.turn(ctx, known)
	if err != nil {
		return "", err
	}
	defer done()
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails
	return h.phc(h.work, salt, nil, normal(password)...), nil
}

// phc is $argon2id$v=19$m=…,t=…,p=…$SALT$HASH; the hash is made where none is given.
// Source: github.com/P-H-C/phc-string-format, read 2026-11.
func (h *hasher) phc(w Work, salt, hash []byte, password ...byte) string {
	if hash == nil {
		h.made.Add(1)
		hash = argon2.IDKey(password, salt, w.Passes, w.Memory, w.Lanes, hashBytes)
	}
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, w.Memory, w.Passes, w.Lanes, encode(salt), encode(hash))
}

// matches reports whether kept was made of the password. Where nothing is kept, as
// much is done as where something is, so that from how long it takes nobody learns
// which names there are.
func (h *hasher) matches(ctx context.Context, kept string, password stagedoor.Secret, known bool) (bool, error) {
	there := kept != ""
	if !there {
		kept = h.dummy()
	}
	w, salt, want, err := readPHC(kept)
	if err != nil {
		return false, err
	}
	done, err := h.turn(ctx, known)
	if err != nil {
		return false, err
	}
	defer done()
	h.made.Add(1)
	got := argon2.IDKey(normal(password), salt, w.Passes, w.Memory, w.Lanes, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1 && there, nil
}

// readPHC takes apart what [hasher.phc] made. Anything else is an error, as is work
// that would take the machine's memory.
func readPHC(kept string) (w Work, salt, hash []byte, err error) {
	wrong := &stagedoor.Error{
		Op: "check a password", Kind: stagedoor.KindStore, Cause: "what is stored of it is not what Stagedoor writes",
		Fix: "Make a new link with `stagedoor operator reset NAME`.",
	}
	var version int
	parts := strings.Split(kept, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return w, nil, nil, wrong
	}
	_, err = fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &w.Memory, &w.Passes, &w.Lanes)
	if err != nil || version != argon2.Version || w.Lanes < 1 || w.Passes < 1 || w.Passes > mostPasses || w.Memory < 8 || w.Memory > mostMemory {
		return w, nil, nil, wrong
	}
	salt, first := base64.RawStdEncoding.DecodeString(parts[4])
	hash, second := base64.RawStdEncoding.DecodeString(parts[5])
	if first != nil || second != nil || len(salt) < 8 || len(salt) > 64 || len(hash) < 16 || len(hash) > 64 {
		return w, nil, nil, wrong
	}
	return w, salt, hash, nil
}

// normal is a password as it is hashed: the same characters, typed on whichever
// keyboard, are the same bytes. Source: NIST SP 800-63B section 3.1.1.2 (NFKC,
// before hashing; each code point is a character), read 2026-11.
func normal(password stagedoor.Secret) []byte { return norm.NFKC.Bytes([]byte(password.Reveal())) }

const (
	// PasswordCharacters is how many characters a password has at least.
	PasswordCharacters = 12
	// PasswordBytes is how long a password may be, in bytes.
	PasswordBytes = 1024
	// fewCharacters is how many different ones a password must have at least: those
	// with less are "aaaaaaaaaaaa" and "121212121212".
	fewCharacters = 5
)

//go:embed common.txt
var commonText string

// common are the commonest passwords of twelve characters and more, in small
// letters.
var common = sync.OnceValue(func() map[string]bool {
	list := map[string]bool{}
	for line := range strings.Lines(commonText) {
		if word := strings.TrimSpace(line); word != "" && !strings.HasPrefix(word, "#") {
			list[word] = true
		}
	}
	return list
})

// CheckPassword says what is wrong with a password that somebody wants to take:
// [stagedoor.KindUsage]. It never repeats it.
func CheckPassword(name string, password stagedoor.Secret) error {
	wrong := &stagedoor.Error{
		Op: "set a password", Kind: stagedoor.KindUsage,
		Fix: "Take a sentence of a few words that nobody else would think of, or have a password manager make one.",
	}
	text := password.Reveal()
	if len(text) > PasswordBytes {
		wrong.Cause = fmt.Sprintf("the password is longer than %d bytes", PasswordBytes)
		return wrong
	}
	if !utf8.ValidString(text) {
		wrong.Cause = "the password is no text in UTF-8"
		return wrong
	}
	plain := strings.ToLower(string(normal(password)))
	different := map[rune]bool{}
	for _, r := range plain {
		different[r] = true
	}
	bare := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r > 127 {
			return r
		}
		return -1
	}, plain)
	letters := strings.ReplaceAll(name, "-", "")
	switch {
	case utf8.RuneCountInString(plain) < PasswordCharacters:
		wrong.Cause = fmt.Sprintf("the password has less than %d characters", PasswordCharacters)
	case len(different) < fewCharacters:
		wrong.Cause = fmt.Sprintf("the password is made of less than %d different characters", fewCharacters)
	case common()[plain], common()[bare]:
		wrong.Cause = "the password is one of the commonest, which attackers try first"
	case plain == name, bare != "" && strings.ReplaceAll(bare, strings.Map(onlyLetters, letters), "") == "" && strings.Map(onlyLetters, letters) != "":
		wrong.Cause = "the password is the name itself"
	default:
		return nil
	}
	return wrong
}

func onlyLetters(r rune) rune {
	if r >= 'a' && r <= 'z' {
		return r
	}
	return -1
}
