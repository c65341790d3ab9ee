package provider

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// extension is what the name of a provider file ends with.
const extension = ".yaml"

// Folder is where the provider files of a user lie: providers, below the home.
// The file NAME.yaml holds the provider NAME, so that finding one opens one
// file, and a file that is broken is in nobody's way but its own provider's. A
// folder that is not there holds none, and neither does "", where there is no home.
//
// A file decides where a client secret is sent. So a file, or a folder, that
// others than its owner may write is refused, and so is a file that belongs
// neither to this user nor to root nor to the owner of the home. A file by the
// name of a built-in provider is refused too: what a credential says of its
// provider must not change its meaning.
type Folder string

// Entry is a provider and where it comes from.
type Entry struct {
	Name     string
	Path     string             // of its file; empty: it is built in
	Text     []byte             // its file, as it was written
	Provider stagedoor.Provider // zero if the file was refused
	Err      error              // why it was refused
}

// Find returns the provider by its name. Its error is the one that
// [Folder.List] gives for the file, or says that there is no such provider.
func (f Folder) Find(name string) (Entry, error) {
	p, ok, err := builtIn(name)
	if ok {
		text, _ := files.ReadFile(name + extension)
		return Entry{Name: name, Text: text, Provider: p, Err: err}, err
	}
	path := filepath.Join(string(f), name+extension)
	if f != "" && nameForm().MatchString(name) {
		if _, err := os.Lstat(path); err == nil {
			e := f.entry(path)
			return e, e.Err
		}
	}
	return Entry{}, &stagedoor.Error{
		Op: "find the provider", Subject: "\"" + stagedoor.Outside(name, 60) + "\"", Kind: stagedoor.KindUsage,
		Cause: "there is no provider by that name",
		Fix:   "Use one of: " + strings.Join(f.names(), ", ") + "; or add " + path + " (docs/providers.md shows how).",
	}
}

// List returns every provider, the built-in ones first, and every file of the
// folder that was refused.
func (f Folder) List() ([]Entry, error) {
	var all []Entry
	for _, name := range BuiltInNames() {
		e, err := f.Find(name)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	paths, err := f.paths()
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		all = append(all, f.entry(path))
	}
	return all, nil
}

// Refused returns the files of the folder that were refused.
func (f Folder) Refused() []Entry {
	paths, err := f.paths()
	if err != nil {
		return []Entry{{Path: string(f), Err: err}}
	}
	var refused []Entry
	for _, path := range paths {
		if e := f.entry(path); e.Err != nil {
			refused = append(refused, e)
		}
	}
	return refused
}

// Read reads any file as one that may be put into the folder: it is held to
// what the folder's files are held to, its place and its owner aside.
func (f Folder) Read(path string) Entry {
	if inside, err := filepath.Abs(path); err == nil && filepath.Dir(inside) == string(f) {
		return f.entry(inside)
	}
	return read(path, nil)
}

// paths lists what may be meant for a provider file: a file that ends in .yaml,
// and one in .yml, which is told to be named otherwise.
func (f Folder) paths() ([]string, error) {
	entries, err := os.ReadDir(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &stagedoor.Error{
			Op: "look for provider files", Subject: string(f), Kind: stagedoor.KindProvider, Err: err,
			Cause: "the folder can not be read", Fix: "Check its owner and mode.",
		}
	}
	var paths []string
	for _, entry := range entries {
		ending := filepath.Ext(entry.Name())
		if !strings.HasPrefix(entry.Name(), ".") && (ending == extension || ending == ".yml") {
			paths = append(paths, filepath.Join(string(f), entry.Name()))
		}
	}
	return paths, nil
}

// names are those that can be asked for; the files are not opened.
func (f Folder) names() []string {
	names := BuiltInNames()
	paths, _ := f.paths()
	for _, path := range paths {
		if name, ok := strings.CutSuffix(filepath.Base(path), extension); ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// entry reads a file of the folder.
func (f Folder) entry(path string) Entry {
	return read(path, func(p stagedoor.Provider, info fs.FileInfo) Problems {
		var found Problems
		if folder, err := os.Stat(string(f)); err == nil && othersWrite(folder) {
			found = append(found, writable("its folder "+string(f), string(f), folder))
		}
		if home, err := os.Stat(filepath.Dir(string(f))); err == nil && foreign(info, home) {
			found = append(found, Problem{
				Reason: "it belongs to another user of this machine, who could send secrets elsewhere with it",
				Fix:    "Look through it, then make it yours: `sudo chown \"$USER\" " + path + "`.",
			})
		}
		name := filepath.Base(path)
		if p.Name != "" && name != p.Name+extension {
			found = append(found, Problem{
				Field: "name", Reason: fmt.Sprintf("the file is called %s, and its provider %s", name, p.Name),
				Fix: "Rename the file to " + p.Name + extension + ".",
			})
		}
		return found
	})
}

// read reads a file that a user wrote; more says what else is wrong with it.
func read(path string, more func(stagedoor.Provider, fs.FileInfo) Problems) Entry {
	e := Entry{Name: strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), Path: path}
	info, text, err := content(path)
	if err != nil {
		e.Err = err
		return e
	}
	p, found := load(text)
	if othersWrite(info) {
		found = append(found, writable("it", path, info))
	}
	if slices.Contains(BuiltInNames(), p.Name) {
		found = append(found, Problem{
			Line: line(text, "name"), Field: "name", Reason: p.Name + " is the name of a provider that comes with Stagedoor, whose place no file can take",
			Fix: "Give it a name of its own, such as my-" + p.Name + ".",
		})
	}
	if more != nil {
		for _, problem := range more(p, info) {
			if problem.Field != "" {
				problem.Line = line(text, problem.Field)
			}
			found = append(found, problem)
		}
	}
	e.Text = text
	if len(found) > 0 {
		e.Err = refuse(path, found)
		return e
	}
	e.Name, e.Provider = p.Name, p
	return e
}

// content reads a file, and what it is, from one and the same open file.
func content(path string) (fs.FileInfo, []byte, error) {
	wrong := func(err error, cause, fix string) (fs.FileInfo, []byte, error) {
		return nil, nil, &stagedoor.Error{Op: "read the provider file", Subject: path, Kind: stagedoor.KindProvider, Err: err, Cause: cause, Fix: fix}
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return wrong(err, "there is no such file", "Give the path of a file.")
	case err == nil && !info.Mode().IsRegular(): // opening a pipe would wait
		return wrong(nil, "it is not a file", "Give the path of a file.")
	case err != nil:
		return wrong(err, "it can not be read", "Check its owner and mode.")
	}
	file, err := os.Open(path)
	if err != nil {
		return wrong(err, "it can not be read", "Check its owner and mode.")
	}
	defer file.Close()
	if info, err = file.Stat(); err != nil {
		return wrong(err, "it can not be read", "Check its owner and mode.")
	}
	text, err := io.ReadAll(io.LimitReader(file, largest+1))
	if err != nil {
		return wrong(err, "it can not be read", "Check its owner and mode.")
	}
	return info, text, nil
}

// othersWrite reports whether others than the owner may write. Windows keeps
// who may elsewhere; its mode bits say nothing.
func othersWrite(info fs.FileInfo) bool {
	return runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0
}

func writable(what, path string, info fs.FileInfo) Problem {
	return Problem{
		Reason: fmt.Sprintf("others than the owner may write %s (mode %04o), and so could send secrets elsewhere", what, info.Mode().Perm()),
		Fix:    "Look whether anybody changed it, then close it: `chmod go-w " + path + "`.",
	}
}
