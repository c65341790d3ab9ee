package zoomsim

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// downloadPath is where the files of recordings are, beside the API.
const downloadPath = "/rec/download/"

// downloadURL is where the file number i of a recording is fetched: from this
// simulator, if it knows its own address.
func (s *Simulator) downloadURL(m *heldMeeting, i int) string {
	base := s.options.BaseURL
	if base == "" {
		base = "https://us02web.zoom.us"
	}
	return fmt.Sprintf("%s%s%s.%d", base, downloadPath, base64.RawURLEncoding.EncodeToString([]byte(m.uuid)), i)
}

// serveRecordingFile is GET of a download_url. It takes the access token as the API
// does. The file is as long as its record says and holds nothing but zeros.
func (s *Simulator) serveRecordingFile(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		errNotRecognized().write(w)
		return
	}
	if refusal := s.mayDownload(r); refusal != nil {
		refusal.write(w)
		return
	}
	file, found := s.recordingFile(strings.TrimPrefix(r.URL.Path, downloadPath))
	if !found {
		errNoRecording().write(w)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", "recording."+strings.ToLower(file.FileExtension)))
	http.ServeContent(w, r, "", time.Time{}, io.NewSectionReader(zeros{}, 0, file.FileSize))
}

// mayDownload refuses who shows no token that lives.
func (s *Simulator) mayDownload(r *http.Request) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, refusal := s.authenticate(&call{query: r.URL.Query(), now: s.options.Now()}, bearer(r))
	if refusal != nil {
		s.state.tally.unauthorized++
	}
	return refusal
}

func (s *Simulator) recordingFile(name string) (recordingFile, bool) {
	encoded, number, _ := strings.Cut(name, ".")
	uuid, err := base64.RawURLEncoding.DecodeString(encoded)
	i, err2 := strconv.Atoi(number)
	if err != nil || err2 != nil {
		return recordingFile{}, false
	}
	s.company.RLock()
	defer s.company.RUnlock()
	for _, m := range s.meetings {
		if m.uuid == string(uuid) && m.recording.state == recorded {
			files := s.recordingOf(m).RecordingFiles
			if i >= 0 && i < len(files) {
				return files[i], true
			}
		}
	}
	return recordingFile{}, false
}

// zeros is a file without an end.
type zeros struct{}

func (zeros) ReadAt(p []byte, _ int64) (int, error) {
	clear(p)
	return len(p), nil
}
