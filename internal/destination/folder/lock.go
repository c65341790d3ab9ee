package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// patience is how long a commit waits for another process that commits into the
// same folder.
const patience = 10 * time.Minute

// errLocked is what tryLock returns where another process has the lock.
var errLocked = errors.New("locked by another process")

// lockFile takes the system's own lock of a file, which ends with the process,
// however that ends; the file stays. It waits as long as wait.
func lockFile(ctx context.Context, path string, wait time.Duration) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	until := time.Now().Add(wait)
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		if err = tryLock(file); err == nil || !errors.Is(err, errLocked) {
			break
		}
		if !time.Now().Before(until) {
			err = &stagedoor.Error{
				Op: "open the destination", Kind: stagedoor.KindDestination, Err: errLocked,
				Cause: "another run is writing there, and did not end" + holder(file),
				Fix:   "Wait for it or stop it, then run the command again; nothing was half written.",
			}
			break
		}
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-time.After(pause):
			continue
		}
		break
	}
	if err != nil {
		_ = file.Close() // nothing was written
		return nil, err
	}
	_, _ = file.WriteAt(fmt.Appendf(nil, "process %-10d\n", os.Getpid()), 0) // for people only
	return file, nil
}

// holder is what the file says of the process that has the lock.
func holder(file *os.File) string {
	text := make([]byte, 100)
	n, err := file.ReadAt(text, 0)
	if said := strings.TrimSpace(string(text[:n])); (err == nil || errors.Is(err, io.EOF)) && said != "" {
		return ": " + stagedoor.Outside(said, 100)
	}
	return ""
}
