package words

// The credentials.
const (
	Credentials = "Credentials"
)
