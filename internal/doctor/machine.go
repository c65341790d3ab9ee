package doctor

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Machine is what is looked at on this machine, and how.
type Machine struct {
	Home     string
	Settings error  // of reading the settings; then only home and disk are looked at
	File     string // the settings file
	CAFile   string // empty: none
	Database string // the file
	KeyFile  string // empty: the key is elsewhere

	// Inspect looks the database over without changing it and says what it is.
	Inspect func(ctx context.Context) (says string, err error)
	// Rows opens every sealed row and returns how many there are, and when the
	// newest was written.
	Rows func(ctx context.Context) (rows int, newest time.Time, err error)
	// Key says what key it is, once Rows went well.
	Key func() string
	Now func() time.Time
}

// Examine looks the machine over. It reports whether saved credentials can be
// used.
func (m Machine) Examine(ctx context.Context, s *Sheet) bool {
	settings := m.settings(s)
	there := m.home(s)
	m.disk(s)
	if !settings {
		s.skip("the settings could not be read, so it is not known where these are", "ca-file", "key", "database", "rows")
		return false
	}
	m.caFile(s)
	if _, err := os.Stat(m.Database); errors.Is(err, fs.ErrNotExist) && there {
		s.skip("there is no database yet at "+m.Database+"; the first `stagedoor credential add` makes it and its key", "key", "database", "rows")
		return false
	}
	key := m.key(s)
	whole := m.database(ctx, s)
	switch {
	case !whole:
		s.skip("the database can not be used", "rows")
		return false
	case !key:
		s.skip("the key can not be used", "rows")
		return false
	}
	return m.rows(ctx, s)
}

func (m Machine) settings(s *Sheet) bool {
	if m.Settings != nil {
		s.failed("settings", m.Settings)
		return false
	}
	if _, err := os.Stat(m.File); err != nil {
		s.ok("settings", "there is no %s; flags, environment and defaults count", m.File)
		return true
	}
	s.ok("settings", "%s is valid", m.File)
	return true
}

// home reports whether the folder is there or can be made.
func (m Machine) home(s *Sheet) bool {
	info, err := os.Stat(m.Home)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.ok("home", "%s is not there yet; it is made when the first credential is saved", m.Home)
		return true
	case err != nil:
		s.fail("home", stagedoor.KindStore, m.Home+" can not be looked at: "+reason(err), "Run as the user whose folder it is, or name another with --home DIR or STAGEDOOR_HOME.")
		return false
	case !info.IsDir():
		s.fail("home", stagedoor.KindStore, m.Home+" is not a folder", "Name a folder with --home DIR or STAGEDOOR_HOME.")
		return false
	}
	mode := info.Mode()
	switch {
	case runtime.GOOS == "windows": // who may read stands elsewhere there
		s.ok("home", "%s", m.Home)
	case mode.Perm()&0o022 != 0 && mode&fs.ModeSticky == 0:
		s.fail("home", stagedoor.KindKey, fmt.Sprintf("other users may write in %s (mode %04o), and so put another key or database there", m.Home, mode.Perm()), "Close it: `chmod 700 "+m.Home+"`.")
	case mode.Perm()&0o077 != 0:
		s.warn("home", stagedoor.KindKey, fmt.Sprintf("other users may look into %s (mode %04o); the files in it are closed by themselves", m.Home, mode.Perm()), "Close it, unless it is shared on purpose: `chmod 700 "+m.Home+"`.")
	default:
		s.ok("home", "%s, mode %04o", m.Home, mode.Perm())
	}
	return true
}

// Bounds of free space, in bytes. SQLite's files beside a database, and a
// keyset, need less than the first.
const (
	tooLittle = 1 << 20
	little    = 100 << 20
)

func (m Machine) disk(s *Sheet) {
	folder := m.Home
	for {
		if info, err := os.Stat(folder); err == nil && info.IsDir() || filepath.Dir(folder) == folder {
			break
		}
		folder = filepath.Dir(folder)
	}
	fix := "Free some space on the disk of " + folder + ": `df -h " + folder + "` shows it, `du -xh " + folder + " | sort -h | tail` what takes it. Or name a home on another disk with --home DIR or STAGEDOOR_HOME."
	free, known := freeBytes(folder)
	if folder == m.Home {
		if err := tryWriting(folder); err != nil {
			switch {
			case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
				s.fail("disk", stagedoor.KindStore, "the disk of "+folder+" is full", fix)
			case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
				s.fail("disk", stagedoor.KindStore, "this user may not write in "+folder+": "+reason(err), "Run as the user whose folder it is, or name another with --home DIR or STAGEDOOR_HOME.")
			default:
				s.fail("disk", stagedoor.KindStore, folder+" can not be written: "+reason(err), "Look at the disk and at the system's log.")
			}
			return
		}
	}
	switch {
	case !known:
		s.ok("disk", "%s can be written; how much is free is not looked at on this system", folder)
	case free < tooLittle:
		s.fail("disk", stagedoor.KindStore, "the disk of "+folder+" is full ("+size(free)+" free)", fix)
	case free < little:
		s.warn("disk", stagedoor.KindStore, "the disk of "+folder+" is nearly full ("+size(free)+" free)", fix)
	default:
		s.ok("disk", "%s free at %s", size(free), folder)
	}
}

// tryWriting writes as much as SQLite wants to begin with: quotas and disks
// mounted read-only are seen in no other way.
func tryWriting(folder string) error {
	file, err := os.CreateTemp(folder, ".stagedoor-doctor-*")
	if err != nil {
		return err
	}
	_, err = file.Write(make([]byte, 64<<10))
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close(), os.Remove(file.Name()))
}

func size(n uint64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GB", n>>30)
	case n >= 1<<20:
		return fmt.Sprintf("%d MB", n>>20)
	}
	return fmt.Sprintf("%d KB", n>>10)
}

func (m Machine) caFile(s *Sheet) {
	if m.CAFile == "" {
		s.ok("ca-file", "none is given; the system's certificate authorities are trusted")
		return
	}
	fix := "Give --ca-file (STAGEDOOR_CA_FILE, or ca_file: in stagedoor.yaml) a readable file of PEM certificates (-----BEGIN CERTIFICATE-----); `openssl x509 -inform der -in FILE -out FILE.pem` makes one from a binary certificate."
	text, err := os.ReadFile(m.CAFile)
	if err != nil {
		s.fail("ca-file", stagedoor.KindUsage, m.CAFile+" can not be read: "+reason(err), fix)
		return
	}
	var good, expired int
	var names []string
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		switch {
		case block.Type != "CERTIFICATE" || err != nil:
		case m.Now().After(cert.NotAfter):
			expired++
			names = append(names, fmt.Sprintf("%s (on %s)", stagedoor.Outside(cert.Subject.CommonName, 60), cert.NotAfter.UTC().Format(time.DateOnly)))
		default:
			good++
		}
	}
	switch {
	case good+expired == 0:
		s.fail("ca-file", stagedoor.KindUsage, "there is no certificate in "+m.CAFile, fix)
	case expired > 0:
		s.warn("ca-file", stagedoor.KindUsage, fmt.Sprintf("%d of %d certificates in %s expired: %s", expired, good+expired, m.CAFile, strings.Join(names, ", ")),
			"Get the new CA certificate from whoever runs the proxy or the server, and put it into the file in its place.")
	default:
		s.ok("ca-file", "%s holds %s", m.CAFile, several(good, "certificate"))
	}
}

// key reports whether the key may be used; a key that is elsewhere is tried
// with the rows.
func (m Machine) key(s *Sheet) bool {
	if m.KeyFile == "" {
		s.ok("key", "it is not in a file; whether it opens the rows is tried below")
		return true
	}
	info, err := os.Stat(m.KeyFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.fail("key", stagedoor.KindKey, "the key file "+m.KeyFile+" is missing", "Restore it from a backup (mode 0600), or name the place where it is with --key file:PATH. Without it nobody can read the credentials: to start anew, move the database away and add them again.")
		return false
	case err != nil:
		s.fail("key", stagedoor.KindKey, m.KeyFile+" can not be looked at: "+reason(err), "Run as the user whose key it is, or name another place with --key file:PATH.")
		return false
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		s.fail("key", stagedoor.KindKey, fmt.Sprintf("other users of this machine may read the key file %s (mode %04o)", m.KeyFile, info.Mode().Perm()), "Close it with `chmod 600 "+m.KeyFile+"`, and if somebody may have copied it, replace the client secrets.")
		return false
	}
	if owner, mine := ownedByMe(info); !mine {
		s.warn("key", stagedoor.KindKey, fmt.Sprintf("the key file %s belongs to user %s, and this is another", m.KeyFile, owner), foreignOwner(owner, m.Home))
		return true
	}
	s.ok("key", "%s, mode %04o, yours", m.KeyFile, info.Mode().Perm())
	return true
}

func foreignOwner(owner, home string) string {
	return "Run Stagedoor as user " + owner + " (files that another user makes in " + home + " may shut it out), or take the home over: `chown -R $(id -un) " + home + "`."
}

// database reports whether the file is whole.
func (m Machine) database(ctx context.Context, s *Sheet) bool {
	info, err := os.Stat(m.Database)
	if err != nil {
		s.fail("database", stagedoor.KindStore, m.Database+" can not be looked at: "+reason(err), "Run as the user whose file it is, or name another with --home DIR or --database sqlite:PATH.")
		return false
	}
	says, err := m.Inspect(ctx)
	if err != nil {
		s.failed("database", err)
		return false
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		s.warn("database", stagedoor.KindStore, fmt.Sprintf("other users may read %s (mode %04o); what is secret in it is sealed", m.Database, mode),
			"Close it: `chmod 600 "+m.Database+"`. Stagedoor does so itself whenever it opens the file, so look for what widens it: a restore, a copy, a umask.")
		return true
	}
	if owner, mine := ownedByMe(info); !mine {
		s.warn("database", stagedoor.KindStore, fmt.Sprintf("%s belongs to user %s, and this is another", m.Database, owner), foreignOwner(owner, m.Home))
		return true
	}
	s.ok("database", "%s, mode %04o, whole; %s", m.Database, info.Mode().Perm(), says)
	return true
}

func (m Machine) rows(ctx context.Context, s *Sheet) bool {
	n, newest, err := m.Rows(ctx)
	if err != nil {
		s.failed("rows", err)
		return false
	}
	s.ok("rows", "%s opened with %s", several(n, "credential"), m.Key())
	// Rows are written with this machine's clock, so one from the future says
	// that the clock was ahead then, or is behind now.
	if ahead := newest.Sub(m.Now()); ahead > skewWarns {
		s.warn("clock", "", fmt.Sprintf("a credential was changed %s from now (%s), so this machine's clock is behind, or was ahead then", short(ahead), newest.UTC().Format(time.RFC3339)), "Set the clock: "+clockFix+".")
	}
	return true
}

// reason is a system's message without the operation and the path around it.
func reason(err error) string {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err.Error()
	}
	return stagedoor.Outside(err.Error(), 200)
}

func several(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
