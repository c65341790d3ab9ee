package api

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Answers keeps the answers to requests that came with an idempotency key. What
// each does stands at package store's.
type Answers interface {
	BeginAnswer(ctx context.Context, a stagedoor.KeptAnswer, before time.Time) (stagedoor.KeptAnswer, bool, error)
	EndAnswer(ctx context.Context, a stagedoor.KeptAnswer) error
	ForgetAnswer(ctx context.Context, token string, key []byte) error
}

// Kept is how long an answer can be had again.
const Kept = 24 * time.Hour

const (
	// keyBytes is the length of the key that seals answers.
	keyBytes = 32
	// longestKey is how long an idempotency key may be; a UUID has 36 characters.
	longestKey = 255
)

// keys has requests with an idempotency key done once.
type keys struct {
	answers Answers
	seal    cipher.AEAD
	key     []byte

	mu      sync.Mutex
	running map[string]bool // what this process does now, by token and key
}

func newKeys(answers Answers, key []byte) (*keys, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	return &keys{answers: answers, seal: seal, key: key, running: map[string]bool{}}, err
}

// once has a request done, unless one with the same key of the same token was: then
// its answer comes again. What it is asked for lies in the store as a keyed hash, and
// the answer sealed, since both may hold secrets.
func (k *keys) once(r *http.Request, token string, sent []string, body []byte, do func() *recorded) (*recorded, error) {
	refuse := func(status int, cause, fix string) error {
		return &stagedoor.Error{Op: "do it once", Subject: "Idempotency-Key", Kind: stagedoor.KindUsage, Status: status, Cause: cause, Fix: fix}
	}
	if len(sent) != 1 || sent[0] == "" || len(sent[0]) > longestKey {
		return nil, refuse(http.StatusBadRequest, "it is one text of 1 to 255 characters", "Make a new random one for each thing that is to be done, such as a UUID.")
	}
	name := sha256.Sum256([]byte(sent[0]))
	begun := stagedoor.KeptAnswer{Token: token, Key: name[:], Request: k.print(r, body), CreatedAt: time.Now().UTC().Truncate(time.Microsecond)}
	id := token + "\x00" + string(name[:])
	if !k.begin(id) {
		return nil, refuse(http.StatusConflict, "the request with this key is being done now", "Ask again in a moment: the same request with the same key then gets its answer.")
	}
	defer k.end(id)
	ctx := context.WithoutCancel(r.Context()) // who has gone may come again for the answer
	was, first, err := k.answers.BeginAnswer(ctx, begun, begun.CreatedAt.Add(-Kept))
	switch {
	case err != nil:
		return nil, err
	case first:
	case !hmac.Equal(was.Request, begun.Request):
		return nil, refuse(http.StatusUnprocessableEntity, "another request came with this key before", "Make a new key for each thing that is to be done.")
	case len(was.Sealed) == 0:
		return nil, refuse(http.StatusConflict, "the request with this key was begun, and the daemon stopped before it had an answer",
			"Look whether it was done. If not, send it with a new key.")
	default:
		return k.again(was)
	}
	answer := do()
	if answer.Status >= 500 || answer.Status == http.StatusTooManyRequests {
		// It may go well the next time.
		return answer, k.answers.ForgetAnswer(ctx, token, begun.Key)
	}
	plain, err := json.Marshal(answer)
	if err != nil {
		return nil, err
	}
	begun.Sealed = k.seal.Seal(nil, nil, plain, bound(begun))
	// The answer goes out also where it could not be kept: it was done.
	_ = k.answers.EndAnswer(ctx, begun)
	return answer, nil
}

func (k *keys) again(was stagedoor.KeptAnswer) (*recorded, error) {
	broken := func(err error) error {
		return &stagedoor.Error{
			Op: "open a kept answer", Kind: stagedoor.KindKey, Err: err, Cause: "the answer that was kept for this key can not be opened",
			Fix: "Look whether the request was done. If not, send it with a new key.",
		}
	}
	plain, err := k.seal.Open(nil, nil, was.Sealed, bound(was))
	if err != nil {
		return nil, broken(err)
	}
	answer := &recorded{again: true}
	if err := json.Unmarshal(plain, answer); err != nil {
		return nil, broken(err)
	}
	return answer, nil
}

// bound is what a sealed answer belongs to.
func bound(a stagedoor.KeptAnswer) []byte { return append(append([]byte{}, a.Key...), a.Token...) }

// print tells requests apart.
func (k *keys) print(r *http.Request, body []byte) []byte {
	mac := hmac.New(sha256.New, k.key)
	for _, part := range []string{"request", r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Header.Get("If-Match")} {
		mac.Write([]byte(part))
		mac.Write([]byte{0})
	}
	mac.Write(body)
	return mac.Sum(nil)
}

func (k *keys) begin(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.running[id] {
		return false
	}
	k.running[id] = true
	return true
}

func (k *keys) end(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.running, id)
}
