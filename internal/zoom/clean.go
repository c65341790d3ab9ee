package zoom

import (
	"bytes"
	"errors"

	"github.com/stagedoor/stagedoor"
)

// cleanError returns err, or its cleaned text where that text is not fit to be
// shown.
func cleanError(err error) error {
	if text := stagedoor.Outside(err.Error(), detailBytes); text != err.Error() {
		return errors.New(text)
	}
	return err
}

// firstBytes shows what an answer that is not JSON says: the title of a page,
// or its beginning.
func firstBytes(body []byte) string {
	body = body[:min(len(body), 4<<10)]
	if _, after, ok := bytes.Cut(body, []byte("<title>")); ok {
		title, _, _ := bytes.Cut(after, []byte("</title>"))
		body = title
	}
	return stagedoor.Outside(string(body), 120)
}
