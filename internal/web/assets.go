package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/stagedoor/stagedoor"
)

//go:embed assets
var assetFiles embed.FS

// sheets are the style, in the order in which they count.
func sheets() []string { return []string{"base.css", "layout.css", "component.css"} }

// asset is a file of the page as it is sent.
type asset struct {
	kind        string // of content
	hash        string // of its text, in its address: what changes has another address
	plain, gzip []byte
}

// assets are the files of the page, read and compressed once.
type assets struct {
	byName map[string]*asset
}

func readAssets() (*assets, error) {
	a := &assets{byName: map[string]*asset{}}
	var style bytes.Buffer
	for _, name := range sheets() {
		text, err := assetFiles.ReadFile("assets/" + name)
		if err != nil {
			return nil, err
		}
		style.Write(text)
	}
	if err := a.add("style.css", style.Bytes()); err != nil {
		return nil, err
	}
	entries, err := assetFiles.ReadDir("assets")
	if err != nil {
		return nil, err
	}
	names := []string{"vendor/htmx.min.js", "vendor/uplot.min.js", "vendor/uplot.min.css"}
	for _, e := range entries {
		if ext := path.Ext(e.Name()); ext == ".js" || ext == ".svg" {
			names = append(names, e.Name())
		}
	}
	for _, name := range names {
		text, err := assetFiles.ReadFile("assets/" + name)
		if err != nil {
			return nil, err
		}
		if err := a.add(path.Base(name), text); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (a *assets) add(name string, text []byte) error {
	sum := sha256.Sum256(text)
	var small bytes.Buffer
	w, err := gzip.NewWriterLevel(&small, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	kind := mime.TypeByExtension(path.Ext(name))
	switch path.Ext(name) { // whatever the machine's own table says
	case ".js":
		kind = "text/javascript; charset=utf-8"
	case ".css":
		kind = "text/css; charset=utf-8"
	case ".svg":
		kind = "image/svg+xml"
	}
	a.byName[name] = &asset{kind: kind, hash: hex.EncodeToString(sum[:8]), plain: text, gzip: small.Bytes()}
	return nil
}

// path is the address of an asset. A name that is none is a defect, which a test
// of every page finds.
func (a *assets) path(name string) string {
	found := a.byName[name]
	if found == nil {
		return "/assets/0/" + name
	}
	return "/assets/" + found.hash + "/" + name
}

func (s *site) asset(w http.ResponseWriter, r *http.Request) error {
	found := s.assets.byName[r.PathValue("name")]
	if found == nil || found.hash != r.PathValue("hash") {
		return &stagedoor.Error{Op: "show a file", Kind: stagedoor.KindNotFound, Cause: "there is no such file in this version", Fix: "Load the page again."}
	}
	h := w.Header()
	h.Set("Content-Type", found.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	text := found.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		text = found.gzip
	}
	h.Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = w.Write(text) // who has gone needs no answer
	return nil
}
