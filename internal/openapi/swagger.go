package openapi

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// swagger writes the document as OpenAPI 2.0
// (https://spec.openapis.org/oas/v2.0.html, read 2026-11-24): the same but for
// the places at which things stand, and for who the caller is. Power Platform's
// connectors, for which this form is, have no client_credentials; what they do
// have is code of their own, which asks for the token with the id and secret that
// a connection holds as user name and password (docs/callers.md).
func swagger(d *document) ([]byte, error) {
	at, err := url.Parse(d.Servers[0].URL)
	if err != nil {
		return nil, fmt.Errorf("the address of the gateway: %w", err)
	}
	out := swaggerDocument{
		Swagger: "2.0", Info: d.Info, Host: at.Host, BasePath: at.Path, Schemes: []string{at.Scheme},
		Consumes: []string{"application/json"}, Produces: []string{"application/json"},
		Tags:        d.Tags,
		Paths:       map[string]map[string]*swaggerOperation{},
		Definitions: map[string]*swaggerSchema{},
		Responses:   swaggerResponses(d.Components.Responses),
	}
	if d.Security != nil {
		out.SecurityDefinitions = map[string]swaggerSecurity{"caller": {Type: "basic"}}
		out.Security = []map[string][]string{{"caller": {}}}
	}
	for name, s := range d.Components.Schemas {
		out.Definitions[name] = swaggerOf(s)
	}
	for path, methods := range d.Paths {
		out.Paths[path] = map[string]*swaggerOperation{}
		for method, op := range methods {
			o := &swaggerOperation{
				Tags: op.Tags, Summary: op.Summary, Description: op.Description, ID: op.ID, Deprecated: op.Deprecated,
				Responses: swaggerResponses(op.Responses),
			}
			for _, p := range op.Parameters {
				o.Parameters = append(o.Parameters, swaggerParameter{
					Name: p.Name, In: p.In, Description: p.Description, Required: p.Required, swaggerSchema: swaggerOf(p.Schema),
				})
			}
			if op.Body != nil {
				o.Parameters = append(o.Parameters, swaggerParameter{
					Name: "body", In: "body", Schema: swaggerOf(op.Body.Content["application/json"].Schema),
				})
			}
			out.Paths[path][method] = o
		}
	}
	return json.Marshal(out)
}

func swaggerOf(s *schema) *swaggerSchema {
	if s == nil {
		return nil
	}
	out := &swaggerSchema{
		Ref: swaggerRef(s.Ref), Type: s.Type, Format: s.Format, About: s.Description, Nullable: s.Nullable, Enum: s.Enum, Default: s.Default,
		Minimum: s.Minimum, Maximum: s.Maximum, Items: swaggerOf(s.Items), Additional: s.Additional,
	}
	for name, field := range s.Properties {
		if out.Properties == nil {
			out.Properties = map[string]*swaggerSchema{}
		}
		out.Properties[name] = swaggerOf(field)
	}
	return out
}

func swaggerResponses(list map[string]*response) map[string]swaggerResponse {
	out := map[string]swaggerResponse{}
	for name, r := range list {
		out[name] = swaggerResponse{
			Ref: swaggerRef(r.Ref), Description: r.Description, Schema: swaggerOf(r.Content["application/json"].Schema),
		}
	}
	return out
}

func swaggerRef(ref string) string {
	return strings.NewReplacer("#/components/schemas/", "#/definitions/", "#/components/responses/", "#/responses/").Replace(ref)
}

type swaggerDocument struct {
	Swagger             string                                  `json:"swagger"`
	Info                info                                    `json:"info"`
	Host                string                                  `json:"host"`
	BasePath            string                                  `json:"basePath"`
	Schemes             []string                                `json:"schemes"`
	Consumes            []string                                `json:"consumes"`
	Produces            []string                                `json:"produces"`
	SecurityDefinitions map[string]swaggerSecurity              `json:"securityDefinitions,omitempty"`
	Security            []map[string][]string                   `json:"security,omitempty"`
	Tags                []tag                                   `json:"tags,omitempty"`
	Paths               map[string]map[string]*swaggerOperation `json:"paths"`
	Definitions         map[string]*swaggerSchema               `json:"definitions"`
	Responses           map[string]swaggerResponse              `json:"responses"`
}

type swaggerSecurity struct {
	Type string `json:"type"`
}

type swaggerOperation struct {
	Tags        []string                   `json:"tags,omitempty"`
	Summary     string                     `json:"summary"`
	Description string                     `json:"description"`
	ID          string                     `json:"operationId"`
	Parameters  []swaggerParameter         `json:"parameters,omitempty"`
	Responses   map[string]swaggerResponse `json:"responses"`
	Deprecated  bool                       `json:"deprecated,omitempty"`
}

// swaggerParameter has its schema in itself, but for the body.
type swaggerParameter struct {
	Name        string `json:"name"`
	In          string `json:"in"`
	Description string `json:"description,omitempty"`
	Required    bool   `json:"required,omitempty"`
	*swaggerSchema
	Schema *swaggerSchema `json:"schema,omitempty"`
}

type swaggerResponse struct {
	Ref         string         `json:"$ref,omitempty"`
	Description string         `json:"description,omitempty"`
	Schema      *swaggerSchema `json:"schema,omitempty"`
}

type swaggerSchema struct {
	Ref        string                    `json:"$ref,omitempty"`
	Type       string                    `json:"type,omitempty"`
	Format     string                    `json:"format,omitempty"`
	About      string                    `json:"description,omitempty"`
	Nullable   bool                      `json:"x-nullable,omitempty"`
	Enum       []string                  `json:"enum,omitempty"`
	Default    any                       `json:"default,omitempty"`
	Minimum    int                       `json:"minimum,omitempty"`
	Maximum    int                       `json:"maximum,omitempty"`
	Items      *swaggerSchema            `json:"items,omitempty"`
	Properties map[string]*swaggerSchema `json:"properties,omitempty"`
	Additional bool                      `json:"additionalProperties,omitempty"`
}
