package vault

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	tinkkeyset "github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/stagedoor/stagedoor"
)

// keyset is the key of the whole database. It seals data keys, subkeys, its own fingerprint,
// and nothing else.
type keyset struct {
	tink.AEAD
	id        uint32 // Tink's number of the primary key
	algorithm string
	text      []byte // the keyset as JSON, unsealed: key material
}

// newKeyset makes a random AES256-GCM keyset.
func newKeyset() (keyset, error) {
	handle, err := tinkkeyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return keyset{}, broken("make a key", err)
	}
	var text bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, tinkkeyset.NewJSONWriter(&text)); err != nil {
		return keyset{}, broken("make a key", err)
	}
	return useKeyset(handle, append(text.Bytes(), '\n'))
}

// parseKeyset reads a keyset's JSON. The parser's own error is not passed on,
// since it quotes what it stumbled over, which is key material.
func parseKeyset(text []byte, source string) (keyset, error) {
	handle, err := insecurecleartextkeyset.Read(tinkkeyset.NewJSONReader(bytes.NewReader(text)))
	if err == nil {
		var keys keyset
		if keys, err = useKeyset(handle, text); err == nil {
			return keys, nil
		}
	}
	return keyset{}, &stagedoor.Error{
		Op: "read the key", Subject: source, Kind: stagedoor.KindKey,
		Cause: "what is there is not a key of Stagedoor: it is cut off, changed, or something else",
		Fix:   "Restore the key from a backup.",
	}
}

func useKeyset(handle *tinkkeyset.Handle, text []byte) (keyset, error) {
	primitive, err := aead.New(handle)
	if err != nil {
		return keyset{}, err
	}
	info := handle.KeysetInfo()
	keys := keyset{AEAD: primitive, id: info.GetPrimaryKeyId(), text: text}
	for _, key := range info.GetKeyInfo() {
		if key.GetKeyId() == keys.id {
			keys.algorithm = key.GetTypeUrl()[strings.LastIndexByte(key.GetTypeUrl(), '.')+1:]
		}
	}
	if keys.algorithm == "AesGcmKey" {
		keys.algorithm = "AES256-GCM"
	}
	return keys, nil
}

// bind joins parts into associated data. Each has its length in front, so that
// no two lists of parts give the same bytes.
func bind(parts ...string) []byte {
	var b []byte
	for _, part := range parts {
		b = binary.BigEndian.AppendUint64(b, uint64(len(part)))
		b = append(b, part...)
	}
	return b
}

// broken is for what cannot fail short of a defect.
func broken(op string, err error) error {
	return &stagedoor.Error{Op: op, Subject: "the vault", Kind: stagedoor.KindInternal, Cause: "a cryptographic step failed", Err: err}
}
