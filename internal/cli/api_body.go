package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// maxInput is how long a body may be: it is kept in memory, so that it can be
// sent again.
const maxInput = 64 << 20

// readBody reads what --input names into the request.
func (f *apiFlags) readBody(t *terminal, request *stagedoor.Request) error {
	if f.input == "" {
		return nil
	}
	refuse := func(kind stagedoor.Kind, cause, fix string, err error) error {
		return &stagedoor.Error{Op: "read the body", Subject: "--input " + f.input, Kind: kind, Cause: cause, Fix: fix, Err: err}
	}
	isJSON := true
	if f.contentType != "" {
		media, _, err := mime.ParseMediaType(f.contentType)
		if err != nil {
			return refuse(stagedoor.KindUsage, "the content type is not one: "+err.Error(), "Write it like --content-type text/csv.", err)
		}
		isJSON = media == "application/json" || strings.HasSuffix(media, "+json")
		request.Header = http.Header{"Content-Type": {f.contentType}}
	}
	var from io.Reader = t.in
	if f.input != "-" {
		file, err := os.Open(f.input)
		if err != nil {
			return refuse(stagedoor.KindUsage, "the file can not be read: "+withoutPath(err).Error(), "Check its path and mode.", err)
		}
		defer file.Close()
		from = file
	}
	body, err := io.ReadAll(io.LimitReader(from, maxInput+1))
	switch {
	case err != nil:
		return refuse(stagedoor.KindUsage, "it can not be read: "+withoutPath(err).Error(), "Name a file, or - for stdin.", err)
	case len(body) > maxInput:
		return refuse(stagedoor.KindUsage, fmt.Sprintf("it is longer than %d MiB", maxInput>>20), "Send less at a time.", nil)
	case isJSON:
		body = bytes.TrimPrefix(body, []byte("\xEF\xBB\xBF")) // which JSON does not permit, and some editors write
		if cause := notJSON(body); cause != "" {
			return refuse(stagedoor.KindUsage, cause, "Correct it; nothing was sent. If it is no JSON, say so with --content-type.", nil)
		}
	}
	if body == nil {
		body = []byte{}
	}
	request.Body = body
	return nil
}

func withoutPath(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}

// notJSON says where a text is not JSON, or "".
func notJSON(body []byte) string {
	if len(bytes.TrimSpace(body)) == 0 {
		return "it is empty, which is no JSON"
	}
	err := json.Unmarshal(body, new(json.RawMessage))
	if err == nil {
		return ""
	}
	wrong, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return "it is not JSON: " + err.Error()
	}
	before := body[:max(0, min(int(wrong.Offset)-1, len(body)))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fmt.Sprintf("it is not JSON: line %d, column %d: %s", line, column, wrong.Error())
}

func keyValue(flag, text string) (string, string, error) {
	key, value, ok := strings.Cut(text, "=")
	if !ok || key == "" {
		return "", "", &stagedoor.Error{
			Op: "read the flags", Subject: flag + " " + key, Kind: stagedoor.KindUsage,
			Cause: "it is not KEY=VALUE", Fix: "Write it like " + flag + " page_size=100.",
		}
	}
	return key, value, nil
}

func queryOf(params []string) (url.Values, error) {
	query := url.Values{}
	for _, p := range params {
		key, value, err := keyValue("-p", p)
		if err != nil {
			return nil, err
		}
		query.Add(key, value)
	}
	return query, nil
}

// bodyOf builds a JSON object of "a.b=value" fields.
func bodyOf(fields []string) ([]byte, error) {
	body := map[string]any{}
	for _, field := range fields {
		key, value, err := keyValue("-f", field)
		if err != nil {
			return nil, err
		}
		at := body
		path := strings.Split(key, ".")
		for _, name := range path[:len(path)-1] {
			deeper, ok := at[name].(map[string]any)
			if !ok {
				deeper = map[string]any{}
				at[name] = deeper
			}
			at = deeper
		}
		at[path[len(path)-1]] = typed(value)
	}
	return json.Marshal(body)
}

// typed keeps what is JSON as it is; anything else is text.
func typed(value string) any {
	if _, err := strconv.ParseFloat(value, 64); err == nil || value == "true" || value == "false" || value == "null" ||
		strings.HasPrefix(value, "[") || strings.HasPrefix(value, "{") || strings.HasPrefix(value, `"`) {
		if json.Valid([]byte(value)) {
			return json.RawMessage(value)
		}
	}
	return value
}
