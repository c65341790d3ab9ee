package stagedoor

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ParseLength reads a length of time as people write it: whole days, "90d", or
// what [time.ParseDuration] takes, "12h". A day has 24 hours.
func ParseLength(text string) (time.Duration, error) {
	days, ok := strings.CutSuffix(text, "d")
	if !ok {
		return time.ParseDuration(text)
	}
	const most = math.MaxInt64 / int64(24*time.Hour)
	n, err := strconv.ParseInt(days, 10, 64)
	if err == nil && (n < 0 || n > most) {
		err = fmt.Errorf("%d days are no length of time between 0 and %d", n, most)
	}
	return time.Duration(n) * 24 * time.Hour, err
}
