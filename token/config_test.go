package token

import (
	"testing"

	"github.com/stagedoor/stagedoor"
)

func TestAConfigThatCannotWorkIsRefusedWithoutARequest(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Config)
		kind   stagedoor.Kind
	}{
		"no provider":        {func(c *Config) { c.Provider = stagedoor.Provider{} }, stagedoor.KindUsage},
		"no client id":       {func(c *Config) { c.Credential.ClientID = "" }, stagedoor.KindUsage},
		"no secret":          {func(c *Config) { c.Credential.ClientSecrets = nil }, stagedoor.KindUsage},
		"unknown flow":       {func(c *Config) { c.Provider.Flow = "jwt" }, stagedoor.KindUsage},
		"secret in the URL":  {func(c *Config) { c.Provider.Token.In, c.Provider.Token.Auth = "query", "body" }, stagedoor.KindUsage},
		"GET with a form":    {func(c *Config) { c.Provider.Token.Method = "GET" }, stagedoor.KindUsage},
		"unknown method":     {func(c *Config) { c.Provider.Token.Method, c.Provider.Token.In = "PUT", "query" }, stagedoor.KindUsage},
		"grant set twice":    {func(c *Config) { c.Provider.Token.GrantParam = "account_id" }, stagedoor.KindUsage},
		"unknown unit":       {func(c *Config) { c.Provider.Response.ExpiresUnit = "weeks" }, stagedoor.KindUsage},
		"not a URL":          {func(c *Config) { c.Credential.TokenURL = "zoom.us" }, stagedoor.KindUsage},
		"password in a URL":  {func(c *Config) { c.Credential.TokenURL = "https://me:" + goodSecret + "@zoom.us/" }, stagedoor.KindUsage},
		"foreign host":       {func(c *Config) { c.Credential.TokenURL = "https://zoom.us.example.com/oauth/token" }, stagedoor.KindHostRefused},
		"plain http":         {func(c *Config) { c.Credential.TokenURL = "http://zoom.us/oauth/token" }, stagedoor.KindHostRefused},
		"another port":       {func(c *Config) { c.Credential.TokenURL = "https://zoom.us:8443/oauth/token" }, stagedoor.KindHostRefused},
		"foreign API":        {func(c *Config) { c.Credential.APIURL = "https://example.com/v2" }, stagedoor.KindHostRefused},
		"loopback simulator": {func(c *Config) { c.Credential.TokenURL = "http://127.0.0.1:1/oauth/token" }, stagedoor.KindHostRefused},
	} {
		t.Run(name, func(t *testing.T) {
			c := Config{Provider: zoom(), Credential: acme()}
			test.change(&c)
			_, err := NewSource(t.Context(), c)
			mustNotHold(t, refusal(t, err, test.kind).Error(), goodSecret)
		})
	}
	c := Config{Provider: zoom(), Credential: acme()}
	c.Credential.TokenURL, c.Credential.APIURL, c.Credential.AllowHosts = "http://127.0.0.1:1/t", "http://127.0.0.1:1/v2/", []string{"127.0.0.1:1"}
	s, err := NewSource(t.Context(), c)
	if err != nil {
		t.Fatalf("an allowed loopback address was refused: %v", err)
	}
	s.Close()
}
