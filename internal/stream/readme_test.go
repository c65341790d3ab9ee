package stream

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeIsTrue holds that the files, tests and streams which the how-to names
// are there, each stream in the file that it says.
func TestReadmeIsTrue(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder // of the whole module, for the names of tests
	err = filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		code.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, match := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(string(text), -1) {
		word := match[1]
		switch {
		case regexp.MustCompile(`^[\w/]+\.(go|tsv|md)$`).MatchString(word):
			named++
			if !there(word) && !there("../../"+word) {
				t.Errorf("there is no file %s", word)
			}
		case strings.HasPrefix(word, "Test"):
			named++
			if !strings.Contains(code.String(), "func "+word+"(") {
				t.Errorf("there is no test %s", word)
			}
		}
	}
	for _, row := range regexp.MustCompile("(?m)^ +\\|[^|]+\\| `(\\w+)` \\| `([\\w.]+)`").FindAllStringSubmatch(string(text), -1) {
		named++
		found, err := Find(row[1])
		if err != nil || len(found) != 1 {
			t.Errorf("there is no stream %s", row[1])
			continue
		}
		content, err := os.ReadFile(row[2])
		if err != nil || !strings.Contains(string(content), `"`+row[1]+`"`) {
			t.Errorf("%s is not declared in %s", row[1], row[2])
		}
	}
	for _, match := range regexp.MustCompile(`\./(internal/\w+)`).FindAllStringSubmatch(string(text), -1) {
		named++
		if !there("../../" + match[1]) {
			t.Errorf("there is no package %s", match[1])
		}
	}
	if named < 30 {
		t.Errorf("only %d names were found in it: does this test still read it right?", named)
	}
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
