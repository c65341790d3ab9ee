package provider

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
)

const good = "name: my-service\ntitle: My service\nextends: client-credentials\n"

// home makes a home with provider files in it, closed to others.
func home(t *testing.T, texts map[string]string) Folder {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "providers")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Folder(folder)
}

// refused wants an error of a provider file whose text holds what is given.
func refused(t *testing.T, err error, says ...string) {
	t.Helper()
	e, ok := errors.AsType[*stagedoor.Error](err)
	if !ok || e.Fix == "" || e.Cause == "" {
		t.Fatalf("not refused with cause and fix: %v", err)
	}
	for _, text := range says {
		if !strings.Contains(e.Error(), text) {
			t.Errorf("%q is not in: %v", text, e)
		}
	}
}

func TestABrokenFileIsInNobodysWay(t *testing.T) {
	f := home(t, map[string]string{"my-service.yaml": good, "broken.yaml": "name: [", "notes.txt": "x", ".hidden.yaml": "x"})
	for _, name := range []string{"zoom", "zoom-gov", "my-service"} {
		e, err := f.Find(name)
		if err != nil || e.Provider.Name != name || len(e.Text) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := f.Find("broken")
	refused(t, err, filepath.Join(string(f), "broken.yaml"), "line 1")
	list, err := f.List()
	if err != nil || len(list) != len(BuiltInNames())+2 {
		t.Fatalf("%d entries, %v", len(list), err)
	}
	if broken := f.Refused(); len(broken) != 1 || broken[0].Name != "broken" {
		t.Errorf("refused: %+v", broken)
	}
}

func TestNames(t *testing.T) {
	f := home(t, map[string]string{
		"zoom.yaml": strings.Replace(good, "my-service", "zoom", 1), "other.yaml": good, "my-service.yml": good,
	})
	e, err := f.Find("zoom")
	if err != nil || e.Path != "" || e.Provider.Title != "Zoom" {
		t.Errorf("a file took the place of a built-in provider: %+v %v", e, err)
	}
	for _, e := range f.Refused() {
		switch filepath.Base(e.Path) {
		case "zoom.yaml":
			refused(t, e.Err, "line 1, name: zoom is the name of a provider that comes with Stagedoor", "my-zoom")
		case "other.yaml":
			refused(t, e.Err, "line 1, name: the file is called other.yaml, and its provider my-service", "Rename the file to my-service.yaml")
		case "my-service.yml":
			refused(t, e.Err, "Rename the file to my-service.yaml")
		}
	}
	if n := len(f.Refused()); n != 3 {
		t.Errorf("%d files were refused, want 3", n)
	}
	for _, name := range []string{"nobody", "../providers/other", "", "Zoom", strings.Repeat("x", 300)} {
		_, err := f.Find(name)
		refused(t, err, "there is no provider by that name", "client-credentials, zoom, zoom-gov, other")
		if stagedoor.KindOf(err) != stagedoor.KindUsage {
			t.Errorf("%q: kind %s", name, stagedoor.KindOf(err))
		}
	}
	if _, err := Folder(filepath.Join(t.TempDir(), "none")).List(); err != nil {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestFilesThatOthersMayWrite(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows keeps who may write elsewhere than in a mode")
	}
	f := home(t, map[string]string{"my-service.yaml": good})
	path := filepath.Join(string(f), "my-service.yaml")
	for _, mode := range []os.FileMode{0o620, 0o602, 0o666, 0o660} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := f.Find("my-service")
		refused(t, err, "others than the owner may write it", "chmod go-w "+path)
		refused(t, f.Read(path).Err, "chmod go-w "+path)
	}
	for _, mode := range []os.FileMode{0o600, 0o644, 0o400} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Find("my-service"); err != nil {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
	if err := os.Chmod(string(f), 0o777); err != nil {
		t.Fatal(err)
	}
	_, err := f.Find("my-service")
	refused(t, err, "its folder", "chmod go-w "+string(f))
	if _, err := f.Find("zoom"); err != nil {
		t.Errorf("zoom needs no file: %v", err)
	}
}

func TestAFileOfAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file to another user")
	}
	f := home(t, map[string]string{"my-service.yaml": good})
	path := filepath.Join(string(f), "my-service.yaml")
	if err := os.Chown(path, 4711, 4711); err != nil {
		t.Skipf("this file system does not give files away: %v", err)
	}
	_, err := f.Find("my-service")
	refused(t, err, "belongs to another user", "chown")
	// Who owns the home can put anything there, so it counts for nothing more.
	if err := os.Chown(filepath.Dir(string(f)), 4711, 4711); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Find("my-service"); err != nil {
		t.Errorf("a file of the home's owner: %v", err)
	}
}

func TestReadRefusesWhatIsNoFile(t *testing.T) {
	f := home(t, nil)
	refused(t, f.Read(filepath.Join(string(f), "none.yaml")).Err, "there is no such file")
	refused(t, f.Read(string(f)).Err, "it is not a file")
	large := filepath.Join(t.TempDir(), "large.yaml")
	if err := os.WriteFile(large, []byte(good+strings.Repeat("#\n", largest)), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, f.Read(large).Err, "larger than 256 KiB")
	elsewhere := filepath.Join(t.TempDir(), "by-any-name.yaml")
	if err := os.WriteFile(elsewhere, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	if e := f.Read(elsewhere); e.Err != nil || e.Name != "my-service" {
		t.Errorf("a file outside the folder may have any name: %+v", e)
	}
}
