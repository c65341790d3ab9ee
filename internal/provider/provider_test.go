package provider

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/format"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/token"
)

var update = flag.Bool("update", false, "rewrite zoom.go and the golden files")

func TestBuiltIn(t *testing.T) {
	providers, err := BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range providers {
		names = append(names, p.Name)
	}
	if want := []string{"client-credentials", "zoom", "zoom-gov"}; !slices.Equal(names, want) {
		t.Errorf("built-in providers = %v, want %v", names, want)
	}
}

// TestZoomValue holds the root's Zoom value equal to zoom.yaml, so that Go
// users of package token and the program mean the same by Zoom.
func TestZoomValue(t *testing.T) {
	text, err := files.ReadFile("zoom.yaml")
	if err != nil {
		t.Fatal(err)
	}
	fromFile, err := Load("zoom.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("../../zoom.go", zoomSource(t, fromFile), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(fromFile, stagedoor.Zoom); diff != "" {
		t.Errorf("stagedoor.Zoom differs from zoom.yaml; run go generate ./internal/provider (-file +value):\n%s", diff)
	}
}

// TestErrorExamples holds that every rule's example, read as the rule says
// where it comes from, is explained by that rule and no earlier one.
func TestErrorExamples(t *testing.T) {
	providers, err := BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range providers {
		for _, want := range p.Errors {
			if want.Example == "" || want.Source == "" {
				t.Errorf("%s: rule %s has no example or no source", p.Name, want.ID)
			}
		}
	}
}

// TestBadFiles walks testdata/bad: one file is a provider file and, in its
// first lines' comments, the error that it is refused with.
func TestBadFiles(t *testing.T) {
	names, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatal("no files in testdata/bad", err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Load(filepath.Base(name), text)
			if err == nil {
				t.Fatal("it was taken")
			}
			if stagedoor.KindOf(err) != stagedoor.KindProvider {
				t.Errorf("kind = %s, want %s", stagedoor.KindOf(err), stagedoor.KindProvider)
			}
			want, body, _ := bytes.Cut(text, []byte("\n"))
			got := []byte("# want: " + err.Error())
			if *update {
				if err := os.WriteFile(name, slices.Concat(got, []byte("\n"), body), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

// TestExtends holds what is taken over from another provider and what is not.
func TestExtends(t *testing.T) {
	p, err := Load("my-zoom.yaml", []byte(`name: my-zoom
title: My Zoom
extends: zoom
token_url: https://zoom.example.com/oauth/token
hosts: [zoom.example.com, api.zoom.us]
limits: []
token: {grant: account_credentials}
errors:
  - {id: rate-limited, at: api, status: [429], kind: rate_limited, cause: Ours., fix: Wait.}
  - {id: my-own, at: token, error: [mine], kind: app_inactive, cause: Ours too., fix: Ask.}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := stagedoor.Zoom
	want.Name, want.Title, want.Extends = "my-zoom", "My Zoom", "zoom"
	want.TokenURL, want.Hosts, want.Limits = "https://zoom.example.com/oauth/token", []string{"zoom.example.com", "api.zoom.us"}, []stagedoor.RateLimit{}
	want.Token = stagedoor.TokenRequest{Grant: "account_credentials"} // whole, not key by key
	want.Errors = slices.Concat(p.Errors[:2], slices.DeleteFunc(slices.Clone(want.Errors), func(r stagedoor.ErrorRule) bool { return r.ID == "rate-limited" }))
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if p.Errors[0].Cause != "Ours." || p.Errors[1].ID != "my-own" {
		t.Errorf("the file's own rules do not come first: %+v", p.Errors[:2])
	}
	if e, ok := p.Explain(stagedoor.Answer{At: stagedoor.AtAPI, Status: 429}); !ok || e.Cause != "Ours." {
		t.Errorf("explained by %+v", e)
	}
	if p.BuiltOn() != "zoom" || stagedoor.Zoom.BuiltOn() != "zoom" {
		t.Error("a provider that extends zoom is not of its family")
	}
	if n := len(stagedoor.Zoom.Limits); n == 0 || stagedoor.Zoom.Hosts[0] != "zoom.us" {
		t.Error("Zoom itself was changed")
	}
}

// TestZoomGov holds that the government's cloud is Zoom but for its addresses.
func TestZoomGov(t *testing.T) {
	p, _, err := builtIn("zoom-gov")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []struct{ got, want any }{
		{p.Token, stagedoor.Zoom.Token},
		{p.Response, stagedoor.Zoom.Response},
		{p.Limits, stagedoor.Zoom.Limits},
		{p.Errors, stagedoor.Zoom.Errors},
		{p.APIBase, stagedoor.Zoom.APIBase},
		{p.TokenURL, "https://zoomgov.com/oauth/token"},
		{p.APIURL, "https://api.zoomgov.com"},
	} {
		if diff := cmp.Diff(part.want, part.got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	for _, host := range p.Hosts {
		if !strings.HasSuffix(host, "zoomgov.com") {
			t.Errorf("a secret of the government's cloud may go to %s", host)
		}
	}
}

// TestJSONHoldsTheWholeFile holds that what is printed can be read again.
func TestJSONHoldsTheWholeFile(t *testing.T) {
	for _, name := range BuiltInNames() {
		p, _, err := builtIn(name)
		if err != nil {
			t.Fatal(err)
		}
		text, err := JSON(p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Load(name, text) // JSON is YAML
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p, again); diff != "" {
			t.Errorf("%s: -file +printed:\n%s", name, diff)
		}
	}
}

func FuzzLoad(f *testing.F) {
	for _, name := range BuiltInNames() {
		text, err := files.ReadFile(name + extension)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	names, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil || len(names) == 0 {
		f.Fatal("no files to begin with", err)
	}
	for _, name := range append(names, "../../docs/providers.md") {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, block := range yamlBlock.FindAllSubmatch(text, -1) {
			f.Add(block[1])
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := Load("fuzz.yaml", text)
		if err != nil {
			e, ok := errors.AsType[*stagedoor.Error](err)
			if !ok || e.Kind != stagedoor.KindProvider || e.Cause == "" || e.Fix == "" {
				t.Errorf("refused without kind, cause or fix: %#v", err)
			}
			return
		}
		if p.Name == "" || p.Response.Lifetime < time.Second || p.Response.Lifetime > longestLifetime {
			t.Errorf("a file without name or lifetime was taken: %+v", p)
		}
		// What Load takes, package token takes: there is no second refusal.
		c := stagedoor.Credential{Slug: "fuzz", ClientID: "id", ClientSecrets: []stagedoor.Secret{stagedoor.NewSecret("a-secret")}}
		if p.TokenURL == "" {
			c.TokenURL, c.AllowHosts = "http://127.0.0.1:1", []string{"127.0.0.1:1"}
		}
		source, err := token.NewSource(t.Context(), token.Config{Provider: p, Credential: c})
		if err != nil {
			t.Fatalf("taken here and refused there: %v", err)
		}
		source.Close()
		text, err = JSON(p)
		if err != nil {
			t.Fatalf("it can not be printed: %v", err)
		}
		if _, err := Load("printed.yaml", text); err != nil {
			t.Errorf("what was printed is refused: %v\n%s", err, text)
		}
	})
}

// zoomSource writes a provider as Go source of the root package.
func zoomSource(t *testing.T, p stagedoor.Provider) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("// Code generated by go generate ./internal/provider from zoom.yaml. DO NOT EDIT.\n\npackage stagedoor\n\n")
	b.WriteString("// Zoom is how Zoom grants Server-to-Server OAuth tokens and takes requests, for\n// Go programs that use package token. It equals internal/provider/zoom.yaml.\nvar Zoom = ")
	b.WriteString("Provider")
	writeValue(&b, reflect.ValueOf(p))
	b.WriteString("\n")
	source, err := format.Source(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func writeValue(b *bytes.Buffer, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		b.WriteString("{\n")
		for i := range v.NumField() {
			if !v.Field(i).IsZero() {
				fmt.Fprintf(b, "%s: ", v.Type().Field(i).Name)
				if v.Field(i).Kind() == reflect.Struct {
					b.WriteString(v.Field(i).Type().Name())
				}
				writeValue(b, v.Field(i))
				b.WriteString(",\n")
			}
		}
		b.WriteString("}")
	case reflect.Slice:
		fmt.Fprintf(b, "[]%s{", strings.TrimPrefix(v.Type().Elem().String(), "stagedoor."))
		for i := range v.Len() {
			if v.Index(i).Kind() == reflect.Struct {
				b.WriteString("\n")
			}
			writeValue(b, v.Index(i))
			b.WriteString(", ")
		}
		if v.Len() > 0 && v.Index(0).Kind() == reflect.Struct {
			b.WriteString("\n")
		}
		b.WriteString("}")
	case reflect.Map:
		m := v.Interface().(map[string]string)
		b.WriteString("map[string]string{")
		for _, key := range slices.Sorted(maps.Keys(m)) {
			fmt.Fprintf(b, "%q: %q, ", key, m[key])
		}
		b.WriteString("}")
	case reflect.Int64:
		fmt.Fprintf(b, "%d", v.Int())
	case reflect.String:
		fmt.Fprintf(b, "%q", v.String())
	default:
		fmt.Fprintf(b, "%v", reflect.Indirect(v).Interface())
	}
}
