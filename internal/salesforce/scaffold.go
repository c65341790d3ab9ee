package salesforce

import (
	"bytes"
	"embed"
	"encoding/xml"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"text/template"

	"github.com/stagedoor/stagedoor"
)

// Options say what is written.
type Options struct {
	// Name is the API name of all components; the Apex classes' names begin with
	// it. Empty: Stagedoor.
	Name string
	// BaseURL is where Salesforce reaches the gateway: https, a public name, no
	// path but that of a proxy in front.
	BaseURL string
	// Credential is the slug of the credential that is read.
	Credential string
	// Scope is what the caller's access tokens open: "to:acme".
	Scope string
	// APIVersion of the Metadata API, "66.0"; empty: 66.0.
	APIVersion string
	// Document is the OpenAPI document of what the caller may call.
	Document []byte
	// Reports are streams. Those of [HasClass] get typed classes where the document
	// has their operation.
	Reports []stagedoor.Stream
}

// Project is a source project: files by their path, with slashes.
type Project struct {
	Files map[string][]byte
	// Operations and Classes are what it registers and declares, for telling.
	Operations int
	Classes    []string
}

//go:embed project
var project embed.FS

// data is what the templates are given.
type data struct {
	Name, Label, Description, APIVersion string
	BaseURL, Origin, TokenURL, Scope     string
	Credential, ServerPath, Principal    string
	Docs                                 string
	Document, DocumentPath               string
	Operations                           []operation
	Classes                              []string // those that people use
	Reports                              []report
	Report                               report
}

// principal names the one identity of the External Credential.
const principal = "Caller"

// New makes a project. Its names and forms are those of Salesforce's references,
// read 2026-11-24:
//
//   - ExternalCredential: developer.salesforce.com/docs/atlas.en-us.api_meta.meta/api_meta/meta_externalcredential.htm.
//     Client credentials are the protocol Oauth with a parameter AuthProtocolVariant;
//     ClientCredentialsClientSecret sends the secret in the body, the variant that
//     ends in Basic in a header (Connect REST API, External Credential). The gateway takes both.
//   - NamedCredential: …/meta_namedcredential.htm. A SecuredEndpoint keeps its URL
//     in a parameter, and no legacy field.
//   - ExternalServiceRegistration: …/meta_externalserviceregistration.htm. It holds
//     the document itself, and in schemaUrl the link that it came from, below the Named
//     Credential's URL, from which Setup can fetch it again.
//     The Named Credential's URL is the gateway's origin, since External Services put
//     the path of the document's server behind it (help.salesforce.com,
//     platform.external_services_define_named_credential).
//   - PermissionSet: …/meta_permissionset.htm. A principal is written
//     CREDENTIAL-PRINCIPAL; callouts need reading of User External Credentials too
//     (help.salesforce.com, xcloud.nc_troubleshoot).
func New(o Options) (*Project, error) {
	if o.Name == "" {
		o.Name = "Stagedoor"
	}
	if o.APIVersion == "" {
		o.APIVersion = defaultVersion
	}
	if err := checkName(o.Name); err != nil {
		return nil, err
	}
	if err := checkVersion(o.APIVersion); err != nil {
		return nil, err
	}
	base, err := parseBase(o.BaseURL)
	if err != nil {
		return nil, err
	}
	doc, err := readDocument(o.Document)
	if err != nil {
		return nil, err
	}
	d := data{
		Name: o.Name, Label: strings.ReplaceAll(o.Name, "_", " "), APIVersion: o.APIVersion,
		Description: "Zoom through the Stagedoor gateway, as the credential " + o.Credential + ".",
		BaseURL:     base.String(), Origin: base.Scheme + "://" + base.Host, TokenURL: base.String() + "/oauth/token",
		Scope: o.Scope, Credential: o.Credential, ServerPath: doc.ServerPath, Principal: principal,
		Docs:     "developer.salesforce.com, Apex Developer Guide, Callout Limits and Limitations.",
		Document: string(doc.raw), DocumentPath: base.EscapedPath() + "/to/" + o.Credential + "/openapi.json", Operations: doc.Operations,
	}
	for _, s := range o.Reports {
		if !HasClass(s.Name) || !doc.calls(s.Method, s.Path) {
			continue
		}
		r, err := reportOf(s)
		if err != nil {
			return nil, err
		}
		d.Reports = append(d.Reports, r)
	}
	return d.files()
}

// Base holds the gateway's address to what Salesforce reaches: it calls out
// from its own machines, and only to certificates that a public authority signed
// (developer.salesforce.com, Outbound Messaging SSL CA Certificates, read
// 2026-11-24). It returns the address without a final slash.
func Base(text string) (string, error) {
	u, err := parseBase(text)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

func parseBase(text string) (*url.URL, error) {
	wrong := func(cause string) error {
		return &stagedoor.Error{
			Op: "write a Salesforce project", Subject: "the gateway's address " + strconv.Quote(text), Kind: stagedoor.KindUsage, Cause: cause,
			Fix: "Give --url https://HOST, the public name of the machine where `stagedoor serve` runs (or set public_url).",
		}
	}
	u, err := url.Parse(strings.TrimRight(text, "/"))
	switch {
	case text == "":
		return nil, wrong("it is not known")
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, wrong("it is not an address of the form https://HOST")
	case u.Scheme != "https":
		return nil, wrong("Salesforce sends a client secret to https addresses only")
	case !strings.Contains(u.Hostname(), ".") || strings.HasSuffix(u.Hostname(), ".local") || loopback(u.Hostname()):
		return nil, wrong("Salesforce calls out from its own machines, which do not reach this host")
	}
	return u, nil
}

func loopback(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.HasPrefix(host, "127.")
}

// files fills in every template.
func (d data) files() (*Project, error) {
	const source = "force-app/main/default/"
	p := &Project{Files: map[string][]byte{}, Operations: len(d.Operations)}
	class := func(file, name string, r report) error {
		d.Report = r
		p.Classes = append(p.Classes, d.Name+name)
		path := source + "classes/" + d.Name + name + ".cls"
		if err := d.fill(p, "classes/"+file, path); err != nil {
			return err
		}
		return d.fill(p, "metadata/class.xml", path+"-meta.xml")
	}
	if len(d.Reports) > 0 {
		if err := class("Client.apex", "Client", report{}); err != nil {
			return nil, err
		}
		if err := class("ClientTest.apex", "ClientTest", report{}); err != nil {
			return nil, err
		}
		d.Classes = append(d.Classes, d.Name+"Client")
	}
	for _, r := range d.Reports {
		for _, c := range []struct{ file, name string }{{"Report.apex", r.Class}, {"ReportTest.apex", r.Class + "Test"}, {"Row.apex", r.Row}} {
			if err := class(c.file, c.name, r); err != nil {
				return nil, err
			}
		}
		d.Classes = append(d.Classes, d.Name+r.Class, d.Name+r.Row)
	}
	for _, f := range []struct{ file, path string }{
		{"metadata/externalCredential.xml", source + "externalCredentials/" + d.Name + ".externalCredential-meta.xml"},
		{"metadata/namedCredential.xml", source + "namedCredentials/" + d.Name + ".namedCredential-meta.xml"},
		{"metadata/permissionset.xml", source + "permissionsets/" + d.Name + ".permissionset-meta.xml"},
		{"metadata/externalServiceRegistration.xml", source + "externalServiceRegistrations/" + d.Name + ".externalServiceRegistration-meta.xml"},
		{"sfdx-project.json", "sfdx-project.json"},
		{"forceignore", ".forceignore"},
		{"gitignore", ".gitignore"},
		{"project-scratch-def.json", "config/project-scratch-def.json"},
		{"README.md", "README.md"},
	} {
		if err := d.fill(p, f.file, f.path); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// fill makes the file at path from a template.
func (d data) fill(p *Project, file, path string) error {
	t, err := template.New(file).Delims("[[", "]]").Funcs(template.FuncMap{"xml": escapeXML}).ParseFS(project, "project/"+file)
	if err != nil {
		return fmt.Errorf("read the template %s: %w", file, err)
	}
	var b bytes.Buffer
	if err := t.Templates()[0].Execute(&b, d); err != nil {
		return fmt.Errorf("fill in %s: %w", file, err)
	}
	p.Files[path] = b.Bytes()
	return nil
}

func escapeXML(text string) (string, error) {
	var b strings.Builder
	err := xml.EscapeText(&b, []byte(text))
	// Line ends and tabs as they are: a schema is for people too.
	return strings.NewReplacer("&#xA;", "\n", "&#x9;", "\t").Replace(b.String()), err
}
