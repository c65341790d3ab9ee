package server

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/crypto/acme/autocert"
)

// SealedFolder is a folder of sealed files, for the keys and certificates that
// ACME brings. Files are named by a hash, and each opens under its own name only.
type SealedFolder struct {
	path string
	aead cipher.AEAD
}

var _ autocert.Cache = (*SealedFolder)(nil)

// NewSealedFolder returns the folder at path, which need not be there yet; key
// has 32 bytes.
func NewSealedFolder(path string, key []byte) (*SealedFolder, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &SealedFolder{path: path, aead: aead}, nil
}

func (f *SealedFolder) file(name string) string {
	sum := sha256.Sum256([]byte(name))
	return filepath.Join(f.path, hex.EncodeToString(sum[:16]))
}

// Get returns what was put under the name, and autocert.ErrCacheMiss where
// nothing was, or where it was sealed with another key: then it is got anew.
func (f *SealedFolder) Get(_ context.Context, name string) ([]byte, error) {
	sealed, err := os.ReadFile(f.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, autocert.ErrCacheMiss
	}
	if err != nil {
		return nil, err
	}
	clear, err := f.aead.Open(nil, nil, sealed, []byte(name))
	if err != nil {
		return nil, autocert.ErrCacheMiss
	}
	return clear, nil
}

// Put writes a file whole or not at all.
func (f *SealedFolder) Put(_ context.Context, name string, clear []byte) error {
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		return err
	}
	part, err := os.CreateTemp(f.path, "part-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = part.Write(f.aead.Seal(nil, nil, clear, []byte(name)))
	if err = errors.Join(err, part.Sync(), part.Close()); err == nil {
		err = os.Rename(part.Name(), f.file(name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(part.Name()))
	}
	return nil
}

// Delete removes what was put under the name.
func (f *SealedFolder) Delete(_ context.Context, name string) error {
	if err := os.Remove(f.file(name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
