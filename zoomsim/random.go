package zoomsim

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
)

// randomFor returns the random numbers of one made-up thing, such as the 7th
// meeting. They depend on nothing else, so that data is the same whatever order
// it is made in.
func randomFor(seed int64, thing string, number int) *rand.Rand {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %d", seed, thing, number))
	return rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:])))
}

// randomID returns 22 characters of URL-safe base64, the form of Zoom's user,
// account and client ids.
func randomID(r *rand.Rand) string {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:], r.Uint64())
	binary.BigEndian.PutUint64(raw[8:], r.Uint64())
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// randomSecret returns 32 letters and digits, the form of Zoom's client secrets.
func randomSecret(r *rand.Rand) string {
	const alphanumerics = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	secret := make([]byte, 32)
	for i := range secret {
		secret[i] = alphanumerics[r.IntN(len(alphanumerics))]
	}
	return string(secret)
}

// pick returns one of choices.
func pick[T any](r *rand.Rand, choices []T) T {
	return choices[r.IntN(len(choices))]
}
