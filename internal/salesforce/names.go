package salesforce

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// maxName keeps every name that is made of a project's name inside what
// Salesforce takes: 80 characters for the developer name of a credential or a
// permission set, 40 for that of an External Service.
const maxName = 40

// The metadata API version that a project may name. Below 58.0 an External
// Credential names its permission set itself, in a field that later versions
// lack (developer.salesforce.com, Metadata API, ExternalCredential: "removed in
// API version 58.0 and later", read 2026-11-24).
const (
	oldestVersion  = 58
	defaultVersion = "66.0" // Spring '26: every production org is at least there
)

// checkName holds a developer name to Salesforce's rule: letters, digits and
// single underscores, a letter first, no underscore last.
func checkName(name string) error {
	wrong := func(cause string) error {
		return &stagedoor.Error{
			Op: "write a Salesforce project", Subject: "name " + strconv.Quote(name), Kind: stagedoor.KindUsage, Cause: cause,
			Fix: "Give --name letters, digits and single underscores, a letter first: Stagedoor, Zoom_Reports.",
		}
	}
	letter := func(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
	switch {
	case name == "":
		return wrong("it is empty")
	case len(name) > maxName:
		return wrong(fmt.Sprintf("it has %d characters; Salesforce takes %d for an External Service", len(name), maxName))
	case !letter(name[0]):
		return wrong("a Salesforce API name starts with a letter")
	case strings.Contains(name, "__"), strings.HasSuffix(name, "_"):
		return wrong("a Salesforce API name has no two underscores in a row, and none at its end")
	}
	for i := range len(name) {
		if c := name[i]; !letter(c) && (c < '0' || c > '9') && c != '_' {
			return wrong("a Salesforce API name has only letters of the Latin alphabet, digits and underscores")
		}
	}
	return nil
}

// checkVersion holds a version to Salesforce's form, "66.0".
func checkVersion(version string) error {
	whole, found := strings.CutSuffix(version, ".0")
	n, err := strconv.Atoi(whole)
	if found && err == nil && n >= oldestVersion && n < 1000 {
		return nil
	}
	return &stagedoor.Error{
		Op: "write a Salesforce project", Subject: "API version " + strconv.Quote(version), Kind: stagedoor.KindUsage,
		Cause: fmt.Sprintf("it must be a version of Salesforce's Metadata API from %d.0 on: External Credentials have another form in those before", oldestVersion),
		Fix:   "Leave --api-version out, or give one that your org has (Setup → Company Information shows its release): " + defaultVersion + ".",
	}
}

// reserved are words that Apex takes for itself and that a column may be called
// (developer.salesforce.com, Apex Developer Guide, Reserved Keywords, read
// 2026-11-24). Apex knows no difference of case.
const reserved = " abstract and array as asc autonomous begin bigdecimal blob boolean break bulk by byte case cast catch char class collect commit const continue currency date datetime decimal default delete desc do double else end enum exception exit export extends false final finally float for from global goto group having hint if implements import in inner insert instanceof int integer interface into join like limit list long loop map merge new not null nulls number object of on or outer override package parallel pragma private protected public retrieve return rollback search select set short sobject sort static string super switch synchronized system testmethod then this throw time transaction trigger true try type undelete update upsert using virtual void webservice when where while "

// fieldName is what a column is called in Apex: meeting_number becomes
// meetingNumber, and time, which Apex keeps for itself, timeValue.
func fieldName(column string) string {
	var b strings.Builder
	upper := false
	for i := range len(column) {
		c := column[i]
		switch {
		case c == '_':
			upper = b.Len() > 0
			continue
		case upper && 'a' <= c && c <= 'z':
			c -= 'a' - 'A'
		}
		upper = false
		b.WriteByte(c)
	}
	name := b.String()
	if strings.Contains(reserved, " "+strings.ToLower(name)+" ") {
		name += "Value"
	}
	return name
}
