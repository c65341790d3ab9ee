package folder

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

const (
	manifestName    = "manifest.json"
	manifestVersion = 1
)

// file is a part as the manifest lists it.
type file struct {
	Stream    string `json:"stream"`
	Path      string `json:"path"` // below the folder, with slashes
	Slice     string `json:"slice"`
	Partition string `json:"partition,omitempty"`
	Rows      int    `json:"rows"`
	Deleted   int    `json:"deleted"` // rows of them that have a _deleted_at
	Bytes     int64  `json:"bytes"`
	First     string `json:"first_key"`
	Last      string `json:"last_key"`

	version int    // of the name
	serial  uint32 // never used again
	indexed bool   // its keys are in the stream's index
}

// checkpoint is a slice that was written whole.
type checkpoint struct {
	Stream    string `json:"stream"`
	Params    string `json:"params,omitempty"`
	Partition string `json:"partition,omitempty"`
	Since     string `json:"since,omitempty"` // UTC days, both included; empty for a slice without days
	Until     string `json:"until,omitempty"`
	Run       string `json:"run"`
	ReadAt    string `json:"read_at"`
	Returned  int    `json:"returned"`
	Written   int    `json:"written"`
}

// column is a column as the manifest knows it; by its type a change is found.
type column struct {
	Name string               `json:"name"`
	Type stagedoor.ColumnType `json:"type"`
}

// change is what one commit does to the manifest.
type change struct {
	Stream     string      `json:"stream"`
	Folder     string      `json:"folder,omitempty"`  // of a stream that is new
	Columns    []column    `json:"columns,omitempty"` // all of them, where some are new
	Drop       []string    `json:"drop,omitempty"`
	Add        []*file     `json:"add,omitempty"`
	Checkpoint *checkpoint `json:"checkpoint,omitempty"`
	Ended      *ended      `json:"ended,omitempty"` // a part whose checkpoints go
}

type ended struct {
	Params    string `json:"params,omitempty"`
	Partition string `json:"partition"`
}

// streamState is what a manifest holds of one stream.
type streamState struct {
	folder  string
	columns []column
	files   []*file
	index   *keys // where keys lie, for streams whose parts overlap; nil until it is needed
}

// group is what checkpoints are asked for by.
type group struct{ stream, params, partition string }

// state is a manifest in memory.
type state struct {
	generation int
	streams    map[string]*streamState
	paths      map[string]*file // by path in lower case, since some systems tell no case apart
	points     map[group][]checkpoint
	serial     uint32
}

func newState() *state {
	return &state{streams: map[string]*streamState{}, paths: map[string]*file{}, points: map[group][]checkpoint{}}
}

// apply does a change.
func (s *state) apply(c change) {
	st := s.streams[c.Stream]
	if st == nil {
		st = &streamState{folder: c.Folder}
		s.streams[c.Stream] = st
	}
	if c.Columns != nil {
		st.columns = c.Columns
	}
	for _, path := range c.Drop {
		delete(s.paths, strings.ToLower(path))
	}
	if len(c.Drop) > 0 {
		st.files = slices.DeleteFunc(st.files, func(f *file) bool { return slices.Contains(c.Drop, f.Path) })
	}
	for _, f := range c.Add {
		s.serial++
		f.serial = s.serial
		st.files = append(st.files, f)
		s.paths[strings.ToLower(f.Path)] = f
	}
	if c.Ended != nil {
		delete(s.points, group{c.Stream, c.Ended.Params, c.Ended.Partition})
	}
	if p := c.Checkpoint; p != nil {
		s.addPoint(*p)
	}
}

func (s *state) addPoint(p checkpoint) {
	g := group{p.Stream, p.Params, p.Partition}
	list := s.points[g]
	i, found := slices.BinarySearchFunc(list, p, func(a, b checkpoint) int {
		return strings.Compare(a.Since+a.Until, b.Since+b.Until)
	})
	if found {
		list[i] = p
		return
	}
	s.points[g] = slices.Insert(list, i, p)
}

// pointOf is a checkpoint as the manifest holds it.
func pointOf(c stagedoor.Checkpoint) *checkpoint {
	p := &checkpoint{
		Stream: c.Stream, Params: c.Params, Partition: c.Partition, Run: c.Run, ReadAt: c.ReadAt.UTC().Format(timeFormat),
		Returned: c.Returned, Written: c.Written,
	}
	if !c.Days.Since.IsZero() {
		p.Since, p.Until = c.Days.Since.Format(time.DateOnly), c.Days.Until.Format(time.DateOnly)
	}
	return p
}

const timeFormat = "2006-01-02T15:04:05.000Z"

func (p checkpoint) back() (stagedoor.Checkpoint, error) {
	c := stagedoor.Checkpoint{
		Slice: stagedoor.Slice{Stream: p.Stream, Params: p.Params, Partition: p.Partition},
		Run:   p.Run, Returned: p.Returned, Written: p.Written,
	}
	var err error
	if p.Since != "" {
		if c.Days.Since, err = time.Parse(time.DateOnly, p.Since); err != nil {
			return c, err
		}
		if c.Days.Until, err = time.Parse(time.DateOnly, p.Until); err != nil {
			return c, err
		}
	}
	c.ReadAt, err = time.Parse(timeFormat, p.ReadAt)
	return c, err
}

// headSize is how much of a manifest's beginning holds its generation, by which
// a change by another process is found without reading it all.
const headSize = len(`{"stagedoor_manifest":1,"generation":`) + 12

// write writes the state as a manifest: one JSON object, a line for each entry.
func (s *state) write(to io.Writer, f Format) error {
	w := bufio.NewWriterSize(to, 64<<10)
	// The generation has a fixed width, so that it is found at its place.
	fmt.Fprintf(w, "{\"stagedoor_manifest\":%d,\"generation\":%12d,\"format\":%q,\n\"streams\":{", manifestVersion, s.generation, f.Name)
	line := func(v any, i int) error {
		if i > 0 {
			_ = w.WriteByte(',')
		}
		_ = w.WriteByte('\n')
		text, err := marshal(v)
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	}
	names := make([]string, 0, len(s.streams))
	for name := range s.streams {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		if err := line(name, i); err != nil {
			return err
		}
		_, _ = w.WriteString(": ")
		st := s.streams[name]
		text, err := marshal(map[string]any{"folder": st.folder, "columns": st.columns})
		if err != nil {
			return err
		}
		_, _ = w.Write(text)
	}
	_, _ = w.WriteString("\n},\n\"files\":[")
	n := 0
	for _, name := range names {
		files := slices.Clone(s.streams[name].files)
		slices.SortFunc(files, func(a, b *file) int { return strings.Compare(a.Path, b.Path) })
		for _, f := range files {
			if err := line(f, n); err != nil {
				return err
			}
			n++
		}
	}
	_, _ = w.WriteString("\n],\n\"slices\":[")
	groups := make([]group, 0, len(s.points))
	for g := range s.points {
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b group) int {
		return slices.Compare([]string{a.stream, a.params, a.partition}, []string{b.stream, b.params, b.partition})
	})
	n = 0
	for _, g := range groups {
		for _, p := range s.points[g] {
			if err := line(p, n); err != nil {
				return err
			}
			n++
		}
	}
	_, _ = w.WriteString("\n]}\n")
	return w.Flush()
}

func marshal(v any) ([]byte, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return []byte(strings.TrimSuffix(b.String(), "\n")), err
}

// manifest is a whole manifest, for reading.
type manifest struct {
	Version    int    `json:"stagedoor_manifest"`
	Generation int    `json:"generation"`
	Format     string `json:"format"`
	Streams    map[string]struct {
		Folder  string   `json:"folder"`
		Columns []column `json:"columns"`
	} `json:"streams"`
	Files  []*file      `json:"files"`
	Slices []checkpoint `json:"slices"`
}

// inside returns an error where the manifest names a place outside its folder:
// what is replaced is removed, and nobody's files elsewhere may be.
func (m manifest) inside() error {
	for name, st := range m.Streams {
		if err := inside(name, st.Folder, nil); err != nil {
			return err
		}
	}
	return inside("", "", m.Files)
}

// inside holds the places of a stream and of files to the folder.
func inside(stream, folder string, files []*file) error {
	if folder != "" && !filepath.IsLocal(filepath.FromSlash(folder)) {
		return fmt.Errorf("the folder of %q does not lie in it", stagedoor.Outside(stream, 63))
	}
	for _, f := range files {
		if f == nil || !filepath.IsLocal(filepath.FromSlash(f.Path)) {
			return errors.New("a file that it lists does not lie in its folder")
		}
	}
	return nil
}

// stateOf turns a manifest into a state.
func stateOf(m manifest) *state {
	s := newState()
	s.generation = m.Generation
	for name, st := range m.Streams {
		s.streams[name] = &streamState{folder: st.Folder, columns: st.Columns}
	}
	known := map[string]string{}
	same := func(text *string) { // one copy of what stands in a hundred thousand lines
		if had, ok := known[*text]; ok {
			*text = had
		} else if len(known) < 10_000 {
			known[*text] = *text
		}
	}
	for _, f := range m.Files {
		same(&f.Stream)
		f.version = versionOf(f.Path)
		s.apply(change{Stream: f.Stream, Add: []*file{f}})
	}
	for _, p := range m.Slices {
		for _, text := range []*string{&p.Stream, &p.Params, &p.Since, &p.Until, &p.Run} {
			same(text)
		}
		s.addPoint(p)
	}
	return s
}
