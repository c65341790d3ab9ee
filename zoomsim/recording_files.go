package zoomsim

import (
	"crypto/hmac"
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

// downloadToken opens the files of one recording until it expires, as an access
// token opens all.
func (s *Simulator) downloadToken(uuid string, expires time.Time) string {
	at := fmt.Sprint(expires.UnixMilli())
	return at + "." + base64.RawURLEncoding.EncodeToString(s.pages.sum("download", uuid, at))
}

// serveRecordingFile is GET of a download_url, with an access token or the
// recording's own. The file is as long as its record says and holds nothing but
// zeros.
func (s *Simulator) serveRecordingFile(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		errNotRecognized().write(w)
		return
	}
	encoded, number, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, downloadPath), ".")
	uuid, _ := base64.RawURLEncoding.DecodeString(encoded) // what is no base64 is no UUID either
	if refusal := s.mayDownload(r, string(uuid)); refusal != nil {
		refusal.write(w)
		return
	}
	file, found := s.recordingFile(string(uuid), number)
	if !found {
		errNoRecording().write(w)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", "recording."+strings.ToLower(file.FileExtension)))
	http.ServeContent(w, r, "", time.Time{}, io.NewSectionReader(zeros{}, 0, file.FileSize))
}

// mayDownload refuses who shows no token that lives.
func (s *Simulator) mayDownload(r *http.Request, uuid string) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, token := s.options.Now(), bearer(r)
	text, _, _ := strings.Cut(token, ".")
	if at, err := strconv.ParseInt(text, 10, 64); err == nil {
		if expires := time.UnixMilli(at); now.Before(expires) && hmac.Equal([]byte(token), []byte(s.downloadToken(uuid, expires))) {
			return nil
		}
	}
	_, refusal := s.authenticate(&call{query: r.URL.Query(), now: now}, token)
	if refusal != nil {
		s.state.tally.unauthorized++
	}
	return refusal
}

// recordingFile is a file of a recording, by its place as text.
func (s *Simulator) recordingFile(uuid, number string) (recordingFile, bool) {
	i, err := strconv.Atoi(number)
	if err != nil {
		return recordingFile{}, false
	}
	s.company.RLock()
	defer s.company.RUnlock()
	m := s.heldByUUID[uuid]
	if m == nil || !m.listed() {
		return recordingFile{}, false
	}
	files := s.recordingOf(m).RecordingFiles
	if i < 0 || i >= len(files) {
		return recordingFile{}, false
	}
	return files[i], true
}

// zeros is a file without an end.
type zeros struct{}

func (zeros) ReadAt(p []byte, _ int64) (int, error) {
	clear(p)
	return len(p), nil
}
