// Package vault is a credential's life: it seals what a person entered, opens
// it for whoever mints a token, and sees it through new secrets, checks and
// removal. [Open] gives a [Vault]; [Vault.Tokens] gives the [Tokens] of one
// credential, the row that processes share so that one of them mints for all.
//
// Two layers of keys. The keyset (AES256-GCM, by Tink) lies outside the
// database: in the key file, in an environment variable, or in the database
// itself but sealed by a passphrase. It seals one thing per credential, the
// credential's own data key; the data key seals the account id, the client id,
// the client secrets and the token. Each seal is bound to the credential's id
// and the field's name, so that a sealed value opens nowhere else, and
// destroying the data key destroys them all. There is no unsealed operation.
//
// The vault talks to nobody: it neither checks a credential at the provider
// nor mints. It keeps its rows in a [Store].
package vault
