package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// whole holds that each part of a stream is there as the manifest lists it. Its
// checkpoints would otherwise pass rows off as written that are nowhere, until
// the day on which a commit needs the part. Where all parts were taken away the
// stream begins anew, as a table does that was dropped: somebody wants that. Of
// some that lack nobody knows, and the others would have to be read again too.
// The caller has the lock.
func (d *Destination) whole(stream string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	st := d.state.streams[stream]
	if st == nil || len(st.files) == 0 {
		d.looked[stream] = true
		return nil
	}
	lacks, first := 0, ""
	for _, f := range st.files {
		info, err := os.Lstat(d.at(f.Path))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if lacks++; first == "" {
				first = f.Path
			}
		case err != nil:
			return err
		case info.Mode().IsRegular() && info.Size() != f.Bytes:
			return d.broken(stream, fmt.Sprintf("%s has %d bytes, and %s says %d: somebody changed it", f.Path, info.Size(), manifestName, f.Bytes))
		}
	}
	switch {
	case lacks == 0:
		d.looked[stream] = true
		return nil
	case lacks < len(st.files):
		return d.broken(stream, fmt.Sprintf("%d of the %d files of %s that %s lists were taken away, the first of them %s", lacks, len(st.files), stream, manifestName, first))
	}
	for _, f := range st.files {
		delete(d.state.paths, strings.ToLower(f.Path))
	}
	delete(d.state.streams, stream)
	for g := range d.state.points {
		if g.stream == stream {
			delete(d.state.points, g)
		}
	}
	err := d.write()
	if err != nil {
		d.state, d.journal = newState(), 0 // what lies on the disk is read again
	}
	return err
}

func (d *Destination) broken(stream, cause string) error {
	where := d.in(d.state.streams[stream].folder)
	return &stagedoor.Error{
		Op: "look at the files of " + stream, Kind: stagedoor.KindDestination, Cause: cause,
		Fix: "Bring back what was there. If it is lost, move the folder " + where + " away: the next run reads all of " + stream + " again, as far as Zoom keeps it.",
	}
}
