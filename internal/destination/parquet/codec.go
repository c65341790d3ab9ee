package parquet

import (
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
)

// codec compresses pages with Zstandard. The library's own keeps a window of
// 4 MiB for each, though a page has some hundred KB, and takes twice that of
// memory.
type codec struct{ encoder *zstd.Encoder }

func newCodec() (*codec, error) {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(pageBytes), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false))
	return &codec{e}, err
}

// String names it.
func (c *codec) String() string { return "ZSTD" }

// CompressionCodec is what files say.
func (c *codec) CompressionCodec() format.CompressionCodec { return format.Zstd }

// Encode compresses src into dst.
func (c *codec) Encode(dst, src []byte) ([]byte, error) {
	return c.encoder.EncodeAll(src, dst[:0]), nil
}

// Decode is not needed: files are read with the library's own.
func (c *codec) Decode(_, _ []byte) ([]byte, error) { return nil, errOnlyWrites }
