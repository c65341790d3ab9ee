// Package client is how Go programs use /api/v1 of a Stagedoor daemon: one method
// for each operation, with the types of package stagedoor.
//
//	c, err := client.New("https://door.example.com", stagedoor.NewSecret(os.Getenv("STAGEDOOR_TOKEN")))
//	…
//	for credential, err := range c.Credentials(ctx) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(credential.Slug, credential.Status, credential.Token.ExpiresAt)
//	}
//
// The token is an operator's (`stagedoor operator token NAME --role ROLE`). Errors
// are [stagedoor.Error], with what to do next. Lists fetch their pages as they are
// read. Each write carries an idempotency key, so that it is done once although it is
// sent again where the connection broke off.
//
// It is for looking after Stagedoor. A program that only wants to call Zoom is a
// caller of the gateway, and needs an OAuth client and no package.
package client
