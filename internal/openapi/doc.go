// Package openapi writes down, as an OpenAPI 3.0 document, what a caller of the
// gateway may call: for Salesforce External Services, Postman and whatever else
// makes its forms and clients out of such a document. [Document] writes one from
// the operations that the caller's rules reach; their answers are described as
// far as they are known, those of the streams with each field.
//
// It does not know callers or rules (package caller does), and serves nothing
// (package gateway does).
//
// The document keeps to what the importers take:
//
//   - Salesforce External Services: OpenAPI 3.0 in JSON of at most 10,000,000
//     characters; 3,000 active operations an org; descriptions of 1,333
//     characters; media types application/json, text/plain and forms, of which
//     any other makes the registration fail, so that problem documents are
//     described as application/json; no response headers; no GET with a body.
//     Sources: help.salesforce.com, "External Services Considerations": System
//     Limits, OpenAPI 2.0 and 3.0 Support, Media Type Directives and Mapping,
//     Naming and Description Conventions, Schema Definitions; read 2026-11-24.
//     The path of servers is put behind the Named Credential's URL, which is
//     therefore the gateway's alone ("Define an External Credential and a Named
//     Credential", read 2026-11-24). Operation names of up to 80 characters were the limit until Summer '22
//     (unofficialsf.com/category/extserv, read 2026-11-24), and are kept to.
//   - Power Platform's custom connectors: no oneOf or anyOf, an operationId and a
//     summary for each operation. They import OpenAPI 2.0, and 3.0 only by a
//     conversion of their own; and they do not speak client_credentials. Sources:
//     learn.microsoft.com/connectors/custom-connectors/define-openapi-definition
//     as quoted in github.com/autodesk-platform-services/aps-power-automate-tools
//     (docs/tutorial), github.com/microsoft/PowerPlatformConnectors issues 225
//     and 3856; read 2026-11-24. [Options.Swagger] writes a form for them.
package openapi
