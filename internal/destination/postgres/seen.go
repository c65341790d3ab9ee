package postgres

import "hash/maphash"

// seen tells whether a key may have come before. It errs on one side only: of a
// key that it calls new there was none; one that is new it may call an old one,
// about once in a hundred thousand, and more often beyond some five million keys,
// which costs a merge and is right all the same. It grows with its keys (four
// bytes a key) up to 22 MiB: a Bloom filter in layers.
type seen struct {
	seed   maphash.Seed
	layers [][]uint64
	room   int // keys that the last layer still takes
}

const (
	firstLayer = 1 << 10 // keys
	lastLayer  = 1 << 22
	keyBits    = 32
	probes     = 10
)

func newSeen() *seen { return &seen{seed: maphash.MakeSeed()} }

// add reports whether key may have been added before, and adds it.
func (s *seen) add(key string) bool {
	hash := maphash.String(s.seed, key)
	step := hash>>32 | 1
	for _, layer := range s.layers {
		if has(layer, hash, step) {
			return true // then every later one of it is found here too
		}
	}
	if s.room == 0 {
		size := firstLayer
		if n := len(s.layers); n > 0 {
			size = len(s.layers[n-1]) * 64 / keyBits * 4
		}
		if size <= lastLayer {
			s.layers = append(s.layers, make([]uint64, size*keyBits/64))
			s.room = size
		} else {
			s.room = 1 // the last layer takes all that comes, and grows worse
		}
	}
	s.room--
	layer := s.layers[len(s.layers)-1]
	mask := uint64(len(layer)*64 - 1)
	for range probes {
		bit := hash & mask
		layer[bit/64] |= 1 << (bit % 64)
		hash += step
	}
	return false
}

func has(layer []uint64, hash, step uint64) bool {
	mask := uint64(len(layer)*64 - 1)
	for range probes {
		bit := hash & mask
		if layer[bit/64]&(1<<(bit%64)) == 0 {
			return false
		}
		hash += step
	}
	return true
}
