package api

import (
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stagedoor/stagedoor"
)

// secret is a text of a request's body that nobody is to see again.
type secret struct{ value stagedoor.Secret }

const longestSecret = 8 << 10

// UnmarshalJSON takes a text.
func (s *secret) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) != nil {
		return errNotJSON
	}
	s.value = stagedoor.NewSecret(text)
	return nil
}

// Schema is what the document says of it.
func (secret) Schema(huma.Registry) *huma.Schema {
	least, most := 1, longestSecret
	return &huma.Schema{Type: huma.TypeString, Format: "password", WriteOnly: true, MinLength: &least, MaxLength: &most, Description: "A secret: it is sealed, and no answer ever shows it"}
}
