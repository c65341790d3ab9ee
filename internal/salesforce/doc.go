// Package salesforce writes a Salesforce source project that reads Zoom through
// the gateway: External Credential, Named Credential, permission set, External
// Service, and typed Apex classes with their tests. [New] checks what it is
// given and makes the files; [Project.Write] puts them into a folder, all or
// none.
//
// It is given everything: where the gateway is, what the caller may call (an
// OpenAPI document), which reports get a class. It calls nobody, neither the
// gateway nor Salesforce, and no file of it holds a secret: the caller's secret
// is typed into Salesforce after the project is deployed.
package salesforce
