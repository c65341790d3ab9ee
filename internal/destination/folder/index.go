package folder

import (
	"hash/maphash"
)

// keys tells in which files of a stream a key may lie. It is needed where parts
// of a stream overlap in their keys: a meeting that went over to another host
// comes with the other host's slice, and its former row must go, in whichever of
// ten thousand files it is. It takes about 16 bytes a key, may name a file in
// vain, and never forgets one.
type keys struct {
	seed  maphash.Seed
	slots []uint64 // upper half: part of the hash; lower half: the file's serial number; 0 is empty
	count int
	known map[uint32]*file // files whose keys are in slots
}

func newKeys() *keys { return &keys{seed: maphash.MakeSeed(), known: map[uint32]*file{}} }

func (k *keys) hash(key []byte) (slot uint64, print uint64) {
	h := maphash.Bytes(k.seed, key)
	return h, h >> 32 << 32
}

func (k *keys) add(key []byte, serial uint32) {
	if 2*(k.count+1) > len(k.slots) {
		k.grow()
	}
	h, print := k.hash(key)
	k.put(h, print|uint64(serial))
}

func (k *keys) put(h, entry uint64) {
	mask := uint64(len(k.slots) - 1)
	// The slot is found by the print too, so that growing needs no keys.
	for i := (h >> 32) & mask; ; i = (i + 1) & mask {
		if k.slots[i] == entry {
			return
		}
		if k.slots[i] == 0 {
			k.slots[i] = entry
			k.count++
			return
		}
	}
}

func (k *keys) grow() {
	former := k.slots
	k.slots = make([]uint64, max(1024, 2*len(former)))
	k.count = 0
	for _, entry := range former {
		if entry != 0 {
			k.put(entry, entry)
		}
	}
}

// find calls f with each file that may hold the key.
func (k *keys) find(key []byte, f func(*file)) {
	if len(k.slots) == 0 {
		return
	}
	h, print := k.hash(key)
	mask := uint64(len(k.slots) - 1)
	for i := (h >> 32) & mask; k.slots[i] != 0; i = (i + 1) & mask {
		if entry := k.slots[i]; entry>>32<<32 == print {
			if known := k.known[uint32(entry)]; known != nil {
				f(known)
			}
		}
	}
}

// forget leaves a file out of what find tells.
func (k *keys) forget(f *file) { delete(k.known, f.serial) }
