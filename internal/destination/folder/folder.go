package folder

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/stagedoor/stagedoor"
)

// hidden is the folder, inside the destination's, for what is no row: readers
// that look into folders by themselves leave out names with a point before them.
const hidden = ".stagedoor"

// earlyParts is how many parts are written side by side: one is compressed while
// the disk takes another in, and the buffers of a part are some MiB.
const earlyParts = 4

// Destination is one open folder. Several slices may be open at once, and other
// processes may write into the same folder at the same time. Every error of it
// and of its slices is a [stagedoor.Error] that names the folder.
type Destination struct {
	path   string
	format Format
	own    string   // the folder for this Destination's temporary files
	alive  *os.File // its lock, by which others know that they are in use
	space  *space

	// turn is held by the commit that is at work, also while it waits for the
	// system's lock. It is a channel, so that who waits can leave.
	turn chan struct{}
	// early is held by each commit that writes its part before its turn.
	early chan struct{}

	mu      sync.Mutex      // guards all below
	looked  map[string]bool // streams whose parts were looked for
	state   *state
	base    int64 // bytes of manifest.json
	journal int64 // bytes of the journal that are in state
}

var _ stagedoor.Destination = (*Destination)(nil)

// Open opens the folder at path and makes it with mode 0700 where there is none;
// the folder around it must exist. It proves that the folder can be written,
// and removes what a process that was killed left there.
func Open(ctx context.Context, path string, format Format) (*Destination, error) {
	path, err := filepath.Abs(path)
	d := &Destination{path: path, format: format, turn: make(chan struct{}, 1), early: make(chan struct{}, earlyParts), looked: map[string]bool{}, state: newState()}
	d.space = &space{temp: d.temp}
	if err == nil {
		err = d.open(ctx)
	}
	if err != nil {
		_ = d.Close() // err is what happened
		return nil, d.explain("open the destination", err)
	}
	return d, nil
}

func (d *Destination) open(ctx context.Context) error {
	if err := os.Mkdir(d.path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := os.Mkdir(d.in(hidden), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return d.locked(ctx, func() error {
		if err := d.clean(); err != nil {
			return err
		}
		d.own = d.in(hidden, "run-"+strings.ToLower(rand.Text()[:10]))
		if err := os.Mkdir(d.own, 0o700); err != nil {
			return err
		}
		var err error
		d.alive, err = lockFile(ctx, filepath.Join(d.own, "lock"), 0)
		return err
	})
}

// in returns a path inside the folder.
func (d *Destination) in(parts ...string) string {
	return filepath.Join(append([]string{d.path}, parts...)...)
}

// at returns where a part lies.
func (d *Destination) at(path string) string { return d.in(filepath.FromSlash(path)) }

// Name returns the format and the folder's absolute path.
func (d *Destination) Name() string { return d.format.Name + ":" + d.path }

func (d *Destination) explain(op string, err error) error {
	return explain(op, d.Name(), d.path, err)
}

// Close folds the journal into the manifest. Slices that are open are forgotten.
func (d *Destination) Close() error {
	if d.alive == nil {
		return nil
	}
	err := d.locked(context.Background(), d.fold)
	err = errors.Join(err, d.alive.Close(), os.RemoveAll(d.own))
	d.alive = nil
	return d.explain("close the destination", err)
}

// locked runs f while no other commit, of this process or another, is at work,
// and with the state as it is on the disk.
func (d *Destination) locked(ctx context.Context, f func() error) error {
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	lock, err := lockFile(ctx, d.in(hidden, "lock"), patience)
	if err != nil {
		return err
	}
	defer lock.Close() // nothing was written that matters
	if err := d.refresh(); err != nil {
		return err
	}
	return f()
}

// clean removes what processes that were killed left behind, and nothing else:
// their own folders, whose locks ended with them, and the parts that they
// announced and the manifest does not list.
func (d *Destination) clean() error {
	if err := d.fold(); err != nil {
		return err
	}
	entries, err := os.ReadDir(d.in(hidden))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), "run-") {
			continue
		}
		folder := d.in(hidden, entry.Name())
		lock, err := lockFile(context.Background(), filepath.Join(folder, "lock"), 0)
		if err != nil {
			continue // it is alive, or another user's
		}
		_ = lock.Close()
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
	}
	return nil
}

// temp makes a temporary file for rows that wait. Its name goes at once where
// the system permits that, and with the Destination's folder otherwise.
func (d *Destination) temp() (*os.File, error) {
	file, err := os.CreateTemp(d.own, "rows-*")
	if err == nil {
		_ = os.Remove(file.Name())
	}
	return file, err
}

// Checkpoints returns the slices that were written whole, the oldest day first.
func (d *Destination) Checkpoints(ctx context.Context, stream stagedoor.Stream, params, partition string) ([]stagedoor.Checkpoint, error) {
	if err := d.look(ctx, stream.Name); err != nil {
		return nil, d.explain("read the checkpoints of "+stream.Name, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var found []stagedoor.Checkpoint
	for _, p := range d.state.points[group{stream.Name, params, partition}] {
		c, err := p.back()
		if err != nil {
			return nil, d.explain("read the checkpoints of "+stream.Name, errManifest(err))
		}
		found = append(found, c)
	}
	return found, nil
}

// Parts returns the parts that have checkpoints, in order.
func (d *Destination) Parts(ctx context.Context, stream stagedoor.Stream, params string) ([]string, error) {
	if err := d.look(ctx, stream.Name); err != nil {
		return nil, d.explain("read the checkpoints of "+stream.Name, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var found []string
	for g, list := range d.state.points {
		if g.stream == stream.Name && g.params == params && g.partition != "" && len(list) > 0 {
			found = append(found, g.partition)
		}
	}
	slices.Sort(found)
	return found, nil
}

// look takes in what another process committed meanwhile, and holds, once, that
// the stream's parts lie there as the manifest lists them.
func (d *Destination) look(ctx context.Context, stream string) error {
	d.mu.Lock()
	now, err := d.current()
	looked := d.looked[stream]
	d.mu.Unlock()
	if now && looked || err != nil {
		return err
	}
	return d.locked(ctx, func() error {
		if looked {
			return nil
		}
		return d.whole(stream)
	})
}
