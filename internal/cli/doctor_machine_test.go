package cli_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// TestDoctorOfTheMachine makes each thing wrong that lies on this machine.
func TestDoctorOfTheMachine(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes of files are told in another way on Windows")
	}
	w := newWorld(t, zoomsim.Options{Meetings: 60})
	if v := w.doctor(0, nil, nil); v.Next != "stagedoor credential add acme" || v.result("database") != "skip" {
		t.Errorf("without a home: %+v", v)
	}
	if _, err := os.Stat(w.path("home")); err == nil {
		t.Error("doctor made a home")
	}
	w.addCredential()
	home, key, database := w.path("home"), w.path("home/key"), w.path("home/stagedoor.db")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}

	must(os.Chmod(key, 0o644))
	if v := w.doctor(1, nil, nil, finding{"key", "fail", "key", `may read the key file .* \(mode 0644\)`, "chmod 600 .*key"}); v.Next != "chmod 600 "+key {
		t.Errorf("next is %q", v.Next)
	}
	must(os.Chmod(key, 0o600))
	must(os.Chmod(database, 0o644))
	w.doctor(0, nil, nil, finding{"database", "warn", "store", `other users may read .* \(mode 0644\)`, "chmod 600 .*stagedoor.db"})
	must(os.Chmod(home, 0o755))
	w.doctor(0, nil, nil, finding{"home", "warn", "key", "look into .*mode 0755", "chmod 700"})
	must(os.Chmod(home, 0o777))
	w.doctor(1, nil, nil, finding{"home", "fail", "key", "write in .*mode 0777", "chmod 700"})
	must(os.Chmod(home, 0o700))

	// The settings.
	must(os.WriteFile(w.path("home/stagedoor.yaml"), []byte("databse: x\n"), 0o600))
	w.doctor(1, nil, nil, finding{"settings", "fail", "usage", "databse", "It may hold database"})
	must(os.Remove(w.path("home/stagedoor.yaml")))
	w.doctor(1, nil, []string{"--log-level", "loud"}, finding{"settings", "fail", "usage", "loud", "Use debug"})

	// The key: gone, and another.
	must(os.Rename(key, key+".away"))
	w.doctor(1, nil, nil, finding{"key", "fail", "key", "is missing", "Restore it from a backup"})
	secret := w.give("s.txt", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n")
	w.succeeds("--home", w.path("second"), "credential", "add", "x", "--no-check", "--account-id", "a", "--client-id", "b", "--client-secret-file", secret)
	w.doctor(1, nil, []string{"--key", "file:" + w.path("second/key")}, finding{"rows", "fail", "key", "is not the one that the database is sealed with", "Restore that key"})
	must(os.Rename(key+".away", key))
	w.doctor(0, nil, nil)

	if os.Getuid() == 0 {
		must(os.Chown(key, 65534, -1))
		w.doctor(0, nil, nil, finding{"key", "warn", "key", "belongs to user", "chown -R"})
		must(os.Chown(key, 0, -1))
	}

	// The database: newer, damaged, and no database at all.
	whole, err := os.ReadFile(database)
	must(err)
	change(t, w, "insert into goose_db_version (version_id, is_applied) values (99, 1)")
	w.doctor(1, nil, nil, finding{"database", "fail", "schema_newer", "schema version 99", "newer stagedoor"})
	replace := func(text []byte) {
		t.Helper()
		for _, name := range []string{database + "-wal", database + "-shm"} {
			_ = os.Remove(name)
		}
		must(os.WriteFile(database, text, 0o600))
	}
	damaged := append([]byte{}, whole...)
	for i := 2 * 4096; i < len(damaged); i++ {
		damaged[i] ^= 0x5a
	}
	replace(damaged)
	w.doctor(1, nil, nil, finding{"database", "fail", "store", "damaged", "backup"})
	replace([]byte("this is a letter, and no database, though it is longer than a header of one hundred bytes would have to be"))
	w.doctor(1, nil, nil, finding{"database", "fail", "store", "not a SQLite database", "backup"})
	replace(whole)
	w.doctor(0, nil, nil)
	must(os.RemoveAll(filepath.Join(w.dir, "second")))
}
