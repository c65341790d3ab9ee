package stream_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/stream"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// TestStreamsAskWhatZoomDocuments holds each stream's request against the table
// of Zoom's operations: the operation is there and not withdrawn, every required
// parameter is sent, and none that the operation does not know.
func TestStreamsAskWhatZoomDocuments(t *testing.T) {
	for _, s := range stream.All() {
		t.Run(s.Name, func(t *testing.T) {
			op, ok := zoom.Operations().Find(s.Method, s.Path)
			if !ok || op.Path != s.Path || op.Deprecated {
				t.Fatalf("%s %s is no operation that Zoom has now (found %+v)", s.Method, s.Path, op)
			}
			passes := s.Passes
			if len(passes) == 0 {
				passes = []map[string]string{nil}
			}
			for _, pass := range passes {
				sent := parameters(s, pass)
				for _, name := range op.Required {
					if !slices.Contains(sent, name) {
						t.Errorf("the required parameter %s is not sent (sent: %v)", name, sent)
					}
				}
				for _, name := range sent {
					if !slices.Contains(op.Query, name) {
						t.Errorf("%s is sent, and Zoom knows only %v", name, op.Query)
					}
				}
			}
			// Every name in the path is filled by the stream's part.
			var names []string
			for _, segment := range strings.Split(s.Path, "/") {
				if name, ok := strings.CutPrefix(segment, "{"); ok {
					names = append(names, strings.TrimSuffix(name, "}"))
				}
			}
			var filled []string
			if s.Partition != nil {
				filled = []string{s.Partition.Param}
			}
			if !slices.Equal(names, filled) {
				t.Errorf("the path has the names %v, and the parts fill %v", names, filled)
			}
			if op.Paging == stagedoor.PagingToken && s.PageSize == 0 {
				t.Error("the stream is paged and names no page size")
			}
			if len(op.ListKeys) == 0 || len(s.ListKeys) == 0 || !slices.Contains(op.ListKeys, s.ListKeys[0]) {
				t.Errorf("the rows are looked for under %v first, and Zoom has them under %v", s.ListKeys, op.ListKeys)
			}
		})
	}
}

// parameters are the names that a call of the stream carries in one pass.
func parameters(s stagedoor.Stream, pass map[string]string) []string {
	var names []string
	for _, params := range []map[string]string{s.Params, pass} {
		for name := range params {
			names = append(names, name)
		}
	}
	if s.PageSize > 0 {
		names = append(names, "page_size")
	}
	if s.Window != nil && s.Window.From != "" {
		names = append(names, s.Window.From, s.Window.To)
	}
	return names
}
